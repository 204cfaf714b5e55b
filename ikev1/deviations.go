package ikev1

import "github.com/useipsec/useipsec/ikev1/wire"

// Deviations are faults on purpose. The zero value is a conformant peer; each fault acts at
// the one line where the conformant code decides.
type Deviations struct {
	// Phase1MessageID, if not zero, is the message ID of phase 1 messages, which must be 0. RFC 2408 3.1.
	Phase1MessageID uint32 `yaml:"phase1_message_id" json:"phase1_message_id,omitempty"`
	// ClearIdentity, if true, causes message 5 or 6 to be sent unencrypted. RFC 2409 5.4.
	ClearIdentity bool `yaml:"clear_identity" json:"clear_identity,omitempty"`
	// TwoPhase1Proposals, if true, causes message 1 to hold two proposals. RFC 2409 5.
	TwoPhase1Proposals bool `yaml:"two_phase1_proposals" json:"two_phase1_proposals,omitempty"`
	// TwoTransforms, if true, causes the responder to return two transforms. RFC 2408 4.2.
	TwoTransforms bool `yaml:"two_transforms" json:"two_transforms,omitempty"`
	// ModifyChosen, if true, causes the responder to return the chosen transform with another lifetime than offered. RFC 2408 4.2.
	ModifyChosen bool `yaml:"modify_chosen" json:"modify_chosen,omitempty"`
	// WrongKeyLength, if true, causes a KEY_LENGTH attribute on ciphers of fixed length, and none on AES. RFC 2409 appendix A.
	WrongKeyLength bool `yaml:"wrong_key_length" json:"wrong_key_length,omitempty"`
	// ShortNonce, if true, causes nonces of 7 octets in phase 1. RFC 2409 5.
	ShortNonce bool `yaml:"short_nonce" json:"short_nonce,omitempty"`
	// IDPort, if not zero, is the port in the phase 1 identity with protocol UDP, which must be 0 or 500. RFC 2407 4.6.2.
	IDPort uint16 `yaml:"id_port" json:"id_port,omitempty"`
	// WrongID, if true, causes the phase 1 identity to be another address than the one packets come from. RFC 2407 4.6.2.
	WrongID bool `yaml:"wrong_id" json:"wrong_id,omitempty"`
	// WrongPhase1Hash, if true, causes HASH_I or HASH_R to have one bit flipped. RFC 2409 5.
	WrongPhase1Hash bool `yaml:"wrong_phase1_hash" json:"wrong_phase1_hash,omitempty"`
	// ReservedNotZero, if true, causes the RESERVED octet of the phase 1 nonce payload to be 1. RFC 2408 3.2.
	ReservedNotZero bool `yaml:"reserved_not_zero" json:"reserved_not_zero,omitempty"`
	// WrongNATD, if true, causes NAT-D hashes over the cookies in the wrong order. RFC 3947 3.2.
	WrongNATD bool `yaml:"wrong_nat_d" json:"wrong_nat_d,omitempty"`
	// OneNATD, if true, causes only one NAT-D payload to be sent. RFC 3947 3.2.
	OneNATD bool `yaml:"one_nat_d" json:"one_nat_d,omitempty"`

	// OmitQuickHash, if true, causes quick mode messages to lack HASH(1), (2) and (3). RFC 2409 5.5.
	OmitQuickHash bool `yaml:"omit_quick_hash" json:"omit_quick_hash,omitempty"`
	// QuickHashLast, if true, causes the hash of quick mode messages 1 and 2 to follow the other payloads. RFC 2409 5.5.
	QuickHashLast bool `yaml:"quick_hash_last" json:"quick_hash_last,omitempty"`
	// WrongQuickHash, if true, causes HASH(1), (2) and (3) to have one bit flipped. RFC 2409 5.5.
	WrongQuickHash bool `yaml:"wrong_quick_hash" json:"wrong_quick_hash,omitempty"`
	// ReuseMessageID, if true, causes every quick mode to take the message ID of the first one. RFC 2408 3.1.
	ReuseMessageID bool `yaml:"reuse_message_id" json:"reuse_message_id,omitempty"`
	// ReuseSPI, if true, causes every child to take the inbound SPI of the first one. RFC 2408 2.4.
	ReuseSPI bool `yaml:"reuse_spi" json:"reuse_spi,omitempty"`
	// LowSPI, if true, causes inbound SPIs from the range 1..255 that IANA reserves. RFC 2406 2.1.
	LowSPI bool `yaml:"low_spi" json:"low_spi,omitempty"`
	// WrongSelector, if true, causes other identities than configured in quick mode: as initiator any port instead of
	// the policy's, as responder other ones than the initiator proposed. RFC 2409 5.5.
	WrongSelector bool `yaml:"wrong_selector" json:"wrong_selector,omitempty"`
	// OmitGroup, if true, causes the GROUP attribute to be absent although a KE payload is sent. RFC 2409 5.5.
	OmitGroup bool `yaml:"omit_group" json:"omit_group,omitempty"`
	// TunnelInstead, if true, causes the responder to return tunnel mode where transport mode was offered. RFC 2408 4.2.
	TunnelInstead bool `yaml:"tunnel_instead" json:"tunnel_instead,omitempty"`
	// DeleteInClear, if true, causes Delete payloads to be sent unprotected. RFC 2408 5.15.
	DeleteInClear bool `yaml:"delete_in_clear" json:"delete_in_clear,omitempty"`
	// DeleteWrongSide, if true, causes a Delete to name the SPI the peer receives on. RFC 2408 3.15.
	DeleteWrongSide bool `yaml:"delete_wrong_side" json:"delete_wrong_side,omitempty"`
	// WrongInfoHash, if true, causes HASH(1) of informational messages to have one bit flipped. RFC 2409 5.7.
	WrongInfoHash bool `yaml:"wrong_info_hash" json:"wrong_info_hash,omitempty"`
	// FreshRetransmit, if true, causes a retransmission to differ from the original in its last octet. RFC 2408 5.1.
	FreshRetransmit bool `yaml:"fresh_retransmit" json:"fresh_retransmit,omitempty"`
	// SendTwice, if true, causes message 3 or 4 of main mode to be sent two times at once. Legal; it makes retransmissions visible.
	SendTwice bool `yaml:"send_twice" json:"send_twice,omitempty"`

	// The header.

	// MessageOneCookie, if true, causes message 1 to have a responder cookie that is not 0. RFC 2408 3.1.
	MessageOneCookie bool `yaml:"message_one_cookie" json:"message_one_cookie,omitempty"`
	// ZeroCookie, if true, causes message 2 to have the responder cookie 0. RFC 2408 3.1.
	ZeroCookie bool `yaml:"zero_cookie" json:"zero_cookie,omitempty"`
	// ZeroInitiatorCookie, if true, causes message 1 to have the initiator cookie 0. RFC 2408 5.2.
	ZeroInitiatorCookie bool `yaml:"zero_initiator_cookie" json:"zero_initiator_cookie,omitempty"`
	// WrongCookie, if true, causes the responder cookie to have one bit flipped in messages 3 and later. RFC 2408 5.2.
	WrongCookie bool `yaml:"wrong_cookie" json:"wrong_cookie,omitempty"`
	// WrongInitiatorCookie, if true, causes the initiator cookie to have one bit flipped in messages 3 and later. RFC 2408 5.2.
	WrongInitiatorCookie bool `yaml:"wrong_initiator_cookie" json:"wrong_initiator_cookie,omitempty"`
	// ResentCookie, if true, causes repetitions of message 1 to have a responder cookie that is not 0. RFC 2408 3.1, 5.1.
	ResentCookie bool `yaml:"resent_cookie" json:"resent_cookie,omitempty"`
	// Version, if not zero, is the version octet of every message, which must be 0x10. RFC 2408 3.1.
	Version uint8 `yaml:"version" json:"version,omitempty"`
	// ReservedFlag, if true, causes a reserved flag to be set in every message. RFC 2408 3.1.
	ReservedFlag bool `yaml:"reserved_flag" json:"reserved_flag,omitempty"`
	// ClearEncryptionFlag, if true, causes encrypted messages to lack the encryption flag. RFC 2408 3.1.
	ClearEncryptionFlag bool `yaml:"clear_encryption_flag" json:"clear_encryption_flag,omitempty"`
	// SetEncryptionFlag, if true, causes phase 1 messages in clear to have the encryption flag. RFC 2408 3.1.
	SetEncryptionFlag bool `yaml:"set_encryption_flag" json:"set_encryption_flag,omitempty"`
	// CommitPhase1, if true, causes the commit flag in phase 1 messages. RFC 2408 3.1.
	CommitPhase1 bool `yaml:"commit_phase_1" json:"commit_phase_1,omitempty"`
	// CommitPhase2, if true, causes the commit flag in quick mode messages, and no CONNECTED to follow. RFC 2408 3.1.
	CommitPhase2 bool `yaml:"commit_phase_2" json:"commit_phase_2,omitempty"`
	// MessageIDZero, if true, causes quick modes to have the message ID 0. RFC 2408 3.1.
	MessageIDZero bool `yaml:"message_id_zero" json:"message_id_zero,omitempty"`
	// ShortMessageID, if true, causes message IDs of quick modes of one octet only, as vpnc has them. RFC 2408 3.1.
	ShortMessageID bool `yaml:"short_message_id" json:"short_message_id,omitempty"`
	// LengthPlus, if not zero, is what the length field of every message says too much. RFC 2408 3.1.
	LengthPlus uint16 `yaml:"length_plus" json:"length_plus,omitempty"`
	// LengthMinus, if not zero, is what the length field of every message says too little. RFC 2408 3.1.
	LengthMinus uint16 `yaml:"length_minus" json:"length_minus,omitempty"`
	// TrailingOctets, if not zero, is how many octets follow every message in its datagram. RFC 2408 3.1.
	TrailingOctets uint16 `yaml:"trailing_octets" json:"trailing_octets,omitempty"`
	// QuickExchange, if not zero, is the exchange type of quick mode messages, which must be 32. RFC 2408 3.1.
	QuickExchange uint8 `yaml:"quick_exchange" json:"quick_exchange,omitempty"`

	// The flow of messages.

	// DropMessage, if not zero, is the number of the message, from 1, that is never sent. RFC 2408 5.1.
	DropMessage uint16 `yaml:"drop_message" json:"drop_message,omitempty"`
	// CorruptMessage, if not zero, is the number of the message, from 1, whose last octet is wrong. RFC 2408 5.1.
	CorruptMessage uint16 `yaml:"corrupt_message" json:"corrupt_message,omitempty"`
	// NoRetransmit, if true, causes nothing to be sent a second time. RFC 2408 5.1.
	NoRetransmit bool `yaml:"no_retransmit" json:"no_retransmit,omitempty"`
	// ReplayMessageOne, if true, causes message 1 to be sent again at the end of phase 1. RFC 2408 2.5.3.
	ReplayMessageOne bool `yaml:"replay_message_one" json:"replay_message_one,omitempty"`
	// ReplayEncrypted, if true, causes quick mode message 1 to be sent again behind message 3. RFC 2408 2.5.3.
	ReplayEncrypted bool `yaml:"replay_encrypted" json:"replay_encrypted,omitempty"`
	// QuickFourth, if true, causes a fourth quick mode message, as Windows sends it. RFC 2409 5.5.
	QuickFourth bool `yaml:"quick_fourth" json:"quick_fourth,omitempty"`
	// EarlyQuick, if true, causes a quick mode to be possible before XAUTH is done. draft-beaulieu-ike-xauth-02 5.
	EarlyQuick bool `yaml:"early_quick" json:"early_quick,omitempty"`

	// Cryptography.

	// WrongKa, if true, causes a cipher key that is longer than SKEYID_e to be expanded from 1 instead of 0. RFC 2409 appendix B.
	WrongKa bool `yaml:"wrong_ka" json:"wrong_ka,omitempty"`
	// WrongQuickIV, if true, causes the first IV of quick modes to be the end of the hash instead of its beginning. RFC 2409 appendix B.
	WrongQuickIV bool `yaml:"wrong_quick_iv" json:"wrong_quick_iv,omitempty"`
	// WrongInfoIV, if true, causes the IV of informational messages to be phase 1's last block, not hashed. RFC 2409 appendix B.
	WrongInfoIV bool `yaml:"wrong_info_iv" json:"wrong_info_iv,omitempty"`
	// StaleIV, if true, causes quick mode messages to be encrypted under the IV of the message before. RFC 2409 appendix B.
	StaleIV bool `yaml:"stale_iv" json:"stale_iv,omitempty"`
	// ShortKE, if true, causes KE payloads of phase 1 to lack their first octet, as if it were a leading zero. RFC 2409 5.
	ShortKE bool `yaml:"short_ke" json:"short_ke,omitempty"`
	// ZeroKE, if true, causes KE payloads of phase 1 to be all zero. RFC 2409 5.
	ZeroKE bool `yaml:"zero_ke" json:"zero_ke,omitempty"`
	// TruncatedQuickHash, if true, causes HASH(1), (2) and (3) to lack their last 4 octets. RFC 2409 5.5.
	TruncatedQuickHash bool `yaml:"truncated_quick_hash" json:"truncated_quick_hash,omitempty"`
	// LongSignature, if not zero, is how many octets follow SIG_I or SIG_R in its payload. RFC 2409 5.1.
	LongSignature uint16 `yaml:"long_signature" json:"long_signature,omitempty"`
	// ShortSignature, if not zero, is how many octets SIG_I or SIG_R lacks. RFC 2409 5.1.
	ShortSignature uint16 `yaml:"short_signature" json:"short_signature,omitempty"`
	// LongSignedHash, if not zero, is how many octets follow HASH_I or HASH_R inside an RSA signature. Who compares only the
	// octets it expects takes a forgery with a small exponent. RFC 2409 5.1.
	LongSignedHash uint16 `yaml:"long_signed_hash" json:"long_signed_hash,omitempty"`
	// ShortSignedHash, if not zero, is how many octets HASH_I or HASH_R lacks inside an RSA signature. RFC 2409 5.1.
	ShortSignedHash uint16 `yaml:"short_signed_hash" json:"short_signed_hash,omitempty"`
	// ReencodedSA, if true, causes HASH_I and HASH_R to be over the SA payload with its generic header. RFC 2409 5.
	ReencodedSA bool `yaml:"reencoded_sa" json:"reencoded_sa,omitempty"`
	// PSKNUL, if true, causes the pre-shared key to have a trailing NUL. HMAC hides it unless the key is as long as the
	// hash's block. RFC 2409 5.4.
	PSKNUL bool `yaml:"psk_nul" json:"psk_nul,omitempty"`

	// The SA payload.

	// KeyLengthTwice, if true, causes KEY_LENGTH to be there twice in phase 1. RFC 2409 appendix A.
	KeyLengthTwice bool `yaml:"key_length_twice" json:"key_length_twice,omitempty"`
	// KeyLengthFirst, if true, causes KEY_LENGTH to come before the cipher in phase 1. Legal; libreswan refuses it.
	KeyLengthFirst bool `yaml:"key_length_first" json:"key_length_first,omitempty"`
	// KeyLengthZero, if true, causes a KEY_LENGTH of 0 in phase 1. RFC 2409 appendix A.
	KeyLengthZero bool `yaml:"key_length_zero" json:"key_length_zero,omitempty"`
	// LifeOctets, if not zero, is the length of LIFE_DURATION in phase 1, as a TLV: 2, 4 or 8. Legal. RFC 2409 appendix A.
	LifeOctets uint8 `yaml:"life_octets" json:"life_octets,omitempty"`
	// LifeSeconds, if not zero, is the lifetime in phase 1, whatever is configured. Legal.
	LifeSeconds uint32 `yaml:"life_seconds" json:"life_seconds,omitempty"`
	// LifeTypeAlone, if true, causes a life type without a duration in phase 1. RFC 2407 4.5.
	LifeTypeAlone bool `yaml:"life_type_alone" json:"life_type_alone,omitempty"`
	// KilobytesFirst, if true, causes a lifetime in kilobytes before the one in seconds in phase 1. Legal.
	KilobytesFirst bool `yaml:"kilobytes_first" json:"kilobytes_first,omitempty"`
	// DuplicateAttribute, if true, causes the cipher to be there twice in phase 1 transforms. RFC 2407 4.5.2.
	DuplicateAttribute bool `yaml:"duplicate_attribute" json:"duplicate_attribute,omitempty"`
	// UnknownAttribute, if true, causes a private attribute in phase 1 transforms. RFC 2407 4.5.3.
	UnknownAttribute bool `yaml:"unknown_attribute" json:"unknown_attribute,omitempty"`
	// VariableGroup, if true, causes GROUP, which is basic, to be a TLV in phase 1. RFC 2409 appendix A.
	VariableGroup bool `yaml:"variable_group" json:"variable_group,omitempty"`
	// SameTransformNumbers, if true, causes all transforms of phase 1 to have the number 1. RFC 2408 3.6.
	SameTransformNumbers bool `yaml:"same_transform_numbers" json:"same_transform_numbers,omitempty"`
	// ZeroTransformNumbers, if true, causes transforms of phase 1 to be counted from 0. Legal. RFC 2408 3.6.
	ZeroTransformNumbers bool `yaml:"zero_transform_numbers" json:"zero_transform_numbers,omitempty"`
	// ChosenNumberZero, if true, causes the responder to return the chosen transform with the number 0. RFC 2408 4.2.
	ChosenNumberZero bool `yaml:"chosen_number_zero" json:"chosen_number_zero,omitempty"`
	// ChangeAuth, if not zero, is the authentication method that the responder returns instead of the chosen one. RFC 2408 4.2.
	ChangeAuth uint16 `yaml:"change_auth" json:"change_auth,omitempty"`
	// WrongDOI, if not zero, is the DOI of the offer in phase 1, which must be 1. RFC 2407 4.6.1.
	WrongDOI uint32 `yaml:"wrong_doi" json:"wrong_doi,omitempty"`
	// WrongSituation, if not zero, is the situation of the offer in phase 1. RFC 2407 4.2.
	WrongSituation uint32 `yaml:"wrong_situation" json:"wrong_situation,omitempty"`
	// ProposalSPI, if not zero, is the length of an SPI in the phase 1 proposal. Legal, and to be ignored. RFC 2408 3.5.
	ProposalSPI uint8 `yaml:"proposal_spi" json:"proposal_spi,omitempty"`
	// GroupInFirstOnly, if true, causes GROUP to be in the first transform of a quick mode only. RFC 2409 5.5.
	GroupInFirstOnly bool `yaml:"group_in_first_only" json:"group_in_first_only,omitempty"`
	// OmitESPKeyLength, if true, causes ESP transforms without KEY_LENGTH. RFC 3602 5.3.
	OmitESPKeyLength bool `yaml:"omit_esp_key_length" json:"omit_esp_key_length,omitempty"`
	// EncryptionAuth, if true, causes an authentication algorithm beside ciphers that have their own, or another than the suite's. RFC 4106 8.2.
	EncryptionAuth bool `yaml:"encryption_auth" json:"encryption_auth,omitempty"`
	// ResponderLifetimePhase2, if true, causes a RESPONDER-LIFETIME in phase 1 with attributes of phase 2, as FortiGate sends it. RFC 2407 4.6.3.1.
	ResponderLifetimePhase2 bool `yaml:"responder_lifetime_phase_2" json:"responder_lifetime_phase_2,omitempty"`

	// Identities.

	// IDProtocol, if not zero, is the protocol of the phase 1 identity with port 22. RFC 2407 4.6.2.
	IDProtocol uint8 `yaml:"id_protocol" json:"id_protocol,omitempty"`
	// AddressAsFQDN, if true, causes an address to be sent as text in an FQDN identity. RFC 2407 4.6.2.3.
	AddressAsFQDN bool `yaml:"address_as_fqdn" json:"address_as_fqdn,omitempty"`
	// IDTrailingNUL, if true, causes the phase 1 identity to end with NUL. RFC 2407 4.6.2.3.
	IDTrailingNUL bool `yaml:"id_trailing_nul" json:"id_trailing_nul,omitempty"`
	// QuickFQDN, if true, causes IDci to be an FQDN, as Windows sends it. RFC 2407 4.6.2.
	QuickFQDN bool `yaml:"quick_fqdn" json:"quick_fqdn,omitempty"`
	// OmitQuickIDs, if true, causes quick mode messages to lack both identities. RFC 2409 5.5.
	OmitQuickIDs bool `yaml:"omit_quick_ids" json:"omit_quick_ids,omitempty"`
	// OneQuickID, if true, causes quick mode messages to have IDci only. RFC 2409 5.5.
	OneQuickID bool `yaml:"one_quick_id" json:"one_quick_id,omitempty"`
	// ThreeQuickIDs, if true, causes quick mode messages to have IDcr twice. RFC 2409 5.5.
	ThreeQuickIDs bool `yaml:"three_quick_ids" json:"three_quick_ids,omitempty"`
	// SwapQuickIDs, if true, causes IDcr to come before IDci. RFC 2409 5.5.
	SwapQuickIDs bool `yaml:"swap_quick_ids" json:"swap_quick_ids,omitempty"`

	// Extended authentication and mode config.

	// PasswordNUL, if true, causes the XAUTH password to have a trailing NUL, as Android sends it. draft-beaulieu-ike-xauth-02 6.2.
	PasswordNUL bool `yaml:"password_nul" json:"password_nul,omitempty"`
	// UserCut, if true, causes the XAUTH user name to lack its last octet. draft-beaulieu-ike-xauth-02 6.2.
	UserCut bool `yaml:"user_cut" json:"user_cut,omitempty"`
	// SkipConfig, if true, causes the client not to ask for an address, as iOS does when it authenticates again. draft-dukes-ike-mode-cfg-02 3.
	SkipConfig bool `yaml:"skip_config" json:"skip_config,omitempty"`
	// Address17, if true, causes IPv6 addresses with a prefix length, 17 octets. draft-dukes-ike-mode-cfg-02 3.4.
	Address17 bool `yaml:"address_17" json:"address_17,omitempty"`
	// ContactInXAUTH, if true, causes the client to send INITIAL-CONTACT before it answers. RFC 2407 4.6.3.3.
	ContactInXAUTH bool `yaml:"contact_in_xauth" json:"contact_in_xauth,omitempty"`
	// DuplicateRequest, if true, causes transactions to begin twice, under different message IDs. draft-dukes-ike-mode-cfg-02 3.1.
	DuplicateRequest bool `yaml:"duplicate_request" json:"duplicate_request,omitempty"`
	// WrongConfigType, if true, causes answers to have the type of the question. draft-dukes-ike-mode-cfg-02 3.3.
	WrongConfigType bool `yaml:"wrong_config_type" json:"wrong_config_type,omitempty"`

	// Informational messages.

	// DeleteBothSPIs, if true, causes a Delete to name the SPIs of both directions. RFC 2408 3.15.
	DeleteBothSPIs bool `yaml:"delete_both_spis" json:"delete_both_spis,omitempty"`
	// DeleteOtherCookies, if true, causes the Delete of an ISAKMP SA to name other cookies. RFC 2408 3.15.
	DeleteOtherCookies bool `yaml:"delete_other_cookies" json:"delete_other_cookies,omitempty"`
	// DeleteTwice, if true, causes Delete payloads to be there twice. RFC 2408 3.15.
	DeleteTwice bool `yaml:"delete_twice" json:"delete_twice,omitempty"`
	// DeleteAndNotify, if true, causes a notify beside every Delete. RFC 2409 5.7.
	DeleteAndNotify bool `yaml:"delete_and_notify" json:"delete_and_notify,omitempty"`
	// DeleteProtocolZero, if true, causes the protocol of Delete payloads to be 0. RFC 2408 3.15.
	DeleteProtocolZero bool `yaml:"delete_protocol_zero" json:"delete_protocol_zero,omitempty"`
	// NeverDelete, if true, causes Deletes not to be sent. RFC 2408 3.15.
	NeverDelete bool `yaml:"never_delete" json:"never_delete,omitempty"`
	// ContactNoSPI, if true, causes INITIAL-CONTACT with protocol 0 and no SPI. RFC 2407 4.6.3.3.
	ContactNoSPI bool `yaml:"contact_no_spi" json:"contact_no_spi,omitempty"`
	// DPDRepeat, if true, causes every R-U-THERE to have the same sequence number. RFC 3706 5.4.
	DPDRepeat bool `yaml:"dpd_repeat" json:"dpd_repeat,omitempty"`
	// DPDSkip, if true, causes the sequence numbers of R-U-THERE to skip every other one. RFC 3706 6.2.
	DPDSkip bool `yaml:"dpd_skip" json:"dpd_skip,omitempty"`
	// DPDZero, if true, causes the first R-U-THERE to have the sequence number 0. RFC 3706 5.4.
	DPDZero bool `yaml:"dpd_zero" json:"dpd_zero,omitempty"`
	// DPDReversedCookies, if true, causes the SPI of R-U-THERE to be CKY-R | CKY-I, as IOS has it. RFC 3706 5.3.
	DPDReversedCookies bool `yaml:"dpd_reversed_cookies" json:"dpd_reversed_cookies,omitempty"`
	// DPDNoVendorID, if true, causes DPD not to be announced, and to be used all the same. RFC 3706 5.1.
	DPDNoVendorID bool `yaml:"dpd_no_vendor_id" json:"dpd_no_vendor_id,omitempty"`
	// DPDOldSA, if true, causes an ISAKMP SA that was replaced to be asked under all the same. Legal; who gives no answer
	// there ends the new one with some peers. RFC 3706 5.5.
	DPDOldSA bool `yaml:"dpd_old_sa" json:"dpd_old_sa,omitempty"`
	// DPDNoAck, if true, causes R-U-THERE not to be answered. RFC 3706 5.3.
	DPDNoAck bool `yaml:"dpd_no_ack" json:"dpd_no_ack,omitempty"`

	// NAT traversal.

	// NATDDraftPayloads, if true, causes the drafts' payload numbers whatever version was agreed. RFC 3947 3.2.
	NATDDraftPayloads bool `yaml:"nat_d_draft_payloads" json:"nat_d_draft_payloads,omitempty"`
	// NATDHostOrder, if true, causes the port in NAT-D hashes to be little endian. RFC 3947 3.2.
	NATDHostOrder bool `yaml:"nat_d_host_order" json:"nat_d_host_order,omitempty"`
	// ExtraNATD, if true, causes a third NAT-D of nothing. Legal. RFC 3947 3.2.
	ExtraNATD bool `yaml:"extra_nat_d" json:"extra_nat_d,omitempty"`
	// SwapNATD, if true, causes the own NAT-D to come before the peer's. RFC 3947 3.2.
	SwapNATD bool `yaml:"swap_nat_d" json:"swap_nat_d,omitempty"`
	// NoFloat, if true, causes the initiator to stay on port 500 behind a NAT. RFC 3947 4.
	NoFloat bool `yaml:"no_float" json:"no_float,omitempty"`
	// NoMarker, if true, causes messages on port 4500 to lack the non-ESP marker. RFC 3948 2.2.
	NoMarker bool `yaml:"no_marker" json:"no_marker,omitempty"`
	// DoubleMarker, if true, causes messages on port 4500 to have it twice. RFC 3948 2.2.
	DoubleMarker bool `yaml:"double_marker" json:"double_marker,omitempty"`
	// MarkerOn500, if true, causes messages on port 500 to have it. RFC 3948 2.2.
	MarkerOn500 bool `yaml:"marker_on_500" json:"marker_on_500,omitempty"`
	// KeepaliveOn500, if true, causes keepalives to go from port 500 to port 500. RFC 3948 2.3.
	KeepaliveOn500 bool `yaml:"keepalive_on_500" json:"keepalive_on_500,omitempty"`
	// NoKeepalive, if true, causes no keepalives to be sent behind a NAT. RFC 3948 4.
	NoKeepalive bool `yaml:"no_keepalive" json:"no_keepalive,omitempty"`
	// NoRemap, if true, causes a peer whose NAT has changed its mapping to be sent to at its old address and port. RFC 3947 7.
	NoRemap bool `yaml:"no_remap" json:"no_remap,omitempty"`
	// SameNATOA, if true, causes both NAT-OA payloads to have the initiator's address. RFC 3947 5.2.
	SameNATOA bool `yaml:"same_nat_oa" json:"same_nat_oa,omitempty"`
	// EncapWithoutNAT, if true, causes UDP encapsulation to be offered where there is no NAT. RFC 3947 5.1.
	EncapWithoutNAT bool `yaml:"encap_without_nat" json:"encap_without_nat,omitempty"`
	// DraftEncap, if true, causes the drafts' encapsulation values whatever version was agreed. RFC 3947 5.1.
	DraftEncap bool `yaml:"draft_encap" json:"draft_encap,omitempty"`

	// Fragmentation.

	// FragmentAll, if true, causes every message that has room for it to be sent in fragments, quick mode included. Legal. MS-IKEE 2.2.3.
	FragmentAll bool `yaml:"fragment_all" json:"fragment_all,omitempty"`
	// FragmentIDZero, if true, causes fragments to have the ID 0. MS-IKEE 2.2.3.
	FragmentIDZero bool `yaml:"fragment_id_zero" json:"fragment_id_zero,omitempty"`
	// FragmentNumberZero, if true, causes fragments to be counted from 0. MS-IKEE 2.2.3.
	FragmentNumberZero bool `yaml:"fragment_number_zero" json:"fragment_number_zero,omitempty"`
	// FragmentNoLast, if true, causes the last fragment not to be marked. MS-IKEE 2.2.3.
	FragmentNoLast bool `yaml:"fragment_no_last" json:"fragment_no_last,omitempty"`
	// FragmentTwiceLast, if true, causes the last fragment to be sent twice. MS-IKEE 2.2.3.
	FragmentTwiceLast bool `yaml:"fragment_twice_last" json:"fragment_twice_last,omitempty"`
	// FragmentLastFirst, if true, causes the last fragment to come first. Legal: it is what networks do. MS-IKEE 2.2.3.
	FragmentLastFirst bool `yaml:"fragment_last_first" json:"fragment_last_first,omitempty"`
	// FragmentMixedIDs, if true, causes every fragment to have another ID. MS-IKEE 2.2.3.
	FragmentMixedIDs bool `yaml:"fragment_mixed_ids" json:"fragment_mixed_ids,omitempty"`
	// FragmentMany, if true, causes fragments of one octet, so that their numbers overflow. MS-IKEE 2.2.3.
	FragmentMany bool `yaml:"fragment_many" json:"fragment_many,omitempty"`
	// FragmentNoCapabilities, if true, causes the vendor ID without capabilities, as Windows sends it. MS-IKEE 2.2.3.
	FragmentNoCapabilities bool `yaml:"fragment_no_capabilities" json:"fragment_no_capabilities,omitempty"`

	// Payloads are faults in payloads of a type, whatever they hold. RFC 2408 3.2, 5.3.
	Payloads []PayloadFault `yaml:"payloads" json:"payloads,omitempty"`

	// EditMessage and EditBytes are the generic layer below the named faults: EditMessage sees a message before it is
	// encrypted, EditBytes the UDP payload on its way out.
	EditMessage func(Step, *wire.Message) `yaml:"-" json:"-"`
	EditBytes   func(Step, []byte) []byte `yaml:"-" json:"-"`
}

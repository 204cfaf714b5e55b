package ikev1

import "github.com/useipsec/useipsec/ikev1/wire"

// Step names a message of an exchange, for deviations that touch one message.
type Step uint8

// The messages a Session sends.
const (
	Main1 Step = 1 + iota
	Main2
	Main3
	Main4
	Main5
	Main6
	Aggressive1
	Aggressive2
	Aggressive3
	Quick1
	Quick2
	Quick3
	Info
	ConfigRequest
	ConfigReply
	ConfigSet
	ConfigAck
)

var stepNames = [...]string{
	Main1: "main1", Main2: "main2", Main3: "main3", Main4: "main4", Main5: "main5", Main6: "main6",
	Aggressive1: "aggressive1", Aggressive2: "aggressive2", Aggressive3: "aggressive3",
	Quick1: "quick1", Quick2: "quick2", Quick3: "quick3", Info: "info",
	ConfigRequest: "config-request", ConfigReply: "config-reply", ConfigSet: "config-set", ConfigAck: "config-ack",
}

// String gives the name scenarios use.
func (s Step) String() string {
	if int(s) < len(stepNames) && stepNames[s] != "" {
		return stepNames[s]
	}
	return "unknown"
}

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

	// Payloads are faults in payloads of a type, whatever they hold. RFC 2408 3.2, 5.3.
	Payloads []PayloadFault `yaml:"payloads" json:"payloads,omitempty"`

	// EditMessage and EditBytes are the generic layer below the named faults: EditMessage sees a message before it is
	// encrypted, EditBytes the UDP payload on its way out.
	EditMessage func(Step, *wire.Message) `yaml:"-" json:"-"`
	EditBytes   func(Step, []byte) []byte `yaml:"-" json:"-"`
}

package wire

import (
	"strconv"
	"strings"
)

// unknown is what String methods say of numbers without a name.
func unknown(v uint64) string { return "Unknown(" + strconv.FormatUint(v, 10) + ")" }

// PayloadType is the number of a payload in a next payload field (RFC 2408 3.1, RFC 3947 3.2).
type PayloadType uint8

// The payload types. PayloadProposal and PayloadTransform occur only inside an SA payload.
const (
	PayloadNone        PayloadType = 0
	PayloadSA          PayloadType = 1
	PayloadProposal    PayloadType = 2
	PayloadTransform   PayloadType = 3
	PayloadKE          PayloadType = 4
	PayloadID          PayloadType = 5
	PayloadCert        PayloadType = 6
	PayloadCertRequest PayloadType = 7
	PayloadHash        PayloadType = 8
	PayloadSig         PayloadType = 9
	PayloadNonce       PayloadType = 10
	PayloadNotify      PayloadType = 11
	PayloadDelete      PayloadType = 12
	PayloadVendorID    PayloadType = 13
	PayloadAttributes  PayloadType = 14  // draft-dukes-ike-mode-cfg-02
	PayloadNATD        PayloadType = 20  // RFC 3947 3.2
	PayloadNATOA       PayloadType = 21  // RFC 3947 5.2
	PayloadNATDDraft   PayloadType = 130 // draft-ietf-ipsec-nat-t-ike-00 to 03
	PayloadNATOADraft  PayloadType = 131 // draft-ietf-ipsec-nat-t-ike-00 to 03
	PayloadFragment    PayloadType = 132 // vendors' IKEv1 fragmentation

	// Drafts 04 to 08 took numbers that RFC 6407 uses for group keys (SAK, SAT). Such payloads are kept as Raw.
	PayloadNATDDraft04  PayloadType = 15
	PayloadNATOADraft04 PayloadType = 16
)

// String returns the RFCs' abbreviation: "SA", "KE", "NONCE", "NAT-D".
func (t PayloadType) String() string {
	switch t {
	case PayloadNone:
		return "NONE"
	case PayloadSA:
		return "SA"
	case PayloadProposal:
		return "P"
	case PayloadTransform:
		return "T"
	case PayloadKE:
		return "KE"
	case PayloadID:
		return "ID"
	case PayloadCert:
		return "CERT"
	case PayloadCertRequest:
		return "CR"
	case PayloadHash:
		return "HASH"
	case PayloadSig:
		return "SIG"
	case PayloadNonce:
		return "NONCE"
	case PayloadNotify:
		return "N"
	case PayloadDelete:
		return "D"
	case PayloadVendorID:
		return "VID"
	case PayloadAttributes:
		return "ATTR"
	case PayloadNATD:
		return "NAT-D"
	case PayloadNATOA:
		return "NAT-OA"
	case PayloadNATDDraft04:
		return "NAT-D(draft-04)"
	case PayloadNATOADraft04:
		return "NAT-OA(draft-04)"
	case 17: // this and the other numbers without a constant: RFC 6407
		return "KD"
	case 18:
		return "SEQ"
	case 19:
		return "POP"
	case 22:
		return "GAP"
	case PayloadNATDDraft:
		return "NAT-D(draft)"
	case PayloadNATOADraft:
		return "NAT-OA(draft)"
	case PayloadFragment:
		return "FRAG"
	}
	return unknown(uint64(t))
}

// ExchangeType is the kind of exchange a message belongs to (RFC 2408 3.1, RFC 2409 appendix A).
type ExchangeType uint8

// The exchange types.
const (
	ExchangeNone          ExchangeType = 0
	ExchangeBase          ExchangeType = 1
	ExchangeMain          ExchangeType = 2 // RFC 2408's identity protection exchange
	ExchangeAuthOnly      ExchangeType = 3
	ExchangeAggressive    ExchangeType = 4
	ExchangeInformational ExchangeType = 5
	ExchangeTransaction   ExchangeType = 6 // draft-dukes-ike-mode-cfg-02
	ExchangeQuick         ExchangeType = 32
	ExchangeNewGroup      ExchangeType = 33
)

// String returns the exchange's name: "main", "quick".
func (t ExchangeType) String() string {
	switch t {
	case ExchangeNone:
		return "none"
	case ExchangeBase:
		return "base"
	case ExchangeMain:
		return "main"
	case ExchangeAuthOnly:
		return "auth-only"
	case ExchangeAggressive:
		return "aggressive"
	case ExchangeInformational:
		return "informational"
	case ExchangeTransaction:
		return "transaction"
	case ExchangeQuick:
		return "quick"
	case ExchangeNewGroup:
		return "new-group"
	}
	return unknown(uint64(t))
}

// Flags is the header's flags octet (RFC 2408 3.1).
type Flags uint8

// The flags.
const (
	FlagEncryption Flags = 1 << iota
	FlagCommit
	FlagAuthOnly
)

// String returns the flags' letters in the RFC, E, C and A, joined by "|", or "0". Other bits follow as one Unknown.
func (f Flags) String() string {
	if f == 0 {
		return "0"
	}
	var names []string
	for i, name := range []string{"E", "C", "A"} {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if rest := f &^ (FlagEncryption | FlagCommit | FlagAuthOnly); rest != 0 {
		names = append(names, unknown(uint64(rest)))
	}
	return strings.Join(names, "|")
}

// DOI values (RFC 2408 3.4, RFC 2407 4.6.1). Domains of interpretation are 32 bits wide.
const (
	DOIISAKMP uint32 = 0
	DOIIPSEC  uint32 = 1
)

// Situation bits of the IPsec DOI (RFC 2407 4.2).
const (
	SitIdentityOnly uint32 = 1
	SitSecrecy      uint32 = 2
	SitIntegrity    uint32 = 4
)

// ProtocolID is a security protocol (RFC 2407 4.4.1).
type ProtocolID uint8

// The protocols.
const (
	ProtoNone   ProtocolID = 0
	ProtoISAKMP ProtocolID = 1
	ProtoAH     ProtocolID = 2
	ProtoESP    ProtocolID = 3
	ProtoIPCOMP ProtocolID = 4
)

// String returns the protocol's slug: "isakmp", "ah", "esp", "ipcomp".
func (p ProtocolID) String() string {
	switch p {
	case ProtoNone:
		return "none"
	case ProtoISAKMP:
		return "isakmp"
	case ProtoAH:
		return "ah"
	case ProtoESP:
		return "esp"
	case ProtoIPCOMP:
		return "ipcomp"
	}
	return unknown(uint64(p))
}

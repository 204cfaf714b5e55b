package dissect

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// ISAKMP is one ISAKMP message as it was sent (RFC 2408 3).
type ISAKMP struct {
	Frame    int
	Time     time.Time
	Src, Dst netip.AddrPort

	Header wire.Header
	// Octets is the whole message, ISAKMP header to end of datagram, without
	// the non-ESP marker.
	Octets []byte
	// Message is the readable view: the message itself when it was sent in
	// clear, the decrypted payloads when Decrypted. nil when it cannot be read
	// (Opaque). A decrypted Message keeps the header as sent, FlagEncryption
	// included, and has Sealed set too.
	Message *wire.Message
	// Err: the message, or its plaintext, breaks the format. Message then has the
	// payloads before the fault.
	Err error
	// LengthErr: the length in the header cannot be right, and Message is read as if
	// it were that of the datagram.
	LengthErr error
	// Opaque says why an encrypted message stayed unread; empty otherwise.
	Opaque string

	Encrypted bool // FlagEncryption is set
	Decrypted bool // Plain holds the plaintext, and its payload chain makes sense
	// IVNote is empty when the message opened with the IV that RFC 2409 App B
	// prescribes, and otherwise says which IV it took.
	IVNote string
	Plain  []byte // plaintext, padding included (RFC 2409 App B)
	Pad    []byte // what follows the last payload of Plain

	NonESPMarker  bool // four zero octets preceded it (RFC 3948 2.2)
	FromInitiator bool // sent by the initiator of the ISAKMP SA, as far as addresses and cookies tell

	// Fragment is set in a message that is a piece of another one, cut by IKE itself
	// ([MS-IKEE] 2.2.3). The frame that completes it has the whole message instead,
	// and in Fragments the frames that the pieces came in, in capture order.
	Fragment  *wire.Fragment
	Fragments []int

	// Phase1 is the ISAKMP SA the cookies name, nil only for other versions of
	// IKE and for fragments. Quick is the quick mode exchange, nil for other exchange types.
	Phase1 *Phase1
	Quick  *Quick
	// Index is the message's place in its exchange: 1..6 in main mode, 1..3 in
	// aggressive and quick mode (4 for a fourth quick mode message), 1.. for
	// others. 0 if it fits nowhere.
	Index int
	// Retransmission: the same octets were seen before on this ISAKMP SA, first
	// in frame Of. Index, Message and the rest are those of the first one.
	Retransmission bool
	Of             int

	Hash HashCheck
	NATD []NATDCheck // one for each NAT-D payload, in order
	// Concealed are the types of the payloads whose bodies are encrypted to a
	// public key, or with a key made of a nonce that is (RFC 2409 5.2, 5.3). Their
	// typed forms in Message mean nothing.
	Concealed []wire.PayloadType
}

// HashState is what became of a HASH payload.
type HashState uint8

// The states of a hash.
const (
	HashAbsent       HashState = iota // the message was read and has no HASH payload
	HashGood                          // recomputed and equal
	HashBad                           // recomputed and different
	HashUnverifiable                  // HashCheck.Why says what is missing; the message may be unread
)

// String gives the state's name, or Unknown(n).
func (h HashState) String() string {
	switch h {
	case HashAbsent:
		return "absent"
	case HashGood:
		return "good"
	case HashBad:
		return "bad"
	case HashUnverifiable:
		return "unverifiable"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(h))
}

// HashCheck is the recomputation of a HASH payload (RFC 2409 5, 5.5, 5.7).
type HashCheck struct {
	State HashState
	// Name is "HASH_I", "HASH_R", "HASH(1)", "HASH(2)", "HASH(3)", or "SIG_I",
	// "SIG_R" where a signature is there instead of the hash. Set also when it is
	// absent but RFC 2409 asks for one.
	Name string
	// First: the HASH payload is the first payload, as RFC 2409 5.5 demands of quick mode.
	First bool
	// Why says what a verification lacks: "no g^xy", "no SKEYID_a: only Ka is known", …
	// or, of one that is bad, what was found in the signature or what the hash is over
	// instead, as far as that can be told.
	Why string
}

// NATDCheck compares one NAT-D payload with the addresses in the capture, at
// the place where the capture was taken (RFC 3947 3.2).
type NATDCheck struct {
	Draft bool // payload number 130 of the drafts
	// MatchesDst and MatchesSrc: HASH(CKY-I | CKY-R | IP | port) of the packet's
	// own destination or source.
	MatchesDst, MatchesSrc bool
	// Why is set when no comparison was possible: "the hash algorithm is not known".
	Why string
}

// Phase1 is an ISAKMP SA and the exchange that made it, as far as captured. All
// fields are facts read off the wire unless they say otherwise.
type Phase1 struct {
	CookieI, CookieR wire.Cookie // CookieR is zero until the responder answered
	Exchange         wire.ExchangeType
	// Initiator and Responder are the latest addresses and ports either side
	// sent from; they change when NAT traversal floats to 4500.
	Initiator, Responder netip.AddrPort

	Offered, Chosen         *wire.SA // of the first and second message
	OfferedBody, ChosenBody []byte   // their body octets (SAi_b)
	// Suite and Auth come from the chosen transform, SuiteErr says why Suite is
	// not usable ("no chosen SA payload captured", an unknown algorithm, …).
	Suite    keymat.Suite
	Auth     wire.AuthMethod
	SuiteErr error
	// KeyLengthImplied: the chosen transform lacks the KEY_LENGTH that its cipher has
	// to have, and Suite has the 128 bits that those mean who leave it out.
	KeyLengthImplied bool

	KEi, KEr, Ni, Nr   []byte   // payload bodies
	IDii, IDir         *wire.ID // nil while unread
	IDiiBody, IDirBody []byte
	VendorsI, VendorsR [][]byte // vendor IDs of each side, in order of appearance
	CertsI, CertsR     []*wire.Cert
	HashI, HashR       HashState // of HASH_I or SIG_I, HASH_R or SIG_R
	// SignerI and SignerR are the certificates whose keys verify SIG_I and SIG_R.
	SignerI, SignerR   *x509.Certificate
	FloatedI, FloatedR bool // side has sent this exchange's messages from or to port 4500
	// FirstFrame and LastFrame are the frames of the SA's first and latest message.
	FirstFrame, LastFrame int

	// XAUTH and Lease are what transaction exchanges under the SA came to.
	XAUTH XAUTH
	Lease Lease

	// Keys says how much is known; Why what is missing for more.
	Keys KeyStatus
	Why  string
	// Messages are the messages of the phase 1 exchange without retransmissions,
	// in capture order; bounded by Limits.
	Messages []*ISAKMP
	// Quicks are the quick modes under this SA in order of appearance; bounded
	// by Limits, the oldest leave first.
	Quicks []*Quick
	// Deleted is the first frame with a readable, authenticated Delete for this SA, 0 if none.
	Deleted int

	phase1State
}

// Complete reports whether every message of the phase 1 exchange was captured:
// six in main mode, three in aggressive mode.
func (p *Phase1) Complete() bool {
	var seen uint
	for _, m := range p.Messages {
		seen |= 1 << m.Index
	}
	switch p.Exchange {
	case wire.ExchangeMain:
		return seen&0b1111110 == 0b1111110
	case wire.ExchangeAggressive:
		return seen&0b1110 == 0b1110
	}
	return false
}

// KeyStatus says how far the keys of an ISAKMP SA are known.
type KeyStatus uint8

// The states of knowledge, each including the ones before it.
const (
	KeysNone   KeyStatus = iota // nothing: encrypted messages stay opaque
	KeysSKEYID                  // SKEYID only: HASH_I and HASH_R verify, nothing decrypts
	KeysCipher                  // Ka: messages decrypt; what else is known, the hash checks tell
	KeysAll                     // SKEYID_d, SKEYID_a and Ka: everything verifies and KEYMAT can be derived
)

// String gives the status's name, or Unknown(n).
func (k KeyStatus) String() string {
	switch k {
	case KeysNone:
		return "none"
	case KeysSKEYID:
		return "skeyid"
	case KeysCipher:
		return "cipher"
	case KeysAll:
		return "all"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(k))
}

// Quick is one quick mode exchange (RFC 2409 5.5). Initiator and responder are
// those of the quick mode, which either side of the ISAKMP SA may begin.
type Quick struct {
	Phase1    *Phase1
	MessageID uint32
	// FromInitiator: the initiator of the ISAKMP SA began this quick mode.
	FromInitiator        bool
	Initiator, Responder netip.AddrPort

	Offered, Chosen *wire.SA // nil while unread
	Ni, Nr          []byte   // nonce bodies
	KEi, KEr        []byte   // non-empty with PFS
	// IDs of the first and of the second message; both nil when the message had none.
	IDci, IDcr   *wire.ID
	IDci2, IDcr2 *wire.ID
	Hash1, Hash2 HashState
	Hash3        HashState

	// SAs are the IPsec SAs of the chosen proposals, both directions, once the
	// second message is read: for each protocol the one to the responder, then
	// the one to the initiator.
	SAs []*SA
	// Messages are the exchange's messages without retransmissions.
	Messages []*ISAKMP
}

// PFS reports whether the exchange carries KE payloads (RFC 2409 5.5).
func (q *Quick) PFS() bool { return len(q.KEi) > 0 || len(q.KEr) > 0 }

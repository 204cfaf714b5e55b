package ikev1

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// EventKind says what an Event tells.
type EventKind uint8

// What a Session reports.
const (
	EventState          EventKind = 1 + iota // the phase 1 state changed
	EventKeys                                // phase 1 keys exist: Keys, CookieI, CookieR
	EventEstablished                         // the ISAKMP SA is established
	EventChild                               // a child is usable: Child
	EventChildGone                           // a child was deleted: Child
	EventDropped                             // a datagram was ignored, Detail says why
	EventNotifySent                          // Notify
	EventNotifyReceived                      // Notify; Protected tells whether it was authenticated
	EventRetransmit                          // the last message was sent again
	EventTolerated                           // the peer broke a rule and Config.Tolerant let it pass
	EventFailed                              // an exchange failed, Detail says why
	EventDeleted                             // the ISAKMP SA is gone
	EventRekey                               // the ISAKMP SA should be replaced by a new Session
	EventRemap                               // the peer is at another address or port; with Child, so is the child's other end
	EventInitialContact                      // the peer says that it has no other SA with this end (RFC 2407 4.6.3.3)
	EventConfigured                          // mode config gave or took an address: Lease
	EventXAUTH                               // extended authentication came to its end, Detail says how
)

var eventNames = [...]string{
	EventState: "state", EventKeys: "keys", EventEstablished: "established", EventChild: "child", EventChildGone: "child-gone",
	EventDropped: "dropped", EventNotifySent: "notify-sent", EventNotifyReceived: "notify-received",
	EventRetransmit: "retransmit", EventTolerated: "tolerated", EventFailed: "failed", EventDeleted: "deleted", EventRekey: "rekey",
	EventRemap: "remap", EventInitialContact: "initial-contact", EventConfigured: "configured", EventXAUTH: "xauth",
}

// String gives the name that journals show.
func (k EventKind) String() string {
	if int(k) < len(eventNames) && eventNames[k] != "" {
		return eventNames[k]
	}
	return fmt.Sprintf("Unknown(%d)", uint8(k))
}

// Event is something a Session did or noticed. Detail never holds key material; Keys and
// Child do, and whoever records them keeps them where secrets belong.
type Event struct {
	Time             time.Time
	Kind             EventKind
	CookieI, CookieR wire.Cookie
	MessageID        uint32
	Detail           string
	Notify           wire.NotifyType
	Protected        bool
	Keys             *Phase1Keys
	Child            *Child
	Lease            *Lease
}

// Phase1Keys is the key material of an ISAKMP SA.
type Phase1Keys struct {
	keymat.Phase1
	GXY []byte // g^xy
	PSK []byte // the pre-shared key that was used, if any
	// Concealed is nil unless nonces and identities are encrypted to public keys.
	Concealed *Concealed
}

// Concealed is what public key encryption hides of what HASH_I and HASH_R are over (RFC 2409 5.2, 5.3): the bodies of KE and
// ID payloads.
type Concealed struct{ GXi, GXr, IDii, IDir []byte }

// Child is a pair of IPsec SAs negotiated by one quick mode.
type Child struct {
	Policy        string
	Role          Role // which end of the quick mode this was
	Selector      spd.Selector
	Proto         esp.Proto
	Mode          esp.Mode
	Suite         esp.Suite
	SPIIn, SPIOut uint32
	KeysIn        esp.Keys
	KeysOut       esp.Keys
	Encap         *esp.UDPEncap // set when ESP travels in UDP; SrcPort is the local port
	Local, Remote netip.Addr
	Lifetime      time.Duration
	Kilobytes     uint64 // 0: no limit
	// OriginalInitiator and OriginalResponder are the addresses of the hosts as the peer knows them, in transport mode
	// through a NAT (RFC 3947 5.2); invalid if it did not say. They correct the checksums of TCP and UDP (RFC 3948 3.1.2).
	OriginalInitiator, OriginalResponder netip.Addr

	rekey, expires time.Time
	rekeyed        bool
}

// Expires is when the child's lifetime ends.
func (c *Child) Expires() time.Time { return c.expires }

// Params gives the parameters of the child's inbound or outbound SA.
func (c *Child) Params(inbound bool) esp.Params {
	p := esp.Params{
		SPI: c.SPIOut, Proto: c.Proto, Mode: c.Mode, Suite: c.Suite, Keys: c.KeysOut,
		Src: c.Local, Dst: c.Remote, Encap: c.Encap,
	}
	if inbound {
		p.SPI, p.Keys, p.Src, p.Dst = c.SPIIn, c.KeysIn, c.Remote, c.Local
		if c.Encap != nil {
			p.Encap = &esp.UDPEncap{SrcPort: c.Encap.DstPort, DstPort: c.Encap.SrcPort}
		}
	}
	return p
}

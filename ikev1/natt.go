package ikev1

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// NATTVersion is a specification of NAT traversal. The drafts have private payload numbers and encapsulation values.
type NATTVersion uint8

// The versions, best first.
const (
	NATTRFC3947  NATTVersion = 1 + iota
	NATTDraft03              // draft-ietf-ipsec-nat-t-ike-03
	NATTDraft02n             // -02, the vendor ID with a newline in the hashed text: the usual one
	NATTDraft02              // -02
	NATTDraft00              // -00: IKE stays on port 500. ESP with its non-IKE marker is not done here.
)

var nattVersions = [...]struct {
	name string
	vid  []byte
}{
	NATTRFC3947:  {"rfc3947", wire.VendorIDRFC3947},
	NATTDraft03:  {"draft-03", wire.VendorIDDraft03},
	NATTDraft02n: {"draft-02n", wire.VendorIDDraft02n},
	NATTDraft02:  {"draft-02", wire.VendorIDDraft02},
	NATTDraft00:  {"draft-00", wire.VendorIDDraft00},
}

// String gives the slug: "rfc3947", "draft-02n".
func (v NATTVersion) String() string {
	if int(v) < len(nattVersions) && v != 0 {
		return nattVersions[v].name
	}
	return fmt.Sprintf("Unknown(%d)", uint8(v))
}

// ParseNATTVersion reads what String gives.
func ParseNATTVersion(slug string) (NATTVersion, error) {
	for v := NATTRFC3947; v <= NATTDraft00; v++ {
		if v.String() == slug {
			return v, nil
		}
	}
	return 0, fmt.Errorf("ikev1: there is no version %q of NAT traversal", slug)
}

// draft tells whether the numbers are the private ones of the drafts.
func (v NATTVersion) draft() bool { return v > NATTRFC3947 }

// NATT says how far a Session goes along with NAT traversal (RFC 3947).
type NATT struct {
	Disable  bool          // announce no vendor ID and ignore the peer's
	Force    bool          // hash a false source address into NAT-D, so that both ends see a NAT and use UDP encapsulation
	Versions []NATTVersion // in order of preference; none: RFC 3947
	// Keepalive is how often the end behind a NAT sends a keepalive; 0 is 20 s (RFC 3948 4), less than 0 never.
	Keepalive time.Duration
}

const defaultKeepalive = 20 * time.Second

// natt is what RFC 3947 makes of the path between the two ends.
type natt struct {
	version     NATTVersion // agreed with the peer, 0: none
	detected    bool        // a NAT, or a peer that wants to look like one
	here, there bool        // which end is behind one
	keepalive   time.Time   // when the next one is due
}

// nattPort is the local port that messages with a non-ESP marker use.
func (s *Session) nattPort() uint16 { return PortNATT }

// versions are the specifications this end speaks, best first.
func (s *Session) versions() []NATTVersion {
	switch {
	case s.cfg.NATT.Disable:
		return nil
	case len(s.cfg.NATT.Versions) == 0:
		return []NATTVersion{NATTRFC3947}
	}
	return s.cfg.NATT.Versions
}

// vendorIDs announces what this end can do: dead peer detection (RFC 3706 5.1), NAT traversal (RFC 3947 3.1), and what
// the configuration asks for. The responder names only the version of NAT traversal that is to be used.
func (s *Session) vendorIDs() []wire.Payload {
	var ids []wire.Payload
	if !s.cfg.Deviations.DPDNoVendorID {
		ids = append(ids, vendorID(wire.VendorIDDPD))
	}
	if s.cfg.Fragmentation.Enable && (s.role == Initiator || s.peerFragments) {
		ids = append(ids, s.fragmentVendorID())
	}
	for _, v := range s.versions() {
		if s.role == Initiator || v == s.natt.version {
			ids = append(ids, vendorID(nattVersions[v].vid))
		}
	}
	if xauthClient(s.cfg.Auth.Method) != 0 {
		ids = append(ids, vendorID(wire.VendorIDXAUTH))
	}
	if m := s.cfg.ModeConfig; m.Pull || m.Wait || m.Lease != nil {
		ids = append(ids, vendorID(wire.VendorIDUnity))
	}
	return ids
}

func vendorID(b []byte) wire.Payload { return &wire.VendorID{Data: bytes.Clone(b)} }

// noteVendorIDs takes the version of NAT traversal that this end prefers of those the peer named.
func (s *Session) noteVendorIDs(ps []wire.Payload) {
	s.noteFragmentation(ps)
	for _, v := range s.versions() {
		if v != 0 && int(v) < len(nattVersions) && announces(ps, nattVersions[v].vid) {
			s.natt.version = v
			return
		}
	}
}

// announces tells whether a vendor ID is among the payloads.
func announces(ps []wire.Payload, vid []byte) bool {
	return slices.ContainsFunc(ps, func(p wire.Payload) bool {
		v, ok := p.(*wire.VendorID)
		return ok && bytes.Equal(v.Data, vid)
	})
}

// natDs are the NAT-D payloads of message 3 or 4: the remote end first, then our own (RFC 3947 3.2).
func (s *Session) natDs() []wire.Payload {
	if s.natt.version == 0 {
		return nil
	}
	local := s.local
	if s.cfg.NATT.Force {
		local = netip.AddrPortFrom(s.local.Addr(), 0) // nobody sends from port 0
	}
	draft := s.natt.version.draft()
	return s.deviateNATD([]wire.Payload{
		&wire.NATD{Draft: draft, Data: s.natHash(s.remote)},
		&wire.NATD{Draft: draft, Data: s.natHash(local)},
	})
}

// natHash is what we send for an address.
func (s *Session) natHash(a netip.AddrPort) []byte {
	if s.cfg.Deviations.WrongNATD {
		return s.hashNAT(s.cookieR, s.cookieI, a)
	}
	if s.cfg.Deviations.NATDHostOrder {
		a = netip.AddrPortFrom(a.Addr(), a.Port()>>8|a.Port()<<8)
	}
	return s.hashNAT(s.cookieI, s.cookieR, a)
}

// hashNAT is HASH(CKY-I | CKY-R | IP | Port) with the negotiated hash (RFC 3947 3.2).
func (s *Session) hashNAT(i, r wire.Cookie, a netip.AddrPort) []byte {
	return s.suite.Hash.Sum(i[:], r[:], a.Addr().AsSlice(), binary.BigEndian.AppendUint16(nil, a.Port()))
}

// detectNAT compares the peer's NAT-D payloads with the addresses its message really had.
func (s *Session) detectNAT(d Datagram, ps []wire.Payload) {
	if s.natt.version == 0 {
		return
	}
	var got [][]byte
	for _, p := range ps {
		if n, ok := p.(*wire.NATD); ok && n.Draft == s.natt.version.draft() {
			got = append(got, n.Data)
		}
	}
	if len(got) < 2 {
		s.natt.version = 0 // without two of them nothing can be told
		return
	}
	s.natt.here = !bytes.Equal(got[0], s.hashNAT(s.cookieI, s.cookieR, d.Local))
	s.natt.there = !slices.ContainsFunc(got[1:], func(g []byte) bool {
		return bytes.Equal(g, s.hashNAT(s.cookieI, s.cookieR, d.Remote))
	})
	// Whoever sends hashes that cannot fit makes the other end see a NAT, and must go along.
	dev := &s.cfg.Deviations
	s.natt.detected = s.natt.here || s.natt.there || s.cfg.NATT.Force || dev.WrongNATD || dev.NATDHostOrder || dev.SwapNATD
}

// float moves the initiator to port 4500 before message 5 (RFC 3947 4), unless it began there.
func (s *Session) float() {
	if s.local.Port() != PortNATT && s.natt.detected && s.natt.version != NATTDraft00 && !s.cfg.Deviations.NoFloat {
		s.local = netip.AddrPortFrom(s.local.Addr(), PortNATT)
		s.remote = netip.AddrPortFrom(s.remote.Addr(), PortNATT)
	}
}

// follow makes the responder answer to where a message came from (RFC 3947 4).
func (s *Session) follow(d Datagram) { s.local, s.remote = d.Local, d.Remote }

// remap follows a peer behind a NAT that has given it another address or port. Only a new message that was
// authenticated is followed (RFC 3947 7).
func (s *Session) remap(d Datagram) {
	if !s.natt.there || d.Remote == s.remote && d.Local == s.local || s.cfg.Deviations.NoRemap {
		return
	}
	s.follow(d)
	s.record(Event{Kind: EventRemap, Detail: fmt.Sprintf("the peer is at %v now", d.Remote)})
	for _, c := range s.kids.list {
		c.Remote = d.Remote.Addr()
		if c.Encap != nil {
			c.Encap = &esp.UDPEncap{SrcPort: c.Encap.SrcPort, DstPort: d.Remote.Port()}
		}
		s.record(Event{Kind: EventRemap, Child: c, Detail: fmt.Sprintf("%s goes to %v", c.Policy, d.Remote)})
	}
}

// keepaliveEvery is how often this end has to keep a NAT's mapping alive, 0 if it has not to.
func (s *Session) keepaliveEvery() time.Duration {
	behind := s.natt.here || s.natt.detected && s.cfg.NATT.Force
	switch every := s.cfg.NATT.Keepalive; {
	case !behind || every < 0 || s.natt.version == NATTDraft00 || s.cfg.Deviations.NoKeepalive:
		return 0
	case every == 0:
		return defaultKeepalive
	default:
		return every
	}
}

// keepMapping sends the one octet of a keepalive when it is due (RFC 3948 2.3).
func (s *Session) keepMapping() []Datagram {
	if !s.authenticated() || s.natt.keepalive.IsZero() || s.now.Before(s.natt.keepalive) {
		return nil
	}
	s.natt.keepalive = s.now.Add(s.keepaliveEvery())
	local, remote := s.local, s.remote
	if s.cfg.Deviations.KeepaliveOn500 {
		local, remote = netip.AddrPortFrom(local.Addr(), Port), netip.AddrPortFrom(remote.Addr(), Port)
	}
	return []Datagram{{Local: local, Remote: remote, Data: []byte{0xff}}}
}

// isKeepalive tells whether a datagram is nothing but a keepalive.
func isKeepalive(data []byte) bool { return len(data) == 1 && data[0] == 0xff }

// natOAs are the original addresses that transport mode needs behind a NAT, the initiator's first (RFC 3947 5.2).
func (s *Session) natOAs(q *quick) []wire.Payload {
	if !s.natt.detected || q.policy.Mode != espTransport {
		return nil
	}
	oai, oar := s.local.Addr(), s.remote.Addr()
	if q.role == Responder {
		oai, oar = oar, oai
	}
	if s.cfg.Deviations.SameNATOA {
		oar = oai
	}
	return []wire.Payload{s.natOA(oai), s.natOA(oar)}
}

func (s *Session) natOA(a netip.Addr) wire.Payload {
	id := AddrID(a)
	return &wire.NATOA{Draft: s.natt.version.draft(), IDType: id.IDType, Data: id.Data}
}

// noteNATOAs keeps the original addresses as the peer knows them.
func (q *quick) noteNATOAs(ps []wire.Payload) {
	n := 0
	for _, p := range ps {
		oa, ok := p.(*wire.NATOA)
		if !ok || n == len(q.original) {
			continue
		}
		if a, ok := netip.AddrFromSlice(oa.Data); ok {
			q.original[n] = a
		}
		n++
	}
}

// outside puts the addresses as they are on this side of a NAT in the place of those the peer knows: in transport mode
// the two hosts themselves are meant, whatever their names (RFC 3948 5.2).
func (s *Session) outside(q *quick, p netip.Prefix, side int, seen netip.Addr) netip.Prefix {
	if s.natt.detected && p.IsValid() && p.IsSingleIP() && p.Addr() == q.original[side] {
		return hostPrefix(seen)
	}
	return p
}

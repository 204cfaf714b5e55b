package ikev1

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// natt is what RFC 3947 makes of the path between the two ends.
type natt struct {
	offered  bool // the peer sent the vendor ID
	detected bool // a NAT, or a peer that wants to look like one
}

// nattPort is the local port that messages with a non-ESP marker use.
func (s *Session) nattPort() uint16 { return PortNATT }

// vendorIDs announces what this end can do: dead peer detection (RFC 3706 5.1) and NAT traversal (RFC 3947 3.1).
func (s *Session) vendorIDs() []wire.Payload {
	ids := []wire.Payload{&wire.VendorID{Data: append([]byte(nil), wire.VendorIDDPD...)}}
	if s.cfg.NATT.Disable || s.role == Responder && !s.natt.offered {
		return ids
	}
	return append(ids, &wire.VendorID{Data: append([]byte(nil), wire.VendorIDRFC3947...)})
}

func (s *Session) noteVendorIDs(ps []wire.Payload) {
	for _, p := range ps {
		if v, ok := p.(*wire.VendorID); ok && bytes.Equal(v.Data, wire.VendorIDRFC3947) {
			s.natt.offered = !s.cfg.NATT.Disable
		}
	}
}

// natDs are the NAT-D payloads of message 3 or 4: the remote end first, then our own (RFC 3947 3.2).
func (s *Session) natDs() []wire.Payload {
	if !s.natt.offered {
		return nil
	}
	local := s.local
	if s.cfg.NATT.Force {
		local = netip.AddrPortFrom(s.local.Addr(), 0) // nobody sends from port 0
	}
	ps := []wire.Payload{&wire.NATD{Data: s.natHash(s.remote)}, &wire.NATD{Data: s.natHash(local)}}
	if s.cfg.Deviations.OneNATD {
		return ps[:1]
	}
	return ps
}

// natHash is what we send for an address.
func (s *Session) natHash(a netip.AddrPort) []byte {
	if s.cfg.Deviations.WrongNATD {
		return s.hashNAT(s.cookieR, s.cookieI, a)
	}
	return s.hashNAT(s.cookieI, s.cookieR, a)
}

// hashNAT is HASH(CKY-I | CKY-R | IP | Port) with the negotiated hash (RFC 3947 3.2).
func (s *Session) hashNAT(i, r wire.Cookie, a netip.AddrPort) []byte {
	return s.suite.Hash.Sum(i[:], r[:], a.Addr().AsSlice(), binary.BigEndian.AppendUint16(nil, a.Port()))
}

// detectNAT compares the peer's NAT-D payloads with the addresses its message really had.
func (s *Session) detectNAT(d Datagram, ps []wire.Payload) {
	if !s.natt.offered {
		return
	}
	var got [][]byte
	for _, p := range ps {
		if n, ok := p.(*wire.NATD); ok {
			got = append(got, n.Data)
		}
	}
	if len(got) < 2 {
		s.natt.offered = false // without two of them nothing can be told
		return
	}
	here := bytes.Equal(got[0], s.hashNAT(s.cookieI, s.cookieR, d.Local))
	there := false
	for _, g := range got[1:] {
		there = there || bytes.Equal(g, s.hashNAT(s.cookieI, s.cookieR, d.Remote))
	}
	// Whoever sends hashes that cannot fit makes the other end see a NAT, and must go along.
	s.natt.detected = !here || !there || s.cfg.NATT.Force || s.cfg.Deviations.WrongNATD
}

// float moves the initiator to port 4500 before message 5 (RFC 3947 4).
func (s *Session) float() {
	if s.natt.detected {
		s.local = netip.AddrPortFrom(s.local.Addr(), PortNATT)
		s.remote = netip.AddrPortFrom(s.remote.Addr(), PortNATT)
	}
}

// follow makes the responder answer to where an authenticated message came from (RFC 3947 4, 7).
func (s *Session) follow(d Datagram) { s.local, s.remote = d.Local, d.Remote }

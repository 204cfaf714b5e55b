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

func (s *Session) vendorIDs() []wire.Payload {
	if s.cfg.NATT.Disable {
		return nil
	}
	return []wire.Payload{&wire.VendorID{Data: append([]byte(nil), wire.VendorIDRFC3947...)}}
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

// natHash is HASH(CKY-I | CKY-R | IP | Port) with the negotiated hash (RFC 3947 3.2).
func (s *Session) natHash(a netip.AddrPort) []byte {
	h := s.suite.Hash.New()
	i, r := s.cookieI, s.cookieR
	if s.cfg.Deviations.WrongNATD {
		i, r = r, i
	}
	h.Write(i[:])
	h.Write(r[:])
	h.Write(a.Addr().AsSlice())
	h.Write(binary.BigEndian.AppendUint16(nil, a.Port()))
	return h.Sum(nil)
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
	here := bytes.Equal(got[0], s.honestNATHash(d.Local))
	there := false
	for _, g := range got[1:] {
		there = there || bytes.Equal(g, s.honestNATHash(d.Remote))
	}
	s.natt.detected = !here || !there || s.cfg.NATT.Force
}

func (s *Session) honestNATHash(a netip.AddrPort) []byte {
	h := s.suite.Hash.New()
	h.Write(s.cookieI[:])
	h.Write(s.cookieR[:])
	h.Write(a.Addr().AsSlice())
	h.Write(binary.BigEndian.AppendUint16(nil, a.Port()))
	return h.Sum(nil)
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

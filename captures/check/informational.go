package check

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2401 4.1 and RFC 2406 2.1: the SPIs of what quick mode negotiates.

func childRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.spi-range", Item: profile.ItemProtection, Ref: "RFC2406/2.1", Level: Must,
			Title:       "SPIs are 256 or greater",
			Requirement: "The SPI values 1 to 255 are reserved by IANA, and 0 is for local use and MUST NOT be sent on the wire.",
			expected:    []string{"an SPI of 4 octets, 0x00000100 or greater"},
			fix:         "the allocator of SPIs has to begin at 256",
			noun:        "SPI", needs: stageQuick,
		}, spiRange),
		stateful(Rule{
			ID: "ike.spi-unique", Item: profile.ItemProtection, Ref: "RFC2401/4.1", Level: Must,
			Title:       "An SPI is not given to a second SA while the first lives",
			Requirement: "A security association is uniquely identified by SPI, destination address and security protocol: the receiver, who chooses the SPI, must not choose one of an SA that it still has.",
			expected:    []string{"an SPI that the receiver has in no other SA"},
			fix:         "packets of the two SAs cannot be told apart: the allocator has to look into the SAD",
			noun:        "SPI", needs: stageQuick,
		}, spiUnique),
	}
}

// ownSPIs calls f for the SPIs by which the sender of a quick mode message wants
// to receive.
func ownSPIs(m *dissect.ISAKMP, f func(p wire.Proposal)) {
	for _, sa := range payloads[*wire.SA](m) {
		for _, p := range sa.Proposals {
			if p.Protocol == wire.ProtoESP || p.Protocol == wire.ProtoAH {
				f(p)
			}
		}
	}
}

func spiRange(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 1, 2) {
		return
	}
	ownSPIs(m, func(p wire.Proposal) {
		switch {
		case len(p.SPI) != 4:
			o.fail(m.Frame, m.Src.Addr(), "an SPI of %s for %v", count(len(p.SPI), "octet"), p.Protocol)
		case binary.BigEndian.Uint32(p.SPI) < 256:
			o.fail(m.Frame, m.Src.Addr(), "SPI %#08x for %v", binary.BigEndian.Uint32(p.SPI), p.Protocol)
		default:
			o.pass(m.Frame, "SPI %#08x", binary.BigEndian.Uint32(p.SPI))
		}
	})
}

// spiKey identifies an SA by what its receiver chose.
type spiKey struct {
	dst   netip.Addr
	proto wire.ProtocolID
	spi   uint32
}

// maxOwners bounds the quick modes that are kept in memory for their SPIs.
const maxOwners = 1024

func spiUnique() (func(*observer, *dissect.Event), func(*observer)) {
	owner := map[spiKey]*dissect.Quick{}
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		if !quick(o, m, 1, 2) {
			return
		}
		ownSPIs(m, func(p wire.Proposal) {
			if len(p.SPI) != 4 {
				return
			}
			key := spiKey{m.Src.Addr(), p.Protocol, binary.BigEndian.Uint32(p.SPI)}
			before, used := owner[key]
			switch lives := used && before != m.Quick && alive(before, key.spi); {
			case lives && o.s.Foreign() && before.Phase1 != m.Phase1:
				o.unseen(m.Frame, "", "SPI %#08x is that of the SA made in frame %d, under an ISAKMP SA that its receiver may have forgotten since", key.spi, before.Messages[0].Frame)
				return
			case lives:
				o.fail(m.Frame, m.Src.Addr(), "SPI %#08x, which is that of the SA made in frame %d", key.spi, before.Messages[0].Frame)
				return
			}
			if len(owner) < maxOwners {
				owner[key] = m.Quick
			}
			o.pass(m.Frame, "SPI %#08x", key.spi)
		})
	}), nil
}

// alive reports whether a quick mode was completed and its SA not deleted.
func alive(q *dissect.Quick, spi uint32) bool {
	done := false
	for _, m := range q.Messages {
		done = done || m.Index == 3
	}
	for _, sa := range q.SAs {
		if sa.SPI == spi && sa.Deleted != 0 {
			return false
		}
	}
	return done && len(q.Messages) > 0
}

// RFC 2409 5.7 and RFC 2408 3.15: informational exchanges.

func informationalRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.info.hash", Item: profile.ItemKeying, Ref: "RFC2409/5.7", Level: Must,
			Title:       "HASH(1) of informational exchanges is right",
			Requirement: "Once an ISAKMP SA is established, an informational exchange is HDR*, HASH(1), N/D with HASH(1) = prf(SKEYID_a, M-ID | N/D).",
			expected:    []string{"an encrypted message, HASH(1) first, computed with SKEYID_a over message ID and the rest of the message"},
			fix:         "receivers drop the message: check that it is encrypted, and what the hash covers",
			noun:        "informational message", needs: stageDelete,
		}, infoHash),
		stateful(Rule{
			ID: "ike.delete", Item: profile.ItemKeying, Ref: "RFC2408/3.15", Level: Must,
			Title:       "A Delete is encrypted and names the sender's own SPI",
			Requirement: "A Delete for a protocol SA contains the sending entity's SPI(s), by which it received; one for an ISAKMP SA contains the two cookies. Under an ISAKMP SA it is protected (RFC 2409 5.7).",
			expected:    []string{"an encrypted Delete with SPIs the sender chose in quick mode, or with the cookies of an ISAKMP SA"},
			fix:         "the receiver of such a Delete keeps the SA, or takes away the wrong one",
			noun:        "Delete", needs: stageDelete,
		}, deletes),
	}
}

// infoHash remembers which ends have gone on under which ISAKMP SA: from then on nothing
// that they say about it is in clear. Who has forgotten the SA cannot but say so in clear.
func infoHash() (func(*observer, *dissect.Event), func(*observer)) {
	went := goers{}
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		switch {
		case m.Header.Exchange != wire.ExchangeInformational:
			went.see(m)
		case m.Encrypted:
			judgeInfoHash(o, m)
		case went.has(m) && m.Phase1.Deleted == 0 && !o.s.Foreign() && !o.s.harnessAtFault() && len(payloads[*wire.Notify](m)) > 0 && !forgotten(m):
			o.fail(m.Frame, m.Src.Addr(), "%v in clear under an established ISAKMP SA", payloads[*wire.Notify](m)[0].MsgType)
		}
	}), nil
}

// forgotten reports whether a message says that there is no such ISAKMP SA.
func forgotten(m *dissect.ISAKMP) bool {
	return slices.ContainsFunc(payloads[*wire.Notify](m), func(n *wire.Notify) bool { return n.MsgType == wire.NotifyInvalidCookie })
}

func judgeInfoHash(o *observer, m *dissect.ISAKMP) {
	switch m.Hash.State {
	case dissect.HashGood:
		o.pass(m.Frame, "%s is right", m.Hash.Name)
	case dissect.HashBad:
		o.fail(m.Frame, m.Src.Addr(), "%s differs from the one computed", m.Hash.Name)
	case dissect.HashUnverifiable:
		o.unseen(m.Frame, nextISAKMPKeys, "%s: %s", m.Hash.Name, m.Hash.Why)
	case dissect.HashAbsent:
		if m.Message == nil {
			o.sealed(m)
		} else {
			o.fail(m.Frame, m.Src.Addr(), "no HASH payload")
		}
	}
}

// deletes remembers who chose which SPI.
func deletes() (func(*observer, *dissect.Event), func(*observer)) {
	chosen := map[spiKey]bool{}
	cookies := map[[16]byte]bool{} // of ISAKMP SAs
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Retransmission {
			return
		}
		if len(cookies) < maxRemembered && isPhase1(m.Header.Exchange) {
			cookies[pairOfCookies(m)] = true
		}
		if m.Header.Exchange == wire.ExchangeQuick {
			ownSPIs(m, func(p wire.Proposal) {
				if len(p.SPI) == 4 && len(chosen) < maxRemembered {
					chosen[spiKey{m.Src.Addr(), p.Protocol, binary.BigEndian.Uint32(p.SPI)}] = true
				}
			})
		}
		if m.Header.Exchange != wire.ExchangeInformational || !o.s.Judges(m.Src.Addr()) {
			return
		}
		if m.Encrypted && m.Message == nil && m.Err == nil {
			o.sealed(m)
			return
		}
		for _, d := range payloads[*wire.Delete](m) {
			judgeDelete(o, m, d, chosen, cookies)
		}
	}, nil
}

// pairOfCookies is CKY-I | CKY-R, which names an ISAKMP SA.
func pairOfCookies(m *dissect.ISAKMP) [16]byte {
	return [16]byte(slices.Concat(m.Header.CookieI[:], m.Header.CookieR[:]))
}

func judgeDelete(o *observer, m *dissect.ISAKMP, d *wire.Delete, chosen map[spiKey]bool, cookies map[[16]byte]bool) {
	if !m.Encrypted {
		// Before there are keys it cannot be protected.
		if m.Phase1.Complete() {
			o.fail(m.Frame, m.Src.Addr(), "a Delete in clear under an established ISAKMP SA")
		}
		return
	}
	if len(d.SPIs) == 0 {
		o.fail(m.Frame, m.Src.Addr(), "a Delete for %v without an SPI", d.Protocol)
		return
	}
	if d.Protocol == wire.ProtoISAKMP {
		judgeISAKMPDelete(o, m, d, cookies)
		return
	}
	own, wrongSide, unknown := 0, 0, 0
	var last uint32
	for _, spi := range d.SPIs {
		if len(spi) != 4 {
			o.fail(m.Frame, m.Src.Addr(), "a Delete for %v with an SPI of %s", d.Protocol, count(len(spi), "octet"))
			return
		}
		last = binary.BigEndian.Uint32(spi)
		switch {
		case chosen[spiKey{m.Src.Addr(), d.Protocol, last}]:
			own++
		case chosen[spiKey{m.Dst.Addr(), d.Protocol, last}]:
			wrongSide++
		default:
			unknown++
		}
	}
	switch {
	case own > 0 && wrongSide+unknown == 0:
		o.pass(m.Frame, "Delete for %v SPI %#08x", d.Protocol, last)
	case own > 0:
		o.tolerate(m.Frame, m.Src.Addr(), "a Delete for %v that names other SPIs besides the sender's own", d.Protocol)
	case wrongSide > 0:
		o.fail(m.Frame, m.Src.Addr(), "a Delete for %v SPI %#08x, which the other side chose", d.Protocol, last)
	case o.s.Foreign():
		o.unseen(m.Frame, nextISAKMPKeys, "a Delete for %v SPI %#08x, whose quick mode was not read", d.Protocol, last)
	default:
		o.fail(m.Frame, m.Src.Addr(), "a Delete for %v SPI %#08x, which nobody negotiated", d.Protocol, last)
	}
}

func judgeISAKMPDelete(o *observer, m *dissect.ISAKMP, d *wire.Delete, cookies map[[16]byte]bool) {
	own := pairOfCookies(m)
	for _, spi := range d.SPIs {
		switch {
		case bytes.Equal(spi, own[:]):
			o.pass(m.Frame, "Delete for the ISAKMP SA it came under")
		case len(spi) != len(own):
			o.fail(m.Frame, m.Src.Addr(), "a Delete for ISAKMP with an SPI of %s", count(len(spi), "octet"))
		case cookies[[16]byte(spi)]:
			o.pass(m.Frame, "Delete for another ISAKMP SA")
		case o.s.Foreign():
			o.unseen(m.Frame, "capture from the first message of that ISAKMP SA on", "a Delete for ISAKMP SA %x, which is not in the capture", spi)
		default:
			o.fail(m.Frame, m.Src.Addr(), "a Delete for ISAKMP SA %x, which there is not", spi)
		}
	}
}

package report

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// describe words a packet: what it is, and what is in it as far as it could be read.
func describe(e *dissect.Event, marker string) (c class, label, detail string) {
	switch {
	case e.Kind == dissect.KindISAKMP && e.ISAKMP != nil:
		c, label, detail = message(e.ISAKMP)
	case e.Kind == dissect.KindESP && e.ESP != nil:
		c, label, detail = classESP, fmt.Sprintf("ESP seq %d", e.ESP.Seq), fmt.Sprintf("SPI 0x%08x", e.ESP.SPI)
		if e.ESP.UDPEncap {
			label = fmt.Sprintf("ESP in UDP, seq %d", e.ESP.Seq)
		}
		if e.ESP.Facts.ICV == esp.ICVBad {
			c, detail = classBad, detail+", the ICV does not verify"
		}
		if e.Inner != nil {
			label += " (" + carried(e.Innermost()) + ")"
		}
	case e.Kind == dissect.KindAH && e.AH != nil:
		c, label, detail = classESP, fmt.Sprintf("AH seq %d", e.AH.Seq), fmt.Sprintf("SPI 0x%08x", e.AH.SPI)
		if e.Inner != nil {
			label += " (" + carried(e.Innermost()) + ")"
		}
	case e.Kind == dissect.KindKeepalive:
		c, label = classESP, "NAT-keepalive"
	case e.Kind == dissect.KindUDP && marker != "" && string(e.Payload) == marker:
		return classMarker, "marker", "the tap is alive"
	default:
		c, label = classClear, carried(e)
		if e.Clear() {
			detail = "in clear"
		}
	}
	if e.Err != nil {
		return classBad, label, e.Err.Error()
	}
	return c, label, join(detail, e.Opaque)
}

// message words an ISAKMP message: "Main 5: ID, HASH".
func message(m *dissect.ISAKMP) (c class, label, detail string) {
	label = strings.ToUpper(m.Header.Exchange.String()[:1]) + m.Header.Exchange.String()[1:]
	switch m.Header.Exchange {
	case wire.ExchangeMain, wire.ExchangeAggressive, wire.ExchangeQuick:
		if m.Index > 0 {
			label += fmt.Sprintf(" %d", m.Index)
		}
	}
	c = classIKE
	if m.Encrypted {
		c = classSealed
	}
	if m.Message != nil {
		label += ": " + payloads(m.Message.Payloads)
	} else if m.Encrypted {
		label += ": encrypted"
	}
	if m.Retransmission {
		return c, label, fmt.Sprintf("again, as in frame %d", m.Of)
	}
	detail = contents(m)
	if m.Hash.State == dissect.HashBad {
		c, detail = classBad, join(detail, m.Hash.Name+" does not verify")
	}
	return c, label, detail
}

// payloads lists the types: "SA, VID ×3".
func payloads(ps []wire.Payload) string {
	var parts []string
	for i := 0; i < len(ps); {
		n := 1
		for i+n < len(ps) && ps[i+n].Type() == ps[i].Type() {
			n++
		}
		s := ps[i].Type().String()
		if n > 1 {
			s += fmt.Sprintf(" ×%d", n)
		}
		parts = append(parts, s)
		i += n
	}
	if len(parts) == 0 {
		return "no payload"
	}
	return strings.Join(parts, ", ")
}

// contents words what matters of a readable message.
func contents(m *dissect.ISAKMP) string {
	var out string
	if m.Message == nil {
		return out
	}
	switch p, q := m.Phase1, m.Quick; {
	case q != nil && m.Index == 2:
		out = agreed(q.SAs)
	case q == nil && p != nil && m.Index == 2 && p.SuiteErr == nil:
		out = fmt.Sprintf("%v, %v", p.Suite, p.Auth)
		if p.KeyLengthImplied {
			out = join(out, fmt.Sprintf("no KEY_LENGTH: taken for %d bits", p.Suite.KeyBits))
		}
	}
	for _, payload := range m.Message.Payloads {
		if slices.Contains(m.Concealed, payload.Type()) {
			continue
		}
		switch v := payload.(type) {
		case *wire.ID:
			if q := m.Quick; q == nil || m.Index != 2 || !reflect.DeepEqual(v, q.IDci) && !reflect.DeepEqual(v, q.IDcr) {
				out = join(out, identity(v)) // a responder that repeats the offer says nothing new
			}
		case *wire.Notify:
			out = join(out, v.MsgType.String())
		case *wire.Delete:
			for _, spi := range v.SPIs {
				out = join(out, fmt.Sprintf("%v SPI %#x", v.Protocol, spi))
			}
		}
	}
	return out
}

// agreed words the SAs of a quick mode: "esp aes128-cbc/hmac-sha1-96 transport SPI 0x00001000, SPI 0x00002000".
func agreed(sas []*dissect.SA) string {
	var out, last string
	for _, sa := range sas {
		what := fmt.Sprintf("%v %v %v", sa.Proto, sa.Suite, sa.Mode)
		spi := fmt.Sprintf("SPI 0x%08x", sa.SPI)
		if what != last {
			spi = what + " " + spi
		}
		out, last = join(out, spi), what
	}
	return out
}

// identity words an ID payload (RFC 2407 4.6.2).
func identity(id *wire.ID) string {
	text := id.IDType.String()
	switch id.IDType {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		if a, ok := netip.AddrFromSlice(id.Data); ok {
			text = a.String()
		}
	case wire.IDIPv4Subnet, wire.IDIPv6Subnet:
		a, ok := netip.AddrFromSlice(id.Data[:len(id.Data)/2])
		m, ok2 := netip.AddrFromSlice(id.Data[len(id.Data)/2:])
		if ok && ok2 {
			text = a.String() + "/" + m.String()
		}
	case wire.IDFQDN, wire.IDUserFQDN:
		text = fmt.Sprintf("%q", id.Data)
	}
	if id.Protocol != 0 {
		text += " " + profile.Protocol(id.Protocol).String()
	}
	if id.Port != 0 {
		text += fmt.Sprintf(" port %d", id.Port)
	}
	return text
}

// carried words a packet that is not IPsec: "TCP 40000 → 179 SYN".
func carried(e *dissect.Event) string {
	ports := fmt.Sprintf("%d → %d", e.Src.Port(), e.Dst.Port())
	switch e.Kind {
	case dissect.KindTCP:
		s := "TCP " + ports
		if e.TCP != nil {
			s += " " + flags(e.TCP.Flags)
		}
		if n := len(e.Payload); n > 0 {
			s += ", " + plural(n, "octet")
		}
		return s
	case dissect.KindUDP:
		return fmt.Sprintf("UDP %s, %s", ports, plural(len(e.Payload), "octet"))
	case dissect.KindICMP:
		return fmt.Sprintf("ICMP type %d code %d", e.Flow.ICMPType, e.Flow.ICMPCode)
	case dissect.KindOther:
		return fmt.Sprintf("IP protocol %d", e.Flow.Proto)
	}
	return e.Kind.String()
}

func flags(f dissect.TCPFlags) string {
	var names []string
	for _, n := range []struct {
		flag dissect.TCPFlags
		name string
	}{{dissect.SYN, "SYN"}, {dissect.FIN, "FIN"}, {dissect.RST, "RST"}, {dissect.PSH, "PSH"}, {dissect.ACK, "ACK"}} {
		if f.Has(n.flag) {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}

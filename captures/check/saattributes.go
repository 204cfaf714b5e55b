package check

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// RFC 2409 appendix A and RFC 2407 4.5: attributes of transforms.

// The encryption algorithms of phase 1 whose keys have several lengths, and
// those whose key has one (RFC 2409 appendix A, IANA ipsec-registry).
var (
	p1Variable = map[uint64]string{3: "Blowfish", 4: "RC5", 6: "CAST", 7: "AES", 8: "Camellia"}
	p1Fixed    = map[uint64]string{1: "DES", 2: "IDEA", 5: "3DES"}
	espFixed   = map[uint8]string{wire.ESPDES: "DES", wire.ESP3DES: "3DES", wire.ESPIDEA: "IDEA", wire.ESPNull: "NULL"}
)

func keyLength(o *observer, m *dissect.ISAKMP) {
	bad := false
	any := forEachTransform(m, func(p wire.Proposal, t wire.Transform) {
		switch wrong := keyLengthOf(p.Protocol, t); {
		case wrong == "":
		case inOffer(m, func(q wire.Proposal, u wire.Transform) bool { return keyLengthOf(q.Protocol, u) == wrong }):
			bad = true
			o.tolerate(m.Frame, m.Src.Addr(), "transform %d: %s, as it was offered", t.Number, wrong)
		default:
			bad = true
			o.fail(m.Frame, m.Src.Addr(), "transform %d: %s", t.Number, wrong)
		}
	})
	if any && !bad {
		o.pass(m.Frame, "")
	}
}

func keyLengthOf(p wire.ProtocolID, t wire.Transform) string {
	typ := wire.P2KeyLength
	var needs, has bool
	var name string
	switch p {
	case wire.ProtoISAKMP:
		typ = wire.P1KeyLength
		enc, _ := t.Attr(wire.P1Encryption)
		n, _ := enc.Uint()
		// The others of variable length have a default; AES has none.
		needs, has = n == 7 || n == 8, p1Fixed[n] != ""
		name = p1Variable[n] + p1Fixed[n]
	case wire.ProtoESP:
		needs = t.ID == wire.ESPAES || t.ID == wire.ESPAESCTR || t.ID == wire.ESPCamellia ||
			t.ID >= wire.ESPAESCCM8 && t.ID <= wire.ESPAESGCM16
		has = espFixed[t.ID] != ""
		name = wire.TransformName(p, t.ID)
	default:
		return ""
	}
	a, ok := t.Attr(typ)
	bits, _ := a.Uint()
	switch {
	case needs && !ok:
		return name + " without KEY_LENGTH"
	case needs && bits != 128 && bits != 192 && bits != 256:
		return fmt.Sprintf("%s with KEY_LENGTH %d", name, bits)
	case has && ok:
		return fmt.Sprintf("%s with KEY_LENGTH %d, its key has one length", name, bits)
	}
	return ""
}

// The attributes that RFC 2409 appendix A and RFC 2407 4.5 call basic; those that
// came later are not judged.
var (
	p1Basic = []wire.AttributeType{
		wire.P1Encryption, wire.P1Hash, wire.P1Auth, wire.P1Group, wire.P1GroupType,
		wire.P1LifeType, wire.P1PRF, wire.P1KeyLength, wire.P1FieldSize,
	}
	p2Basic = []wire.AttributeType{
		wire.P2LifeType, wire.P2Group, wire.P2Encapsulation, wire.P2Auth, wire.P2KeyLength, wire.P2KeyRounds,
	}
)

func basicAttributes(o *observer, m *dissect.ISAKMP) {
	bad := false
	any := forEachTransform(m, func(p wire.Proposal, t wire.Transform) {
		basic := p2Basic
		if p.Protocol == wire.ProtoISAKMP {
			basic = p1Basic
		}
		for _, a := range t.Attributes {
			switch {
			case a.Basic || !slices.Contains(basic, a.Type):
			case inOffer(m, func(_ wire.Proposal, t wire.Transform) bool { b, ok := t.Attr(a.Type); return ok && !b.Basic }):
				bad = true
				o.tolerate(m.Frame, m.Src.Addr(), "transform %d: %s comes back in the long form in which it was offered", t.Number, a.Type.Name(p.Protocol))
			default:
				bad = true
				o.fail(m.Frame, m.Src.Addr(), "transform %d: %s in the long form", t.Number, a.Type.Name(p.Protocol))
			}
		}
	})
	if any && !bad {
		o.pass(m.Frame, "")
	}
}

// inOffer reports whether m is an answer, and is true for a transform of the offer:
// what the answer takes over from there is no fault of its own.
func inOffer(m *dissect.ISAKMP, is func(wire.Proposal, wire.Transform) bool) bool {
	offer := m.Phase1.Offered
	if m.Quick != nil {
		offer = m.Quick.Offered
	}
	if m.Index != 2 || offer == nil {
		return false
	}
	for _, p := range offer.Proposals {
		if slices.ContainsFunc(p.Transforms, func(t wire.Transform) bool { return is(p, t) }) {
			return true
		}
	}
	return false
}

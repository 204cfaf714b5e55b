package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2408 4.2 and RFC 2409 5: offers and what may be answered to them.

func saRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.sa.one-proposal", Item: profile.ItemKeying, Ref: "RFC2409/5", Level: Must,
			Title:       "A phase 1 offer is one proposal in one SA payload",
			Requirement: "For phase 1 exchanges there MUST NOT be multiple proposal payloads for a single SA payload, and there MUST NOT be multiple SA payloads. Alternatives are transforms.",
			expected:    []string{"one SA payload with one proposal of protocol ISAKMP"},
			fix:         "alternatives belong into one proposal as several transforms",
			noun:        "phase 1 offer", needs: stageIKE, role: scenarios.Initiator,
		}, oneProposal),
		messages(Rule{
			ID: "ike.sa.first", Item: profile.ItemKeying, Ref: "RFC2409/5", Level: Must,
			Title:       "The SA payload comes first in phase 1",
			Requirement: "The SA payload MUST precede all other payloads in a phase 1 exchange. Except where otherwise noted there is no order among the others.",
			expected:    []string{"SA, … in messages 1 and 2"},
			fix:         "receivers read the offer before they know what the rest means",
			noun:        "message with an SA payload", needs: stageIKE,
		}, saFirst),
		messages(Rule{
			ID: "ike.sa.one-transform", Item: profile.ItemKeying, Ref: "RFC2408/4.2", Level: Must,
			Title:       "The responder picks one of the offered transforms and leaves it as it was",
			Requirement: "Each proposal of the responder MUST contain a single transform, one of those offered; the responder MUST NOT modify the attributes of an offer, their encoding excepted (RFC 2409 5).",
			expected:    []string{"one proposal with one transform, with exactly the attributes of an offered one"},
			fix:         "compare the SA payloads of messages 1 and 2",
			noun:        "phase 1 answer", needs: stagePhase1, role: scenarios.Responder,
		}, phase1Answer),
		messages(Rule{
			ID: "ike.sa.keylength", Item: profile.ItemKeying, Ref: "RFC2409/A", Level: Must,
			Title:       "KEY_LENGTH is there for ciphers with keys of several lengths, and for no others",
			Requirement: "The key length attribute gives the length for ciphers that have several; it MUST NOT be used with a cipher whose key has a fixed length. AES must have it in both phases (RFC 3602 5.3).",
			expected:    []string{"KEY_LENGTH 128, 192 or 256 with AES", "no KEY_LENGTH with DES and 3DES"},
			fix:         "peers that follow the letter refuse the transform: add the attribute to AES, take it from the others",
			noun:        "SA payload", needs: stageIKE,
		}, keyLength),
		messages(Rule{
			ID: "ike.sa.basic-attributes", Item: profile.ItemKeying, Ref: "RFC2409/A", Level: Must,
			Title:       "Basic attributes are in the short form",
			Requirement: "Attributes described as basic MUST NOT be encoded as variable (RFC 2409 appendix A, RFC 2407 4.5).",
			expected:    []string{"type and value in 4 octets for every basic attribute"},
			fix:         "set the attribute format bit and write the value in two octets",
			noun:        "SA payload", needs: stageIKE,
		}, basicAttributes),
	}
}

func oneProposal(o *observer, m *dissect.ISAKMP) {
	if !isPhase1(m.Header.Exchange) || m.Index != 1 {
		return
	}
	sas := payloads[*wire.SA](m)
	switch {
	case len(sas) == 0:
	case len(sas) > 1:
		o.fail(m.Frame, m.Src.Addr(), "%d SA payloads", len(sas))
	case len(sas[0].Proposals) != 1:
		o.fail(m.Frame, m.Src.Addr(), "%d proposals", len(sas[0].Proposals))
	case sas[0].Proposals[0].Protocol != wire.ProtoISAKMP:
		o.fail(m.Frame, m.Src.Addr(), "a proposal for protocol %v", sas[0].Proposals[0].Protocol)
	default:
		o.pass(m.Frame, "one proposal with %s", count(len(sas[0].Proposals[0].Transforms), "transform"))
	}
}

func saFirst(o *observer, m *dissect.ISAKMP) {
	if !isPhase1(m.Header.Exchange) || m.Message == nil {
		return
	}
	switch at := slices.IndexFunc(m.Message.Payloads, func(p wire.Payload) bool { return p.Type() == wire.PayloadSA }); {
	case at == 0:
		o.pass(m.Frame, "")
	case at > 0:
		o.fail(m.Frame, m.Src.Addr(), "%v before SA in message %d", m.Message.Payloads[0].Type(), m.Index)
	}
}

func phase1Answer(o *observer, m *dissect.ISAKMP) {
	if !isPhase1(m.Header.Exchange) || m.Index != 2 {
		return
	}
	answer, ok := first[*wire.SA](m)
	if !ok {
		return
	}
	if m.Phase1.Offered == nil {
		o.unseen(m.Frame, "capture from the first message on", "message 1 with the offer is not captured")
		return
	}
	if n := len(answer.Proposals); n > 1 {
		o.fail(m.Frame, m.Src.Addr(), "%d proposals", n)
		return
	}
	judgeAnswer(o, m, m.Phase1.Offered, answer)
}

// judgeAnswer compares the SA payload of an answer with the offer.
func judgeAnswer(o *observer, m *dissect.ISAKMP, offer, answer *wire.SA) {
	switch {
	case len(payloads[*wire.SA](m)) > 1 && isPhase1(m.Header.Exchange): // quick mode may negotiate several
		o.fail(m.Frame, m.Src.Addr(), "%d SA payloads", len(payloads[*wire.SA](m)))
		return
	case len(answer.Proposals) == 0:
		o.fail(m.Frame, m.Src.Addr(), "an SA payload without a proposal")
		return
	case !sameProtocols(offer, answer):
		o.fail(m.Frame, m.Src.Addr(), "%s, which is no whole proposal of the offer", protocols(answer.Proposals))
		return
	}
	for _, p := range answer.Proposals {
		if p.Number != answer.Proposals[0].Number {
			o.fail(m.Frame, m.Src.Addr(), "proposals %d and %d, which are alternatives", answer.Proposals[0].Number, p.Number)
			return
		}
		if len(p.Transforms) != 1 {
			o.fail(m.Frame, m.Src.Addr(), "%d transforms in proposal %d", len(p.Transforms), p.Number)
			return
		}
		of, diff := offered(offer, p)
		switch {
		case diff != "":
			o.fail(m.Frame, m.Src.Addr(), "%s", diff)
			return
		case of.Number != p.Transforms[0].Number:
			o.tolerate(m.Frame, m.Src.Addr(), "transform %d is returned as number %d, which RFC 2408 4.2 says SHOULD be retained", of.Number, p.Transforms[0].Number)
		default:
			o.pass(m.Frame, "transform %d of the offer", of.Number)
		}
	}
}

// sameProtocols reports whether an answer has the protocols of one proposal of the offer: those with one number are to
// be taken together (RFC 2408 4.2).
func sameProtocols(offer, answer *wire.SA) bool {
	together := map[uint8][]wire.Proposal{}
	for _, p := range offer.Proposals {
		together[p.Number] = append(together[p.Number], p)
	}
	for _, ps := range together {
		if protocols(ps) == protocols(answer.Proposals) {
			return true
		}
	}
	return false
}

// protocols names those of proposals, in the order of their numbers.
func protocols(ps []wire.Proposal) string {
	var names []string
	for _, p := range ps {
		names = append(names, p.Protocol.String())
	}
	slices.Sort(names)
	return strings.Join(names, " and ")
}

// offered finds the offered transform that the answered proposal p returns. If
// there is none it tells the difference to the nearest one.
func offered(offer *wire.SA, p wire.Proposal) (of wire.Transform, diff string) {
	got := p.Transforms[0]
	best := -1
	for _, q := range offer.Proposals {
		if q.Protocol != p.Protocol {
			continue
		}
		for _, t := range q.Transforms {
			d := transformDiff(p.Protocol, t, got)
			if len(d) == 0 {
				if t.Number == got.Number {
					return t, ""
				}
				if best != 0 {
					of, best, diff = t, 0, ""
				}
				continue
			}
			if best < 0 || len(d) < best {
				of, best, diff = t, len(d), fmt.Sprintf("of transform %d: %s", t.Number, strings.Join(d, ", "))
			}
		}
	}
	if best < 0 {
		return of, fmt.Sprintf("a proposal for protocol %v, which was not offered", p.Protocol)
	}
	return of, diff
}

// transformDiff lists what got has otherwise than of; the order of attributes
// and their encoding do not count.
func transformDiff(p wire.ProtocolID, of, got wire.Transform) []string {
	var diff []string
	if of.ID != got.ID {
		diff = append(diff, fmt.Sprintf("transform ID %s instead of %s", wire.TransformName(p, got.ID), wire.TransformName(p, of.ID)))
	}
	left := slices.Clone(got.Attributes)
	for _, a := range of.Attributes {
		i := slices.IndexFunc(left, func(b wire.Attribute) bool { return sameAttribute(a, b) })
		if i >= 0 {
			left = slices.Delete(left, i, i+1)
			continue
		}
		j := slices.IndexFunc(left, func(b wire.Attribute) bool { return a.Type == b.Type })
		if j < 0 {
			diff = append(diff, fmt.Sprintf("%s %s dropped", a.Type.Name(p), attributeValue(a)))
			continue
		}
		diff = append(diff, fmt.Sprintf("%s %s instead of %s", a.Type.Name(p), attributeValue(left[j]), attributeValue(a)))
		left = slices.Delete(left, j, j+1)
	}
	for _, b := range left {
		diff = append(diff, fmt.Sprintf("%s %s added", b.Type.Name(p), attributeValue(b)))
	}
	return diff
}

func sameAttribute(a, b wire.Attribute) bool {
	x, okx := a.Uint()
	y, oky := b.Uint()
	return a.Type == b.Type && (okx && oky && x == y || slices.Equal(a.Value, b.Value))
}

func attributeValue(a wire.Attribute) string {
	if n, ok := a.Uint(); ok {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%x", a.Value)
}

// forEachTransform calls f for each transform that the message offers or
// returns.
func forEachTransform(m *dissect.ISAKMP, f func(p wire.Proposal, t wire.Transform)) (any bool) {
	for _, sa := range payloads[*wire.SA](m) {
		for _, p := range sa.Proposals {
			for _, t := range p.Transforms {
				any = true
				f(p, t)
			}
		}
	}
	return any
}

package check

import (
	"bytes"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2409 5.5: quick mode.
//
//	     Initiator                                      Responder
//	1    HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ] -->
//	2                            <-- HDR*, HASH(2), SA, Nr [, KE ] [, IDci, IDcr ]
//	3    HDR*, HASH(3)                                 -->

func quickRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.quick.encrypted", Item: profile.ItemKeying, Ref: "RFC2409/5.5", Level: Must,
			Title:       "Quick mode is encrypted",
			Requirement: "The information exchanged along with quick mode MUST be protected by the ISAKMP SA: all payloads except the ISAKMP header are encrypted.",
			expected:    []string{"the encryption flag set and the payloads unreadable without keys"},
			fix:         "look at the flags octet of the ISAKMP header",
			noun:        "quick mode message", needs: stageQuick,
		}, quickEncrypted),
		messages(Rule{
			ID: "ike.quick.hash-first", Item: profile.ItemKeying, Ref: "RFC2409/5.5", Level: Must,
			Title:       "A HASH comes first in quick mode, the SA next",
			Requirement: "In quick mode a HASH payload MUST immediately follow the ISAKMP header, and an SA payload MUST immediately follow the HASH.",
			expected:    []string{"HASH, SA, … in messages 1 and 2", "HASH in message 3"},
			fix:         "receivers authenticate before they parse: put the HASH payload first",
			noun:        "quick mode message", needs: stageQuick,
		}, quickHashFirst),
		messages(Rule{
			ID: "ike.quick.hash", Item: profile.ItemKeying, Ref: "RFC2409/5.5", Level: Must,
			Title:       "HASH(1), HASH(2) and HASH(3) are right",
			Requirement: "HASH(1) = prf(SKEYID_a, M-ID | rest of the message), HASH(2) = prf(SKEYID_a, M-ID | Ni_b | rest), HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b), over the octets that were sent.",
			expected:    []string{"the hash computed with SKEYID_a over the captured message"},
			fix:         "check what the hash covers: generic headers included, padding left out, message ID in network order",
			noun:        "quick mode hash", needs: stageQuick,
		}, quickHash),
		stateful(Rule{
			ID: "ike.quick.message-id", Item: profile.ItemKeying, Ref: "RFC2408/3.1", Level: Must,
			Title:       "Each quick mode has a message ID of its own, not zero",
			Requirement: "The message ID identifies a quick mode in progress under its ISAKMP SA and makes its IV unique; the initiator of phase 2 generates it at random, and 0 stands for phase 1.",
			expected:    []string{"a random message ID, not 0, that no other quick mode under the ISAKMP SA had"},
			fix:         "with the ID the IV is used again as well (RFC 2409 appendix B): draw a new one for each exchange",
			noun:        "quick mode", needs: stageQuick, role: scenarios.Initiator,
		}, quickMessageID),
		messages(Rule{
			ID: "ike.quick.ids-returned", Item: profile.ItemSelectors, Ref: "RFC2409/5.5", Level: Must,
			Title:       "The responder returns IDci and IDcr as they were proposed",
			Requirement: "The identities of message 2 are those of message 1, in the same order; a responder that cannot accept them refuses with INVALID-ID-INFORMATION.",
			expected:    []string{"the IDci and IDcr of message 1", "no message 2, but a notify INVALID-ID-INFORMATION"},
			fix:         "the two ends now have different selectors for the same SA: align the policies",
			noun:        "quick mode answer", needs: stageSA, role: scenarios.Responder,
		}, idsReturned),
		messages(Rule{
			ID: "ike.quick.pfs", Item: profile.ItemKeying, Ref: "RFC2409/5.5", Level: Must,
			Title:       "KE payload and group attribute go together",
			Requirement: "If a KE payload is sent, the attribute describing the group MUST be in every transform of every proposal of every SA being negotiated; both ends send a KE or none does.",
			expected:    []string{"a KE payload and the group in every transform", "neither"},
			fix:         "compare the perfect forward secrecy settings of both ends",
			noun:        "quick mode message", needs: stageQuick,
		}, quickPFS),
		messages(Rule{
			ID: "ike.quick.one-transform", Item: profile.ItemProtection, Ref: "RFC2408/4.2", Level: Must,
			Title:       "The responder picks one of the offered transforms and leaves it as it was",
			Requirement: "Each proposal of the responder MUST contain a single transform, one of those offered; the responder MUST NOT modify the attributes of an offer, their encoding excepted (RFC 2409 5).",
			expected:    []string{"one transform for each protocol of one proposal, with exactly the attributes of an offered one"},
			fix:         "compare the SA payloads of messages 1 and 2",
			noun:        "quick mode answer", needs: stageSA, role: scenarios.Responder,
		}, quickAnswer),
	}
}

// quick reports whether m is one of the given messages of a quick mode, of any
// if none is given, and can be read; it is noted if not.
func quick(o *observer, m *dissect.ISAKMP, index ...int) bool {
	switch {
	case m.Header.Exchange != wire.ExchangeQuick || m.Quick == nil:
		return false
	case len(index) > 0 && !slices.Contains(index, m.Index):
		return false
	case m.Message == nil && m.Err == nil:
		o.sealed(m)
		return false
	case o.s.Foreign() && m.Index > 1 && m.Quick.Messages[0].Message == nil:
		// What was taken for the first message may be the second, and this one the third.
		o.unseen(m.Frame, nextISAKMPKeys, "message 1 of the quick mode was not read")
		return false
	}
	return m.Message != nil && m.Err == nil
}

func quickEncrypted(o *observer, m *dissect.ISAKMP) {
	switch {
	case m.Header.Exchange != wire.ExchangeQuick:
	case m.Encrypted:
		o.pass(m.Frame, "")
	default:
		o.fail(m.Frame, m.Src.Addr(), "message %d is in clear", m.Index)
	}
}

func quickHashFirst(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m) {
		return
	}
	types := make([]wire.PayloadType, len(m.Message.Payloads))
	for i, p := range m.Message.Payloads {
		types[i] = p.Type()
	}
	wantSA := m.Index == 1 || m.Index == 2
	switch {
	case len(types) == 0 || types[0] != wire.PayloadHash:
		o.fail(m.Frame, m.Src.Addr(), "message %d has the payloads %v", m.Index, types)
	case wantSA && (len(types) < 2 || types[1] != wire.PayloadSA):
		o.fail(m.Frame, m.Src.Addr(), "message %d has the payloads %v", m.Index, types)
	default:
		o.pass(m.Frame, "")
	}
}

func quickHash(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 1, 2, 3) {
		return
	}
	if reused(m.Quick) {
		return // messages of two exchanges in one: see ike.quick.message-id
	}
	switch {
	case !m.Hash.First: // what the hash covers is what follows it: see ike.quick.hash-first
	case m.Hash.State == dissect.HashGood:
		o.pass(m.Frame, "%s is right", m.Hash.Name)
	case m.Hash.State == dissect.HashBad:
		o.fail(m.Frame, m.Src.Addr(), "%s differs from the one computed", m.Hash.Name)
	case m.Hash.State == dissect.HashUnverifiable:
		o.unseen(m.Frame, nextISAKMPKeys, "%s: %s", m.Hash.Name, m.Hash.Why)
	}
}

// reused reports whether a second quick mode with the message ID of q has
// begun: what should be its third message, or one after that, holds an SA.
func reused(q *dissect.Quick) bool {
	for _, m := range q.Messages {
		if m.Index >= 3 {
			if _, sa := first[*wire.SA](m); sa {
				return true
			}
		}
	}
	return false
}

// quickKey names a quick mode.
type quickKey struct {
	i, r wire.Cookie
	id   uint32
}

// maxRemembered bounds what a checker remembers of one kind: message IDs, SPIs.
const maxRemembered = 1 << 14

func quickMessageID() (func(*observer, *dissect.Event), func(*observer)) {
	nonces := map[quickKey][]byte{} // what the ID was first used with
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		q := m.Quick
		if m.Header.Exchange != wire.ExchangeQuick {
			return
		}
		if m.Header.MessageID == 0 {
			o.fail(m.Frame, m.Src.Addr(), "message ID 0 in message %d", m.Index)
			return
		}
		begins := q != nil && m.Src.Addr() == q.Initiator.Addr()
		if !begins {
			return
		}
		key := quickKey{m.Header.CookieI, m.Header.CookieR, m.Header.MessageID}
		nonce, old := nonces[key]
		n, has := first[*wire.Nonce](m)
		switch {
		case !old && len(nonces) < maxRemembered:
			if has {
				nonce = bytes.Clone(n.Data)
			}
			nonces[key] = nonce
			o.pass(m.Frame, "")
		case old && has && nonce != nil && !bytes.Equal(nonce, n.Data):
			o.fail(m.Frame, m.Src.Addr(), "message ID %#08x is used for a second quick mode", m.Header.MessageID)
		}
	}), nil
}

func idsReturned(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 2) {
		return
	}
	q := m.Quick
	if q.Offered == nil {
		o.unseen(m.Frame, nextISAKMPKeys, "message 1 of the quick mode was not read")
		return
	}
	for _, id := range []struct {
		name           string
		sent, returned *wire.ID
	}{{"IDci", q.IDci, q.IDci2}, {"IDcr", q.IDcr, q.IDcr2}} {
		switch {
		case id.sent == nil && id.returned == nil:
		case id.sent == nil && implied(q, id.name, id.returned):
			o.tolerate(m.Frame, m.Src.Addr(), "%s left out comes back as %s, the host that is meant", id.name, idText(id.returned))
		case sameID(id.sent, id.returned):
			o.pass(m.Frame, "%s %s returned", id.name, idText(id.sent))
		case equivalentID(id.sent, id.returned):
			o.tolerate(m.Frame, m.Src.Addr(), "%s proposed as %s comes back as %s, the same set", id.name, idText(id.sent), idText(id.returned))
		default:
			o.fail(m.Frame, m.Src.Addr(), "%s proposed as %s comes back as %s", id.name, idText(id.sent), idText(id.returned))
		}
	}
}

// implied reports whether an identity is of the host that a missing one stands for.
func implied(q *dissect.Quick, name string, id *wire.ID) bool {
	host := q.Initiator.Addr()
	if name == "IDcr" {
		host = q.Responder.Addr()
	}
	set, ok := addressSet(id)
	return ok && set.lo == host && set.hi == host
}

func sameID(a, b *wire.ID) bool {
	return a != nil && b != nil && a.IDType == b.IDType && a.Protocol == b.Protocol && a.Port == b.Port && bytes.Equal(a.Data, b.Data)
}

// equivalentID reports whether a and b are the same set of addresses written
// differently, such as an address and a subnet of one.
func equivalentID(a, b *wire.ID) bool {
	if a == nil || b == nil || a.Protocol != b.Protocol || a.Port != b.Port {
		return false
	}
	x, okx := addressSet(a)
	y, oky := addressSet(b)
	return okx && oky && x == y
}

func quickAnswer(o *observer, m *dissect.ISAKMP) {
	if !quick(o, m, 2) {
		return
	}
	answer, ok := first[*wire.SA](m)
	if !ok {
		return
	}
	if m.Quick.Offered == nil {
		o.unseen(m.Frame, nextISAKMPKeys, "message 1 of the quick mode was not read")
		return
	}
	judgeAnswer(o, m, m.Quick.Offered, answer)
}

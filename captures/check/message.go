package check

import (
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2408 3 and 5: what holds for every ISAKMP message.

func messageRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.retransmit-identical", Item: profile.ItemKeying, Ref: "RFC2408/5.1", Level: Must,
			Title:       "A retransmission has the same octets",
			Requirement: "When the timer of a message expires, the message is resent. It is the message that was sent, not another one: the far end recognises it by its octets and answers with its own last message.",
			expected:    []string{"the octets of the first transmission"},
			fix:         "keep the datagram and send that again; a message made anew breaks hashes and the IV chain",
			noun:        "retransmission", needs: stageAny,
		}, retransmissions),
		stateful(Rule{
			ID: "ike.iv", Item: profile.ItemKeying, Ref: "RFC2409/B", Level: Must,
			Title:       "Messages are encrypted with the IV that belongs to them",
			Requirement: "The first IV of phase 1 is a hash of both public values, that of every other exchange a hash of the last phase 1 block and the message ID; within an exchange it is the last block of the message before.",
			expected:    []string{"the IV of RFC 2409 appendix B"},
			fix:         "the receiver decrypts to nonsense: look which block, and which message ID, goes into the IV",
			noun:        "encrypted message", needs: stagePhase1,
		}, initialVector),
		messages(Rule{
			ID: "ike.reserved-zero", Item: profile.ItemKeying, Ref: "RFC2408/3.2", Level: Must,
			Title:       "Reserved octets and bits are zero",
			Requirement: "RESERVED is unused, set to 0, and receivers MUST verify that (RFC 2408 5.3); the remaining bits of the flags field MUST be set to 0 prior to transmission (3.1).",
			expected:    []string{"0 in every reserved octet, and no flag but E, C and A"},
			fix:         "receivers that follow RFC 2408 5.3 discard the message",
			noun:        "ISAKMP message", needs: stageIKE,
		}, reservedZero),
		messages(Rule{
			ID: "ike.well-formed", Item: profile.ItemKeying, Ref: "RFC2408/5.1", Level: Must,
			Title:       "Messages are well formed",
			Requirement: "The length in the ISAKMP header is that of the message; payload lengths, counts and next payload fields agree with what is there (RFC 2408 3.1 to 3.15).",
			expected:    []string{"a message that parses to its last octet"},
			fix:         "look at the octets at the given offset",
			noun:        "ISAKMP message", needs: stageIKE,
		}, wellFormed),
	}
}

// retransmissions needs to remember the places that a message was seen in. The
// dissector recognises equal octets; what comes again in the place of a message
// with others is the deviation.
func retransmissions() (func(*observer, *dissect.Event), func(*observer)) {
	type place struct {
		p1    *dissect.Phase1
		quick *dissect.Quick
		index int
	}
	var (
		seen  = map[place]*dissect.ISAKMP{}
		order []place
	)
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Index == 0 || !o.s.Judges(m.Src.Addr()) {
			return
		}
		if m.Retransmission {
			o.pass(m.Frame, "frame %d again", m.Of)
			return
		}
		if !isPhase1(m.Header.Exchange) && (m.Quick == nil || reused(m.Quick)) {
			return
		}
		at := place{m.Phase1, m.Quick, m.Index}
		first, again := seen[at]
		if again {
			if sameMessage(first, m) {
				o.fail(m.Frame, m.Src.Addr(), "message %d of frame %d comes again with other octets", m.Index, first.Frame)
			}
			return
		}
		// Only the latest messages are likely to come again.
		if len(order) == maxRecent {
			delete(seen, order[0])
			order = order[1:]
		}
		seen[at] = m
		order = append(order, at)
	}, nil
}

// maxRecent bounds the messages that are compared with what comes after them.
const maxRecent = 256

// sameMessage reports whether b stands for the same message as a: same place,
// same exchange, and where that is not in clear as long, or where it can be read
// with the same nonce. Another quick mode with a message ID used before has
// another nonce.
func sameMessage(a, b *dissect.ISAKMP) bool {
	if a.Header.NextPayload != b.Header.NextPayload || a.Encrypted != b.Encrypted || a.Src.Addr() != b.Src.Addr() {
		return false
	}
	if isPhase1(a.Header.Exchange) && !a.Encrypted {
		return true // the cookies stand for one exchange
	}
	x, okx := first[*wire.Nonce](a)
	y, oky := first[*wire.Nonce](b)
	if okx && oky {
		return string(x.Data) == string(y.Data)
	}
	if a.Encrypted && isPhase1(a.Header.Exchange) && len(a.Octets) != len(b.Octets) {
		return false // a fragment, or a second attempt to authenticate
	}
	return len(a.Octets) == len(b.Octets)
}

// initialVector remembers who has gone on under which ISAKMP SA: who has not may have
// refused the last message of phase 1, and goes by the one before.
func initialVector() (func(*observer, *dissect.Event), func(*observer)) {
	went := goers{}
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		judgeIV(o, m, went.has(m))
		went.see(m)
	}), nil
}

func judgeIV(o *observer, m *dissect.ISAKMP, went bool) {
	switch {
	case !m.Encrypted:
	case m.Message == nil && m.Err == nil && went && strange(o, m):
		o.fail(m.Frame, m.Src.Addr(), "%v message %#08x %s, nor with any IV that could be meant", m.Header.Exchange, m.Header.MessageID, m.Opaque)
	case m.Message == nil && m.Err == nil:
		o.sealed(m)
	case m.IVNote == "":
		if m.Decrypted {
			o.pass(m.Frame, "")
		}
	case o.s.harnessAtFault(), m.Quick != nil && reused(m.Quick):
		// A chain that the other end has broken, or two exchanges in one: see ike.quick.message-id.
	case o.s.Foreign() && (m.IVNote == dissect.IVRejected || !m.Phase1.Complete()):
		// A message that is not captured, and that would be the one to go on from.
		o.unseen(m.Frame, "capture the exchange, and phase 1, from the first message on", "it takes %s", m.IVNote)
	default:
		o.fail(m.Frame, m.Src.Addr(), "%v message %#08x takes %s", m.Header.Exchange, m.Header.MessageID, m.IVNote)
	}
}

// strange reports whether a message of a trial stays unread although both ends have
// shown that they have the keys: under an established ISAKMP SA, in an exchange of which
// all was read before.
func strange(o *observer, m *dissect.ISAKMP) bool {
	if o.s.Foreign() || o.s.harnessAtFault() || isPhase1(m.Header.Exchange) || !proven(m.Phase1) || m.Phase1.Keys != dissect.KeysAll {
		return false
	}
	return m.Quick == nil || !slices.ContainsFunc(m.Quick.Messages, func(k *dissect.ISAKMP) bool { return k != m && k.Message == nil })
}

const definedFlags = wire.FlagEncryption | wire.FlagCommit | wire.FlagAuthOnly

func reservedZero(o *observer, m *dissect.ISAKMP) {
	if f := m.Header.Flags &^ definedFlags; f != 0 {
		o.fail(m.Frame, m.Src.Addr(), "flags %#02x", uint8(f))
		return
	}
	if m.Message == nil {
		o.pass(m.Frame, "") // the flags at least
		return
	}
	for _, p := range m.Message.Payloads {
		raw, ok := p.(*wire.Raw)
		if !ok {
			continue
		}
		typed, err := raw.Typed()
		_, still := typed.(*wire.Raw)
		switch {
		case raw.Reserved != 0:
			o.fail(m.Frame, m.Src.Addr(), "RESERVED is %d before a %v payload", raw.Reserved, raw.PT)
			return
		case err == nil && !still:
			o.fail(m.Frame, m.Src.Addr(), "a reserved field inside a %v payload is not zero", raw.PT)
			return
		}
	}
	o.pass(m.Frame, "")
}

func wellFormed(o *observer, m *dissect.ISAKMP) {
	switch {
	case m.Err != nil && m.Encrypted && o.s.Foreign() && m.Phase1.Keys < dissect.KeysAll && m.Hash.State != dissect.HashGood:
		// Nothing can show that the keys are the right ones.
		o.unseen(m.Frame, nextISAKMPKeys, "%v", m.Err)
	case m.Err != nil:
		o.fail(m.Frame, m.Src.Addr(), "%v", m.Err)
	case m.LengthErr != nil:
		o.fail(m.Frame, m.Src.Addr(), "%v", m.LengthErr)
	case m.Message != nil && len(m.Message.Trailing) > 0:
		o.fail(m.Frame, m.Src.Addr(), "%s after the end that the header's length gives", count(len(m.Message.Trailing), "octet"))
	case m.Message != nil:
		o.pass(m.Frame, "")
	default:
		o.sealed(m)
	}
}

package check

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// [MS-IKEE] 2.2.3: messages that IKE itself cuts into pieces.

func fragmentRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.fragments", Item: profile.ItemAvailability, Ref: "MS-IKEE/2.2.3", Level: Must,
			Title:       "Fragments of a message make it up",
			Requirement: "All fragments of a message have one fragment ID and are numbered from 1; the last one says that it is the last.",
			expected:    []string{"fragments 1, 2, … of one ID, the last of them marked, which together are an ISAKMP message"},
			fix:         "the receiver waits for the rest of the message, and drops it",
			noun:        "message in IKE fragments", needs: stageAny,
		}, ikeFragments),
	}
}

// fragmented names a message in fragments by what they have in common.
type fragmented struct {
	cookie wire.Cookie
	from   netip.Addr
	id     uint16
}

// ikeFragments watches for messages that never become whole.
func ikeFragments() (func(*observer, *dissect.Event), func(*observer)) {
	var open []*dissect.ISAKMP // fragments of messages that are not whole so far
	whole := map[fragmented]bool{}
	name := func(m *dissect.ISAKMP) fragmented {
		return fragmented{m.Header.CookieI, m.Src.Addr(), m.Fragment.ID}
	}
	see := func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || !o.s.Judges(m.Src.Addr()) {
			return
		}
		switch {
		case m.Fragment != nil && m.Fragment.Number == 0:
			o.fail(m.Frame, m.Src.Addr(), "a fragment with number 0")
		case m.Fragment != nil && whole[name(m)]: // a copy
		case m.Fragment != nil && len(open) < maxRecent:
			open = append(open, m)
		case m.Header.NextPayload == wire.PayloadFragment && m.Err != nil:
			o.fail(m.Frame, m.Src.Addr(), "%v", m.Err)
		case len(m.Fragments) > 0:
			o.pass(m.Frame, "%d fragments", len(m.Fragments))
			for _, k := range open {
				if slices.Contains(m.Fragments, k.Frame) && len(whole) < maxRemembered {
					whole[name(k)] = true
				}
			}
			open = slices.DeleteFunc(open, func(k *dissect.ISAKMP) bool { return whole[name(k)] })
		}
	}
	return see, func(o *observer) {
		for _, m := range open {
			if o.s.Foreign() {
				o.unseen(m.Frame, "capture the whole exchange, at the sender", "fragment %d of ID %d, the rest of whose message is not in the capture", m.Fragment.Number, m.Fragment.ID)
				continue
			}
			o.fail(m.Frame, m.Src.Addr(), "fragment %d of ID %d, whose message is never whole", m.Fragment.Number, m.Fragment.ID)
		}
	}
}

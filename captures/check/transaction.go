package check

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// The transaction exchange between phase 1 and quick mode: extended authentication
// and mode config.

func transactionRules() []Rule {
	return []Rule{
		messages(Rule{
			ID: "ike.transaction.hash", Item: profile.ItemKeying, Ref: "draft-dukes-ike-mode-cfg-02/3.1", Level: Must,
			Title:       "HASH of transaction exchanges is right",
			Requirement: "A transaction exchange takes place under an ISAKMP SA: HDR*, HASH, ATTR with HASH = prf(SKEYID_a, M-ID | ATTR).",
			expected:    []string{"HASH first, computed with SKEYID_a over message ID and the attributes payload", "an encrypted message"},
			fix:         "receivers drop the message: check what the hash covers",
			noun:        "transaction message", needs: stagePhase1, unless: noTransaction,
		}, transactionHash),
		stateful(Rule{
			ID: "ike.xauth.exchange", Item: profile.ItemAuthentication, Ref: "draft-beaulieu-ike-xauth-02/5", Level: Must,
			Title:       "XAUTH comes to its end: REQUEST and REPLY, SET and ACK",
			Requirement: "With a method that asks for extended authentication the server requests name and password, the client replies with both, the server sets the status, and the client acknowledges an OK.",
			expected:    []string{"as server: REQUEST, and after the reply SET with the status", "as client: REPLY to the request, and ACK to a status that is OK"},
			fix:         "compare the message types and attributes with those of the draft",
			noun:        "XAUTH", needs: stagePhase1, unless: noXAUTH,
		}, xauthExchange),
		messages(Rule{
			ID: "ike.xauth.before-quick", Item: profile.ItemAuthentication, Ref: "draft-beaulieu-ike-xauth-02/5", Level: Must,
			Title:       "XAUTH is over before quick mode begins",
			Requirement: "With a method that asks for extended authentication the ISAKMP SA is of use for nothing else before the server has said that the client passed.",
			expected:    []string{"quick mode after a SET with the status OK"},
			fix:         "the end that goes on lets in whoever has the group's secret",
			noun:        "quick mode message", needs: stageQuick, unless: noXAUTH,
		}, xauthBeforeQuick),
		stateful(Rule{
			ID: "ike.config.client-address", Item: profile.ItemSelectors, Ref: "draft-dukes-ike-mode-cfg-02/3", Level: Must,
			Title:       "Quick mode is for the address that mode config gave",
			Requirement: "The address that the server assigns is the one that the client has inside the tunnel: it is the client's identity in quick mode.",
			expected:    []string{"IDci of the client that is the assigned address"},
			fix:         "the client has not put the address to use, or the server gives one SA to another address",
			noun:        "quick mode message", needs: stageQuick, unless: noModeConfig,
		}, clientAddress),
	}
}

func noXAUTH(s *Subject) string {
	if required, _ := s.method().XAUTH(); !required {
		return "with " + s.method().String() + " there is no extended authentication"
	}
	return ""
}

func noModeConfig(s *Subject) string {
	if s.peer.IKE.ModeConfig == scenarios.NoModeConfig {
		return "the scenario has no mode config"
	}
	return ""
}

func noTransaction(s *Subject) string {
	if x, c := noXAUTH(s), noModeConfig(s); x != "" && c != "" {
		return x + ", and " + c
	}
	return ""
}

func transactionHash(o *observer, m *dissect.ISAKMP) {
	switch {
	case m.Header.Exchange != wire.ExchangeTransaction:
	case !m.Encrypted:
		o.fail(m.Frame, m.Src.Addr(), "a transaction message in clear")
	case m.Hash.State == dissect.HashAbsent && m.Message != nil:
		o.fail(m.Frame, m.Src.Addr(), "no HASH payload")
	case m.Hash.State == dissect.HashGood && !m.Hash.First:
		o.fail(m.Frame, m.Src.Addr(), "the HASH payload is not the first one")
	default:
		proved(o, m)
	}
}

// maxXAUTH bounds the ISAKMP SAs whose XAUTH is judged.
const maxXAUTH = 64

// xauthExchange judges the part of the peer once all is over.
func xauthExchange() (func(*observer, *dissect.Event), func(*observer)) {
	var sas []*dissect.Phase1
	unsound := map[*dissect.Phase1]bool{} // there are messages that ike.transaction.hash is about
	see := func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Header.Exchange != wire.ExchangeTransaction {
			return
		}
		if m.Message == nil && o.s.Judges(m.Src.Addr()) {
			o.sealed(m)
		}
		if m.Message != nil && m.Hash.State != dissect.HashGood && m.Hash.State != dissect.HashUnverifiable && len(unsound) < maxXAUTH {
			unsound[m.Phase1] = true
		}
		if required, _ := m.Phase1.Auth.XAUTH(); required && len(sas) < maxXAUTH && !slices.Contains(sas, m.Phase1) {
			sas = append(sas, m.Phase1)
		}
	}
	return see, func(o *observer) {
		for _, p := range sas {
			if !unsound[p] {
				judgeXAUTH(o, p)
			}
		}
	}
}

// judgeXAUTH finds what an end owes the other: the next step after the last one that
// was taken.
func judgeXAUTH(o *observer, p *dissect.Phase1) {
	x := p.XAUTH
	_, initiator := p.Auth.XAUTH()
	client, server := p.Responder.Addr(), p.Initiator.Addr()
	if initiator {
		client, server = server, client
	}
	owes := func(who netip.Addr, after int, what string) {
		// Who is to refuse phase 1 owes nothing to one who takes it for done.
		refuses := o.s.Trial != nil && !o.s.Trial.Spec.Expect.Phase1.Allows(scenarios.Established)
		switch {
		case o.s.Foreign():
			o.unseen(after, "capture the whole of XAUTH", "%v: %s in the capture", who, what)
		case o.s.Judges(who) && !refuses:
			o.fail(after, who, "%s", what)
		}
	}
	switch {
	case x.Request == 0: // nothing that could be read
	case x.Reply == 0:
		owes(client, x.Request, "no REPLY with name and password to the request")
	case x.Status < x.Reply:
		owes(server, x.Reply, "no SET with the status after the reply")
	case x.OK && x.Ack < x.Status:
		owes(client, x.Status, "no ACK to the status")
	default:
		o.pass(x.Status, "STATUS=%s", map[bool]string{true: "OK", false: "FAIL"}[x.OK])
	}
}

func xauthBeforeQuick(o *observer, m *dissect.ISAKMP) {
	if required, _ := m.Phase1.Auth.XAUTH(); !required || m.Quick == nil || m.Index > 2 {
		return
	}
	switch x := m.Phase1.XAUTH; {
	case m.Message == nil:
		o.sealed(m)
	case x.OK && x.Status < m.Frame:
		o.pass(m.Frame, "after STATUS=OK in frame %d", x.Status)
	case x.Status == 0 && o.s.Foreign():
		o.unseen(m.Frame, "capture from the first message on", "the end of XAUTH is not in the capture before quick mode message %d", m.Index)
	case x.Status != 0:
		o.fail(m.Frame, m.Src.Addr(), "quick mode message %d, although the server said FAIL", m.Index)
	default:
		o.fail(m.Frame, m.Src.Addr(), "quick mode message %d before XAUTH came to its end", m.Index)
	}
}

// clientAddress remembers what was given: a client that authenticates anew may go on
// with its address.
func clientAddress() (func(*observer, *dissect.Event), func(*observer)) {
	given := map[netip.Addr]int{} // frames
	return func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind == dissect.KindISAKMP && m != nil && m.Phase1 != nil && m.Phase1.Lease.Assigned == m.Frame && len(given) < maxRemembered {
			for _, a := range m.Phase1.Lease.Addresses {
				given[a] = m.Frame
			}
		}
		onMessage(func(o *observer, m *dissect.ISAKMP) { judgeClient(o, m, given) })(o, e)
	}, nil
}

func judgeClient(o *observer, m *dissect.ISAKMP, given map[netip.Addr]int) {
	l := m.Phase1.Lease
	if m.Quick == nil || o.s.Foreign() && l.Assigned == 0 || !o.s.Foreign() && noModeConfig(o.s) != "" || !quick(o, m, 1, 2) {
		return
	}
	client := l.ClientInitiated
	if l.Assigned == 0 {
		client = o.s.peer.IKE.ConfigClient() != scenarios.Responder
	}
	ids := payloads[*wire.ID](m)
	if len(ids) < 2 {
		o.fail(m.Frame, m.Src.Addr(), "no identities, where the client has %v", l.Addresses)
		return
	}
	id := ids[0] // IDci is the quick mode initiator's
	if m.Quick.FromInitiator != client {
		id = ids[1]
	}
	set, ok := addressSet(id)
	switch single := ok && set.lo == set.hi; {
	case single && slices.Contains(l.Addresses, set.lo):
		o.pass(m.Frame, "%v", set.lo)
	case single && l.Assigned == 0 && given[set.lo] != 0:
		o.tolerate(m.Frame, m.Src.Addr(), "%v of frame %d, without having asked for it again", set.lo, given[set.lo])
	case l.Assigned == 0:
		o.fail(m.Frame, m.Src.Addr(), "%s, and mode config gave no address before it", idText(id))
	default:
		o.fail(m.Frame, m.Src.Addr(), "%s, where the client was given %v", idText(id), l.Addresses)
	}
}

package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// RFC 2409 5: main mode, and RFC 2408 3.1: the header of its messages.
//
//	     Initiator                          Responder
//	1    HDR, SA                      -->
//	2                                 <--   HDR, SA
//	3    HDR, KE, Ni                  -->
//	4                                 <--   HDR, KE, Nr
//	5    HDR*, IDii, HASH_I | SIG_I   -->
//	6                                 <--   HDR*, IDir, HASH_R | SIG_R

func mainModeRules() []Rule {
	return []Rule{
		stateful(Rule{
			ID: "ike.main.six-messages", Item: profile.ItemIKE, Ref: "RFC2409/5", Level: Must,
			Title:       "Main mode has six messages, each with its payloads",
			Requirement: "Main mode is an Identity Protection exchange: two messages negotiate policy, two exchange public values and nonces, two authenticate. Each carries the payloads of its figure in RFC 2409 5.1 to 5.4.",
			expected:    []string{"SA in messages 1 and 2, KE and nonce in 3 and 4, ID and HASH (or SIG) in 5 and 6"},
			fix:         "compare the message with the figures of RFC 2409 5.1 to 5.4",
			noun:        "main mode exchange", needs: stagePhase1, unless: aggressive,
		}, sixMessages),
		messages(Rule{
			ID: "ike.main.message-id-zero", Item: profile.ItemKeying, Ref: "RFC2408/3.1", Level: Must,
			Title:       "The message ID of phase 1 is zero",
			Requirement: "During phase 1 negotiations the value of the message ID MUST be set to 0.",
			expected:    []string{"message ID 0x00000000"},
			fix:         "a peer that finds phase 1 messages by message ID 0 drops these",
			noun:        "phase 1 message", needs: stageIKE,
		}, messageIDZero),
		messages(Rule{
			ID: "ike.main.encryption-flag", Item: profile.ItemIKE, Ref: "RFC2409/5", Level: Must,
			Title:       "Main mode is in clear up to message 4 and encrypted from message 5",
			Requirement: "Messages 5 and 6 of main mode are HDR*, encrypted with the keys that messages 3 and 4 made; before that there are none. The encryption flag says which it is (RFC 2408 3.1).",
			expected:    []string{"flag E clear in messages 1 to 4, set in messages 5 and 6"},
			fix:         "look at the flags octet of the ISAKMP header, and whether what follows is a payload chain",
			noun:        "main mode message", needs: stageIKE, unless: aggressive,
		}, encryptionFlag),
		stateful(Rule{
			ID: "ike.main.responder-cookie", Item: profile.ItemKeying, Ref: "RFC2408/3.1", Level: Must,
			Title:       "The responder cookie is zero in the first message and only there",
			Requirement: "The initiator's first message has a zero responder cookie; from the responder's answer on both cookies identify the ISAKMP SA and neither is zero.",
			expected:    []string{"responder cookie zero in message 1, the responder's own in all others"},
			fix:         "compare the cookies with those of message 2",
			noun:        "phase 1 message", needs: stageIKE,
		}, responderCookie),
		messages(Rule{
			ID: "ike.main.hash", Item: profile.ItemAuthentication, Ref: "RFC2409/5", Level: Must,
			Title:       "HASH_I and HASH_R are right",
			Requirement: "HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b), and HASH_R the same with the sides changed, over the octets that were sent.",
			expected:    []string{"the hash computed with SKEYID over the captured messages"},
			fix:         "a wrong hash under the right key means that the peer hashes other octets than it sent: SA re-encoded, reserved octets of the ID, or the sides mixed up",
			noun:        "hash of phase 1", needs: stagePhase1, unless: signsInstead,
		}, phase1Hash),
	}
}

func isPhase1(x wire.ExchangeType) bool {
	return x == wire.ExchangeMain || x == wire.ExchangeAggressive
}

// sixMessages passes when the sixth message completes an exchange, whoever sent
// it; only what is judged can fail it.
func sixMessages() (see func(*observer, *dissect.Event), done func(*observer)) {
	lastIndex, lastFrame := 0, 0
	see = func(o *observer, e *dissect.Event) {
		m := e.ISAKMP
		if e.Kind != dissect.KindISAKMP || m == nil || m.Phase1 == nil || m.Retransmission ||
			m.Header.Exchange != wire.ExchangeMain || m.Index == 0 {
			return
		}
		lastIndex, lastFrame = m.Index, m.Frame
		if o.s.Judges(m.Src.Addr()) {
			if m.Encrypted && m.Message == nil {
				o.sealed(m)
				return
			}
			if missing := missingPayloads(m); len(missing) > 0 && m.Err == nil {
				o.fail(m.Frame, m.Src.Addr(), "message %d lacks %s", m.Index, strings.Join(missing, " and "))
				return
			}
			if twice := repeated(m); len(twice) > 0 {
				o.fail(m.Frame, m.Src.Addr(), "message %d has more than one %s", m.Index, strings.Join(twice, " and "))
				return
			}
		}
		if m.Phase1.Complete() {
			o.pass(m.Frame, "messages 1 to 6 in frames %s", frameList(m.Phase1.Messages))
		}
	}
	done = func(o *observer) {
		if lastIndex > 0 && o.right.n+o.wrong.n+o.blind.n == 0 {
			o.unseen(lastFrame, "see scenario.outcome, or capture the whole exchange", "the exchange is not complete, its last captured message is number %d", lastIndex)
		}
	}
	return see, done
}

// frameList names the frames of an exchange's messages.
func frameList(ms []*dissect.ISAKMP) string {
	var b strings.Builder
	for i, m := range ms {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(&b, m.Frame)
	}
	return b.String()
}

// missingPayloads names the payloads a main mode message lacks, as far as they
// do not depend on options.
func missingPayloads(m *dissect.ISAKMP) []string {
	switch auth := m.Phase1.Auth; m.Index {
	case 1, 2:
		return lacking(m, wire.PayloadSA)
	case 3, 4:
		if auth.Encrypts() {
			return lacking(m, wire.PayloadKE, wire.PayloadNonce, wire.PayloadID)
		}
		return lacking(m, wire.PayloadKE, wire.PayloadNonce)
	case 5, 6:
		if auth.Encrypts() {
			return lacking(m, wire.PayloadHash)
		}
		return lacking(m, wire.PayloadID, proof(auth, m.Index == 5))
	}
	return nil
}

// repeated names those payloads of a phase 1 message of which there is to be one and are several.
func repeated(m *dissect.ISAKMP) []string {
	var twice []string
	if m.Message == nil {
		return nil
	}
	for _, t := range []wire.PayloadType{wire.PayloadKE, wire.PayloadNonce, wire.PayloadID, wire.PayloadHash, wire.PayloadSig} {
		n := 0
		for _, p := range m.Message.Payloads {
			if p.Type() == t {
				n++
			}
		}
		if n > 1 && m.Err == nil {
			twice = append(twice, t.String())
		}
	}
	return twice
}

// proof is the payload by which an end proves itself.
func proof(auth wire.AuthMethod, initiator bool) wire.PayloadType {
	if auth.Signs(initiator) {
		return wire.PayloadSig
	}
	return wire.PayloadHash
}

// lacking names those of the payload types that a message has not.
func lacking(m *dissect.ISAKMP, types ...wire.PayloadType) []string {
	var missing []string
	for _, t := range types {
		if m.Message == nil || !slices.ContainsFunc(m.Message.Payloads, func(p wire.Payload) bool { return p.Type() == t }) {
			missing = append(missing, t.String())
		}
	}
	return missing
}

func messageIDZero(o *observer, m *dissect.ISAKMP) {
	switch {
	case !isPhase1(m.Header.Exchange):
	case m.Header.MessageID != 0:
		o.fail(m.Frame, m.Src.Addr(), "message ID %#08x in %s", m.Header.MessageID, m.Header.Exchange)
	default:
		o.pass(m.Frame, "message ID 0")
	}
}

func encryptionFlag(o *observer, m *dissect.ISAKMP) {
	if m.Header.Exchange != wire.ExchangeMain || m.Index == 0 {
		return
	}
	switch want := m.Index >= 5; {
	case m.Encrypted == want:
		o.pass(m.Frame, "")
	case m.Encrypted:
		o.fail(m.Frame, m.Src.Addr(), "message %d has the encryption flag, and there are no keys yet", m.Index)
	default:
		o.fail(m.Frame, m.Src.Addr(), "message %d is in clear", m.Index)
	}
}

// responderCookie remembers the cookie of each responder's message 2, which names the
// ISAKMP SA from then on.
func responderCookie() (func(*observer, *dissect.Event), func(*observer)) {
	type offer struct {
		initiator wire.Cookie
		responder netip.Addr
	}
	answered := map[offer]wire.Cookie{}
	return onMessage(func(o *observer, m *dissect.ISAKMP) {
		if !isPhase1(m.Header.Exchange) || m.Index == 0 {
			return
		}
		at := offer{m.Header.CookieI, m.Src.Addr()}
		switch cookie, known := answered[at]; {
		case m.Index == 2 && !known && len(answered) < maxRemembered:
			answered[at] = m.Header.CookieR
		case m.Index > 2 && known && !m.FromInitiator && cookie != m.Header.CookieR && !m.Header.CookieR.IsZero():
			o.fail(m.Frame, m.Src.Addr(), "responder cookie %v in message %d, and %v in message 2", m.Header.CookieR, m.Index, cookie)
			return
		}
		judgeCookies(o, m)
	}), nil
}

func judgeCookies(o *observer, m *dissect.ISAKMP) {
	_, sa := first[*wire.SA](m)
	switch zero := m.Header.CookieR.IsZero(); {
	case sa && !zero && m.Frame == m.Phase1.FirstFrame && o.s.Role() == scenarios.Initiator:
		// Of itself it could be the answer to a message that is not captured.
		o.fail(m.Frame, m.Src.Addr(), "responder cookie %v in message 1", m.Header.CookieR)
	case m.Header.CookieI.IsZero():
		o.fail(m.Frame, m.Src.Addr(), "initiator cookie zero in message %d", m.Index)
	case m.Index == 1 && !zero:
		o.fail(m.Frame, m.Src.Addr(), "responder cookie %v in message 1", m.Header.CookieR)
	case m.Index > 1 && zero:
		o.fail(m.Frame, m.Src.Addr(), "responder cookie zero in message %d", m.Index)
	default:
		o.pass(m.Frame, "")
	}
}

func phase1Hash(o *observer, m *dissect.ISAKMP) {
	if isPhase1(m.Header.Exchange) && strings.HasPrefix(m.Hash.Name, "HASH") {
		proved(o, m)
	}
}

// proved judges what proves the sender in phase 1, a hash or a signature.
func proved(o *observer, m *dissect.ISAKMP) {
	switch m.Hash.State {
	case dissect.HashGood:
		o.pass(m.Frame, "%s is right", m.Hash.Name)
	case dissect.HashBad:
		o.fail(m.Frame, m.Src.Addr(), "%s differs from the one computed%s", m.Hash.Name, because(m.Hash.Why))
	case dissect.HashUnverifiable:
		o.unseen(m.Frame, nextISAKMPKeys, "%s: %s", m.Hash.Name, m.Hash.Why)
	case dissect.HashAbsent:
		if m.Message == nil {
			o.sealed(m)
		}
	}
}

// because puts a reason, if there is one, behind a statement.
func because(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

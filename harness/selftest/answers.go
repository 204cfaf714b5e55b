package selftest

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios/profile"
	"github.com/useipsec/useipsec/scenarios/strict"
)

// answer is an answer to one of the nine questions that honest packets do not give: the rule about it has to notice.
type answer struct {
	name  string
	spoil func(*profile.Profile)
}

var answers = []answer{
	{"answer.protection.protocols", func(p *profile.Profile) { p.Protection.Protocols = must("ah") }},
	{"answer.protection.algorithms", func(p *profile.Profile) { p.Protection.Algorithms.Integrity = must("hmac-sha512-256") }},
	{"answer.keying.phase1.lifetime", func(p *profile.Profile) { p.Keying.Phase1.Lifetime.Max = strict.Duration(time.Minute) }},
	{"answer.keying.phase2.lifetime", func(p *profile.Profile) { p.Keying.Phase2.Lifetime.Max = strict.Duration(time.Minute) }},
	{"answer.keying.phase2.pfs", func(p *profile.Profile) { p.Keying.Phase2.PFS = profile.Required }},
	{"answer.authentication.methods", func(p *profile.Profile) { p.Authentication = profile.Authentication{Methods: must("ecdsa-sha384")} }},
	{"answer.authorization.identities", func(p *profile.Profile) {
		p.Authorization.Accept, p.Authorization.Identities = profile.AcceptIdentities, []string{"nobody@example.com"}
	}},
	{"answer.ike.nat_traversal", func(p *profile.Profile) { p.IKE.NATTraversal = profile.None }},
	{"answer.ike.dead_peer_detection", func(p *profile.Profile) { p.IKE.DeadPeerDetection = profile.None }},
	{"answer.ike.fragmentation", func(p *profile.Profile) { p.IKE.Fragmentation = profile.Required }},
	{"answer.ike.mode_config", func(p *profile.Profile) { p.IKE.ModeConfig = profile.Required }},
}

func must(slugs ...string) profile.Levels { return profile.Levels{Must: slugs} }

// answerOf finds the answer with a name.
func answerOf(name string) (answer, bool) {
	i := slices.IndexFunc(answers, func(a answer) bool { return a.name == name })
	if i < 0 {
		return answer{}, false
	}
	return answers[i], true
}

// answered is the scenario whose packets the answers are held against.
const answered = "quick/transport"

// trips are the rules that fail for honest packets with the answer, and not without. In a trial of ours the answer would be
// the scenario's to give, so the packets are judged like a capture from elsewhere.
func (a answer) trips(ctx context.Context, honest *evidence.Bundle) ([]string, error) {
	for t, err := range honest.Trials() {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if t.Ref.Scenario != answered {
			continue
		}
		keys, err := t.Keys()
		if err != nil {
			return nil, err
		}
		var failing [2][]string
		for i := range failing {
			p, err := profile.Builtin("bgp")
			if err != nil {
				return nil, err
			}
			if i == 1 {
				a.spoil(p)
			}
			res, err := check.Capture(answered, t.Packets(), keys, p, check.Options{})
			if err != nil {
				return nil, err
			}
			failing[i] = failed(*res)
		}
		return slices.DeleteFunc(failing[1], func(r string) bool { return slices.Contains(failing[0], r) }), nil
	}
	return nil, errors.New("harness/selftest: no trial of " + answered)
}

package e2e_test

import (
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// ran runs scenarios for the profile bgp.
func ran(t *testing.T, p harness.Plan, patterns ...string) *evidence.Bundle {
	t.Helper()
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	if p.Scenarios == nil {
		if p.Scenarios, err = scenarios.Select(all, scenarios.Selection{Patterns: patterns}); err != nil {
			t.Fatal(err)
		}
	}
	if p.Profile, err = profile.Builtin("bgp"); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	b, err := harness.Run(t.Context(), p, harness.Options{Out: out, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// judged runs scenarios and judges them.
func judged(t *testing.T, p harness.Plan, patterns ...string) *check.Result {
	t.Helper()
	b := ran(t, p, patterns...)
	prof, err := profile.Parse("profile.yaml", b.Profile())
	if err != nil {
		t.Fatal(err)
	}
	res, err := check.Run(b, prof, check.Options{Diagnose: diagnose.New})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestSabotage switches faults on in the reference peer, one at a time: exactly the matching
// rule must fail, in every trial where the fault can act and in no other.
func TestSabotage(t *testing.T) {
	tests := []struct {
		fault, scenario string
		responder       string // rules that fail when the peer responds
		initiator       string // and when it initiates
	}{
		{"spd.leak_cleartext=1", "main/psk/aes128-sha1-modp2048", "policy.no-cleartext", "policy.no-cleartext"},
		{"spd.leak_after_delete", "lifecycle/delete-by-peer", "", "policy.no-cleartext"},
		{"spd.any_port", "policy/bgp-only", "esp.inner-within-selectors policy.bypass-in-clear scenario.traffic", "esp.inner-within-selectors policy.bypass-in-clear scenario.traffic"},
		{"spd.spoof_inner=3", "quick/tunnel", "esp.inner-within-selectors", "esp.inner-within-selectors"},
		{"ike.wrong_selector", "quick/transport", "ike.quick.ids-returned", "profile.selectors"},
		{"ike.reuse_spi", "lifecycle/rekey-child", "ike.spi-unique", "ike.spi-unique"},
		{"esp.bad_icv=2", "main/psk/aes128-sha1-modp2048", "esp.icv", "esp.icv"},
		{"esp.zero_sequence", "quick/transport", "esp.sequence-start", "esp.sequence-start"},
		{"esp.repeat_sequence=2", "quick/transport", "esp.sequence-rises", "esp.sequence-rises"},
		{"esp.pad_overrun=2", "quick/transport", "esp.padding", "esp.padding"},
		{"ike.low_spi", "quick/transport", "ike.spi-range", "ike.spi-range"},
		{"ike.two_transforms", "quick/transport", "ike.sa.one-transform", ""},
		{"ike.modify_chosen", "quick/transport", "ike.sa.one-transform", ""},
		{"ike.two_phase1_proposals", "quick/transport", "", "ike.sa.one-proposal"},
		{"ike.wrong_key_length", "quick/transport", "", "ike.sa.keylength"},
		{"ike.short_nonce", "quick/transport", "ike.nonce-length", "ike.nonce-length"},
		{"ike.id_port=4500", "quick/transport", "ike.id-port", "ike.id-port"},
		{"ike.wrong_id", "quick/transport", "profile.address-asserted", "profile.address-asserted"},
		{"ike.reserved_not_zero", "quick/transport", "ike.reserved-zero", "ike.reserved-zero"},
		{"ike.clear_identity", "quick/transport", "ike.main.encryption-flag", "ike.main.encryption-flag"},
		{"ike.phase1_message_id=9", "quick/transport", "ike.main.message-id-zero", "ike.main.message-id-zero"},
		{"ike.wrong_phase1_hash", "quick/transport", "ike.main.hash", "ike.main.hash"},
		{"ike.one_nat_d", "quick/transport", "ike.natt.nat-d", "ike.natt.nat-d"},
		{"ike.tunnel_instead", "quick/transport", "ike.quick.one-transform profile.mode", ""},
		{"ike.omit_group", "quick/pfs-modp2048", "", "ike.quick.pfs"},
		{"ike.delete_wrong_side", "lifecycle/delete-by-peer", "ike.delete", "ike.delete"},
		{"ike.wrong_info_hash", "lifecycle/delete-by-peer", "ike.info.hash", "ike.info.hash"},
		{"ike.wrong_info_iv", "lifecycle/delete-by-peer", "ike.iv", "ike.iv"},
		{"ike.wrong_phase1_hash", "main/rsa/fqdn", "ike.signature", "ike.signature"},
		{"ike.long_signature=4", "main/ecdsa/p256", "ike.signature", "ike.signature"},
		{"ike.wrong_phase1_hash", "aggressive/rsa", "ike.signature", "ike.signature"},
		{"ike.wrong_phase1_hash", "main/rsa-enc", "ike.main.hash", "ike.main.hash"},
		{"ike.dpd_no_ack", "lifecycle/dpd", "ike.dpd.ack", "ike.dpd.ack"},
		{"ike.dpd_repeat", "lifecycle/dpd", "ike.dpd.request", "ike.dpd.request"},
		{"ike.same_nat_oa", "natt/nat/transport", "ike.natt.nat-oa", ""},
		{"ike.no_remap", "natt/nat/rebind", "ike.natt.remap scenario.traffic", ""},
		{"ike.keepalive_on_500", "natt/nat/keepalive", "", "esp.keepalive"},
		{"esp.accept_replay", "wire/replayed-esp", "esp.anti-replay", ""},
		{"esp.accept_bad_icv", "wire/corrupted-esp", "esp.icv-verified scenario.traffic", ""},
		{"ike.skip_config", "mode-config/pull", "", "ike.config.client-address"},
		{
			"ike.fragment_mixed_ids", "fragmentation/rsa",
			"ike.fragments scenario.outcome scenario.traffic", "ike.fragments scenario.outcome scenario.traffic",
		},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			p := harness.Plan{Lab: harness.Virtual}
			if err := p.Deviate(tt.fault); err != nil {
				t.Fatal(err)
			}
			res := judged(t, p, tt.scenario)
			want := map[string]string{"responder": tt.responder, "initiator": tt.initiator}
			for _, tr := range res.Trials {
				if diff := cmp.Diff(want[tr.Trial], failing(tr)); diff != "" {
					t.Errorf("peer as %s (-want +got):\n%s", tr.Trial, diff)
				}
			}
			if res.Exit != 1 {
				t.Errorf("exit code %d", res.Exit)
			}
		})
	}
}

// failing lists the rules that fail, whatever their level; a failure without frames or words is one too many.
func failing(t check.TrialResult) string {
	var rules []string
	for _, f := range t.Findings {
		switch f.Verdict {
		case check.Fail:
			rules = append(rules, f.Rule)
			if f.Actual == "" || len(f.Expected) == 0 || f.Next == "" {
				rules = append(rules, f.Rule+" does not explain itself")
			}
		case check.Error:
			rules = append(rules, f.Rule+" is our error: "+f.Actual)
		}
	}
	sort.Strings(rules)
	return strings.Join(rules, " ")
}

// TestWrongSecret gives the peer another pre-shared key: the failure must name the cause.
func TestWrongSecret(t *testing.T) {
	res := judged(t, harness.Plan{Lab: harness.Virtual, Sabotage: harness.Sabotage{PSK: true}}, "main/psk/aes128-sha1-modp2048")
	if res.Exit != 1 {
		t.Errorf("exit code %d", res.Exit)
	}
	for _, tr := range res.Trials {
		named := false
		for _, f := range tr.Findings {
			named = named || f.Verdict == check.Fail && f.Rule == "scenario.outcome" && strings.Contains(f.Why, "pre-shared keys differ")
		}
		if !named {
			t.Errorf("peer as %s: no finding names the cause: %+v", tr.Trial, tr.Diagnoses)
		}
	}
}

// TestWireDoesNothing: a scenario about a fault of the wire proves nothing where that befell no packet, however well all goes.
func TestWireDoesNothing(t *testing.T) {
	builtin, err := scenarios.Builtin("wire/lost-quick-3")
	if err != nil {
		t.Fatal(err)
	}
	s := *builtin
	s.Wire = &scenarios.Wire{Faults: []scenarios.Fault{{Fault: scenarios.Drop, Exchange: "quick", Message: 3, Nth: 9}}}
	res := judged(t, harness.Plan{Lab: harness.Virtual, Scenarios: []*scenarios.Scenario{&s}})
	for _, tr := range res.Trials {
		if tr.Verdict != check.Inconclusive {
			t.Errorf("peer as %s: %v", tr.Trial, tr.Verdict)
		}
	}
	if res.Exit != 3 || len(res.Trials) != 2 {
		t.Errorf("exit code %d of %d trials", res.Exit, len(res.Trials))
	}
}

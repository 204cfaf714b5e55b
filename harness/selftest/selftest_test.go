package selftest_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness/selftest"
	"github.com/useipsec/useipsec/scenarios"
)

// TestFaults: every fault by its name, with a value that makes it one.
func TestFaults(t *testing.T) {
	all, err := selftest.Faults()
	if err != nil || len(all) < len(scenarios.DeviationList()) {
		t.Errorf("%d faults, %v", len(all), err)
	}
	for _, f := range all {
		if strings.HasPrefix(f, "answer.") {
			continue
		}
		for _, one := range strings.Split(f, " + ") {
			var d scenarios.Deviations
			if err := d.Set(one); err != nil {
				t.Error(err)
			}
		}
	}
	some, err := selftest.Faults("esp.*_sequence", "ike.id_port")
	if d := cmp.Diff([]string{"esp.cycle_sequence", "esp.jump_sequence", "esp.repeat_sequence=2", "esp.start_sequence=7", "esp.zero_sequence", "ike.id_port=4500"}, some); d != "" || err != nil {
		t.Error(err, d)
	}
	for _, bad := range [][]string{{"esp.nothing"}, {"esp.*", "moon.*"}, {"["}} {
		if _, err := selftest.Faults(bad...); !errors.Is(err, selftest.ErrFault) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestRun: a fault trips its rule, and an honest value of it none; nothing is left behind.
func TestRun(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var told []string
	res, err := selftest.Run(t.Context(), []string{"esp.bad_icv=2", "esp.bad_icv=0"}, "test", "1", func(done, of int, fault string) {
		if of != 2 || done != len(told)+1 {
			t.Errorf("%d of %d", done, of)
		}
		told = append(told, fault)
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]selftest.Mutant{{Fault: "esp.bad_icv=2", Trips: []string{"esp.icv"}}, {Fault: "esp.bad_icv=0", Trips: []string{}}}, res.Mutants); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string][]string{"esp.icv": {"esp.bad_icv=2"}}, res.Tripped); d != "" {
		t.Error(d)
	}
	if len(res.Untested) != len(check.Rules())-1 || slices.Contains(res.Untested, "esp.icv") {
		t.Errorf("%d rules are untested: %v", len(res.Untested), res.Untested)
	}
	if len(told) != 2 {
		t.Errorf("told of %v", told)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// TestAnswers: each answer that the packets do not give trips the one rule that is about it.
func TestAnswers(t *testing.T) {
	faults, err := selftest.Faults("answer.*")
	if err != nil {
		t.Fatal(err)
	}
	res, err := selftest.Run(t.Context(), faults, "test", "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range res.Mutants {
		if len(m.Trips) != 1 || !strings.HasPrefix(m.Trips[0], "profile.") {
			t.Errorf("%s trips %v", m.Fault, m.Trips)
		}
	}
}

// TestPairs: what shows only together, or with another value.
func TestPairs(t *testing.T) {
	faults, err := selftest.Faults("ike.fresh_retransmit", "ike.payloads")
	if err != nil {
		t.Fatal(err)
	}
	res, err := selftest.Run(t.Context(), faults, "test", "1", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range []string{"ike.sa.first", "ike.retransmit-identical"} {
		if len(res.Tripped[rule]) == 0 {
			t.Errorf("nothing trips %s: %v", rule, res.Mutants)
		}
	}
}

// TestInterrupted: what was not run to its end is no result.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	res, err := selftest.Run(ctx, []string{"esp.bad_icv", "esp.zero_spi"}, "test", "1", func(int, int, string) { cancel() })
	if res != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", res, err)
	}
}

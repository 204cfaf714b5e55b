package report_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/report"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// The whole way: run a scenario with a peer that misbehaves on purpose, judge the evidence, write the reports beside it.
func Example() {
	tmp, err := os.MkdirTemp("", "example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(tmp)
	library, err := scenarios.Builtins()
	if err != nil {
		log.Fatal(err)
	}
	plan := harness.Plan{Lab: harness.Virtual}
	if plan.Profile, err = profile.Builtin("bgp"); err != nil {
		log.Fatal(err)
	}
	if plan.Scenarios, err = scenarios.Select(library, scenarios.Selection{Patterns: []string{"quick/transport"}}); err != nil {
		log.Fatal(err)
	}
	if err := plan.Deviate("esp.bad_icv=2"); err != nil {
		log.Fatal(err)
	}
	bundle, err := harness.Run(context.Background(), plan, harness.Options{Out: filepath.Join(tmp, "out"), Tool: "example"})
	if err != nil {
		log.Fatal(err)
	}
	result, err := check.Run(bundle, plan.Profile, check.Options{Diagnose: diagnose.New})
	if err != nil {
		log.Fatal(err)
	}
	if err := report.Write(bundle, result); err != nil { // report.html and the others in out
		log.Fatal(err)
	}
	for _, t := range result.Trials {
		for _, f := range t.Findings {
			if f.Verdict == check.Fail {
				fmt.Printf("%s, peer as %s: %s (%s): %s\n", t.Scenario, t.Trial, f.Rule, f.Ref, f.Verdict)
			}
		}
	}
	fmt.Println(result.Verdict, result.Exit)
	// Unordered output:
	// quick/transport, peer as responder: esp.icv (RFC2406/3.3.4): fail
	// quick/transport, peer as initiator: esp.icv (RFC2406/3.3.4): fail
	// failure 1
}

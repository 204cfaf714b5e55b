package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/scenarios"
)

// ErrNothingShown is the error of Learned for a result that shows nothing.
var ErrNothingShown = errors.New("no trial that came to its end as it should shows the peer to do anything: there is nothing to claim")

// Learned writes claims of all that the peer showed, each with the trial and the frames that
// show it, in the form that scenarios.ParseClaims reads.
func Learned(w io.Writer, res *check.Result) error {
	found := res.Demonstrated()
	if len(found) == 0 {
		return fmt.Errorf("harness/report: %w", ErrNothingShown)
	}
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# What %s was seen to do", peerLine(res.Peer))
	if !res.Started.IsZero() {
		fmt.Fprintf(b, " on %s", res.Started.Format("2006-01-02"))
	}
	fmt.Fprintf(b, ", in %s of useipsec %s", plural(len(res.Trials), "trial"), plain(res.ToolVersion))
	if res.Profile != "" {
		fmt.Fprintf(b, " against profile %s", plain(res.Profile))
	}
	fmt.Fprint(b, ".\n# Beside each value is the first trial that shows it, and where in its capture.\n")
	fmt.Fprintf(b, "product: %s\n", quoted(res.Peer.Name))
	fmt.Fprintf(b, "version: %s\n", quoted(orUnknown(res.Peer.Version)))
	fmt.Fprint(b, "claimed:\n")
	kind := scenarios.CapabilityKind(0)
	for _, o := range found {
		if o.Kind != kind {
			kind = o.Kind
			fmt.Fprintf(b, "  %s: # %s\n", kind, kind.Meaning())
		}
		fmt.Fprintf(b, "    - %-16s # %s\n", o.Value, seen(o.Witness))
	}
	return b.Flush()
}

// quoted writes a text so that YAML takes it for one.
func quoted(s string) string { return strconv.Quote(plain(s)) }

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

package report

import (
	"fmt"
	"html"
	"io"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/evidence"
)

// page writes report.html. ladders has one for each trial of res, nil where there is no capture.
func page(w io.Writer, run evidence.Run, res *check.Result, ladders []*ladder) error {
	_, err := fmt.Fprintf(w, "<!doctype html><title>%s: %v</title>\n", html.EscapeString(run.Peer.Name), res.Verdict)
	return err
}

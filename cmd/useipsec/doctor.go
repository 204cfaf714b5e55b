package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

// finding is something this machine can or cannot do.
type finding struct {
	What    string `json:"what"`
	Works   bool   `json:"works"`
	Detail  string `json:"detail,omitempty"`
	Install string `json:"install,omitempty"` // the command that adds it
}

func newDoctor() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what this machine can run, and what would add the rest",
		Args:  noArguments,
		RunE: asRoot(func(cmd *cobra.Command, _ []string) error {
			found := examine(cmd.Context())
			if asJSON {
				return printJSON(cmd.OutOrStdout(), found)
			}
			w := cmd.OutOrStdout()
			for _, f := range found {
				mark := "yes"
				if !f.Works {
					mark = "no "
				}
				fmt.Fprintf(w, "%s  %-34s %s\n", mark, f.What, f.Detail)
				if f.Install != "" {
					fmt.Fprintf(w, "     %-34s add it with: %s\n", "", f.Install)
				}
			}
			return nil
		}),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func examine(ctx context.Context) []finding {
	found := []finding{{What: "virtual lab, reference peer", Works: true, Detail: "needs nothing: useipsec run"}}
	netns := finding{What: "netns lab", Works: true, Detail: "useipsec run --lab netns"}
	if err := lab.CanNetns(); err != nil {
		netns.Works, netns.Detail = false, err.Error()
	} else if lab.InUserNamespace() {
		netns.Detail = "in a user namespace of its own: " + netns.Detail
	}
	found = append(found, netns)
	if netns.Works {
		esp := finding{What: "ESP in this kernel", Detail: "real peers use it in their namespace"}
		ok, err := lab.KernelESP()
		switch esp.Works = ok; {
		case err != nil:
			esp.Detail = err.Error()
		case !ok:
			esp.Detail = "missing; User-mode Linux guests carry what needs a kernel's ESP"
		}
		found = append(found, esp)
	}
	for _, d := range peer.Drivers() {
		found = append(found, examinePeer(ctx, d))
	}
	return append(found, program("tshark", "compares our dissection in the tests", "apt-get install tshark"))
}

func examinePeer(ctx context.Context, d peer.Driver) finding {
	f := finding{What: "peer " + d.Name()}
	info, err := d.Probe(ctx)
	var missing *peer.UnavailableError
	switch {
	case errors.As(err, &missing):
		f.Detail, f.Install = missing.Reason, missing.Install
	case err != nil:
		f.Detail = err.Error()
	default:
		var carriers []string
		for _, c := range info.Carriers {
			carriers = append(carriers, c.String())
		}
		f.Works = true
		f.Detail = fmt.Sprintf("%s by %s: useipsec run --peer %s", info.Version, strings.Join(carriers, ", "), d.Name())
		if info.Detail != "" {
			f.Detail += " (" + info.Detail + ")"
		}
	}
	return f
}

func program(name, why, install string) finding {
	f := finding{What: name, Works: true, Detail: why}
	if _, err := exec.LookPath(name); err != nil {
		f.Works, f.Detail, f.Install = false, "not found; it "+why, install
	}
	return f
}

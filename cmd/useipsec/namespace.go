package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/lab"
)

// notRoot says that this process may not make network namespaces, and that a user namespace might help.
func notRoot() bool { return os.Geteuid() != 0 && !lab.InUserNamespace() }

// again runs the whole command again, as root of a user namespace.
func again() error {
	code, err := lab.ReexecInUserNamespace(os.Args[1:])
	switch {
	case err != nil:
		return &exitError{exitOurs, err}
	case code != exitOK:
		return &exitError{code, nil}
	}
	return nil
}

// asRoot runs a command that finds out what this machine can do where run would run.
func asRoot(run func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		if notRoot() && lab.CanUserNamespace() == nil {
			return again()
		}
		return run(cmd, args)
	}
}

// elsewhere runs the whole command again in a user namespace when the lab needs privileges that this process has only there.
// Not done means: go on here.
func elsewhere(p harness.Plan) (done bool, err error) {
	if p.Lab != harness.Netns || !notRoot() {
		return false, nil
	}
	if err := lab.CanUserNamespace(); err != nil {
		return true, &exitError{exitOurs, fmt.Errorf("%w; the netns lab needs root or a user namespace: run it with sudo, or use --lab virtual", err)}
	}
	return true, again()
}

// Command useipsec holds IPsec products against a profile: it runs scenarios with a peer,
// judges the packets, and explains what it found.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

// Exit codes. What a run's verdict means is in check.Result.Exit.
const (
	exitOK          = 0
	exitUsage       = 2 // usage, profile or scenario invalid, or a selector that matches nothing
	exitOurs        = 3 // our error, or this machine cannot do it
	exitInterrupted = 130
)

// exitError is an error with the exit code it ends in. One without text says nothing more.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage marks what is wrong with what the user asked for.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitUsage, err}
}

func main() {
	peer.GuestMain()
	if err := lab.PrepareUserNamespace(); err != nil {
		fmt.Fprintln(os.Stderr, "useipsec:", err)
		os.Exit(exitOurs)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// output keeps the first error of writing, so that no command has to look: what a program was to read must not be missing
// behind a good exit code.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// run is the whole program, for main and for tests.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(stderr, "useipsec: a fault of this program, please report it with what follows: %v\n%s", p, debug.Stack())
			code = exitOurs
		}
	}()
	out := &output{w: stdout}
	cmd := newRoot()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(stderr)
	ran, err := cmd.ExecuteContextC(ctx)
	if out.err != nil {
		fmt.Fprintln(stderr, "useipsec: standard output:", out.err)
		return exitOurs
	}
	if err == nil {
		return exitOK
	}
	var e *exitError
	if !errors.As(err, &e) { // cobra's own: unknown commands, flags and arguments
		e = &exitError{exitUsage, err}
	}
	if e.err != nil {
		fmt.Fprintln(stderr, "useipsec:", e.err)
		if !errors.As(err, new(*exitError)) {
			fmt.Fprintf(stderr, "See: %s --help\n", ran.CommandPath())
		}
	}
	return e.code
}

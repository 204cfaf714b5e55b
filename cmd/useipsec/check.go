package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/harness/report"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// checkFlags are the flags of useipsec check and explain.
type checkFlags struct {
	profile     string
	claims      string
	keys, certs []string
	rules, refs []string
	json, write bool
}

func newCheck() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:   "check DIR|PCAP",
		Short: "Judge the evidence of a run again, or a capture from anywhere",
		Long: `Check judges packets. Given a directory that useipsec run left, it reproduces the run's results, byte for byte,
and says so when they differ. Given a capture (pcap or pcapng), it judges what can be judged with the keys at hand.`,
		Example: `  useipsec check useipsec-20260102T030405Z
  useipsec check field.pcap --keys ikev1_decryption_table --keys esp_sa`,
		Args: oneArgument("a directory of evidence or a capture"),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	fs := c.Flags()
	fs.StringVar(&f.profile, "profile", "", "profile: a built-in name or a file (default: the run's own, for a capture bgp)")
	fs.StringVar(&f.claims, "claims", "", "of a directory: hold the claims in this file against it (default: the run's own, if it had some)")
	fs.StringSliceVar(&f.keys, "keys", nil, "key files: Wireshark's ikev1_decryption_table or esp_sa, or keys.jsonl")
	fs.StringSliceVar(&f.certs, "certs", nil, "certificates (PEM) of signers that send none; those that are self-issued are trusted")
	fs.StringSliceVar(&f.rules, "rule", nil, "judge by these rules only (globs)")
	fs.StringSliceVar(&f.refs, "ref", nil, "judge by the rules with this reference only, such as RFC2409/5.5")
	fs.BoolVar(&f.json, "json", false, "print the results as JSON")
	fs.BoolVar(&f.write, "write", false, "write the reports of a directory anew")
	return c
}

// oneArgument asks for exactly one argument and says which.
func oneArgument(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("name %s, one; got %d arguments", what, len(args))
		}
		return nil
	}
}

func (f *checkFlags) options() (check.Options, error) {
	o := check.Options{Filter: check.Filter{Rules: f.rules, Refs: f.refs}, Diagnose: diagnose.New}
	_, err := o.Filter.Select(check.Rules())
	return o, err
}

func (f *checkFlags) run(cmd *cobra.Command, target string) error {
	o, err := f.options()
	if err != nil {
		return usage(err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return usage(fmt.Errorf("check: %w", err))
	}
	if info.IsDir() {
		return f.directory(cmd, target, o)
	}
	if f.claims != "" {
		return usage(errors.New("--claims is for a directory of evidence: a capture from elsewhere does not tell who the product is"))
	}
	res, err := f.capture(target, o)
	if res == nil {
		return err
	}
	shown := f.show(cmd, res)
	if err != nil && res.Exit != 1 { // what could be read is judged; that is not the whole
		return &exitError{exitOurs, err}
	}
	return shown
}

// show prints a result and ends with its exit code.
func (f *checkFlags) show(cmd *cobra.Command, res *check.Result) error {
	if err := printResult(cmd.OutOrStdout(), res, f.json); err != nil {
		return &exitError{exitOurs, err}
	}
	if res.Exit != exitOK {
		return &exitError{res.Exit, nil}
	}
	return nil
}

// directory judges a run's evidence again.
func (f *checkFlags) directory(cmd *cobra.Command, dir string, o check.Options) error {
	if len(f.keys)+len(f.certs) > 0 {
		return usage(errors.New("--keys and --certs are for captures; a directory of evidence has its own"))
	}
	b, err := evidence.Open(dir)
	if err != nil {
		return usage(err)
	}
	prof, err := f.runProfile(b)
	if err != nil {
		return usage(err)
	}
	if o.Claims, err = bundleClaims(b, f.claims, o.Filter); err != nil {
		return usage(err)
	}
	res, err := check.Run(b, prof, o)
	if err != nil {
		return &exitError{exitOurs, err}
	}
	for _, n := range b.Notes() {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", n)
	}
	var now bytes.Buffer
	if err := report.JSON(&now, res); err != nil {
		return &exitError{exitOurs, err}
	}
	then, err := os.ReadFile(filepath.Join(dir, "results.json"))
	if f.write {
		err = report.Write(b, res)
	}
	switch {
	case f.write && err == nil:
		fmt.Fprintln(cmd.ErrOrStderr(), "The reports were written anew.")
	case errors.Is(err, fs.ErrNotExist):
		fmt.Fprintln(cmd.ErrOrStderr(), "There is no results.json to compare with.")
	case err != nil:
		return &exitError{exitOurs, err}
	case bytes.Equal(then, now.Bytes()):
		fmt.Fprintln(cmd.ErrOrStderr(), "The results are those of the run, byte for byte.")
	default:
		fmt.Fprintln(cmd.ErrOrStderr(), "The results differ from those in results.json: other rules, claims or another profile were asked for, or the evidence or this program has changed.")
	}
	return f.show(cmd, res)
}

// runProfile is the profile the run was made for, unless another one is asked for.
func (f *checkFlags) runProfile(b *evidence.Bundle) (*profile.Profile, error) {
	if f.profile != "" {
		return loadProfile(f.profile)
	}
	return profile.Parse(filepath.Join(b.Dir(), "profile.yaml"), b.Profile())
}

// capture judges a file of packets. A file that breaks off gives both a result and an error.
func (f *checkFlags) capture(name string, o check.Options) (*check.Result, error) {
	chosen := f.profile
	if chosen == "" {
		chosen = "bgp"
	}
	prof, err := loadProfile(chosen)
	if err != nil {
		return nil, usage(err)
	}
	keys, err := loadKeys(f.keys)
	if err != nil {
		return nil, usage(err)
	}
	if o.Certificates, err = loadCertificates(f.certs); err != nil {
		return nil, usage(err)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, usage(err)
	}
	defer file.Close()
	r, err := captures.NewReader(file, captures.Limits{})
	if err != nil {
		return nil, usage(fmt.Errorf("%s: %w", name, err))
	}
	t, err := check.Capture(filepath.Base(name), r.Packets(), keys, prof, o)
	if t == nil {
		return nil, &exitError{exitOurs, err}
	}
	res := check.Captured(tool, toolVersion(), prof, *t)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
		res.Notes = append(res.Notes, err.Error())
	}
	for _, s := range keys.Skipped {
		res.Notes = append(res.Notes, s.String())
	}
	return res, err
}

func loadCertificates(names []string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			return nil, fmt.Errorf("--certs: %w", err)
		}
		c, err := pki.ParsePEM(b)
		if err == nil && len(c.Certs) == 0 {
			err = errors.New("there is no certificate in it")
		}
		if err != nil {
			return nil, fmt.Errorf("--certs: %s: %w", n, err)
		}
		all = append(all, c.Certs...)
	}
	return all, nil
}

func loadKeys(names []string) (*keylog.Log, error) {
	all := &keylog.Log{}
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		l, err := keylog.Read(n, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		all.Merge(l)
	}
	return all, nil
}

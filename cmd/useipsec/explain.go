package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
)

func newExplain() *cobra.Command {
	var f checkFlags
	c := &cobra.Command{
		Use:     "explain PCAP",
		Short:   "Say why a negotiation in a capture failed",
		Example: "  useipsec explain failed.pcap --keys ikev1_decryption_table",
		Args:    oneArgument("a capture"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options()
			if err != nil {
				return usage(err)
			}
			res, err := f.capture(args[0], o)
			if res == nil {
				return err
			}
			t := res.Trials[0]
			if f.json {
				return printJSON(cmd.OutOrStdout(), t.Diagnoses)
			}
			explain(cmd, res, &t)
			if err != nil {
				return &exitError{exitOurs, err}
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&f.keys, "keys", nil, "key files: Wireshark's ikev1_decryption_table or esp_sa, or keys.jsonl")
	c.Flags().StringSliceVar(&f.certs, "certs", nil, "certificates (PEM) of signers that send none")
	c.Flags().BoolVar(&f.json, "json", false, "print the diagnoses as JSON")
	return c
}

func explain(cmd *cobra.Command, res *check.Result, t *check.TrialResult) {
	w := cmd.OutOrStdout()
	p := t.Packets
	fmt.Fprintf(w, "%s: %d frames, %d ISAKMP (%d decrypted), %d ESP (%d decrypted)\n", t.Scenario, p.Frames, p.ISAKMP, p.Decrypted, p.ESP, p.ESPDecrypted)
	for _, n := range res.Notes {
		fmt.Fprintln(w, "note:", n)
	}
	if len(t.Diagnoses) == 0 {
		fmt.Fprintln(w, "No known cause of trouble fits what the capture shows.")
		return
	}
	for _, d := range t.Diagnoses {
		fmt.Fprintf(w, "\n%s (%s)\n  symptom   %s\n", d.Cause, d.Confidence, d.Symptom)
		for _, e := range d.Evidence {
			fmt.Fprintf(w, "  evidence  %s\n", e)
		}
		if len(d.Frames) > 0 {
			fmt.Fprintf(w, "  frames    %s\n", strings.Trim(fmt.Sprint(d.Frames), "[]"))
		}
		fmt.Fprintf(w, "  fix       %s\n", d.Fix)
	}
}

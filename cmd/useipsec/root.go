package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

const tool = "useipsec"

// version is set when a release is built; otherwise the module's is shown.
var version = ""

func toolVersion() string {
	if version != "" {
		return version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" {
		return b.Main.Version
	}
	return "(devel)"
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   tool,
		Short: "Hold IPsec (IKEv1, ESP) implementations against a profile",
		Long: `useipsec runs scripted IKEv1 and ESP scenarios against a peer, leaves captures and keys, and judges the packets
against a profile: the machine-readable answers to the nine questions of RFC 5406, section 8.

Exit codes: 0 every required check passed; 1 a conformance failure; 2 usage, profile or scenario invalid;
3 our error, or a required check is inconclusive; 4 something required was skipped or unsupported; 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       toolVersion(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(newRun(), newCheck(), newExplain(), newLint(), newList(), newDoctor(), newSelftest(), newReport())
	// cobra's own two are content with arguments that mean nothing.
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = noArguments, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 {
				err = fmt.Errorf("there is no command %q", strings.Join(args, " "))
			}
			if err != nil {
				return err
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// noArguments refuses arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument; got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// printJSON is what --json prints.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

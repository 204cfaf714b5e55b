package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// listFlags are the flags of the lists that have some.
type listFlags struct {
	files           []string
	within, outside string
}

// list is one of the lists. The last column is the one that may be long.
type list struct {
	name, short string
	header      []string
	rows        func(context.Context, listFlags) ([]row, error)
	schema      func() []byte // nil: there is none
	schemaUsage string
}

var lists = []list{
	{
		name: "scenarios", short: "Scenarios of the library",
		header: []string{"SCENARIO", "PEER PLAYS", "TITLE"}, rows: scenarioRows,
	},
	{
		name: "profiles", short: "Built-in profiles",
		header: []string{"PROFILE", "TITLE"}, rows: profileRows,
		schema: profile.Schema, schemaUsage: "print the JSON Schema of profiles, for editors",
	},
	{name: "peers", short: "Peers that can be tested", header: []string{"PEER", "VERSION", "HERE"}, rows: peerRows},
	{
		name: "rules", short: "Rules that judge",
		header: []string{"RULE", "LEVEL", "ITEM", "REFERENCE", "TITLE"}, rows: ruleRows,
	},
	{
		name: "deviations", short: "Faults of the reference peer: what each does, and which section it is about",
		header: []string{"DEVIATION", "VALUE", "REFERENCE", "WHAT IT IS OR CAUSES"}, rows: deviationRows,
	},
	{
		name: "capabilities", short: "What can be claimed of a product",
		header: []string{"KIND", "MEANING: VALUES"}, rows: capabilityRows,
		schema: scenarios.ClaimsSchema, schemaUsage: "print the JSON Schema of claims, for editors",
	},
}

func newList() *cobra.Command {
	var names []string
	for _, l := range lists {
		names = append(names, l.name)
	}
	c := &cobra.Command{
		Use:   "list " + strings.Join(names, "|"),
		Short: "List what there is to choose from",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no list of %q: %s", args[0], strings.Join(names, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	c.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	for _, l := range lists {
		c.AddCommand(l.command(&asJSON))
	}
	return c
}

func (l list) command(asJSON *bool) *cobra.Command {
	var f listFlags
	var schema bool
	c := &cobra.Command{
		Use: l.name, Short: l.short, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if schema {
				_, err := cmd.OutOrStdout().Write(l.schema())
				return err
			}
			rows, err := l.rows(cmd.Context(), f)
			if err != nil {
				return usage(err)
			}
			if f.outside != "" {
				l.header = []string{"SCENARIO", "BEYOND THE PROFILE"}
			}
			return printRows(cmd.OutOrStdout(), l.header, rows, *asJSON)
		},
	}
	if l.schema != nil {
		c.Flags().BoolVar(&schema, "schema", false, l.schemaUsage)
	}
	switch l.name {
	case "scenarios":
		c.Flags().StringSliceVar(&f.files, "scenario", nil, "further scenarios: a file, or a directory of them")
		c.Flags().StringVar(&f.within, "within", "", "only those that this profile asks for")
		c.Flags().StringVar(&f.outside, "outside", "", "only those that this profile does not ask for, and why not")
		c.MarkFlagsMutuallyExclusive("within", "outside")
	case "peers":
		c.RunE = asRoot(c.RunE)
	}
	return c
}

func printRows(w io.Writer, header []string, rows []row, asJSON bool) error {
	if !asJSON {
		return printTable(w, header, rows)
	}
	values := make([]any, len(rows))
	for i, r := range rows {
		values[i] = r.value
	}
	return printJSON(w, values)
}

func capabilityRows(context.Context, listFlags) ([]row, error) {
	var rows []row
	var values []string
	all := scenarios.Claimable()
	for i, c := range all {
		values = append(values, c.Value)
		if i+1 < len(all) && all[i+1].Kind == c.Kind {
			continue
		}
		rows = append(rows, row{
			[]string{c.Kind.String(), c.Kind.Meaning() + ": " + strings.Join(values, " ")},
			map[string]any{"kind": c.Kind, "values": values, "meaning": c.Kind.Meaning()},
		})
		values = nil
	}
	return rows, nil
}

// outsideRows are the scenarios that a profile does not ask for, with the reasons.
func outsideRows(files []string, name string) ([]row, error) {
	all, err := loadScenarios(files)
	if err != nil {
		return nil, err
	}
	p, err := loadProfile(name)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, s := range scenarios.AdaptAll(all, p) {
		if why := s.Outside(p, harness.Ends); len(why) > 0 {
			rows = append(rows, row{[]string{s.ID, strings.Join(why, ", ")}, map[string]any{"scenario": s.ID, "outside": why}})
		}
	}
	return rows, nil
}

func scenarioRows(_ context.Context, f listFlags) ([]row, error) {
	if f.outside != "" {
		return outsideRows(f.files, f.outside)
	}
	all, err := loadScenarios(f.files)
	if err != nil {
		return nil, err
	}
	if f.within != "" {
		p, err := loadProfile(f.within)
		if err != nil {
			return nil, err
		}
		all = scenarios.Within(scenarios.AdaptAll(all, p), p, harness.Ends)
	}
	var rows []row
	for _, s := range all {
		var roles []string
		for _, r := range s.Trials() {
			roles = append(roles, r.String())
		}
		rows = append(rows, row{[]string{s.ID, strings.Join(roles, ", "), s.Title}, s})
	}
	return rows, nil
}

func profileRows(context.Context, listFlags) ([]row, error) {
	var rows []row
	for _, n := range profile.Builtins() {
		p, err := profile.Builtin(n)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{[]string{n, p.Title}, map[string]string{"name": n, "title": p.Title}})
	}
	return rows, nil
}

func peerRows(ctx context.Context, _ listFlags) ([]row, error) {
	rows := []row{{
		[]string{harness.Reference, toolVersion(), "always: it is our own host"},
		map[string]any{"name": harness.Reference, "version": toolVersion(), "available": true},
	}}
	for _, d := range peer.Drivers() {
		info, err := d.Probe(ctx)
		here := []string{}
		for _, c := range info.Carriers {
			here = append(here, c.String())
		}
		text := strings.Join(here, ", ")
		value := map[string]any{"name": d.Name(), "version": info.Version, "available": err == nil, "carriers": here, "detail": info.Detail}
		if err != nil {
			text = err.Error()
			value["reason"] = text
		}
		rows = append(rows, row{[]string{d.Name(), info.Version, text}, value})
	}
	return rows, nil
}

func ruleRows(context.Context, listFlags) ([]row, error) {
	var rows []row
	for _, r := range check.Rules() {
		item := r.Letter()
		if item == "" {
			item = "-"
		}
		rows = append(rows, row{
			[]string{r.ID, r.Level.String(), item, r.Ref, r.Title},
			map[string]string{"id": r.ID, "level": r.Level.String(), "item": r.Letter(), "ref": r.Ref, "title": r.Title, "requirement": r.Requirement},
		})
	}
	return rows, nil
}

func deviationRows(context.Context, listFlags) ([]row, error) {
	var rows []row
	for _, d := range scenarios.DeviationList() {
		refs := strings.Join(d.Refs, ", ")
		if refs == "" {
			refs = "-"
		}
		rows = append(rows, row{[]string{d.Name, d.Type, refs, d.Text}, d})
	}
	return rows, nil
}

package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// row is a line of a list: its cells for people, the value for programs.
type row struct {
	cells []string
	value any
}

func newList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list scenarios|profiles|peers|rules|deviations|capabilities",
		Short: "List what there is to choose from",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no list of %q: scenarios, profiles, peers, rules, deviations, capabilities", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	var files []string
	var within, outside string
	c.PersistentFlags().BoolVar(&asJSON, "json", false, "print JSON")
	add := func(name, short string, header []string, rows func(context.Context) ([]row, error)) *cobra.Command {
		sub := &cobra.Command{
			Use: name, Short: short, Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				rs, err := rows(cmd.Context())
				if err != nil {
					return usage(err)
				}
				return printRows(cmd, header, rs, asJSON)
			},
		}
		c.AddCommand(sub)
		return sub
	}
	scens := add("scenarios", "Scenarios of the library", []string{"SCENARIO", "PEER PLAYS", "TITLE"},
		func(context.Context) ([]row, error) { return scenarioRows(files, within) })
	scens.Flags().StringSliceVar(&files, "scenario", nil, "further scenarios: a file, or a directory of them")
	scens.Flags().StringVar(&within, "within", "", "only those that this profile asks for")
	scens.Flags().StringVar(&outside, "outside", "", "only those that this profile does not ask for, and why not")
	listAll := scens.RunE
	scens.RunE = func(cmd *cobra.Command, args []string) error {
		if outside == "" {
			return listAll(cmd, args)
		}
		rows, err := outsideRows(files, outside)
		if err != nil {
			return usage(err)
		}
		return printRows(cmd, []string{"SCENARIO", "BEYOND THE PROFILE"}, rows, asJSON)
	}
	profiles := add("profiles", "Built-in profiles", []string{"PROFILE", "TITLE"}, func(context.Context) ([]row, error) { return profileRows() })
	withSchema(profiles, "print the JSON Schema of profiles, for editors", profile.Schema)
	add("peers", "Peers that can be tested", []string{"PEER", "VERSION", "HERE"}, peerRows)
	add("rules", "Rules that judge", []string{"RULE", "LEVEL", "ITEM", "REFERENCE", "TITLE"}, func(context.Context) ([]row, error) { return ruleRows(), nil })
	add("deviations", "Faults of the reference peer", []string{"DEVIATION", "VALUE"}, func(context.Context) ([]row, error) { return deviationRows(), nil })
	capabilities := add("capabilities", "What can be claimed of a product", []string{"KIND", "VALUES", "MEANING"}, func(context.Context) ([]row, error) { return capabilityRows(), nil })
	withSchema(capabilities, "print the JSON Schema of claims, for editors", scenarios.ClaimsSchema)
	return c
}

// withSchema lets a list print a schema instead.
func withSchema(c *cobra.Command, usage string, schema func() []byte) {
	asked := c.Flags().Bool("schema", false, usage)
	list := c.RunE
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if *asked {
			_, err := cmd.OutOrStdout().Write(schema())
			return err
		}
		return list(cmd, args)
	}
}

func capabilityRows() []row {
	var rows []row
	var values []string
	all := scenarios.Claimable()
	for i, c := range all {
		values = append(values, c.Value)
		if i+1 < len(all) && all[i+1].Kind == c.Kind {
			continue
		}
		rows = append(rows, row{
			[]string{c.Kind.String(), strings.Join(values, " "), c.Kind.Meaning()},
			map[string]any{"kind": c.Kind, "values": values, "meaning": c.Kind.Meaning()},
		})
		values = nil
	}
	return rows
}

func printRows(cmd *cobra.Command, header []string, rows []row, asJSON bool) error {
	if asJSON {
		values := make([]any, len(rows))
		for i, r := range rows {
			values[i] = r.value
		}
		return printJSON(cmd.OutOrStdout(), values)
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(header, "\t"))
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r.cells, "\t"))
	}
	return w.Flush()
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

func scenarioRows(files []string, within string) ([]row, error) {
	all, err := loadScenarios(files)
	if err != nil {
		return nil, err
	}
	if within != "" {
		p, err := loadProfile(within)
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

func profileRows() ([]row, error) {
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

func peerRows(ctx context.Context) ([]row, error) {
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

func ruleRows() []row {
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
	return rows
}

func deviationRows() []row {
	var rows []row
	for _, d := range scenarios.DeviationList() {
		rows = append(rows, row{[]string{d.Name, d.Type}, map[string]string{"name": d.Name, "type": d.Type}})
	}
	return rows
}

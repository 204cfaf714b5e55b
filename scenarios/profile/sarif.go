package profile

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
)

// WriteJSON writes findings as a JSON array, indented; without any, an empty
// one.
func WriteJSON(w io.Writer, found []Finding) error {
	if found == nil {
		found = []Finding{}
	}
	return writeJSON(w, found)
}

// WriteSARIF writes findings as a SARIF 2.1.0 log (OASIS), which code hosts and
// editors show beside the text. Every rule is described, whether it fired or
// not. What a profile accepts is there as suppressed.
func WriteSARIF(w io.Writer, found []Finding) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver.Name = "useipsec"
	var ids []string
	for _, r := range append(Rules(), mistakeRule()) {
		ids = append(ids, r.ID)
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: r.ID, Short: sarifText{r.Title}, Full: sarifText{r.Advice}, Help: sarifText{"Instead: " + r.Instead},
			Default:    sarifLevel{r.Severity.sarif()},
			Properties: sarifProperties{Item: r.Item.String(), Section: reference(r.Section)},
		})
	}
	for _, f := range found {
		run.Results = append(run.Results, f.sarif(slices.Index(ids, f.Rule)))
	}
	return writeJSON(w, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// sarif returns the level of a severity (SARIF 3.27.10).
func (s Severity) sarif() string {
	switch s {
	case Problem:
		return "error"
	case Warning:
		return "warning"
	default:
		return "note"
	}
}

func (f Finding) sarif(rule int) sarifResult {
	out := sarifResult{
		Rule: f.Rule, Index: rule, Level: f.Severity.sarif(),
		Message:    sarifText{f.Msg + ". " + f.Advice + " Instead: " + f.Instead},
		Locations:  make([]sarifLocation, 1),
		Properties: sarifProperties{Item: f.Item.String(), Section: reference(f.Section), Instead: f.Instead},
	}
	if f.Path != "" {
		out.Locations[0].Logical = []sarifLogical{{Name: f.Path, Kind: "member"}}
	}
	if f.File != "" {
		at := &sarifPhysical{Region: sarifRegion{Line: f.Line, Column: f.Col}}
		at.Artifact.URI = fileURI(f.File)
		if f.Excerpt != "" {
			at.Region.Snippet = &sarifText{f.Excerpt}
		}
		out.Locations[0].Physical = at
	}
	if f.Accepted != "" {
		out.Suppressions = []sarifSuppression{{Kind: "inSource", Justification: f.Accepted}}
	}
	return out
}

// fileURI returns a file's name as a URI, relative if the name is.
func fileURI(name string) string {
	u := url.URL{Path: name}
	if strings.HasPrefix(name, "/") {
		u.Scheme = "file"
	}
	return u.String()
}

// The parts of a SARIF log that are used here.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name  string      `json:"name"`
				Rules []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifRule struct {
		ID         string          `json:"id"`
		Short      sarifText       `json:"shortDescription"`
		Full       sarifText       `json:"fullDescription"`
		Help       sarifText       `json:"help"`
		Default    sarifLevel      `json:"defaultConfiguration"`
		Properties sarifProperties `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		Rule         string             `json:"ruleId"`
		Index        int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   sarifProperties    `json:"properties"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	}
	sarifRegion struct {
		Line    int        `json:"startLine"`
		Column  int        `json:"startColumn"`
		Snippet *sarifText `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifProperties struct {
		Item    string `json:"item"`
		Section string `json:"section"`
		Instead string `json:"instead,omitempty"`
	}
)

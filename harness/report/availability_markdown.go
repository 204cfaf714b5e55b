package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// legend names the letters: "a selectors, b protection, …".
func legend() string {
	var parts []string
	for _, it := range profile.Items() {
		parts = append(parts, it.String()+" "+key(it.String()))
	}
	return strings.Join(parts, ", ")
}

// meaning says when a letter is upheld.
const meaning = "A letter is upheld when every required check under it passed and all that the profile demands of every product was seen on the wire; refuted when a check failed. What a product itself says that it cannot do does not count where it is optional."

// Markdown writes the matrix for a README: without headings, to go under one.
func (a *Availability) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprint(&b, "| profile | product |")
	for _, it := range profile.Items() {
		fmt.Fprintf(&b, " %s |", it)
	}
	fmt.Fprint(&b, "\n|---|---|"+strings.Repeat("---|", len(profile.Items()))+"\n")
	for i := range a.Products {
		p := &a.Products[i]
		fmt.Fprintf(&b, "| %s | %s |", cell(p.Profile), cell(p.Title()))
		for _, l := range p.Letters {
			fmt.Fprintf(&b, " %s |", standingMark(l.Standing))
		}
		fmt.Fprintln(&b)
	}
	fmt.Fprintf(&b, "\n%s. %s\n", legend(), meaning)
	for i := range a.Products {
		p := &a.Products[i]
		fmt.Fprintf(&b, "\n- **%s, %s** (%s)", markdown(p.Profile), markdown(p.Title()), markdown(p.When()))
		for _, r := range p.Open() {
			fmt.Fprintf(&b, "\n  - %s %v: %s", r.What, r.Standing, markdown(r.Why))
		}
	}
	fmt.Fprintln(&b)
	for i := range a.Claims {
		a.Claims[i].markdown(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *ProductClaims) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n**Claims of %s**: %s. Tested: %s.\n\n", markdown(p.Title()), p.Standings(), markdown(p.Tested()))
	fmt.Fprint(b, "| claims | upheld | refuted | unproven |\n|---|---|---|---|\n")
	for _, k := range p.Kinds() {
		refuted := cell(k.Refuted)
		if refuted != "" {
			refuted = "**" + refuted + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", k.Kind, cell(k.Upheld), refuted, cell(k.Unproven))
	}
	for _, r := range p.Open() {
		fmt.Fprintf(b, "\n- %v: %s: %s", r.Standing, markdown(r.What), markdown(r.Why))
	}
	for _, l := range p.Remarks() {
		fmt.Fprintf(b, "\n- %s", markdown(l))
	}
	fmt.Fprintln(b)
}

func standingMark(s check.Standing) string {
	if s == check.Refuted {
		return "**refuted**"
	}
	return s.String()
}

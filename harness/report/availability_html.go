package report

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"

	"github.com/useipsec/useipsec/scenarios/profile"
)

//go:embed availability.html.tmpl
var availabilitySource string

var availabilityTemplate = template.Must(template.New("availability").Funcs(template.FuncMap{"plain": plain}).Parse(availabilitySource))

// HTML writes the matrix as a page, which asks nothing of a network and runs no script.
func (a *Availability) HTML(w io.Writer) error {
	b := bufio.NewWriter(w)
	err := availabilityTemplate.Execute(b, struct {
		*Availability
		Style  template.CSS
		Legend string
		Items  []profile.Item
	}{a, template.CSS(pageStyle), legend() + ". " + meaning, profile.Items()})
	if err != nil {
		return err
	}
	return b.Flush()
}

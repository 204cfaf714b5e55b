package profile

import (
	"fmt"
	"strings"
)

// accept gives findings the reasons that the profile has for keeping them.
func (l *linter) accept(found []Finding) {
	for i := range found {
		for j, a := range l.p.Accepted {
			if a.Rule == found[i].Rule && within(found[i].Path, a.Path) {
				found[i].Accepted = a.Why
				l.used[j] = true
			}
		}
	}
}

// within reports whether the path is another one or lies below it.
func within(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && (above == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
}

// acceptedRule is the last rule: it knows what the others found.
func acceptedRule() Rule {
	return Rule{
		ID: "accepted-in-vain", Title: "What is accepted is not there", Item: ItemSelectors, Section: "8", Severity: Note,
		Advice:  `"The range of choices make it mandatory to define precisely how IPsec is to be used": a reason for what is no longer there misleads.`,
		Instead: "nothing: take the entry out",
		check: func(l *linter) {
			for i, a := range l.p.Accepted {
				if !l.used[i] && a.Rule != l.rule.ID {
					l.report(fmt.Sprintf("accepted[%d].rule", i), "the profile accepts %s, and there is nothing to accept", a.Rule)
				}
			}
		},
	}
}

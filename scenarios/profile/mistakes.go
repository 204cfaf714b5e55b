package profile

// mistakeRule is the rule of what Mistakes returns. It is none that Lint holds a
// profile against: one with mistakes is no profile.
func mistakeRule() Rule {
	return Rule{
		ID: "mistake", Title: "The profile cannot be read as it is", Item: ItemSelectors, Section: "8", Severity: Problem,
		Advice:  `"The range of choices make it mandatory to define precisely how IPsec is to be used": what cannot be read, or says two things, defines nothing.`,
		Instead: "what the message says; useipsec list profiles --schema has all that may be written",
	}
}

// Mistakes returns the mistakes that Parse found as findings, for whoever reads
// those. Their rule is "mistake", and they are problems.
func Mistakes(errs Errors) []Finding {
	r := mistakeRule()
	var out []Finding
	for _, e := range errs {
		out = append(out, Finding{
			Rule: r.ID, Severity: r.Severity, Item: itemOf(e.Path), Section: r.Section,
			File: e.File, Line: e.Line, Col: e.Col, Path: e.Path, Excerpt: e.Excerpt, Msg: e.Msg, Advice: r.Advice, Instead: r.Instead,
		})
	}
	return out
}

// itemOf returns the question that a path belongs to: a for what answers none.
func itemOf(path string) Item {
	for _, item := range Items() {
		if within(path, item.Key()) {
			return item
		}
	}
	return ItemSelectors
}

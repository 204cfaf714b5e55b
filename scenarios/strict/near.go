package strict

import (
	"slices"
	"strings"
)

// Nearest returns at most n of the candidates that text may be a misspelling
// of, nearest first: those within an edit distance of a third of its length
// (at least two), and those that have it as a part. Case and dashes do not
// count, so that AES_128 is near aes128-cbc.
func Nearest(text string, candidates []string, n int) []string {
	type scored struct {
		name string
		d    int
	}
	text = plain(text)
	limit := max(2, len(text)/3)
	var near []scored
	for _, c := range candidates {
		p := plain(c)
		d := distance(text, p)
		switch {
		case d <= limit && d < len(p):
			near = append(near, scored{c, d})
		case len(text) >= 3 && strings.Contains(p, text):
			near = append(near, scored{c, limit + 1})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return a.d - b.d })
	out := make([]string, 0, n)
	for _, s := range near[:min(n, len(near))] {
		out = append(out, s.name)
	}
	return out
}

func plain(s string) string {
	return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
}

// distance is the Levenshtein distance in octets.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

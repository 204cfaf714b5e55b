package strict

import (
	"slices"
	"strings"
)

// Nearest returns at most n of the candidates that text may be a misspelling
// of, nearest first: the one that it is another name of, those within an edit
// distance of a third of its length (at least two, if it has four letters), and
// those that have it as a part, which are nearer than those two letters off. Case and dashes do not count,
// so that AES_128 is near aes128-cbc.
func Nearest(text string, candidates []string, n int) []string {
	type scored struct {
		name string
		d    int
	}
	text = plain(text)
	also := synonyms[text]
	limit := max(min(2, len(text)/2), len(text)/3)
	var near []scored
	for _, c := range candidates {
		p := plain(c)
		d := distance(text, p)
		switch {
		case c == also:
			near = append(near, scored{c, 0})
		case len(text) >= 3 && strings.Contains(p, text):
			near = append(near, scored{c, min(2*d, 3)})
		case d <= limit && d < len(p):
			near = append(near, scored{c, 2 * d})
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

// distance is the edit distance in octets; two neighbours in the wrong order are
// one mistake.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := last[j]
			if a[i] != b[j] {
				cost++
			}
			row[j+1] = min(cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// AvailabilitySchema names the form of Availability as JSON.
const AvailabilitySchema = "useipsec.availability/1"

// Availability answers question i of RFC 5406, section 8, over several runs: which of the
// products has what which of the profiles asks for.
type Availability struct {
	Schema string `json:"schema"`
	// Products are the rows of the matrix, by profile and then by product.
	Products []ProductProfile `json:"products"`
	// Claims are those about each product, held against all of its runs.
	Claims []ProductClaims `json:"claims,omitempty"`
}

// ProductProfile is a product held against a profile.
type ProductProfile struct {
	Profile string     `json:"profile"`
	Peer    check.Peer `json:"peer"`
	Runs    int        `json:"runs"`
	Trials  int        `json:"trials"`
	// Latest is when the latest of the runs began, the zero time if that is not known.
	Latest time.Time `json:"latest,omitzero"`
	// Letters are the nine questions, a to i.
	Letters []Letter `json:"letters"`
}

// Letter is how a product stands to one of the nine questions.
type Letter struct {
	Item     string         `json:"item"`
	Standing check.Standing `json:"standing"`
	// Why says what decided, for a letter that is not upheld, and what one that is does without.
	Why string `json:"why,omitempty"`
}

// ProductClaims are the claims about a product, held against its runs.
type ProductClaims struct {
	Peer     check.Peer    `json:"peer"`
	Profiles []string      `json:"profiles"` // of the runs
	Latest   time.Time     `json:"latest,omitzero"`
	Claims   *check.Claims `json:"claims"`
}

// NewAvailability makes the matrix of the results of runs. A failure in any of the runs of
// a product against a profile counts, whatever others show.
func NewAvailability(results []*check.Result) *Availability {
	a := &Availability{Schema: AvailabilitySchema, Products: []ProductProfile{}}
	for _, rs := range grouped(results, func(r *check.Result) string { return r.Profile + "\x00" + r.Peer.Name + "\x00" + r.Peer.Version }) {
		m := check.Merge(rs...)
		a.Products = append(a.Products, ProductProfile{
			Profile: m.Profile, Peer: peerOf(rs), Runs: len(rs), Trials: len(m.Trials), Latest: m.Started, Letters: letters(m),
		})
	}
	for _, rs := range grouped(results, func(r *check.Result) string { return r.Peer.Name + "\x00" + r.Peer.Version }) {
		if m := check.Merge(rs...); m.Claims != nil {
			p := ProductClaims{Peer: peerOf(rs), Latest: m.Started, Claims: m.Claims}
			for _, r := range rs {
				p.Profiles = append(p.Profiles, r.Profile)
			}
			slices.Sort(p.Profiles)
			p.Profiles = slices.Compact(p.Profiles)
			a.Claims = append(a.Claims, p)
		}
	}
	return a
}

// grouped puts results with the same key together, in the order of the keys.
func grouped(results []*check.Result, key func(*check.Result) string) [][]*check.Result {
	sorted := slices.Clone(results)
	slices.SortStableFunc(sorted, func(a, b *check.Result) int { return cmp.Compare(key(a), key(b)) })
	var out [][]*check.Result
	for i, r := range sorted {
		if i == 0 || key(sorted[i-1]) != key(r) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], r)
	}
	return out
}

// peerOf is the product of results; how it was carried is told if that is the same in all.
func peerOf(rs []*check.Result) check.Peer {
	p := rs[0].Peer
	for _, r := range rs {
		if r.Peer.Carrier != p.Carrier {
			p.Carrier = ""
		}
	}
	return p
}

// letters says how the nine questions stand: upheld when every required check under the
// letter passed, one of them has a witness, and all that the profile demands of every product
// was shown; refuted when one failed. Once all demands are met, what the peer itself says that
// it cannot is something optional, and keeps no letter from being upheld.
func letters(r *check.Result) []Letter {
	out := make([]Letter, len(r.Items))
	for i, it := range r.Items {
		l := Letter{Item: it.Item, Standing: check.Unproven, Why: it.Why}
		met, missing := r.Demanded(it.Item)
		optional := it.Verdict == check.Unsupported && len(met) > 0 && len(missing) == 0
		switch {
		case it.Verdict == check.Fail:
			l.Standing = check.Refuted
		case alteredTrial(r) != "":
			l.Why = alteredTrial(r)
		case it.Verdict == check.NotApplicable:
			l.Why = "no check answers it"
		case r.Demands == nil:
			l.Why = "the results do not tell what the profile demands: judge the run again with useipsec check --write"
		case it.Verdict == check.Pass && len(missing) > 0:
			l.Why = demanded(it.Item, missing)
		case it.Verdict == check.Unsupported && len(missing) > 0:
			l.Why = demanded(it.Item, missing) + "; " + it.Why
		case it.Verdict != check.Pass && !optional:
		case !witnessedLetter(r, it.Item):
			l.Why = "the checks passed without a witness"
		case optional:
			l.Standing, l.Why = check.Upheld, "without what is optional: "+it.Why
		default:
			l.Standing, l.Why = check.Upheld, ""
		}
		out[i] = l
	}
	return out
}

// alteredTrial is what is known to be wrong with the evidence of the first trial that is not as the
// run left it.
func alteredTrial(r *check.Result) string {
	for i := range r.Trials {
		if t := &r.Trials[i]; t.Altered != "" {
			return name(t) + " bears no witness: " + t.Altered
		}
	}
	return ""
}

// demanded words what is missing; of availability, under which letters.
func demanded(letter string, ds []check.Demand) string {
	var parts []string
	for _, d := range ds {
		part := d.String()
		if d.Item != letter {
			part = d.Item
		}
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if letter == profile.ItemAvailability.String() {
		return "not all that the profile demands was shown: see " + strings.Join(parts, ", ")
	}
	return "demanded by the profile and not shown: " + strings.Join(parts, ", ")
}

// witnessedLetter reports whether a required check under the letter passed with a witness.
// Availability is what all of them are about.
func witnessedLetter(r *check.Result, letter string) bool {
	for ti := range r.Trials {
		for fi := range r.Trials[ti].Findings {
			f := &r.Trials[ti].Findings[fi]
			if (f.Item == letter || letter == profile.ItemAvailability.String()) && f.Required() && f.Verdict == check.Pass && f.Witness != "" {
				return true
			}
		}
	}
	return false
}

// JSON writes the matrix for a program.
func (a *Availability) JSON(w io.Writer) error { return encode(w, a) }

// Title says what a row is about: "strongswan 5.9.8 (guest)".
func (p *ProductProfile) Title() string { return peerLine(p.Peer) }

// When says how much was run, and when.
func (p *ProductProfile) When() string {
	s := plural(p.Trials, "trial")
	if p.Runs > 1 {
		s += " in " + plural(p.Runs, "run")
	}
	return s + day(p.Latest, ", ")
}

// Open are the letters about which there is something to say, those with the same reason
// together.
func (p *ProductProfile) Open() []Reason {
	var out []Reason
	for _, s := range []check.Standing{check.Refuted, check.Unproven, check.Upheld} {
		for _, l := range p.Letters {
			if l.Standing == s && l.Why != "" {
				out = gather(out, Reason{s, plain(l.Why), l.Item})
			}
		}
	}
	return out
}

// Title says whom the claims are about.
func (p *ProductClaims) Title() string { return product(p.Claims) }

// Standings counts the claims by how they stand.
func (p *ProductClaims) Standings() string { return standings(p.Claims) }

// Tested says what was run.
func (p *ProductClaims) Tested() string {
	return peerLine(p.Peer) + " against " + plain(strings.Join(p.Profiles, ", ")) + day(p.Latest, ", ")
}

func day(t time.Time, before string) string {
	if t.IsZero() {
		return ""
	}
	return before + t.Format("2006-01-02")
}

// KindRow are the claims of one kind by how they stand.
type KindRow struct {
	Kind                      string
	Upheld, Refuted, Unproven string
}

// Kinds are the claims by kind.
func (p *ProductClaims) Kinds() []KindRow {
	var rows []KindRow
	for i := range p.Claims.Claims {
		c := &p.Claims.Claims[i]
		if kind := c.Kind.String(); len(rows) == 0 || rows[len(rows)-1].Kind != kind {
			rows = append(rows, KindRow{Kind: kind})
		}
		row := &rows[len(rows)-1]
		at := map[check.Standing]*string{check.Upheld: &row.Upheld, check.Refuted: &row.Refuted, check.Unproven: &row.Unproven}[c.Standing]
		*at = strings.TrimSpace(*at + " " + plain(c.Value))
	}
	return rows
}

// Open are the claims that are not upheld, those with the same reason together.
func (p *ProductClaims) Open() []Reason {
	var out []Reason
	for _, g := range groupedClaims(p.Claims, 2) {
		if g.Standing != check.Upheld {
			out = append(out, Reason{g.Standing, g.Because, byKind(g.Claims)})
		}
	}
	return out
}

// Remarks word what is worth knowing about the claims but decides nothing.
func (p *ProductClaims) Remarks() []string { return remarks(p.Claims, p.Peer) }

// Reason is why something is not upheld.
type Reason struct {
	Standing check.Standing
	Why      string
	What     string // letters or claims
}

// gather adds a reason, or what it is about to one that is the same.
func gather(all []Reason, r Reason) []Reason {
	for i := range all {
		if all[i].Standing == r.Standing && all[i].Why == r.Why {
			all[i].What += ", " + r.What
			return all
		}
	}
	return append(all, r)
}

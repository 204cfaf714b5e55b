package check

import (
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/scenarios"
)

// Standing is what a run makes of a claim.
type Standing uint8

// The standings.
const (
	// Upheld: the wire shows it, in a trial that bears witness.
	Upheld Standing = iota + 1
	// Refuted: the peer refused it on the wire, and nothing else explains that.
	Refuted
	// Unproven: neither.
	Unproven
)

var standingNames = [...]string{Upheld: "upheld", Refuted: "refuted", Unproven: "unproven"}

// String returns the standing's word in results.json.
func (s Standing) String() string {
	if s == 0 || int(s) >= len(standingNames) {
		return fmt.Sprintf("Unknown(%d)", uint8(s))
	}
	return standingNames[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Standing) MarshalText() ([]byte, error) { return marshalWord(standingNames[:], uint8(s)) }

// UnmarshalText implements encoding.TextUnmarshaler. It returns ErrWord for a
// text that is no standing.
func (s *Standing) UnmarshalText(b []byte) error {
	n, err := unmarshalWord(standingNames[:], b)
	*s = Standing(n)
	return err
}

// Claims is what a run makes of the claims about its peer.
type Claims struct {
	Product string `json:"product"`
	Version string `json:"version"`
	Contact string `json:"contact,omitempty"`
	// Claims are those that are made, in the order of the kinds.
	Claims []Claim `json:"claims"`
	// NotClaimed are those that the claims say are not made.
	NotClaimed []scenarios.Capability `json:"not_claimed,omitempty"`
	// Others were shown without being claimed: for information.
	Others []Other `json:"others,omitempty"`
	// Notes tell where the claims that were merged do not agree.
	Notes []string `json:"notes,omitempty"`

	Upheld   int `json:"upheld"`
	Refuted  int `json:"refuted"`
	Unproven int `json:"unproven"`
}

// Claim is one capability that is claimed, and how it stands.
type Claim struct {
	scenarios.Capability
	Standing Standing `json:"standing"`
	// Why says what decided, for a claim that is not upheld.
	Why string `json:"why,omitempty"`
	// Wanting is what keeps a claim unproven: the worst verdict of the trials that
	// were to show it, skipped when there was none.
	Wanting Verdict `json:"wanting,omitempty"`
	// Witnesses are trials that decide, at most MaxWitnesses; WitnessesTotal is how
	// many there were when that is more.
	Witnesses      []Witness `json:"witnesses,omitempty"`
	WitnessesTotal int       `json:"witnesses_total,omitempty"`
}

// Other is a capability that was shown and is not claimed.
type Other struct {
	scenarios.Capability
	// Disclaimed: the claims say that the product has it not.
	Disclaimed bool    `json:"disclaimed,omitempty"`
	Witness    Witness `json:"witness"`
}

// Witness is what one trial says about a claim.
type Witness struct {
	Scenario string `json:"scenario"`
	Trial    string `json:"trial"`
	Frames   []int  `json:"frames"`
	Text     string `json:"text"`
}

// MaxWitnesses bounds the witnesses that one claim keeps.
const MaxWitnesses = 4

// Hold holds claims about the peer against the trials of r, and Close has then
// to be called. A claim is upheld by a trial that shows it and bears witness,
// whatever other trials came to. It is refuted when a trial meant to be established
// was refused by the peer, and of what one of the offers needed it is all that no
// trial shows. Else it is unproven.
func (r *Result) Hold(c *scenarios.Claims) {
	r.Claims = &Claims{Product: c.Product, Version: c.Version, Contact: c.Contact}
	r.hold(c.Claimed.List(), c.NotClaimed.List())
}

// worth is the verdict on t as a witness: what its packets show counts with a Pass
// only. All that is required of the trial takes part but the profile's rules. Those
// ask whether somebody wants what the peer does; the others whether it does that
// right and to its end, and one that fails, or cannot tell, takes the worth of all
// that the trial shows.
func (t *TrialResult) worth() Verdict {
	v, complete := statusVerdict(t.Status)
	if complete && t.Altered != "" {
		return Inconclusive
	}
	for i := 0; complete && i < len(t.Findings); i++ {
		if f := &t.Findings[i]; f.Required() && !asksProfile(f.Rule) {
			v = v.Worse(f.Verdict)
		}
	}
	return v
}

// Demonstrated returns everything that the trials that bear witness show the peer
// to have, by kind and value, each with the first trial that shows it.
func (r *Result) Demonstrated() []Other {
	h := newHolder(r.Trials)
	var out []Other
	for _, c := range h.order {
		out = append(out, Other{Capability: c, Witness: h.shown[c][0]})
	}
	return out
}

// hold fills in the claims.
func (r *Result) hold(claimed, disclaimed []scenarios.Capability) {
	h := newHolder(r.Trials)
	c := r.Claims
	c.Claims, c.NotClaimed, c.Others = []Claim{}, disclaimed, nil
	c.Upheld, c.Refuted, c.Unproven = 0, 0, 0
	for _, capability := range claimed {
		claim := h.claim(capability)
		c.Claims = append(c.Claims, claim)
		switch claim.Standing {
		case Upheld:
			c.Upheld++
		case Refuted:
			c.Refuted++
		default:
			c.Unproven++
		}
	}
	for _, capability := range h.order {
		if !slices.Contains(claimed, capability) {
			c.Others = append(c.Others, Other{capability, slices.Contains(disclaimed, capability), h.shown[capability][0]})
		}
	}
}

// worst is the verdict that the claims add to that of the trials.
func (c *Claims) worst() Verdict {
	v := Verdict(0)
	if c == nil {
		return v
	}
	for i := range c.Claims {
		switch claim := &c.Claims[i]; claim.Standing {
		case Upheld:
			v = v.Worse(Pass)
		case Refuted:
			v = v.Worse(Fail)
		default:
			v = v.Worse(claim.Wanting)
		}
	}
	return v
}

// holder has what the trials show and refuse, by capability.
type holder struct {
	trials []TrialResult
	order  []scenarios.Capability // those shown, by kind and value
	shown  map[scenarios.Capability][]Witness
	lacks  map[scenarios.Capability][]Witness // the one thing a refused offer wanted
	doubts map[scenarios.Capability]string    // one of several things
}

func newHolder(trials []TrialResult) *holder {
	h := &holder{
		trials: trials, shown: map[scenarios.Capability][]Witness{},
		lacks: map[scenarios.Capability][]Witness{}, doubts: map[scenarios.Capability]string{},
	}
	for i := range trials {
		t := &trials[i]
		if t.worth() != Pass {
			continue
		}
		for _, s := range t.Shown {
			if h.shown[s.Capability] == nil {
				h.order = append(h.order, s.Capability)
			}
			h.shown[s.Capability] = append(h.shown[s.Capability], Witness{t.Scenario, t.Trial, s.Frames, s.Witness})
		}
	}
	slices.SortFunc(h.order, scenarios.Capability.Compare)
	for i := range trials {
		if t := &trials[i]; t.Status == evidence.StatusCompleted && t.Altered == "" && t.Refused != nil {
			h.refused(t)
		}
	}
	return h
}

// refused takes the refusal of a trial to the one capability that explains it,
// for each offer.
func (h *holder) refused(t *TrialResult) {
	r := t.Refused
	for _, set := range r.Lacks {
		missing := slices.DeleteFunc(slices.Clone(set), func(c scenarios.Capability) bool { return h.shown[c] != nil })
		if len(missing) == 1 && !ownAssertion(missing[0]) {
			w := Witness{t.Scenario, t.Trial, r.Frames, r.Stage + ": " + r.How}
			h.lacks[missing[0]] = append(h.lacks[missing[0]], w)
			continue
		}
		for _, c := range missing {
			if h.doubts[c] == "" {
				h.doubts[c] = fmt.Sprintf("%s: %s: %s: %s", t.name(), r.Stage, r.How, doubt(missing))
			}
		}
	}
}

// ownAssertion reports whether c is what the peer says of itself. It refuses what
// others say.
func ownAssertion(c scenarios.Capability) bool {
	return c.Kind == scenarios.CapIdentification || c.Kind == scenarios.CapCertificate
}

func doubt(missing []scenarios.Capability) string {
	if len(missing) == 1 {
		return "what was refused is the harness's, and tells nothing about the peer's own"
	}
	return fmt.Sprintf("one of %s was refused, nothing tells which", list(missing))
}

func list(cs []scenarios.Capability) string {
	var s string
	for i, c := range cs {
		if i > 0 {
			s += ", "
		}
		s += c.String()
	}
	return s
}

// claim says how a claim stands.
func (h *holder) claim(c scenarios.Capability) Claim {
	if ws := h.shown[c]; ws != nil {
		return witnessed(Claim{Capability: c, Standing: Upheld}, ws)
	}
	if ws := h.lacks[c]; ws != nil {
		return witnessed(Claim{Capability: c, Standing: Refuted, Why: ws[0].Text}, ws)
	}
	return h.unproven(c)
}

func witnessed(c Claim, ws []Witness) Claim {
	c.Witnesses = ws[:min(len(ws), MaxWitnesses)]
	if len(ws) > MaxWitnesses {
		c.WitnessesTotal = len(ws)
	}
	return c
}

// unproven says what is wanting: the worst of the trials that were to show the
// capability.
func (h *holder) unproven(c scenarios.Capability) Claim {
	claim := Claim{Capability: c, Standing: Unproven, Wanting: Skipped}
	worst, n := Verdict(0), 0
	for i := range h.trials {
		t := &h.trials[i]
		if !slices.Contains(t.Needs, c) {
			continue
		}
		n++
		if v := worst.Worse(t.worth()); v != worst || claim.Why == "" {
			worst, claim.Why = v, t.wanting()
		}
	}
	if n == 0 {
		claim.Why = "no trial of this run asks for it"
	}
	if n > 1 {
		claim.Why += fmt.Sprintf(" (the worst of %d trials that ask for it)", n)
	}
	switch {
	case h.doubts[c] != "":
		claim.Why, claim.Wanting = h.doubts[c], Inconclusive
	case worst == Skipped || worst == Unsupported || worst == Error:
		claim.Wanting = worst
	case n > 0:
		claim.Wanting = Inconclusive
	}
	return claim
}

// wanting says why a trial does not show what it asks for.
func (t *TrialResult) wanting() string {
	switch {
	case t.Status != evidence.StatusCompleted:
		return fmt.Sprintf("%s was %s: %s", t.name(), t.Status, orElse(t.Reason, "no reason is known"))
	case t.Altered != "":
		return fmt.Sprintf("%s bears no witness: %s", t.name(), t.Altered)
	case t.worth() == Pass:
		return t.name() + " came to its end without a packet that shows it"
	case t.Refused != nil && t.Refused.Unclear != "":
		return fmt.Sprintf("%s: %s: %s: %s", t.name(), t.Refused.Stage, t.Refused.How, t.Refused.Unclear)
	}
	for i := range t.Findings {
		if f := &t.Findings[i]; f.Required() && !asksProfile(f.Rule) && f.Verdict == t.worth() {
			return fmt.Sprintf("%s ends in %v: %s: %s", t.name(), f.Verdict, f.Rule, f.Actual)
		}
	}
	return t.name() + " has no check that says whether it came to its end"
}

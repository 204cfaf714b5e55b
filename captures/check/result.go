package check

import (
	"time"

	"github.com/useipsec/useipsec/scenarios"
)

// Schema names the form of results.json. A field that is added keeps it, one
// that changes its meaning or goes away does not.
const Schema = "useipsec.results/1"

// Result is what results.json holds: every finding over one bundle of
// evidence. It is a function of the evidence, the profile and the options
// alone, so that judging the same evidence again gives the same octets.
type Result struct {
	Schema string `json:"schema"`
	// Tool and ToolVersion made the evidence.
	Tool        string `json:"tool"`
	ToolVersion string `json:"tool_version"`
	// Started is when the run began; it is left out for captures from elsewhere.
	Started time.Time `json:"started,omitzero"`
	// Profile is the name of the profile the evidence was held against.
	Profile string `json:"profile"`
	Lab     string `json:"lab,omitempty"`
	Peer    Peer   `json:"peer"`
	// Notes are remarks on the evidence itself, such as files altered since
	// the run.
	Notes []string `json:"notes,omitempty"`

	Trials []TrialResult `json:"trials"`
	// Demands are what the profile demands of every product; nil where nobody asked,
	// as of a capture from elsewhere.
	Demands []Demand `json:"demands,omitzero"`
	// Claims tells how the claims about the peer stand, nil when there are none.
	Claims *Claims `json:"claims,omitempty"`
	// Items are the nine questions a to i, always all of them and in order.
	Items  []ItemResult `json:"items"`
	Counts Counts       `json:"counts"`
	// TrialCounts counts the trials by their verdict.
	TrialCounts Counts  `json:"trial_counts"`
	Verdict     Outcome `json:"verdict"`
	// Exit is the exit code of the command line: see Result.Close.
	Exit int `json:"exit"`
}

// Peer tells whom the evidence is about.
type Peer struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// Carrier is what carried the peer and its ESP: virtual, namespace, guest,
	// kernel.
	Carrier string `json:"carrier,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// TrialResult holds the findings over one trial, or over one capture from
// elsewhere.
type TrialResult struct {
	Peer string `json:"peer"`
	// Scenario is the scenario's identifier, or the capture's name.
	Scenario string `json:"scenario"`
	Title    string `json:"title,omitempty"`
	// Trial is the trial's name within the scenario: the peer's IKE role.
	Trial string `json:"trial"`
	// Dir is the trial's directory within the bundle, with slashes.
	Dir string `json:"dir,omitempty"`
	// Items are the letters the scenario exercises.
	Items []string `json:"items,omitempty"`
	// Status is how the trial ended: completed, unsupported, error,
	// interrupted or skipped; Reason says why it was not completed.
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	// Altered says which evidence of the trial is known not to be as the run left
	// it: it then bears no witness for or against a claim.
	Altered string `json:"altered,omitempty"`
	// Findings has one finding per selected rule, in the registry's order.
	Findings []Finding `json:"findings"`
	// Diagnoses explain what went wrong, the most confident first.
	Diagnoses []Diagnosis `json:"diagnoses,omitempty"`
	Counts    Counts      `json:"counts"`
	Verdict   Verdict     `json:"verdict"`
	// Packets tells what the capture held.
	Packets PacketCounts `json:"packets"`

	// Needs is what the scenario asked of the peer, Shown what the packets show
	// the peer to have, Refused where it stopped the negotiation, if it did.
	Needs   []scenarios.Capability `json:"needs,omitempty"`
	Shown   []Shown                `json:"shown,omitempty"`
	Refused *Refusal               `json:"refused,omitempty"`
}

// Finding is what one rule says about one trial.
type Finding struct {
	// Rule is the stable slug of the rule.
	Rule string `json:"rule"`
	// Item is the letter of the question in section 8 of RFC 5406, or empty.
	Item  string `json:"item,omitempty"`
	Ref   string `json:"ref"`
	Level Level  `json:"level"`
	Title string `json:"title"`

	Verdict Verdict `json:"verdict"`
	// Tolerated marks a known behaviour of real products that departs from the
	// letter but does not count as a failure.
	Tolerated bool `json:"tolerated,omitempty"`
	// Expected lists everything that would have been accepted.
	Expected []string `json:"expected,omitempty"`
	// Actual is what was seen; for a finding that is not-applicable, skipped or
	// inconclusive it is the reason.
	Actual string `json:"actual,omitempty"`
	// Frames are numbers of frames in the trial's capture, at most MaxFrames of
	// them; FramesTotal is how many there were when that is more.
	Frames      []int `json:"frames,omitempty"`
	FramesTotal int   `json:"frames_total,omitempty"`
	// Witness is what made a pass worth something.
	Witness string `json:"witness,omitempty"`
	// Why is the cause, when it was found; Next is what to do about it.
	Why  string `json:"why,omitempty"`
	Next string `json:"next,omitempty"`
}

// MaxFrames bounds the frame numbers that one finding keeps.
const MaxFrames = 16

// Required reports whether the finding takes part in the verdict: a
// requirement of level must that the profile and the scenario ask for.
func (f *Finding) Required() bool { return f.Level == Must && f.Verdict != NotApplicable }

// Confidence is how sure a diagnosis is of its cause.
type Confidence string

// The confidences, from a cause that the packets prove to one that merely fits.
const (
	Certain  Confidence = "certain"
	Likely   Confidence = "likely"
	Possible Confidence = "possible"
)

// Diagnosis explains a failure for a person: symptom, cause, evidence, cure.
type Diagnosis struct {
	ID         string     `json:"id"`
	Symptom    string     `json:"symptom"`
	Cause      string     `json:"cause"`
	Confidence Confidence `json:"confidence"`
	// Evidence are the facts that speak for the cause, each with its frame.
	Evidence []string `json:"evidence,omitempty"`
	Frames   []int    `json:"frames,omitempty"`
	Fix      string   `json:"fix"`
	// Explains lists the rules whose findings the diagnosis accounts for.
	Explains []string `json:"explains,omitempty"`
}

// ItemResult rolls the findings up under one of the nine questions.
type ItemResult struct {
	// Item is the letter.
	Item     string  `json:"item"`
	Question string  `json:"question"`
	Verdict  Verdict `json:"verdict"`
	Counts   Counts  `json:"counts"`
	// Why tells what decided a verdict that is not a pass.
	Why string `json:"why,omitempty"`
}

// Counts counts findings, or trials, by verdict.
type Counts struct {
	Pass          int `json:"pass"`
	Fail          int `json:"fail"`
	Inconclusive  int `json:"inconclusive"`
	Unsupported   int `json:"unsupported"`
	NotApplicable int `json:"not_applicable"`
	Skipped       int `json:"skipped"`
	Error         int `json:"error"`
	// Warnings counts the failures of level should and may, which Fail does not.
	Warnings int `json:"warnings"`
	// Tolerated counts those of the passes that lean on a known quirk.
	Tolerated int `json:"tolerated"`
}

// Add counts one verdict.
func (c *Counts) Add(v Verdict) {
	switch v {
	case Pass:
		c.Pass++
	case Fail:
		c.Fail++
	case Inconclusive:
		c.Inconclusive++
	case Unsupported:
		c.Unsupported++
	case NotApplicable:
		c.NotApplicable++
	case Skipped:
		c.Skipped++
	default:
		c.Error++
	}
}

// addFinding counts a finding.
func (c *Counts) addFinding(f *Finding) {
	if f.Verdict == Fail && f.Level != Must {
		c.Warnings++
	} else {
		c.Add(f.Verdict)
	}
	if f.Tolerated {
		c.Tolerated++
	}
}

// Merge adds d to c.
func (c *Counts) Merge(d Counts) {
	c.Pass += d.Pass
	c.Fail += d.Fail
	c.Inconclusive += d.Inconclusive
	c.Unsupported += d.Unsupported
	c.NotApplicable += d.NotApplicable
	c.Skipped += d.Skipped
	c.Error += d.Error
	c.Warnings += d.Warnings
	c.Tolerated += d.Tolerated
}

// Ran is the number of checks that came to look at the evidence.
func (c Counts) Ran() int { return c.Pass + c.Fail + c.Inconclusive + c.Warnings }

// PacketCounts tells what a capture held, by what was made of each packet.
type PacketCounts struct {
	Frames int `json:"frames"`
	ISAKMP int `json:"isakmp"`
	// Decrypted counts the encrypted ISAKMP messages that the keys opened.
	Decrypted    int `json:"isakmp_decrypted"`
	ESP          int `json:"esp"`
	ESPDecrypted int `json:"esp_decrypted"`
	AH           int `json:"ah"`
	Clear        int `json:"clear"`
	Keepalive    int `json:"keepalive"`
	Opaque       int `json:"opaque"`
}

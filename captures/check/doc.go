// Package check judges evidence: it holds what a capture shows against a
// profile, against the scenario that was run and against the RFCs, and says for
// each requirement whether it was met.
//
// A Rule states one requirement and makes a Checker for a trial. All checkers
// of a trial see one stream of dissect.Events, once, and keep only what their
// verdict needs, so that a capture of any length is judged in memory that does
// not grow with it. The verdicts come from packets alone.
//
// A rule never passes for want of evidence: every pass names its witness, and
// without one the verdict is inconclusive, with what would settle it.
package check

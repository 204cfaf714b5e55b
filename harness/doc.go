// Package harness runs scenarios against a peer and writes down what happened: it puts the
// two ends into a lab, follows the script, and leaves a bundle of evidence, whatever the
// outcome. It judges nothing; that is what package check does, with the bundle alone.
package harness

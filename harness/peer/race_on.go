//go:build race

package peer

// raceDetector: this program was built with -race. Its shadow memory does not fit
// into a guest, whose first process it would have to be.
const raceDetector = true

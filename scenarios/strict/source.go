package strict

// Source is the text of a file and where in it each value stands.
type Source struct {
	File string
	Data []byte
}

package dissect

// phase1State is what following an ISAKMP SA needs beyond its facts.
type phase1State struct{}

// quickState is what following a quick mode needs beyond its facts.
type quickState struct{}

// saState is what decrypting an SA's packets needs beyond its facts.
type saState struct{}

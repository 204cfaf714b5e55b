package profile

import "fmt"

// Item is one of the nine questions of section 8 of
// draft-bellovin-useipsec-10 (RFC 5406), by its letter.
type Item byte

// The nine questions.
const (
	ItemSelectors       Item = 'a'
	ItemProtection      Item = 'b'
	ItemKeying          Item = 'c'
	ItemIdentification  Item = 'd'
	ItemUserGranularity Item = 'e'
	ItemAuthentication  Item = 'f'
	ItemAuthorization   Item = 'g'
	ItemIKE             Item = 'h'
	ItemAvailability    Item = 'i'
)

// questions are the profile keys of the answers, and the questions in short.
var questions = [...]struct{ key, question string }{
	{"selectors", "what selectors does the initiator use: addresses, ports?"},
	{"protection", "AH or ESP; transport or tunnel mode?"},
	{"keying", "what form of key management?"},
	{"identification", "what form of identification: IP address, DNS name with or without user, X.500 name?"},
	{"user_granularity", "does the server switch user ids, and is a user-granularity SA negotiated then?"},
	{"authentication", "what authentication: pre-shared secrets, certificates?"},
	{"authorization", "how are participants authorized?"},
	{"ike", "which IKE variants: version, main mode, aggressive mode?"},
	{"availability", "is suitable IPsec available in the likely products?"},
}

// Items returns the nine questions, a to i.
func Items() []Item {
	items := make([]Item, len(questions))
	for i := range items {
		items[i] = ItemSelectors + Item(i)
	}
	return items
}

// Valid reports whether i is one of the nine letters.
func (i Item) Valid() bool { return i >= ItemSelectors && i <= ItemAvailability }

// String returns the letter.
func (i Item) String() string {
	if !i.Valid() {
		return fmt.Sprintf("Unknown(%d)", byte(i))
	}
	return string(rune(i))
}

// Key returns the profile key that answers the question, such as "protection".
func (i Item) Key() string {
	if !i.Valid() {
		return ""
	}
	return questions[i-ItemSelectors].key
}

// Question returns the question in short.
func (i Item) Question() string {
	if !i.Valid() {
		return ""
	}
	return questions[i-ItemSelectors].question
}

// MarshalText returns the letter.
func (i Item) MarshalText() ([]byte, error) {
	if !i.Valid() {
		return nil, fmt.Errorf("profile: %d is not a letter from a to i", byte(i))
	}
	return []byte{byte(i)}, nil
}

// UnmarshalText takes a letter from a to i.
func (i *Item) UnmarshalText(text []byte) error {
	if len(text) != 1 || !Item(text[0]).Valid() {
		return fmt.Errorf("unknown question %q; the letters are a to i", text)
	}
	*i = Item(text[0])
	return nil
}

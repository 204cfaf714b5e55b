package scenarios

import (
	"reflect"

	"github.com/useipsec/useipsec/scenarios/strict"
)

// ClaimsSchema returns the JSON Schema (draft 2020-12) of claims, as indented
// JSON. Editors complete and check by it; what it admits ParseClaims may still
// refuse, for contradictions. It is also in claims.schema.json.
func ClaimsSchema() []byte {
	s := strict.SchemaOf(reflect.TypeFor[Claims](), claimVocabularies(), describeClaims)
	s.ID = "urn:useipsec:claims"
	s.Title = "useipsec claims"
	s.Description = "What the maker of a product says that it can do, for useipsec run --claims to hold against the packets."
	return s.Indented()
}

func describeClaims(goType, key string) string {
	if goType == "Capabilities" {
		var k CapabilityKind
		if err := k.UnmarshalText([]byte(key)); err == nil {
			return k.Meaning()
		}
	}
	return map[string]string{
		"product":     "the product's name",
		"version":     "the version that the claims are about",
		"contact":     "whom to ask about them",
		"claimed":     "what the product can do, by kind",
		"not-claimed": "what it is known not to do, or is not to be held to",
	}[key]
}

// meanings say what the value of a kind stands for.
var meanings = map[CapabilityKind]string{
	CapRole:           "the IKE role that the product can play",
	CapExchangeMode:   "phase 1 exchanges (RFC 2409 5.4)",
	CapAuthentication: "methods of authentication in phase 1, XAUTH's among them",
	CapIKEEncryption:  "ciphers of phase 1",
	CapIKEHash:        "hashes of phase 1",
	CapGroup:          "groups of phase 1",
	CapFamily:         "IP versions of the packets on the wire",
	CapIdentification: "forms of identity that the product asserts (RFC 2407 4.6.2.1)",
	CapCertificate:    "keys of the product's own certificate",
	CapModeConfig:     "how a client gets its inner address: it asks, or is told",
	CapNATTraversal:   "versions of NAT traversal; forced: ESP in UDP without a NAT; off: it can be switched off",
	CapFragmentation:  "ike: fragments of IKE messages",
	CapDPD:            "dead peer detection (RFC 3706): it asks, or answers",
	CapProtocol:       "IPsec protocols",
	CapMode:           "modes that quick mode can agree on",
	CapEncryption:     "ciphers of ESP",
	CapIntegrity:      "integrity algorithms of ESP and AH",
	CapPFS:            "groups of quick mode, for perfect forward secrecy",
	CapSelector:       "how fine selectors can be",
	CapTraffic:        "modes in which packets can be carried, not only negotiated",
	CapBypass:         "clear: traffic beside the selectors passes in clear",
	CapRekey:          "what the product, as IKE initiator, can be told to rekey",
	CapDelete:         "what the product can be told to delete",
}

// Meaning says what the values of the kind stand for, "" for a kind that is not
// one.
func (k CapabilityKind) Meaning() string { return meanings[k] }

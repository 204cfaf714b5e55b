package scenarios

import (
	"cmp"
	"maps"
	"net/netip"
	"sync"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// vocabularies are the slugs of profiles, and those that only scenarios use.
var vocabularies = sync.OnceValue(func() map[string][]string {
	all := maps.Clone(profile.Vocabularies())
	for v := ikev1.NATTRFC3947; v <= ikev1.NATTDraft00; v++ {
		all["natt-version"] = append(all["natt-version"], v.String())
	}
	for k := pki.RSA1024; k <= pki.ECDSAP521; k++ {
		all["key-type"] = append(all["key-type"], k.String())
	}
	for _, x := range []wire.ExchangeType{wire.ExchangeMain, wire.ExchangeAggressive, wire.ExchangeInformational, wire.ExchangeTransaction, wire.ExchangeQuick} {
		all["ike-exchange"] = append(all["ike-exchange"], x.String())
	}
	return all
})

// Method is the authentication method, 0 if there is none of the name.
func (k IKE) Method() wire.AuthMethod {
	m, _ := wire.ParseAuthMethod(k.Authentication) // the strict reader has seen it
	return m
}

// XAUTHClient returns the IKE role of the end that authenticates further after
// phase 1, as the client of extended authentication; 0 if there is none.
func (k IKE) XAUTHClient() Role {
	switch required, initiator := k.Method().XAUTH(); {
	case !required:
		return 0
	case initiator:
		return Initiator
	}
	return Responder
}

// ConfigClient returns the IKE role of the end that mode config gives its
// address, 0 without mode config.
func (k IKE) ConfigClient() Role {
	if k.ModeConfig == NoModeConfig {
		return 0
	}
	return cmp.Or(k.XAUTHClient(), Initiator)
}

// HasCertificate reports whether the end with the role has a certificate. The
// client of hybrid authentication has none.
func (k IKE) HasCertificate(r Role) bool {
	m := k.Method()
	return m.Encrypts() || m.Signs(r == Initiator)
}

// keyTypes are the keys that go with methods when a scenario does not say.
var keyTypes = map[string]string{"ecdsa-sha256": "ecdsa256", "ecdsa-sha384": "ecdsa384", "ecdsa-sha512": "ecdsa521"}

// KeyType returns the type of the certificate's key: what is stated, or what
// the method asks for.
func (k IKE) KeyType() string {
	if k.Certificate.Key != "" {
		return k.Certificate.Key
	}
	if t, ok := keyTypes[k.Authentication]; ok {
		return t
	}
	return "rsa2048"
}

// User is the name of the user of extended authentication, in every scenario.
const User = "user@example.com"

// IdentityText returns the name that the end with the role asserts in a form of
// identity other than its address: "responder.example.com" as an fqdn. It
// returns "" for addresses, and for forms in which scenarios have no names.
func IdentityText(r Role, form string) string {
	switch form {
	case "fqdn":
		return r.String() + ".example.com"
	case "user_fqdn":
		return r.String() + "@example.com"
	case "der_asn1_dn":
		return Subject(r)
	case "key_id":
		return r.String()
	}
	return ""
}

// Identity returns the phase 1 identity that the end with the role asserts in a form; in none, or in that of an
// address, it is addr.
func Identity(r Role, form string, addr netip.Addr) wire.ID {
	text := []byte(IdentityText(r, form))
	switch form {
	case "fqdn":
		return wire.ID{IDType: wire.IDFQDN, Data: text}
	case "user_fqdn":
		return wire.ID{IDType: wire.IDUserFQDN, Data: text}
	case "key_id":
		return wire.ID{IDType: wire.IDKeyID, Data: text}
	case "der_asn1_dn":
		der, err := pki.ParseDN(string(text))
		if err != nil {
			panic("scenarios: " + err.Error()) // the text is a constant
		}
		return wire.ID{IDType: wire.IDDERASN1DN, Data: der}
	}
	return ikev1.AddrID(addr)
}

// SAN returns the names in the certificate of the end with the role, and its addresses.
func SAN(r Role, addrs ...netip.Addr) []wire.ID {
	ids := []wire.ID{Identity(r, "fqdn", netip.Addr{}), Identity(r, "user_fqdn", netip.Addr{})}
	for _, a := range addrs {
		ids = append(ids, ikev1.AddrID(a))
	}
	return ids
}

// Subject returns the subject of the certificate of the end with the role.
func Subject(r Role) string { return "C=US, O=Example, CN=" + r.String() + ".example.com" }

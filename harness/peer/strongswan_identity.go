package peer

import (
	"encoding/hex"
	"net/netip"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// swanIDPrefixes say the type of an identity; what follows one is taken as it is, and as
// hexadecimal octets after a "#". Without one strongSwan guesses the type.
var swanIDPrefixes = map[wire.IDType]string{
	wire.IDIPv4Addr: "ipv4", wire.IDIPv6Addr: "ipv6", wire.IDFQDN: "fqdn", wire.IDUserFQDN: "userfqdn",
	wire.IDIPv4Subnet: "ipv4net", wire.IDIPv6Subnet: "ipv6net", wire.IDIPv4Range: "ipv4range", wire.IDIPv6Range: "ipv6range",
	wire.IDDERASN1DN: "asn1dn", wire.IDDERASN1GN: "asn1gn", wire.IDKeyID: "keyid",
}

// swanID is an identity in swanctl.conf, quoted.
func swanID(id Identity, addr netip.Addr) (string, error) {
	if id.IsZero() {
		return addr.String(), nil
	}
	t, ok := wire.ParseIDType(id.Type)
	if !ok {
		return "", swanCannot("identification "+id.Type, "it has no such type of identity")
	}
	octets, err := id.octets()
	if err != nil {
		return "", err
	}
	return swanQuote(swanIDPrefixes[t] + ":" + swanOctets(t, octets)), nil
}

// swanOctets is what follows a prefix: readable where it can be.
func swanOctets(t wire.IDType, octets []byte) string {
	switch t {
	case wire.IDFQDN, wire.IDUserFQDN, wire.IDKeyID:
		if plain(octets) {
			return string(octets)
		}
	}
	return "#" + hex.EncodeToString(octets)
}

// plain tells text that no syntax on the way could take for something else.
func plain(text []byte) bool {
	for i, c := range text {
		if c <= ' ' || c > '~' || i == 0 && c == '#' || c == '"' || c == '\\' || c == '$' {
			return false
		}
	}
	return len(text) > 0
}

// swanUser is the user as the client names itself; any text goes as it is.
func swanUser(x *XAUTH) string {
	return swanQuote(swanIDPrefixes[wire.IDUserFQDN] + ":" + swanOctets(wire.IDUserFQDN, []byte(x.User)))
}

package peer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"slices"

	"github.com/useipsec/useipsec/ikev1/pki"
)

// swanKeys are the keys that stand for methods: there is no other way to say which signature it is to be.
var swanKeys = map[string]string{
	"rsa-sig": "RSA", "xauth-init-rsa-sig": "RSA", "xauth-resp-rsa-sig": "RSA", "hybrid-init-rsa": "RSA",
	"ecdsa-sha256": "ECDSA-256", "ecdsa-sha384": "ECDSA-384", "ecdsa-sha512": "ECDSA-521",
}

// swanKeyType is what strongSwan calls a key.
func swanKeyType(key crypto.Signer) string {
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return fmt.Sprintf("ECDSA-%d", k.Params().BitSize)
	}
	return "other"
}

// swanSupportsKey asks whether the peer can sign as it is to, with the key it has.
func swanSupportsKey(c Config) error {
	a, err := swanAuthentication(c)
	if err != nil || !slices.Contains(a.local, swanPubkey) || c.IKE.Credentials == nil {
		return err
	}
	k := c.IKE.Credentials
	keys, err := pki.ParsePEM(k.Key)
	if err != nil {
		return fmt.Errorf("harness/peer: the peer's key: %w", err)
	}
	certs, err := pki.ParsePEM(k.Certificate)
	if err != nil {
		return fmt.Errorf("harness/peer: the peer's certificate: %w", err)
	}
	if len(keys.Keys) == 0 || len(certs.Certs) == 0 {
		return nil // which is the configuration's fault, not strongSwan's
	}
	method := c.IKE.Authentication
	if have := swanKeyType(keys.Keys[0]); have != swanKeys[method] {
		return swanCannot(fmt.Sprintf("authentication %s with a key of type %s", method, have), "the key decides how it signs")
	}
	// A responder finds the key by its certificate, an initiator of these methods by its identity.
	if c.Role == Responder || slices.Contains(slices.Concat(a.local, a.remote), swanXAUTH) {
		return nil
	}
	id, err := c.IKE.LocalID.payload(c.Local)
	if err != nil {
		return err
	}
	if pki.Match(certs.Certs[0], id) != nil {
		name := pki.FormatID(id)
		return swanCannot("identity "+name+", which its certificate does not have, as initiator", "no private key found for '"+name+"'")
	}
	return nil
}

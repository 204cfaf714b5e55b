package peer

import (
	"fmt"
	"slices"
	"strings"
)

// What an end does in one round of authentication, in swanctl.conf.
const (
	swanPSK    = "psk"
	swanPubkey = "pubkey" // RSA or ECDSA signatures: the key decides
	swanXAUTH  = "xauth"
)

// swanRounds are the rounds of both ends, by their roles: what they amount to is the method.
type swanRounds struct{ initiator, responder []string }

// swanMethods are the methods there is a configuration for.
var swanMethods = func() map[string]swanRounds {
	psk, pubkey, xauth := []string{swanPSK}, []string{swanPubkey}, []string{swanXAUTH}
	pskXAUTH, pubkeyXAUTH := []string{swanPSK, swanXAUTH}, []string{swanPubkey, swanXAUTH}
	return map[string]swanRounds{
		"psk":                {psk, psk},
		"rsa-sig":            {pubkey, pubkey},
		"ecdsa-sha256":       {pubkey, pubkey},
		"ecdsa-sha384":       {pubkey, pubkey},
		"ecdsa-sha512":       {pubkey, pubkey},
		"xauth-init-psk":     {pskXAUTH, psk},
		"xauth-resp-psk":     {psk, pskXAUTH},
		"xauth-init-rsa-sig": {pubkeyXAUTH, pubkey},
		"xauth-resp-rsa-sig": {pubkey, pubkeyXAUTH},
		"hybrid-init-rsa":    {xauth, pubkey},
	}
}()

// swanMethodReason says why there is no configuration for a method.
func swanMethodReason(method string) string {
	switch {
	case method == "hybrid-resp-rsa":
		return "XAUTH alone is for initiators in it"
	case strings.Contains(method, "dss"):
		return "it has no DSA keys"
	case strings.HasSuffix(method, "rsa-enc"), strings.HasSuffix(method, "rsa-rev-enc"):
		return "it uses RSA keys for signatures only"
	}
	return "it has no such method"
}

// swanAuth is what the peer authenticates with and what it asks for.
type swanAuth struct {
	local, remote []string
	client        bool // the peer is XAUTH's client, else the IKE initiator: it gets the inner address
}

func swanAuthentication(c Config) (swanAuth, error) {
	method := c.IKE.Authentication
	rounds, ok := swanMethods[method]
	if !ok {
		return swanAuth{}, swanCannot("authentication "+method, swanMethodReason(method))
	}
	a := swanAuth{local: rounds.responder, remote: rounds.initiator}
	if c.Role == Initiator {
		a.local, a.remote = a.remote, a.local
	}
	a.client = slices.Contains(a.local, swanXAUTH) || c.Role == Initiator && !slices.Contains(a.remote, swanXAUTH)
	return a, nil
}

// check says what the configuration lacks for its method.
func (a swanAuth) check(c IKEConfig) error {
	var lacks string
	switch all := slices.Concat(a.local, a.remote); {
	case slices.Contains(all, swanPSK) && len(c.PSK) == 0:
		lacks = "a pre-shared key"
	case slices.Contains(all, swanPubkey) && c.Credentials == nil:
		lacks = "certificates"
	case slices.Contains(a.local, swanPubkey) && (len(c.Credentials.Key) == 0 || len(c.Credentials.Certificate) == 0):
		lacks = "a key and its certificate"
	case slices.Contains(all, swanXAUTH) && c.XAUTH == nil:
		lacks = "a user"
	default:
		return nil
	}
	return fmt.Errorf("harness/peer: authentication %s without %s", c.Authentication, lacks)
}

// swanReplaces asks whether the peer can replace the ISAKMP SA under c: that is to authenticate again,
// as initiator, which a responder with a client at one of the ends cannot.
func swanReplaces(c Config) error {
	a, err := swanAuthentication(c)
	if err != nil || c.Role == Initiator {
		return err
	}
	if c.IKE.ModeConfig == ModeConfigNone && !slices.Contains(slices.Concat(a.local, a.remote), swanXAUTH) {
		return nil
	}
	return swanCannot("rekey of the ISAKMP SA as responder with XAUTH or mode config", "initiator did not reauthenticate as requested")
}

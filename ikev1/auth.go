package ikev1

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Auth is how the ends authenticate in phase 1.
type Auth struct {
	Method wire.AuthMethod
	PSK    []byte // the pre-shared key, as octets (RFC 2409 5.4)
	// PSKFor, if not nil, finds the pre-shared key of a peer; PSK is used where it gives nil. In main mode the key is
	// needed before the peer has told its identity: id is nil then, and only the address can select (RFC 2409 5.4).
	PSKFor func(remote netip.AddrPort, id *wire.ID) []byte

	// Credentials are this end's keys with their certificates; a certificate request selects among them.
	Credentials []pki.Credential
	// Trust is what the peer's certificate has to satisfy. Its Roots are also what this end asks for.
	Trust pki.Policy
	// PeerCertificate is taken where the peer sends none. With RSA encryption the initiator must have it beforehand.
	PeerCertificate *x509.Certificate
	SendCertificate SendCertificate
	// NamePeerKey sends HASH(1), so that a responder with several keys knows which one to decrypt with (RFC 2409 5.2).
	NamePeerKey bool
	// NoRequest leaves certificate requests out; RequestAny asks for a certificate of any CA instead of those trusted.
	NoRequest, RequestAny bool
	// RequestEncodings are what is asked for (RFC 2408 3.10): CertX509Signature, which none means too, CertPKCS7, CertCRL,
	// CertARL. A peer that asks for PKCS #7 and not for X.509 gets the certificates in PKCS #7.
	RequestEncodings []wire.CertEncoding
	// CRLs are sent where the peer asks for them.
	CRLs []*x509.RevocationList
}

// SendCertificate says when this end sends its certificates (RFC 4945 3.3).
type SendCertificate uint8

// When certificates are sent.
const (
	SendAlways SendCertificate = iota
	SendIfAsked
	SendNever
)

// PSKEntry is a pre-shared key with the peers it is for: those of an identity, those at an address, or both.
type PSKEntry struct {
	ID     *wire.ID     // nil: any
	Remote netip.Prefix // invalid: any
	Key    []byte
}

// PSKTable is a list of pre-shared keys, the first that fits is taken.
type PSKTable []PSKEntry

// For finds a key as Auth.PSKFor wants it. An entry with an identity does not fit while there is none.
func (t PSKTable) For(remote netip.AddrPort, id *wire.ID) []byte {
	for _, e := range t {
		if e.Remote.IsValid() && !e.Remote.Contains(remote.Addr()) {
			continue
		}
		if e.ID == nil || id != nil && sameName(e.ID, id) {
			return e.Key
		}
	}
	return nil
}

// sameName compares identities but for protocol and port, and names of hosts and users but for the case of letters
// (RFC 4945 3.1.2, 3.1.3).
func sameName(a, b *wire.ID) bool { return pki.SameName(*a, *b) }

// check tells what is missing for the method.
func (a *Auth) check(role Role) error {
	m := a.Method
	switch {
	case m.PSK():
		if len(a.PSK) == 0 && a.PSKFor == nil {
			return fmt.Errorf("authentication by pre-shared key needs a key")
		}
	case m.Encrypts():
		if len(a.Credentials) == 0 {
			return fmt.Errorf("authentication method %v needs a key", m)
		}
		if role == Initiator && a.PeerCertificate == nil {
			return fmt.Errorf("authentication method %v needs the responder's certificate beforehand (RFC 2409 5.2)", m)
		}
	case !pki.Signs(m):
		return fmt.Errorf("authentication method %v is not available", m)
	default:
		if m.Signs(role == Initiator) && len(a.Credentials) == 0 {
			return fmt.Errorf("authentication method %v needs a key with a certificate", m)
		}
	}
	return nil
}

// sideOf numbers the ends of phase 1: 0 is the initiator, 1 the responder.
func sideOf(r Role) int {
	if r == Initiator {
		return 0
	}
	return 1
}

// xauthClient is the end that has to authenticate further once phase 1 is done, 0 if none has to.
func xauthClient(m wire.AuthMethod) Role {
	switch required, initiator := m.XAUTH(); {
	case !required:
		return 0
	case initiator:
		return Initiator
	}
	return Responder
}

// psk is the pre-shared key for the peer, as far as it is known.
func (s *Session) psk() []byte {
	if s.cfg.Auth.PSKFor != nil {
		var id *wire.ID
		if s.peerID.IDType != 0 {
			id = &s.peerID
		}
		if k := s.cfg.Auth.PSKFor(s.remote, id); k != nil {
			return k
		}
	}
	return s.cfg.Auth.PSK
}

// derive computes g^xy and SKEYID, which depends on the method, and its children (RFC 2409 5).
func (s *Session) derive(peer []byte) error {
	gxy, err := s.dh.Shared(peer)
	if err != nil {
		return refuse(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	s.gxy = gxy
	var psk []byte
	switch m := s.cfg.Auth.Method; {
	case pki.Signs(m):
		s.keys, err = keymat.DeriveSignature(s.suite, s.exchange())
	case m.Encrypts():
		s.keys, err = keymat.DerivePKE(s.suite, s.exchange())
	default:
		if psk = s.psk(); len(psk) == 0 {
			return refuse(wire.NotifyInvalidKeyInformation, "no pre-shared key for %v", s.remote)
		}
		if s.cfg.Deviations.PSKNUL {
			psk = append(bytes.Clone(psk), 0)
		}
		s.keys, err = keymat.DerivePSK(s.suite, psk, s.exchange())
	}
	if err != nil {
		return err
	}
	s.deviateKa()
	s.iv = s.keys.IV
	k := &Phase1Keys{Phase1: s.keys, GXY: gxy, PSK: psk}
	if s.cfg.Auth.Method.Encrypts() {
		k.Concealed = &Concealed{GXi: s.gxi, GXr: s.gxr, IDii: s.idBody[0], IDir: s.idBody[1]}
	}
	s.record(Event{Kind: EventKeys, Detail: s.suite.String(), Keys: k})
	return nil
}

package ikev1

import (
	"crypto/x509"
	"errors"

	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Authentication with signatures (RFC 2409 5.1, RFC 4754), in main mode
//
//	Initiator                        Responder
//	----------                       -----------
//	HDR, SA                   -->
//	                          <--    HDR, SA
//	HDR, KE, Ni [, CERTREQ ]  -->
//	                          <--    HDR, KE, Nr [, CERTREQ ]
//	HDR*, IDii, [ CERT, ]
//	      SIG_I               -->
//	                          <--    HDR*, IDir, [ CERT, ] SIG_R
//
// and in aggressive mode
//
//	HDR, SA, KE, Ni, IDii
//	  [, CERTREQ ]            -->
//	                          <--    HDR, SA, KE, Nr, IDir,
//	                                      [ CERT, ] SIG_R [, CERTREQ ]
//	HDR*, [ CERT, ] SIG_I     -->

// certRequests ask for certificates of the CAs that are trusted (RFC 4945 3.2).
func (s *Session) certRequests() []wire.Payload {
	a := &s.cfg.Auth
	if !a.Method.Signs(s.role == Responder) || a.NoRequest {
		return nil
	}
	roots := a.Trust.Roots
	if a.RequestAny || len(roots) == 0 {
		roots = []*x509.Certificate{nil}
	}
	encodings := a.RequestEncodings
	if len(encodings) == 0 {
		encodings = []wire.CertEncoding{wire.CertX509Signature}
	}
	var ps []wire.Payload
	for _, enc := range encodings {
		for _, root := range roots {
			r := pki.Request(root)
			r.Encoding = enc
			ps = append(ps, r)
		}
	}
	return ps
}

// maxRequests bounds the certificate requests that are kept.
const maxRequests = 64

// noteRequests keeps what the peer asks for.
func (s *Session) noteRequests(ps []wire.Payload) {
	for _, p := range ps {
		if r, ok := p.(*wire.CertRequest); ok && len(s.requests) < maxRequests {
			s.requests = append(s.requests, &wire.CertRequest{Encoding: r.Encoding, Data: append([]byte(nil), r.Data...)})
		}
	}
}

// signature is what an end that signs sends after its identity: certificates and SIG_I or SIG_R.
func (s *Session) signature(side int) ([]wire.Payload, error) {
	a := &s.cfg.Auth
	cred, asked := pki.Select(s.requests, a.Credentials)
	var ps []wire.Payload
	if a.SendCertificate == SendAlways || a.SendCertificate == SendIfAsked && asked {
		certs, err := pki.Answer(s.requests, cred, a.CRLs)
		if err != nil {
			return nil, err
		}
		for _, c := range certs {
			ps = append(ps, c)
		}
	}
	sig, err := s.sign(cred.Key, s.phase1Hash(side, s.idBody[side]))
	if err != nil {
		return nil, err
	}
	return append(ps, &wire.Sig{Data: s.deviateSignature(flip(sig, s.cfg.Deviations.WrongPhase1Hash))}), nil
}

// verifySignature checks the peer's certificate, that it speaks for the identity, and the signature.
func (s *Session) verifySignature(side int, o *opened) error {
	sig, raw := get[*wire.Sig](o.payloads, o.bodies)
	if raw == nil {
		return refuse(wire.NotifyPayloadMalformed, "SIG_%c is missing", "IR"[side])
	}
	leaf, bundle, err := s.peerCertificate(o)
	if err != nil {
		return err
	}
	hash := s.phase1Hash(side, s.idBody[side])
	if all := bundle.EndEntities(s.peerID); len(all) > 1 {
		leaf = s.signer(all[:min(len(all), maxSigners)], bundle, hash, sig.Data)
	}
	if _, err := s.cfg.Auth.Trust.Verify(leaf, bundle, s.now); err != nil {
		if err := s.tolerate(refuse(certNotify(err), "%v", err)); err != nil {
			return err
		}
	}
	if err := pki.Verify(leaf.PublicKey, s.cfg.Auth.Method, hash, sig.Data); err != nil {
		return s.tolerate(refuse(wire.NotifyInvalidSignature, "SIG_%c: %v", "IR"[side], err))
	}
	s.peerCert = leaf
	return nil
}

// maxSigners bounds the certificates of one identity that are tried: each costs time before anybody is authenticated.
const maxSigners = 4

// signer is the certificate of some, all of the peer's identity, that made the signature and can be trusted, or else the first.
func (s *Session) signer(some []*x509.Certificate, bundle *pki.Bundle, hash, sig []byte) *x509.Certificate {
	for _, c := range some {
		if pki.Verify(c.PublicKey, s.cfg.Auth.Method, hash, sig) != nil {
			continue
		}
		if _, err := s.cfg.Auth.Trust.Verify(c, bundle, s.now); err == nil {
			return c
		}
	}
	return some[0]
}

// peerCertificate finds the certificate that speaks for the peer's identity (RFC 4945 3.1).
func (s *Session) peerCertificate(o *opened) (*x509.Certificate, *pki.Bundle, error) {
	var certs []*wire.Cert
	for _, p := range o.payloads {
		if c, ok := p.(*wire.Cert); ok {
			certs = append(certs, c)
		}
	}
	bundle, err := pki.Collect(certs)
	if err != nil && (bundle == nil || len(bundle.Certs) == 0) {
		return nil, nil, refuse(wire.NotifyInvalidCertEncoding, "%v", err)
	}
	leaf := s.cfg.Auth.PeerCertificate
	if len(bundle.Certs) > 0 {
		leaf, err = bundle.EndEntity(s.peerID)
	} else if leaf != nil {
		err = pki.Match(leaf, s.peerID)
	}
	if leaf == nil {
		return nil, nil, refuse(wire.NotifyCertificateUnavailable, "the peer sent no certificate, and none of it is known")
	}
	if err != nil {
		if err := s.tolerate(refuse(wire.NotifyAuthenticationFailed, "%v", err)); err != nil {
			return nil, nil, err
		}
	}
	return leaf, bundle, nil
}

// certNotify is the notify for a certificate that was not accepted (RFC 2408 3.14.1).
func certNotify(err error) wire.NotifyType {
	switch {
	case errors.Is(err, pki.ErrUntrusted):
		return wire.NotifyInvalidCertAuthority
	case errors.Is(err, pki.ErrUsage):
		return wire.NotifyCertTypeUnsupported
	}
	return wire.NotifyInvalidCertificate
}

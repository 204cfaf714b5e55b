package pki

import (
	"bytes"
	"crypto"
	"crypto/dsa" //lint:ignore SA1019 certificates signed with DSS are followed if the policy allows weak algorithms
	"crypto/ecdsa"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"
)

// search builds paths that crypto/x509 does not build, because it accepts no signature with SHA-1, MD5 or DSS. Whatever it cannot
// evaluate ends the path: name constraints and unknown critical extensions.
type search struct {
	roots, intermediates []*x509.Certificate
	now                  time.Time
	checks               int   // of signatures so far
	err                  error // the first reason for which a certificate that fitted was refused
}

// The bounds keep a heap of certificates that name each other from costing much. crypto/x509 has the same.
const (
	maxChecks = 100
	maxDepth  = 10
)

func (s *search) from(leaf *x509.Certificate) [][]*x509.Certificate {
	if err := checkTime(leaf, s.now); err != nil {
		s.err = err
		return nil
	}
	if !s.understood(leaf) {
		return nil
	}
	if slices.ContainsFunc(s.roots, leaf.Equal) {
		return [][]*x509.Certificate{{leaf}}
	}
	return s.extend([]*x509.Certificate{leaf})
}

// extend returns the complete paths that begin with chain.
func (s *search) extend(chain []*x509.Certificate) [][]*x509.Certificate {
	var out [][]*x509.Certificate
	try := func(issuer *x509.Certificate, root bool) {
		if !s.issued(chain, issuer, root) {
			return
		}
		longer := append(slices.Clone(chain), issuer)
		if root {
			out = append(out, longer)
		} else if len(longer) < maxDepth {
			out = append(out, s.extend(longer)...)
		}
	}
	for _, c := range s.roots {
		try(c, true)
	}
	for _, c := range s.intermediates {
		if !slices.ContainsFunc(s.roots, c.Equal) {
			try(c, false)
		}
	}
	return out
}

// issued tells whether issuer may and did sign the last certificate of chain. Only a root is trusted without saying that it is a CA.
func (s *search) issued(chain []*x509.Certificate, issuer *x509.Certificate, root bool) bool {
	child := chain[len(chain)-1]
	if !bytes.Equal(child.RawIssuer, issuer.RawSubject) || slices.ContainsFunc(chain, issuer.Equal) {
		return false
	}
	if s.checks++; s.checks > maxChecks || !signed(child, issuer) {
		return false
	}
	if err := checkTime(issuer, s.now); err != nil {
		s.refuse(err)
		return false
	}
	below := 0 // CA certificates under it: the end entity and the self-issued do not count (RFC 5280 section 4.2.1.9)
	for _, c := range chain[1:] {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			below++
		}
	}
	switch {
	case issuer.Version == 3 && !issuer.BasicConstraintsValid, issuer.BasicConstraintsValid && !issuer.IsCA:
		s.refuse(pathError(issuer, ErrUntrusted, "it issued a certificate and is no CA (RFC 5280 4.2.1.9)"))
	case !root && !issuer.BasicConstraintsValid:
		s.refuse(pathError(issuer, ErrUntrusted, "it issued a certificate, and of version %d it cannot say that it is a CA (RFC 5280 6.1.4)", issuer.Version))
	case issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCertSign == 0:
		s.refuse(pathError(issuer, ErrUntrusted, "it issued a certificate with keyUsage %s (RFC 5280 4.2.1.3)", formatKeyUsage(issuer.KeyUsage)))
	case issuer.BasicConstraintsValid && issuer.MaxPathLen >= 0 && below > issuer.MaxPathLen:
		s.refuse(pathError(issuer, ErrUntrusted, "%d CAs below it, expected %d at most (RFC 5280 4.2.1.9)", below, issuer.MaxPathLen))
	default:
		return s.understood(issuer)
	}
	return false
}

var oidNameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

func (s *search) understood(c *x509.Certificate) bool {
	if len(c.UnhandledCriticalExtensions) > 0 {
		s.refuse(pathError(c, ErrUntrusted, "unknown critical extension %v", c.UnhandledCriticalExtensions[0]))
		return false
	}
	for _, e := range c.Extensions {
		if e.Id.Equal(oidNameConstraints) {
			s.refuse(pathError(c, ErrUntrusted, "name constraints are not evaluated on a path with weak signatures"))
			return false
		}
	}
	return true
}

func (s *search) refuse(err error) {
	if s.err == nil {
		s.err = err
	}
}

// signed tells whether the issuer's key made the signature, with whatever algorithm.
func signed(child, issuer *x509.Certificate) bool {
	if !weakSignature(child.SignatureAlgorithm) {
		return issuer.CheckSignature(child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature) == nil
	}
	return weakSigned(issuer.PublicKey, child.SignatureAlgorithm, child.RawTBSCertificate, child.Signature)
}

func weakSigned(pub crypto.PublicKey, alg x509.SignatureAlgorithm, tbs, sig []byte) bool {
	sum1 := sha1.Sum(tbs)
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if alg == x509.MD5WithRSA {
			sum := md5.Sum(tbs)
			return rsa.VerifyPKCS1v15(k, crypto.MD5, sum[:], sig) == nil
		}
		return alg == x509.SHA1WithRSA && rsa.VerifyPKCS1v15(k, crypto.SHA1, sum1[:], sig) == nil
	case *ecdsa.PublicKey:
		return alg == x509.ECDSAWithSHA1 && ecdsa.VerifyASN1(k, sum1[:], sig)
	case *dsa.PublicKey:
		var v rs
		if rest, err := asn1.Unmarshal(sig, &v); err != nil || len(rest) > 0 || !soundDSA(k) {
			return false
		}
		digest := sum1[:]
		if alg == x509.DSAWithSHA256 {
			sum := sha256.Sum256(tbs)
			digest = sum[:]
		}
		digest = digest[:min(len(digest), k.Q.BitLen()/8)] // its leftmost bits, as many as q has (FIPS 186-3 section 4.6)
		return dsa.Verify(k, digest, v.R, v.S)
	}
	return false
}

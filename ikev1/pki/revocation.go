package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"time"
)

// checkRevocation looks every certificate below the root up in its issuer's CRLs.
func (p *Policy) checkRevocation(path *Path, crls []*x509.RevocationList, now time.Time) error {
	if p.Revocation == RevocationOff {
		return nil
	}
	for i, c := range path.Chain[:len(path.Chain)-1] {
		current, why := false, ""
		for _, crl := range crls {
			if !bytes.Equal(crl.RawIssuer, c.RawIssuer) {
				continue
			}
			if reason := p.unusable(crl, path.Chain[i+1]); reason != "" {
				why = reason
				path.note(crl, reason)
				continue
			}
			if e := entry(crl, c); e != nil && !now.Before(e.RevocationTime) {
				return pathError(c, ErrRevoked, "serial number %x since %s, %s", c.SerialNumber, stamp(e.RevocationTime), reasonName(e.ReasonCode))
			}
			if reason := outdated(crl, now); reason != "" {
				why = reason
				path.note(crl, reason)
				continue
			}
			current = true
			if weakSignature(crl.SignatureAlgorithm) {
				path.Weak = append(path.Weak, fmt.Sprintf("CRL of %q is signed with %v", subject(crl.RawIssuer), crl.SignatureAlgorithm))
			}
		}
		if p.Revocation == RevocationRequired && !current {
			if why == "" {
				why = "none received or configured"
			}
			return pathError(c, ErrNoCRL, "of issuer %q: %s", subject(c.RawIssuer), why)
		}
	}
	return nil
}

func (p *Path) note(crl *x509.RevocationList, reason string) {
	p.Notes = append(p.Notes, fmt.Sprintf("CRL of %q not used: %s", subject(crl.RawIssuer), reason))
}

var (
	oidCRLNumber      = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidAuthorityKeyID = asn1.ObjectIdentifier{2, 5, 29, 35}
)

const reasonRemoveFromCRL = 8

// unusable says why a CRL of the right name proves nothing, or "".
func (p *Policy) unusable(crl *x509.RevocationList, issuer *x509.Certificate) string {
	for _, e := range crl.Extensions {
		if e.Critical && !e.Id.Equal(oidCRLNumber) && !e.Id.Equal(oidAuthorityKeyID) {
			return fmt.Sprintf("unknown critical extension %v", e.Id) // a delta CRL, or one for some certificates only
		}
	}
	if issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0 {
		return "its issuer has no keyUsage cRLSign"
	}
	weak := weakSignature(crl.SignatureAlgorithm)
	switch {
	case weak && !p.AllowWeak:
		return fmt.Sprintf("signed with %v", crl.SignatureAlgorithm)
	case weak && !weakSigned(issuer.PublicKey, crl.SignatureAlgorithm, crl.RawTBSRevocationList, crl.Signature):
		return "bad signature"
	case !weak && issuer.CheckSignature(crl.SignatureAlgorithm, crl.RawTBSRevocationList, crl.Signature) != nil:
		return "bad signature"
	}
	return ""
}

// outdated says why a CRL does not tell how things are now, or "".
func outdated(crl *x509.RevocationList, now time.Time) string {
	switch {
	case now.Before(crl.ThisUpdate):
		return "not valid before " + stamp(crl.ThisUpdate)
	case !crl.NextUpdate.IsZero() && now.After(crl.NextUpdate):
		return "out of date since " + stamp(crl.NextUpdate)
	}
	return ""
}

// entry returns the certificate's entry that revokes it, or nil.
func entry(crl *x509.RevocationList, c *x509.Certificate) *x509.RevocationListEntry {
	for i := range crl.RevokedCertificateEntries {
		e := &crl.RevokedCertificateEntries[i]
		if e.SerialNumber.Cmp(c.SerialNumber) == 0 && e.ReasonCode != reasonRemoveFromCRL {
			return e
		}
	}
	return nil
}

// reasonNames are the codes of RFC 5280 section 5.3.1; 7 is not used.
var reasonNames = map[int]string{
	0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
	6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

func reasonName(code int) string {
	if name, ok := reasonNames[code]; ok {
		return name
	}
	return fmt.Sprintf("Unknown(%d)", code)
}

package pki

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"
)

// paths returns the chains that lead to a root, at least one. Those with something weak in them are among them only if the policy
// allows it, and then last.
func (p *Policy) paths(leaf *x509.Certificate, intermediates []*x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}, // RFC 4945 has rules of its own: see checkUsage
	}
	for _, c := range p.Roots {
		opts.Roots.AddCert(c)
	}
	for _, c := range intermediates {
		opts.Intermediates.AddCert(c)
	}
	found, err := leaf.Verify(opts)
	var strong, weak [][]*x509.Certificate
	for _, chain := range found {
		if len(weaknesses(chain)) == 0 {
			strong = append(strong, chain)
		} else {
			weak = append(weak, chain)
		}
	}
	if len(strong) > 0 && !p.AllowWeak {
		return strong, nil
	}
	if len(found) == 0 {
		// crypto/x509 does not follow signatures with SHA-1. Find out whether that is what is wrong, also where it met
		// something else: an expired issuer may have a successor.
		s := search{roots: p.Roots, intermediates: intermediates, now: now}
		weak = slices.DeleteFunc(s.from(leaf), func(chain []*x509.Certificate) bool { return len(weaknesses(chain)) == 0 }) // crypto/x509 knows better
		if len(weak) == 0 {
			if s.err != nil && mayBeWeak(err) {
				return nil, s.err
			}
			return nil, translate(leaf, err, now)
		}
	}
	if !p.AllowWeak {
		return nil, pathError(leaf, ErrWeak, "%s", strings.Join(weaknesses(weak[0]), "; "))
	}
	return append(strong, weak...), nil
}

// mayBeWeak: an unknown authority is what crypto/x509 makes of a signature that it does not accept.
func mayBeWeak(err error) bool {
	return errors.As(err, new(x509.UnknownAuthorityError))
}

// translate puts an error of crypto/x509 into our words.
func translate(leaf *x509.Certificate, err error, now time.Time) error {
	var invalid x509.CertificateInvalidError
	var critical x509.UnhandledCriticalExtension
	switch {
	case errors.As(err, &invalid):
		c := invalid.Cert
		if c == nil {
			c = leaf
		}
		if invalid.Reason == x509.Expired {
			if err := checkTime(c, now); err != nil {
				return err
			}
		}
		return pathError(c, ErrUntrusted, "%v", err)
	case errors.As(err, &critical):
		return pathError(leaf, ErrUntrusted, "%v", err)
	}
	return pathError(leaf, ErrUntrusted, "issued by %q, expected a path to one of the roots: %v", subject(leaf.RawIssuer), err)
}

func checkTime(c *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(c.NotBefore):
		return pathError(c, ErrNotYetValid, "it is %s, valid from %s", stamp(now), stamp(c.NotBefore))
	case now.After(c.NotAfter):
		return pathError(c, ErrExpired, "it is %s, valid until %s", stamp(now), stamp(c.NotAfter))
	}
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

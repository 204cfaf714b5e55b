package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"io"
	"math/big"
	"slices"
	"time"
)

// CA issues the certificates that a test needs, bad ones on request. It is not for anything else: nobody keeps records, and the
// key lies in memory. Given deterministic randomness all it makes is a function of that and of the arguments, since RSA signatures
// have no randomness and ECDSA signatures take theirs from key and hash (RFC 6979). A CA must not be used by two goroutines at
// once.
type CA struct {
	Credential           // the chain ends with the root
	random     io.Reader // nil: crypto/rand
	now        time.Time // from which validity counts
	revoked    []x509.RevocationListEntry
	crlNumber  int64
}

// NewCA makes a root CA at the time now; it is valid from an hour before that until 20 years after it unless the template says
// otherwise. t.Subject, t.Key, t.NotBefore, t.NotAfter, t.SHA1, t.KeyUsage,
// t.NoKeyUsage and t.Extensions count. random nil means crypto/rand.
func NewCA(random io.Reader, now time.Time, t Template) (*CA, error) {
	ca := &CA{random: random, now: now}
	t.CA = true
	key, err := GenerateKey(random, t.Key)
	if err != nil {
		return nil, err
	}
	ca.Key = key
	cert, err := ca.sign(&t, nil, key.Public())
	if err != nil {
		return nil, err
	}
	ca.Chain = []*x509.Certificate{cert}
	return ca, nil
}

// Intermediate makes a CA under this one.
func (ca *CA) Intermediate(t Template) (*CA, error) {
	t.CA = true
	cred, err := ca.Issue(t)
	if err != nil {
		return nil, err
	}
	return &CA{Credential: *cred, random: ca.random, now: ca.now}, nil
}

// Issue makes a certificate with a new key. The chain of the result ends with the root.
func (ca *CA) Issue(t Template) (*Credential, error) {
	key, err := GenerateKey(ca.random, t.Key)
	if err != nil {
		return nil, err
	}
	return ca.IssueFor(key, t)
}

// IssueFor makes a certificate for a key that exists: to renew one, or with t.CA to certify another CA. t.Key does not count.
func (ca *CA) IssueFor(key crypto.Signer, t Template) (*Credential, error) {
	cert, err := ca.sign(&t, ca.Leaf(), key.Public())
	if err != nil {
		return nil, err
	}
	return &Credential{Key: key, Chain: append([]*x509.Certificate{cert}, ca.Chain...)}, nil
}

// Root returns the certificate that a peer has to trust.
func (ca *CA) Root() *x509.Certificate { return ca.Chain[len(ca.Chain)-1] }

// Revoke puts a certificate on the next CRL, as of the time at. The reason is a code of RFC 5280 section 5.3.1; 0 is unspecified.
func (ca *CA) Revoke(c *x509.Certificate, at time.Time, reason int) {
	ca.revoked = append(ca.revoked, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: at.UTC(), ReasonCode: reason})
}

// CRL makes the CA's revocation list, good from thisUpdate until nextUpdate.
func (ca *CA) CRL(thisUpdate, nextUpdate time.Time) (*x509.RevocationList, error) {
	ca.crlNumber++
	t := &x509.RevocationList{
		Number: big.NewInt(ca.crlNumber), ThisUpdate: thisUpdate.UTC(), NextUpdate: nextUpdate.UTC(), RevokedCertificateEntries: slices.Clone(ca.revoked),
		SignatureAlgorithm: signatureAlgorithm(ca.Key.Public(), false),
	}
	der, err := x509.CreateRevocationList(rand.Reader, t, ca.Leaf(), deterministic{ca.Key})
	if err != nil {
		return nil, failure(ErrKey, "CRL of %q: %w", subject(ca.Leaf().RawSubject), err)
	}
	return x509.ParseRevocationList(der)
}

// sign makes and signs a certificate; parent nil is the CA itself.
func (ca *CA) sign(t *Template, parent *x509.Certificate, pub crypto.PublicKey) (*x509.Certificate, error) {
	serial, err := ca.serial()
	if err != nil {
		return nil, err
	}
	template, err := t.certificate(ca.now, pub)
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	template.SignatureAlgorithm = signatureAlgorithm(ca.Key.Public(), t.SHA1)
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, deterministic{ca.Key})
	if err != nil {
		return nil, failure(ErrKey, "certificate of %q: %w", t.Subject, err)
	}
	return x509.ParseCertificate(der)
}

// serial numbers are random: NSS, which libreswan uses, takes two certificates of one issuer name with one number for a forgery,
// and test CAs are often called the same.
func (ca *CA) serial() (*big.Int, error) {
	random := ca.random
	if random == nil {
		random = rand.Reader
	}
	b := make([]byte, 16)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, failure(ErrKey, "serial number: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40 // positive, and always as long
	return new(big.Int).SetBytes(b), nil
}

// deterministic keeps randomness from ECDSA signatures.
type deterministic struct{ crypto.Signer }

func (d deterministic) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if _, ok := d.Signer.(*ecdsa.PrivateKey); ok {
		random = nil
	}
	return d.Signer.Sign(random, digest, opts)
}

// signatureAlgorithm goes with the signer's key.
func signatureAlgorithm(pub crypto.PublicKey, sha1 bool) x509.SignatureAlgorithm {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if sha1 {
			return x509.SHA1WithRSA
		}
		return x509.SHA256WithRSA
	case *ecdsa.PublicKey:
		switch {
		case sha1:
			return x509.ECDSAWithSHA1
		case k.Curve == elliptic.P384():
			return x509.ECDSAWithSHA384
		case k.Curve == elliptic.P521():
			return x509.ECDSAWithSHA512
		}
		return x509.ECDSAWithSHA256
	}
	return x509.UnknownSignatureAlgorithm
}

// Presented returns what is sent to a peer that knows the root: the chain without self-issued certificates at its end.
func (c Credential) Presented() []*x509.Certificate {
	chain := c.Chain
	for len(chain) > 1 && bytes.Equal(chain[len(chain)-1].RawIssuer, chain[len(chain)-1].RawSubject) {
		chain = chain[:len(chain)-1]
	}
	return slices.Clone(chain)
}

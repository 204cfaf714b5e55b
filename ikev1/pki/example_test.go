package pki_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// A responder signs HASH_R, and the initiator finds out who it was.
func Example() {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	root, err := pki.NewCA(nil, at, pki.Template{Subject: "C=CH, O=useipsec, CN=Root", Key: pki.ECDSAP256})
	if err != nil {
		log.Fatal(err)
	}
	sub, err := root.Intermediate(pki.Template{Subject: "C=CH, O=useipsec, CN=Sub", Key: pki.ECDSAP256})
	if err != nil {
		log.Fatal(err)
	}
	idir := wire.ID{IDType: wire.IDFQDN, Data: []byte("gw.example.com")}
	gw, err := sub.Issue(pki.Template{Subject: "C=CH, O=useipsec, CN=gw", Key: pki.RSA2048, SAN: []wire.ID{idir}})
	if err != nil {
		log.Fatal(err)
	}

	// The responder: the certificate the initiator asked for, and the signature.
	cred, asked := pki.Select([]*wire.CertRequest{pki.Request(root.Leaf())}, []pki.Credential{*gw})
	hashR := keymat.PRF(keymat.SHA256, []byte("SKEYID"), []byte("g^xr | g^xi | …"))
	sig, err := pki.Sign(nil, cred.Key, wire.AuthRSASig, hashR)
	if err != nil {
		log.Fatal(err)
	}
	payloads := pki.Payloads(cred.Presented(), wire.CertX509Signature)
	fmt.Printf("asked for: %v, %d certificates, signature of %d octets\n", asked, len(payloads), len(sig))

	// The initiator: whose certificate, is it good, is the signature.
	received, err := pki.Collect(payloads)
	if err != nil {
		log.Fatal(err)
	}
	leaf, err := received.EndEntity(idir)
	if err != nil {
		log.Fatal(err)
	}
	policy := pki.Policy{Roots: []*x509.Certificate{root.Leaf()}}
	path, err := policy.Verify(leaf, received, at)
	if err != nil {
		log.Fatal(err)
	}
	if err := pki.Verify(leaf.PublicKey, wire.AuthRSASig, hashR, sig); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, path of %d\n", pki.FormatID(idir), len(path.Chain))

	_, err = policy.Verify(leaf, received, at.AddDate(2, 0, 0))
	fmt.Println(errors.Is(err, pki.ErrExpired), err)

	// Output:
	// asked for: true, 2 certificates, signature of 256 octets
	// fqdn:gw.example.com, path of 3
	// true ikev1/pki: certificate has expired: "C=CH, O=useipsec, CN=gw": it is 2028-03-01T12:00:00Z, valid until 2027-03-01T12:00:00Z
}

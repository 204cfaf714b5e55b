package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}

	tagCertificates = cbasn1.Tag(0).ContextSpecific().Constructed()
	tagCRLs         = cbasn1.Tag(1).ContextSpecific().Constructed()
)

// splitPKCS7 returns the DER of the certificates and CRLs of a signed-data message (RFC 2315 section 9, RFC 5652 section 5). What
// is signed and who signed it is of no interest, and mostly there is nothing: the message is a bag ("degenerate case"). The
// results alias der. BER of indefinite length is not read.
func splitPKCS7(der []byte) (certs, crls [][]byte, err error) {
	bad := func(what string) ([][]byte, [][]byte, error) {
		return nil, nil, failure(ErrMalformed, "PKCS #7 of %d octets: %s (RFC 2315)", len(der), what)
	}
	in := cryptobyte.String(der)
	var content, wrapped, data, rest cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&content, cbasn1.SEQUENCE) {
		if len(der) > 1 && der[1] == 0x80 {
			return bad("indefinite length, expected DER")
		}
		return bad("no ContentInfo")
	}
	if !in.Empty() {
		return bad("octets after ContentInfo")
	}
	if !content.ReadASN1ObjectIdentifier(&oid) {
		return bad("no content type")
	}
	if !oid.Equal(oidSignedData) {
		return bad("content type " + oid.String() + ", expected signed data")
	}
	if !content.ReadASN1(&wrapped, cbasn1.Tag(0).ContextSpecific().Constructed()) || !content.Empty() ||
		!wrapped.ReadASN1(&data, cbasn1.SEQUENCE) || !wrapped.Empty() {
		return bad("no SignedData")
	}
	var version int
	if !data.ReadASN1Integer(&version) || !data.SkipASN1(cbasn1.SET) || !data.SkipASN1(cbasn1.SEQUENCE) {
		return bad("no version, digest algorithms and content info")
	}
	if certs, err = readSet(&data, tagCertificates); err == nil {
		crls, err = readSet(&data, tagCRLs)
	}
	if err != nil {
		return bad(err.Error())
	}
	if !data.ReadASN1(&rest, cbasn1.SET) || !data.Empty() {
		return bad("no signer infos at the end")
	}
	return certs, crls, nil
}

// readSet reads an optional implicitly tagged SET OF SEQUENCE. Elements with other tags, attribute certificates among them, are
// left out.
func readSet(s *cryptobyte.String, tag cbasn1.Tag) ([][]byte, error) {
	var set, element cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&set, &present, tag) {
		return nil, failure(ErrMalformed, "certificates or CRLs cut short")
	}
	var out [][]byte
	for !set.Empty() {
		var t cbasn1.Tag
		if !set.ReadAnyASN1Element(&element, &t) {
			return nil, failure(ErrMalformed, "element %d of certificates or CRLs cut short", len(out)+1)
		}
		if t == cbasn1.SEQUENCE {
			out = append(out, element)
		}
	}
	return out, nil
}

// WrapPKCS7 returns the certificates and CRLs as a signed-data message that nobody signed, in DER: the contents of a certificate
// payload with encoding 1. RFC 4945 section 3.3 advises against sending it; a peer may be asked to read it all the same.
func WrapPKCS7(certs []*x509.Certificate, crls []*x509.RevocationList) ([]byte, error) {
	var certDER, crlDER [][]byte
	for _, c := range certs {
		certDER = append(certDER, c.Raw)
	}
	for _, c := range crls {
		crlDER = append(crlDER, c.Raw)
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidSignedData)
		b.AddASN1(cbasn1.Tag(0).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(1)
				b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
				b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidData) })
				addSet(b, tagCertificates, certDER)
				addSet(b, tagCRLs, crlDER)
				b.AddASN1(cbasn1.SET, func(*cryptobyte.Builder) {})
			})
		})
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, failure(ErrMalformed, "PKCS #7: %w", err)
	}
	return out, nil
}

// addSet writes a SET OF in DER: sorted by its octets.
func addSet(b *cryptobyte.Builder, tag cbasn1.Tag, elements [][]byte) {
	if len(elements) == 0 {
		return
	}
	sorted := slices.SortedFunc(slices.Values(elements), bytes.Compare)
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		for _, e := range sorted {
			b.AddBytes(e)
		}
	})
}

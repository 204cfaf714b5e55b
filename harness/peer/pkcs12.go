package peer

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf16"
)

// PKCS #12 (RFC 7292) is the one form in which a key gets into an NSS database. The key is not
// encrypted in it: the file lies beside the database, which has no password either, for a moment.

var (
	oidData         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidKeyBag       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1}
	oidCertBag      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 3}
	oidX509         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
	oidFriendlyName = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
	oidLocalKeyID   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}
	oidSHA1         = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

type (
	pfx struct {
		Version  int
		AuthSafe contentInfo
		MAC      macData
	}
	contentInfo struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"tag:0,explicit"`
	}
	macData struct {
		Digest struct {
			Algorithm struct {
				Algorithm  asn1.ObjectIdentifier
				Parameters asn1.RawValue
			}
			Digest []byte
		}
		Salt []byte
	}
	safeBag struct {
		ID         asn1.ObjectIdentifier
		Value      asn1.RawValue
		Attributes []bagAttribute `asn1:"set"`
	}
	bagAttribute struct {
		ID     asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	certBag struct {
		ID    asn1.ObjectIdentifier
		Value []byte `asn1:"tag:0,explicit"`
	}
)

// pkcs12 packs a key, as PKCS #8 in PEM, and its certificate, under a name.
func pkcs12(key, certificate []byte, name, password string) ([]byte, error) {
	keyBlock, _ := pem.Decode(key)
	certBlock, _ := pem.Decode(certificate)
	if keyBlock == nil || certBlock == nil {
		return nil, errors.New("harness/peer: no key, or no certificate, in PEM")
	}
	attributes, err := bagAttributes(name)
	if err != nil {
		return nil, err
	}
	cert, err := asn1.Marshal(certBag{oidX509, certBlock.Bytes})
	if err != nil {
		return nil, fmt.Errorf("harness/peer: PKCS #12: %w", err)
	}
	var safe []contentInfo
	for _, bag := range []safeBag{
		{oidCertBag, explicit(cert), attributes},
		{oidKeyBag, explicit(keyBlock.Bytes), attributes},
	} {
		der, err := asn1.Marshal([]safeBag{bag})
		if err != nil {
			return nil, fmt.Errorf("harness/peer: PKCS #12: %w", err)
		}
		safe = append(safe, contentInfo{oidData, der})
	}
	p := pfx{Version: 3, AuthSafe: contentInfo{Type: oidData}}
	if p.AuthSafe.Content, err = asn1.Marshal(safe); err != nil {
		return nil, fmt.Errorf("harness/peer: PKCS #12: %w", err)
	}
	p.MAC.Digest.Algorithm.Algorithm, p.MAC.Digest.Algorithm.Parameters = oidSHA1, asn1.NullRawValue
	salt := sha1.Sum(certBlock.Bytes) // the same for the same: the password is no secret either
	p.MAC.Salt = salt[:8]
	mac := hmac.New(sha1.New, pkcs12MACKey(password, p.MAC.Salt))
	mac.Write(p.AuthSafe.Content)
	p.MAC.Digest.Digest = mac.Sum(nil)
	return asn1.Marshal(p)
}

// bagAttributes name a bag, and tie the key to its certificate.
func bagAttributes(name string) ([]bagAttribute, error) {
	const bmpString = 30
	id, err := asn1.Marshal([]byte(name))
	if err != nil {
		return nil, fmt.Errorf("harness/peer: PKCS #12: %w", err)
	}
	return []bagAttribute{
		{oidFriendlyName, []asn1.RawValue{{Tag: bmpString, Bytes: bmp(name)}}},
		{oidLocalKeyID, []asn1.RawValue{{FullBytes: id}}},
	}, nil
}

func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}

func bmp(s string) (b []byte) {
	for _, c := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, c)
	}
	return b
}

// pkcs12MACKey derives the key of the MAC from a password (RFC 7292 B.2), in one iteration.
func pkcs12MACKey(password string, salt []byte) []byte {
	const (
		purposeMAC = 3
		block      = 64
	)
	fill := func(b []byte) []byte { // whole blocks of repetitions
		n := (len(b) + block - 1) / block * block
		return bytes.Repeat(b, n/len(b)+1)[:n]
	}
	h := sha1.New()
	h.Write(bytes.Repeat([]byte{purposeMAC}, block))
	h.Write(fill(salt))
	h.Write(fill(append(bmp(password), 0, 0)))
	return h.Sum(nil)
}

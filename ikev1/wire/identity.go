package wire

import "encoding/binary"

// ID is the Identification payload in the IPsec DOI (RFC 2408 3.8, RFC 2407 4.6.2).
type ID struct {
	IDType   IDType
	Protocol uint8  // IP protocol, 0: any
	Port     uint16 // 0: any
	Data     []byte
}

// Type returns PayloadID.
func (*ID) Type() PayloadType { return PayloadID }

func (p *ID) parseBody(r *reader) {
	r.ref = "RFC 2407 4.6.2"
	p.IDType = IDType(r.u8("type"))
	p.Protocol = r.u8("protocol ID")
	p.Port = r.u16("port")
	p.Data = r.remaining()
}

func (p *ID) appendBody(b []byte) ([]byte, error) {
	b = append(b, byte(p.IDType), p.Protocol)
	b = binary.BigEndian.AppendUint16(b, p.Port)
	return append(b, p.Data...), nil
}

// IDType is the kind of an identification (RFC 2407 4.6.2.1).
type IDType uint8

// The identification types. Their data: an address; a name; an address and a mask; two addresses; DER; any octets.
const (
	IDIPv4Addr   IDType = 1
	IDFQDN       IDType = 2
	IDUserFQDN   IDType = 3
	IDIPv4Subnet IDType = 4
	IDIPv6Addr   IDType = 5
	IDIPv6Subnet IDType = 6
	IDIPv4Range  IDType = 7
	IDIPv6Range  IDType = 8
	IDDERASN1DN  IDType = 9
	IDDERASN1GN  IDType = 10
	IDKeyID      IDType = 11
)

var idTypeNames = map[IDType]string{
	IDIPv4Addr:   "ipv4_addr",
	IDFQDN:       "fqdn",
	IDUserFQDN:   "user_fqdn",
	IDIPv4Subnet: "ipv4_addr_subnet",
	IDIPv6Addr:   "ipv6_addr",
	IDIPv6Subnet: "ipv6_addr_subnet",
	IDIPv4Range:  "ipv4_addr_range",
	IDIPv6Range:  "ipv6_addr_range",
	IDDERASN1DN:  "der_asn1_dn",
	IDDERASN1GN:  "der_asn1_gn",
	IDKeyID:      "key_id",
}

// String returns the RFC's name in lower case without its ID_: "ipv4_addr", "user_fqdn".
func (t IDType) String() string {
	if name, ok := idTypeNames[t]; ok {
		return name
	}
	return unknown(uint64(t))
}

// ParseIDType is the inverse of String for the types that have a name.
func ParseIDType(s string) (IDType, bool) {
	for t, name := range idTypeNames {
		if name == s {
			return t, true
		}
	}
	return 0, false
}

// CertEncoding is the encoding of a certificate (RFC 2408 3.9).
type CertEncoding uint8

// The certificate encodings.
const (
	CertNone            CertEncoding = 0
	CertPKCS7           CertEncoding = 1 // PKCS #7 wrapped X.509
	CertPGP             CertEncoding = 2
	CertDNSSignedKey    CertEncoding = 3
	CertX509Signature   CertEncoding = 4
	CertX509KeyExchange CertEncoding = 5
	CertKerberosTokens  CertEncoding = 6
	CertCRL             CertEncoding = 7
	CertARL             CertEncoding = 8
	CertSPKI            CertEncoding = 9
	CertX509Attribute   CertEncoding = 10
)

// String returns the encoding's name in RFC 2408 3.9.
func (e CertEncoding) String() string {
	names := [...]string{
		"NONE", "PKCS #7 wrapped X.509 certificate", "PGP Certificate", "DNS Signed Key", "X.509 Certificate - Signature",
		"X.509 Certificate - Key Exchange", "Kerberos Tokens", "Certificate Revocation List (CRL)", "Authority Revocation List (ARL)",
		"SPKI Certificate", "X.509 Certificate - Attribute",
	}
	if int(e) < len(names) {
		return names[e]
	}
	return unknown(uint64(e))
}

// Cert is the Certificate payload (RFC 2408 3.9).
type Cert struct {
	Encoding CertEncoding
	Data     []byte
}

// Type returns PayloadCert.
func (*Cert) Type() PayloadType { return PayloadCert }

func (p *Cert) parseBody(r *reader) {
	r.ref = "RFC 2408 3.9"
	p.Encoding = CertEncoding(r.u8("encoding"))
	p.Data = r.remaining()
}

func (p *Cert) appendBody(b []byte) ([]byte, error) {
	return append(append(b, byte(p.Encoding)), p.Data...), nil
}

// CertRequest is the Certificate Request payload (RFC 2408 3.10).
type CertRequest struct {
	Encoding CertEncoding
	Data     []byte // the certificate authority, often a DER distinguished name; empty: any
}

// Type returns PayloadCertRequest.
func (*CertRequest) Type() PayloadType { return PayloadCertRequest }

func (p *CertRequest) parseBody(r *reader) {
	r.ref = "RFC 2408 3.10"
	p.Encoding = CertEncoding(r.u8("encoding"))
	p.Data = r.remaining()
}

func (p *CertRequest) appendBody(b []byte) ([]byte, error) {
	return append(append(b, byte(p.Encoding)), p.Data...), nil
}

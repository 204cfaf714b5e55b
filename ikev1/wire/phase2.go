package wire

// Transform IDs of ProtoAH (RFC 2407 4.4.3 and IANA's isakmp-registry). The P2Auth attribute must say the same.
const (
	AHMD5        uint8 = 2
	AHSHA        uint8 = 3
	AHDES        uint8 = 4
	AHSHA256     uint8 = 5
	AHSHA384     uint8 = 6
	AHSHA512     uint8 = 7
	AHRIPEMD     uint8 = 8
	AHAESXCBC    uint8 = 9
	AHRSA        uint8 = 10
	AHAES128GMAC uint8 = 11
	AHAES192GMAC uint8 = 12
	AHAES256GMAC uint8 = 13
)

// Transform IDs of ProtoESP (RFC 2407 4.4.4 and IANA's isakmp-registry).
const (
	ESPDESIV64         uint8 = 1
	ESPDES             uint8 = 2
	ESP3DES            uint8 = 3
	ESPRC5             uint8 = 4
	ESPIDEA            uint8 = 5
	ESPCAST            uint8 = 6
	ESPBlowfish        uint8 = 7
	ESP3IDEA           uint8 = 8
	ESPDESIV32         uint8 = 9
	ESPRC4             uint8 = 10
	ESPNull            uint8 = 11
	ESPAES             uint8 = 12 // CBC
	ESPAESCTR          uint8 = 13
	ESPAESCCM8         uint8 = 14 // the number is the ICV's length in octets
	ESPAESCCM12        uint8 = 15
	ESPAESCCM16        uint8 = 16
	ESPAESGCM8         uint8 = 18
	ESPAESGCM12        uint8 = 19
	ESPAESGCM16        uint8 = 20
	ESPSEED            uint8 = 21
	ESPCamellia        uint8 = 22
	ESPNullAuthAESGMAC uint8 = 23
)

// Transform IDs of ProtoIPCOMP (RFC 2407 4.4.5).
const (
	IPCOMPOUI     uint8 = 1
	IPCOMPDeflate uint8 = 2
	IPCOMPLZS     uint8 = 3
	IPCOMPLZJH    uint8 = 4
)

// Attributes of phase 2 transforms (RFC 2407 4.5 and IANA's isakmp-registry). All but the ones marked V are basic.
const (
	P2LifeType          AttributeType = 1 // LifeSeconds, LifeKilobytes
	P2LifeDuration      AttributeType = 2 // V
	P2Group             AttributeType = 3
	P2Encapsulation     AttributeType = 4
	P2Auth              AttributeType = 5
	P2KeyLength         AttributeType = 6 // in bits
	P2KeyRounds         AttributeType = 7
	P2CompressDictSize  AttributeType = 8
	P2CompressPrivate   AttributeType = 9  // V
	P2ECNTunnel         AttributeType = 10 // RFC 3168
	P2ESN               AttributeType = 11 // RFC 4304
	P2AuthKeyLength     AttributeType = 12 // RFC 4359
	P2SignatureEncoding AttributeType = 13 // RFC 4359
	P2AddressPreserve   AttributeType = 14 // RFC 6407
	P2SADirection       AttributeType = 15 // RFC 6407
)

// Values of a P2Encapsulation attribute (RFC 2407 4.5, RFC 3947 5.1, draft-ietf-ipsec-nat-t-ike-00 to 03).
const (
	EncapTunnel            uint16 = 1
	EncapTransport         uint16 = 2
	EncapUDPTunnel         uint16 = 3
	EncapUDPTransport      uint16 = 4
	EncapUDPTunnelDraft    uint16 = 61443
	EncapUDPTransportDraft uint16 = 61444
)

// Values of a P2Auth attribute (RFC 2407 4.5 and IANA's isakmp-registry).
const (
	AuthHMACMD5    uint16 = 1
	AuthHMACSHA1   uint16 = 2
	AuthDESMAC     uint16 = 3
	AuthKPDK       uint16 = 4
	AuthHMACSHA256 uint16 = 5
	AuthHMACSHA384 uint16 = 6
	AuthHMACSHA512 uint16 = 7
	AuthHMACRIPEMD uint16 = 8
	AuthAESXCBC    uint16 = 9
	AuthSigRSA     uint16 = 10
	AuthAES128GMAC uint16 = 11
	AuthAES192GMAC uint16 = 12
	AuthAES256GMAC uint16 = 13
)

var p2AttributeNames = map[AttributeType]string{
	P2LifeType:          "SA life type",
	P2LifeDuration:      "SA life duration",
	P2Group:             "group description",
	P2Encapsulation:     "encapsulation mode",
	P2Auth:              "authentication algorithm",
	P2KeyLength:         "key length",
	P2KeyRounds:         "key rounds",
	P2CompressDictSize:  "compress dictionary size",
	P2CompressPrivate:   "compress private algorithm",
	P2ECNTunnel:         "ECN tunnel",
	P2ESN:               "extended sequence number",
	P2AuthKeyLength:     "authentication key length",
	P2SignatureEncoding: "signature encoding algorithm",
	P2AddressPreserve:   "address preservation",
	P2SADirection:       "SA direction",
}

package wire

// KeyIKE is the only transform ID of ProtoISAKMP (RFC 2407 4.4.2).
const KeyIKE uint8 = 1

// Attributes of phase 1 transforms (RFC 2409 appendix A). RFC 2409 calls all but the ones marked V basic: only the short form is allowed.
const (
	P1Encryption   AttributeType = 1
	P1Hash         AttributeType = 2
	P1Auth         AttributeType = 3 // an AuthMethod
	P1Group        AttributeType = 4
	P1GroupType    AttributeType = 5
	P1GroupPrime   AttributeType = 6  // V
	P1GroupGenOne  AttributeType = 7  // V
	P1GroupGenTwo  AttributeType = 8  // V
	P1GroupCurveA  AttributeType = 9  // V
	P1GroupCurveB  AttributeType = 10 // V
	P1LifeType     AttributeType = 11 // LifeSeconds, LifeKilobytes
	P1LifeDuration AttributeType = 12 // V
	P1PRF          AttributeType = 13
	P1KeyLength    AttributeType = 14 // in bits
	P1FieldSize    AttributeType = 15
	P1GroupOrder   AttributeType = 16 // V
)

// Life types, the same in both phases (RFC 2409 appendix A, RFC 2407 4.5).
const (
	LifeSeconds   uint16 = 1
	LifeKilobytes uint16 = 2
)

var p1AttributeNames = map[AttributeType]string{
	P1Encryption:   "encryption algorithm",
	P1Hash:         "hash algorithm",
	P1Auth:         "authentication method",
	P1Group:        "group description",
	P1GroupType:    "group type",
	P1GroupPrime:   "group prime",
	P1GroupGenOne:  "group generator one",
	P1GroupGenTwo:  "group generator two",
	P1GroupCurveA:  "group curve A",
	P1GroupCurveB:  "group curve B",
	P1LifeType:     "life type",
	P1LifeDuration: "life duration",
	P1PRF:          "PRF",
	P1KeyLength:    "key length",
	P1FieldSize:    "field size",
	P1GroupOrder:   "group order",
}

// AuthMethod is the value of a P1Auth attribute (RFC 2409 appendix A).
type AuthMethod uint16

// The authentication methods. Init and Resp in the private ones say which side of phase 1 is then asked to authenticate itself further
// (draft-beaulieu-ike-xauth-02 7.2, draft-ietf-ipsec-isakmp-hybrid-auth-05 3.2.1). Microsoft's GSS-API methods use 65001 as well: the
// vendor IDs tell which is meant.
const (
	AuthPSK       AuthMethod = 1
	AuthDSS       AuthMethod = 2
	AuthRSASig    AuthMethod = 3
	AuthRSAEnc    AuthMethod = 4
	AuthRSARevEnc AuthMethod = 5
	AuthECDSA256  AuthMethod = 9 // RFC 4754
	AuthECDSA384  AuthMethod = 10
	AuthECDSA521  AuthMethod = 11

	AuthHybridInitRSA AuthMethod = 64221
	AuthHybridRespRSA AuthMethod = 64222
	AuthHybridInitDSS AuthMethod = 64223
	AuthHybridRespDSS AuthMethod = 64224

	AuthXAUTHInitPSK       AuthMethod = 65001
	AuthXAUTHRespPSK       AuthMethod = 65002
	AuthXAUTHInitDSS       AuthMethod = 65003
	AuthXAUTHRespDSS       AuthMethod = 65004
	AuthXAUTHInitRSASig    AuthMethod = 65005
	AuthXAUTHRespRSASig    AuthMethod = 65006
	AuthXAUTHInitRSAEnc    AuthMethod = 65007
	AuthXAUTHRespRSAEnc    AuthMethod = 65008
	AuthXAUTHInitRSARevEnc AuthMethod = 65009
	AuthXAUTHRespRSARevEnc AuthMethod = 65010
)

var authMethodNames = map[AuthMethod]string{
	AuthPSK:                "psk",
	AuthDSS:                "dss-sig",
	AuthRSASig:             "rsa-sig",
	AuthRSAEnc:             "rsa-enc",
	AuthRSARevEnc:          "rsa-rev-enc",
	AuthECDSA256:           "ecdsa-sha256",
	AuthECDSA384:           "ecdsa-sha384",
	AuthECDSA521:           "ecdsa-sha512",
	AuthHybridInitRSA:      "hybrid-init-rsa",
	AuthHybridRespRSA:      "hybrid-resp-rsa",
	AuthHybridInitDSS:      "hybrid-init-dss",
	AuthHybridRespDSS:      "hybrid-resp-dss",
	AuthXAUTHInitPSK:       "xauth-init-psk",
	AuthXAUTHRespPSK:       "xauth-resp-psk",
	AuthXAUTHInitDSS:       "xauth-init-dss-sig",
	AuthXAUTHRespDSS:       "xauth-resp-dss-sig",
	AuthXAUTHInitRSASig:    "xauth-init-rsa-sig",
	AuthXAUTHRespRSASig:    "xauth-resp-rsa-sig",
	AuthXAUTHInitRSAEnc:    "xauth-init-rsa-enc",
	AuthXAUTHRespRSAEnc:    "xauth-resp-rsa-enc",
	AuthXAUTHInitRSARevEnc: "xauth-init-rsa-rev-enc",
	AuthXAUTHRespRSARevEnc: "xauth-resp-rsa-rev-enc",
}

// String returns the method's slug: "psk", "rsa-sig".
func (m AuthMethod) String() string {
	if name, ok := authMethodNames[m]; ok {
		return name
	}
	return unknown(uint64(m))
}

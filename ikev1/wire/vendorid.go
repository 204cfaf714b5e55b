package wire

import (
	"bytes"
	"encoding/hex"
	"slices"
)

// Vendor IDs that change what is on the wire. They are to be treated as constants. Most are MD5 hashes of a text.
var (
	VendorIDRFC3947  = octets("4a131c81070358455c5728f20e95452f") // RFC 3947 3.1
	VendorIDDraft00  = octets("4485152d18b6bbcd0be8a8469579ddcc") // draft-ietf-ipsec-nat-t-ike-00 3.1
	VendorIDDraft01  = octets("16f6ca16e4a4066d83821a0f0aeaa862")
	VendorIDDraft02  = octets("cd60464335df21f87cfdb2fc68b6a448")
	VendorIDDraft02n = octets("90cb80913ebb696e086381b5ec427b1f") // of the text with a newline after it
	VendorIDDraft03  = octets("7d9419a65310ca6f2c179d9215529d56")
	VendorIDDPD      = octets("afcad71368a1f1c96b8696fc77570100") // RFC 3706 5.1; the last two octets are the version, 1.0
	VendorIDXAUTH    = octets("09002689dfd6b712")                 // draft-beaulieu-ike-xauth-02 4
	VendorIDUnity    = octets("12f5f28c457168a9702d9fe274cc0100") // Cisco; the last two octets are the version, 1.0
	// VendorIDFragmentation may be followed by 4 octets of capabilities.
	VendorIDFragmentation = octets("4048b7d56ebce88525e7de7f00d6c2d3")
)

// KnownVendorID is a vendor ID that has a name.
type KnownVendorID struct {
	Name   string
	Octets []byte
	// Prefix: a version, capabilities or build data may follow in the payload.
	Prefix bool
}

// VendorIDs are the vendor IDs [VendorName] knows. They are to be treated as constants.
var VendorIDs = []KnownVendorID{
	{"RFC 3947", VendorIDRFC3947, false},
	{"draft-ietf-ipsec-nat-t-ike", octets("4df37928e9fc4fd1b3262170d515c662"), false},
	{"draft-ietf-ipsec-nat-t-ike-00", VendorIDDraft00, false},
	{"draft-ietf-ipsec-nat-t-ike-01", VendorIDDraft01, false},
	{"draft-ietf-ipsec-nat-t-ike-02", VendorIDDraft02, false},
	{`draft-ietf-ipsec-nat-t-ike-02\n`, VendorIDDraft02n, false},
	{"draft-ietf-ipsec-nat-t-ike-03", VendorIDDraft03, false},
	{"draft-ietf-ipsec-nat-t-ike-04", octets("9909b64eed937c6573de52ace952fa6b"), false},
	{"draft-ietf-ipsec-nat-t-ike-05", octets("80d0bb3def54565ee84645d4c85ce3ee"), false},
	{"draft-ietf-ipsec-nat-t-ike-06", octets("4d1e0e136deafa34c4f3ea9f02ec7285"), false},
	{"draft-ietf-ipsec-nat-t-ike-07", octets("439b59f8ba676c4c7737ae22eab8f582"), false},
	{"draft-ietf-ipsec-nat-t-ike-08", octets("8f8d83826d246b6fc7a8a6a428c11de8"), false},
	{"draft-stenberg-ipsec-nat-traversal-01", octets("27bab5dc01ea0760ea4e3190ac27c0d0"), false},
	{"draft-stenberg-ipsec-nat-traversal-02", octets("6105c422e76847e43f9684801292aecd"), false},
	{"draft-huttunen-ipsec-esp-in-udp-00", octets("6a7434c19d7e36348090a02334c9c805"), false},
	{"ESPThruNAT", octets("50760f624c63e5c53eea386c685ca083"), false},
	{"DPD 1.0", VendorIDDPD, false},
	{"DPD", VendorIDDPD[:14:14], true},
	{"HeartBeat_Notify", []byte("HeartBeat_Notify"), true},
	{"XAUTH", VendorIDXAUTH, true},
	{"Cisco Unity 1.0", VendorIDUnity, false},
	{"Cisco Unity", VendorIDUnity[:14:14], true},
	{"FRAGMENTATION", VendorIDFragmentation, true},
	{"Cisco VPN Concentrator", octets("1f07f70eaa6514d3b0fa96542a50"), true},
	{"MS NT5 ISAKMPOAKLEY", octets("1e2b516905991c7d7c96fcbfb587e461"), true},
	{"GSSAPI", octets("621b04bb09882ac1e15935fefa24aeee"), false},
	{"A GSS-API Authentication Method for IKE", octets("ad2c0dd0b9c32083ccba25b8861ec455"), false},
	{`A GSS-API Authentication Method for IKE\n`, octets("b46d8914f3aaa3f2fedeb7c7db2943ca"), false},
	{"Vid-Initial-Contact", octets("26244d38eddb61b3172a36e3d0cfb819"), false},
	{"NLBS_PRESENT", octets("72872b95fcda2eb708efe322119b4971"), false},
	{"MS-MamieExists", octets("214ca4faffa7f32d6748e5303395ae83"), false},
	{"MS-Negotiation Discovery Capable", octets("fb1de3cdf341b7ea16b7e5be0855f120"), false},
	{"IKE CGA version 1", octets("e3a5966a76379fe707228231e5ce8652"), false},
	{"KAME/racoon", octets("7003cbc1097dbe9c2600ba6983bc8b35"), true},
	{"strongSwan", octets("882fe56d6fd20dbc2251613b2ebe5beb"), false},
	{"Libreswan", []byte("OE-Libreswan-"), true},
	{"Linux FreeS/WAN or Openswan", []byte("OE"), true},
	{"FortiGate", octets("1d6e178f6c2c0be284985465450fe9d4"), true},
	{"Check Point Firewall-1", octets("f4ed19e0c114eb516faaac0ee37daf2807b4381f"), true},
	{"SonicWall", octets("404bf439522ca3f6"), true},
	{"SafeNet SoftRemote", octets("47bbe7c993f1fc13b4e6d0db565c68e5"), true},
	{"OpenPGP", []byte("OpenPGP"), true},
}

// VendorName returns the name of a vendor ID payload's data. Whole matches go before prefixes, longer prefixes before shorter.
func VendorName(data []byte) (string, bool) {
	var best KnownVendorID
	for _, v := range VendorIDs {
		if bytes.Equal(data, v.Octets) {
			return v.Name, true
		}
		if v.Prefix && bytes.HasPrefix(data, v.Octets) && len(v.Octets) > len(best.Octets) {
			best = v
		}
	}
	return best.Name, best.Octets != nil
}

// octets decodes a constant of this file. Without spare capacity, appending capabilities to one copies it.
func octets(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic("ikev1/wire: " + s + ": " + err.Error())
	}
	return slices.Clip(b)
}

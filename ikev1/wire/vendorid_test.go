package wire_test

import (
	"bytes"
	"crypto/md5"
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestVendorIDHashes recomputes the vendor IDs that are MD5 hashes of a text.
func TestVendorIDHashes(t *testing.T) {
	tests := []struct{ text, name string }{
		{"RFC 3947", "RFC 3947"},
		{"draft-ietf-ipsec-nat-t-ike", "draft-ietf-ipsec-nat-t-ike"},
		{"draft-ietf-ipsec-nat-t-ike-00", "draft-ietf-ipsec-nat-t-ike-00"},
		{"draft-ietf-ipsec-nat-t-ike-01", "draft-ietf-ipsec-nat-t-ike-01"},
		{"draft-ietf-ipsec-nat-t-ike-02", "draft-ietf-ipsec-nat-t-ike-02"},
		{"draft-ietf-ipsec-nat-t-ike-02\n", `draft-ietf-ipsec-nat-t-ike-02\n`},
		{"draft-ietf-ipsec-nat-t-ike-03", "draft-ietf-ipsec-nat-t-ike-03"},
		{"draft-ietf-ipsec-nat-t-ike-04", "draft-ietf-ipsec-nat-t-ike-04"},
		{"draft-ietf-ipsec-nat-t-ike-05", "draft-ietf-ipsec-nat-t-ike-05"},
		{"draft-ietf-ipsec-nat-t-ike-06", "draft-ietf-ipsec-nat-t-ike-06"},
		{"draft-ietf-ipsec-nat-t-ike-07", "draft-ietf-ipsec-nat-t-ike-07"},
		{"draft-ietf-ipsec-nat-t-ike-08", "draft-ietf-ipsec-nat-t-ike-08"},
		{"draft-stenberg-ipsec-nat-traversal-01", "draft-stenberg-ipsec-nat-traversal-01"},
		{"draft-stenberg-ipsec-nat-traversal-02", "draft-stenberg-ipsec-nat-traversal-02"},
		{"draft-huttunen-ipsec-esp-in-udp-00.txt", "draft-huttunen-ipsec-esp-in-udp-00"},
		{"ESPThruNAT", "ESPThruNAT"},
		{"draft-ietf-ipsra-isakmp-xauth-06.txt", "XAUTH"}, // its first 8 octets
		{"CISCO-UNITY", "Cisco Unity"},                    // its first 14 octets
		{"FRAGMENTATION", "FRAGMENTATION"},
		{"MS NT5 ISAKMPOAKLEY", "MS NT5 ISAKMPOAKLEY"},
		{"GSSAPI", "GSSAPI"},
		{"A GSS-API Authentication Method for IKE", "A GSS-API Authentication Method for IKE"},
		{"A GSS-API Authentication Method for IKE\n", `A GSS-API Authentication Method for IKE\n`},
		{"Vid-Initial-Contact", "Vid-Initial-Contact"},
		{"NLBS_PRESENT", "NLBS_PRESENT"},
		{"MS-MamieExists", "MS-MamieExists"},
		{"MS-Negotiation Discovery Capable", "MS-Negotiation Discovery Capable"},
		{"IKE CGA version 1", "IKE CGA version 1"},
		{"KAME/racoon", "KAME/racoon"},
		{"strongSwan", "strongSwan"},
	}
	for _, tt := range tests {
		sum := md5.Sum([]byte(tt.text))
		if got, _ := wire.VendorName(sum[:]); got != tt.name {
			t.Errorf("MD5(%q) = %x is %q, want %q", tt.text, sum, got, tt.name)
		}
	}
}

func TestVendorName(t *testing.T) {
	tests := []struct{ hex, name string }{
		{"4a131c81070358455c5728f20e95452f", "RFC 3947"},
		{"4a131c81070358455c5728f20e95452f00", ""},
		{"4a131c81070358455c5728f20e9545", ""},
		{"afcad71368a1f1c96b8696fc77570100", "DPD 1.0"},
		{"afcad71368a1f1c96b8696fc77570101", "DPD"},
		{"09002689dfd6b712", "XAUTH"},
		{"12f5f28c457168a9702d9fe274cc0100", "Cisco Unity 1.0"},
		{"12f5f28c457168a9702d9fe274cc0102", "Cisco Unity"},
		{"4048b7d56ebce88525e7de7f00d6c2d3", "FRAGMENTATION"},
		{"4048b7d56ebce88525e7de7f00d6c2d380000000", "FRAGMENTATION"},
		{"1e2b516905991c7d7c96fcbfb587e46100000009", "MS NT5 ISAKMPOAKLEY"},
		{"4f452d4c696272657377616e2d342e3132", "Libreswan"},
		{"4f45755c645c6a795c5c6170", "Linux FreeS/WAN or Openswan"},
		{"4f4568", "Linux FreeS/WAN or Openswan"},
		{"", ""},
		{"00", ""},
	}
	for _, tt := range tests {
		if got, ok := wire.VendorName(unhex(t, tt.hex)); got != tt.name || ok != (tt.name != "") {
			t.Errorf("VendorName(%s) = %q, %v, want %q", tt.hex, got, ok, tt.name)
		}
	}
}

func TestVendorIDsDistinct(t *testing.T) {
	for i, v := range wire.VendorIDs {
		if v.Name == "" || len(v.Octets) == 0 {
			t.Errorf("entry %d is incomplete", i)
		}
		if len(v.Octets) != cap(v.Octets) {
			t.Errorf("%q could be appended to in place", v.Name)
		}
		for _, w := range wire.VendorIDs[:i] {
			if v.Name == w.Name || bytes.Equal(v.Octets, w.Octets) {
				t.Errorf("%q and %q are the same", v.Name, w.Name)
			}
		}
	}
}

package wire

import "bytes"

// Vendor IDs that change what is on the wire. Most are MD5 hashes of a text; they are to be treated as constants.
var (
	VendorIDRFC3947       = []byte("\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f") // RFC 3947 3.1
	VendorIDDraft00       = []byte("\x44\x85\x15\x2d\x18\xb6\xbb\xcd\x0b\xe8\xa8\x46\x95\x79\xdd\xcc") // draft-ietf-ipsec-nat-t-ike-00
	VendorIDDraft01       = []byte("\x16\xf6\xca\x16\xe4\xa4\x06\x6d\x83\x82\x1a\x0f\x0a\xea\xa8\x62")
	VendorIDDraft02       = []byte("\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48")
	VendorIDDraft02n      = []byte("\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f") // of the text with a newline
	VendorIDDraft03       = []byte("\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56")
	VendorIDDPD           = []byte("\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57\x01\x00") // RFC 3706 5.1, version 1.0
	VendorIDXAUTH         = []byte("\x09\x00\x26\x89\xdf\xd6\xb7\x12")                                 // draft-ietf-ipsec-isakmp-xauth-06
	VendorIDUnity         = []byte("\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc\x01\x00") // Cisco, version 1.0
	VendorIDFragmentation = []byte("\x40\x48\xb7\xd5\x6e\xbc\xe8\x85\x25\xe7\xde\x7f\x00\xd6\xc2\xd3") // may have 4 octets of capabilities after it
)

// KnownVendorID is a vendor ID that has a name.
type KnownVendorID struct {
	Name   string
	Octets []byte
	// Prefix: versions, capabilities or build data follow in the payload.
	Prefix bool
}

// VendorIDs are the vendor IDs [VendorName] knows. They are to be treated as constants.
var VendorIDs = []KnownVendorID{
	{"RFC 3947", VendorIDRFC3947, false},
	{"draft-ietf-ipsec-nat-t-ike-00", VendorIDDraft00, false},
	{"draft-ietf-ipsec-nat-t-ike-01", VendorIDDraft01, false},
	{"draft-ietf-ipsec-nat-t-ike-02", VendorIDDraft02, false},
	{"draft-ietf-ipsec-nat-t-ike-02\\n", VendorIDDraft02n, false},
	{"draft-ietf-ipsec-nat-t-ike-03", VendorIDDraft03, false},
	{"DPD 1.0", VendorIDDPD, false},
	{"XAUTH", VendorIDXAUTH, false},
	{"Cisco Unity 1.0", VendorIDUnity, false},
	{"FRAGMENTATION", VendorIDFragmentation, true},
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

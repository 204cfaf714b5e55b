package esp

import (
	"bytes"
	"testing"
)

func TestClassifyUDP(t *testing.T) {
	for _, tc := range []struct {
		name string
		data []byte
		kind UDPKind
		body []byte
	}{
		{"keepalive", AppendKeepalive(nil), UDPKeepalive, nil},
		{"IKE", AppendIKE(nil, []byte("message")), UDPIKE, []byte("message")},
		{"IKE marker alone", make([]byte, 4), UDPIKE, []byte{}},
		{"ESP", []byte{0, 0, 1, 0, 0, 0, 0, 1, 9}, UDPESP, []byte{0, 0, 1, 0, 0, 0, 0, 1, 9}},
		{"nothing", nil, UDPInvalid, nil},
		{"another octet", []byte{0xfe}, UDPInvalid, []byte{0xfe}},
		{"two keepalives", []byte{0xff, 0xff}, UDPInvalid, []byte{0xff, 0xff}},
		{"half a marker", []byte{0, 0}, UDPInvalid, []byte{0, 0}},
		{"half an ESP header", []byte{0, 0, 1, 0, 0, 0, 0}, UDPInvalid, []byte{0, 0, 1, 0, 0, 0, 0}},
	} {
		kind, body := ClassifyUDP(tc.data)
		if kind != tc.kind || !bytes.Equal(body, tc.body) {
			t.Errorf("%s: %v %x", tc.name, kind, body)
		}
	}
}

func TestUDPHeader(t *testing.T) {
	got := UDPEncap{SrcPort: 4500, DstPort: 61000}.AppendHeader([]byte{1}, 100)
	if want := []byte{1, 0x11, 0x94, 0xee, 0x48, 0, 108, 0, 0}; !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

package wire_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestAttributeUint(t *testing.T) {
	tests := []struct {
		name string
		a    wire.Attribute
		want uint64
		ok   bool
	}{
		{"short", wire.TV(1, 0xfffe), 0xfffe, true},
		{"4 octets", wire.TLV32(1, 28800), 28800, true},
		{"1 octet", wire.TLV(1, []byte{7}), 7, true},
		{"8 octets", wire.TLV(1, []byte{1, 2, 3, 4, 5, 6, 7, 8}), 0x0102030405060708, true},
		{"leading zeros", wire.TLV(1, []byte{0, 0, 0, 0, 0, 0, 0, 0, 1, 2}), 0x0102, true},
		{"zero", wire.TLV(1, make([]byte, 12)), 0, true},
		{"9 octets", wire.TLV(1, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9}), 0, false},
		{"empty", wire.TLV(1, nil), 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := tt.a.Uint(); got != tt.want || ok != tt.ok {
				t.Errorf("Uint = %d, %v, want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestAttributeEqual(t *testing.T) {
	short, long := wire.TV(12, 3600), wire.TLV32(12, 3600)
	if !short.Equal(wire.TV(12, 3600)) || !long.Equal(wire.TLV(12, []byte{0, 0, 0x0e, 0x10})) {
		t.Error("the same octets are not equal")
	}
	for _, b := range []wire.Attribute{long, wire.TV(11, 3600), wire.TV(12, 3601), wire.TLV(12, []byte{0x0e, 0x10})} {
		if short.Equal(b) {
			t.Errorf("%v equals %v", short, b)
		}
	}
}

func TestTransformAttr(t *testing.T) {
	tr := wire.Transform{Attributes: []wire.Attribute{wire.TV(wire.P1Hash, 2), wire.TV(wire.P1Hash, 1)}}
	got, ok := tr.Attr(wire.P1Hash)
	if d := cmp.Diff(wire.TV(wire.P1Hash, 2), got); d != "" || !ok {
		t.Errorf("Attr: %v (-want +got):\n%s", ok, d)
	}
	if got, ok = tr.Attr(wire.P1Group); ok || got.Value != nil {
		t.Errorf("Attr of an absent type: %v, %v", got, ok)
	}
}

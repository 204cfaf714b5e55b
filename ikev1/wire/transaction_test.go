package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestAttributesPadding: libreswan pads the payload with zeros; what is not zero, or long enough to be an attribute, is none.
func TestAttributesPadding(t *testing.T) {
	head := []byte{0, 0, 0, 0, byte(wire.CFGSet), 0, 0x12, 0x34}
	address := []byte{0, 1, 0, 4, 10, 0, 0, 1}
	attribute := wire.TLV(wire.CFGInternalIP4Address, []byte{10, 0, 0, 1})
	for name, tt := range map[string]struct {
		tail []byte
		want []wire.Attribute
		pad  int
		bad  bool
	}{
		"none":        {nil, []wire.Attribute{attribute}, 0, false},
		"one":         {[]byte{0}, []wire.Attribute{attribute}, 1, false},
		"three":       {[]byte{0, 0, 0}, []wire.Attribute{attribute}, 3, false},
		"four":        {[]byte{0, 0, 0, 0}, []wire.Attribute{attribute, {Value: []byte{}}}, 0, false},
		"not of zero": {[]byte{0, 1}, nil, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := bytes.Join([][]byte{head, address, tt.tail}, nil)
			b[3] = byte(len(b))
			ps, _, _, err := wire.ParsePayloads(wire.PayloadAttributes, b)
			if tt.bad {
				var p *wire.ParseError
				if !errors.As(err, &p) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ps[0].(*wire.Attributes)
			want := &wire.Attributes{MsgType: wire.CFGSet, Identifier: 0x1234, Attributes: tt.want, Padding: tt.pad}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

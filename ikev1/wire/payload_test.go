package wire_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestParsePayloads(t *testing.T) {
	// What main mode message 5 decrypts to: IDii, HASH_I and padding up to the cipher's block.
	b := unhex(t, "08 00 000c 01 11 01f4 c0000201 00 00 0006 f1f2 000000 03")
	ps, bodies, rest, err := wire.ParsePayloads(wire.PayloadID, b)
	if err != nil {
		t.Fatal(err)
	}
	want := []wire.Payload{
		&wire.ID{IDType: wire.IDIPv4Addr, Protocol: 17, Port: 500, Data: []byte{192, 0, 2, 1}},
		&wire.Hash{Data: []byte{0xf1, 0xf2}},
	}
	if d := cmp.Diff(want, ps); d != "" {
		t.Errorf("payloads (-want +got):\n%s", d)
	}
	if d := cmp.Diff([][]byte{b[4:12], b[16:18]}, bodies); d != "" {
		t.Errorf("bodies (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]byte{0, 0, 0, 3}, rest); d != "" {
		t.Errorf("rest (-want +got):\n%s", d)
	}

	if ps, bodies, rest, err = wire.ParsePayloads(wire.PayloadNone, b[:2]); err != nil || ps != nil || bodies != nil || len(rest) != 2 {
		t.Errorf("no payloads: %v, %v, %x, %v", ps, bodies, rest, err)
	}

	b[15] = 2 // HASH length: what a wrong key makes of a message
	ps, _, _, err = wire.ParsePayloads(wire.PayloadID, b)
	pe, ok := errors.AsType[*wire.ParseError](err)
	if !ok || !errors.Is(err, wire.ErrLength) || pe.Offset != 14 || len(ps) != 1 {
		t.Errorf("HASH of length 2: %d payloads, %v", len(ps), err)
	}
}

func TestAppendPayloads(t *testing.T) {
	ps := []wire.Payload{&wire.Hash{Data: []byte{1}}, &wire.Raw{PT: 99, Reserved: 7, Body: []byte{2, 3}}}
	b, err := wire.AppendPayloads([]byte{0xee}, ps)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(unhex(t, "ee 63 00 0005 01 00 07 0006 0203"), b); d != "" {
		t.Errorf("AppendPayloads (-want +got):\n%s", d)
	}
	if got := wire.FirstType(ps); got != wire.PayloadHash {
		t.Errorf("FirstType = %v", got)
	}
	if got := wire.FirstType(nil); got != wire.PayloadNone {
		t.Errorf("FirstType of nothing = %v", got)
	}
}

// TestAppendDoesNotWriteInput: growing a parsed field must not write into the datagram it aliases.
func TestAppendDoesNotWriteInput(t *testing.T) {
	for _, f := range fixtures {
		b := f.octets(t)
		m, err := wire.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range m.Payloads {
			switch p := p.(type) {
			case *wire.KE:
				p.Data = append(p.Data, 0xff)
			case *wire.Hash:
				p.Data = append(p.Data, 0xff)
			case *wire.Notify:
				p.SPI = append(p.SPI, 0xff)
			case *wire.SA:
				for i := range p.Proposals {
					p.Proposals[i].SPI = append(p.Proposals[i].SPI, 0xff)
				}
			}
		}
		_ = append(m.Sealed, 0xff)
		if d := cmp.Diff(f.octets(t), b); d != "" {
			t.Errorf("%s: appending to a field changed the datagram:\n%s", f.name, d)
		}
	}
}

func TestRawTyped(t *testing.T) {
	tests := []struct {
		name string
		raw  wire.Raw
		want wire.Payload
	}{
		{
			"reserved octet in the generic header",
			wire.Raw{PT: wire.PayloadNonce, Reserved: 1, Body: []byte{1, 2}},
			&wire.Nonce{Data: []byte{1, 2}},
		},
		{
			"reserved octets in a NAT-OA payload",
			wire.Raw{PT: wire.PayloadNATOADraft, Body: []byte{1, 0, 9, 0, 10, 0, 0, 1}},
			&wire.NATOA{Draft: true, IDType: wire.IDIPv4Addr, Data: []byte{10, 0, 0, 1}},
		},
		{
			"reserved octets in a transform",
			wire.Raw{PT: wire.PayloadSA, Body: []byte{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 16, 1, 1, 0, 1, 0, 0, 0, 8, 1, 1, 0, 5}},
			&wire.SA{DOI: 1, Situation: 1, Proposals: []wire.Proposal{{Number: 1, Protocol: 1, Transforms: []wire.Transform{{Number: 1, ID: 1}}}}},
		},
		{"no typed form", wire.Raw{PT: 99, Body: []byte{1}}, &wire.Raw{PT: 99, Body: []byte{1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.raw.Typed()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("Typed (-want +got):\n%s", d)
			}
		})
	}

	bad := wire.Raw{PT: wire.PayloadID, Body: []byte{1, 2, 3}}
	_, err := bad.Typed()
	checkError(t, err, bad.Body)
	if pe, _ := errors.AsType[*wire.ParseError](err); pe.Offset != 2 || pe.Field != "ID port" {
		t.Errorf("error %v", err)
	}
}

func TestDeleteSPISize(t *testing.T) {
	d := &wire.Delete{DOI: wire.DOIIPSEC, Protocol: wire.ProtoESP, SPIs: [][]byte{{1, 2, 3, 4}}}
	b, err := wire.AppendPayloads(nil, []wire.Payload{d})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unhex(t, "00 00 0010 00000001 03 04 0001 01020304"), b); diff != "" {
		t.Errorf("SPI size from the first SPI (-want +got):\n%s", diff)
	}

	// A size without SPIs survives as well.
	in := message(t, wire.PayloadDelete, "00 00 000c 00000001 03 04 0000")
	m, err := wire.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	checkIdentity(t, m, in)
}

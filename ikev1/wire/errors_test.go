package wire_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// message returns a message in clear whose body is given in hex.
func message(t testing.TB, first wire.PayloadType, body string) []byte {
	t.Helper()
	b := unhex(t, "1112131415161718 2122232425262728 00 10 02 00 00000000 00000000"+body)
	b[16] = byte(first)
	binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
	return b
}

func TestParseErrors(t *testing.T) {
	set := func(i int, v byte) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			b := mainMode1(t)
			b[i] = v
			return b
		}
	}
	msg := func(first wire.PayloadType, body string) func(*testing.T) []byte {
		return func(t *testing.T) []byte { return message(t, first, body) }
	}
	tests := []struct {
		name   string
		input  func(*testing.T) []byte
		cause  error
		offset int
		field  string
		ref    string
	}{
		{"version", set(17, 0x20), wire.ErrVersion, 17, "version", "RFC 2408 3.1"},
		{"version 0", set(17, 0x05), wire.ErrVersion, 17, "version", "RFC 2408 3.1"},
		{"length under header", set(27, 27), wire.ErrLength, 24, "length", "RFC 2408 3.1"},
		{"length over datagram", set(27, 0x81), wire.ErrTruncated, 24, "length", "RFC 2408 3.1"},
		{"length cuts a payload", set(27, 0x7f), wire.ErrTruncated, 110, "VID payload length", "RFC 2408 3.2"},
		{"payload length 0", set(31, 0), wire.ErrLength, 30, "SA payload length", "RFC 2408 3.2"},
		{"payload length 3", set(31, 3), wire.ErrLength, 30, "SA payload length", "RFC 2408 3.2"},
		{"payload length over message", set(30, 1), wire.ErrTruncated, 30, "SA payload length", "RFC 2408 3.2"},
		{"chain without end", set(108, 13), wire.ErrTruncated, 128, "VID payload header", "RFC 2408 3.2"},
		{"next payload without payload", msg(wire.PayloadHash, ""), wire.ErrTruncated, 28, "HASH payload header", "RFC 2408 3.2"},

		{"SA without body", msg(wire.PayloadSA, "00 00 0004"), wire.ErrTruncated, 32, "SA DOI", "RFC 2408 3.4"},
		{"SA without situation", msg(wire.PayloadSA, "00 00 0008 00000001"), wire.ErrTruncated, 36, "SA situation", "RFC 2408 3.4"},
		{"SA without proposal", msg(wire.PayloadSA, "00 00 000c 00000001 00000001"), wire.ErrTruncated, 40, "SA proposal", "RFC 2408 3.5"},
		{"proposal length 0", set(43, 0), wire.ErrLength, 42, "SA proposal length", "RFC 2408 3.5"},
		{"proposal length 7", set(43, 7), wire.ErrLength, 42, "SA proposal length", "RFC 2408 3.5"},
		{"proposal over SA", set(43, 0x31), wire.ErrTruncated, 42, "SA proposal length", "RFC 2408 3.5"},
		{"SA short of its proposal", set(31, 0x3b), wire.ErrTruncated, 42, "SA proposal length", "RFC 2408 3.5"},
		{"proposal chained to a transform", set(40, 3), wire.ErrNextPayload, 40, "SA proposal next payload", "RFC 2408 3.5"},
		{"proposal chained to nothing", set(40, 2), wire.ErrTruncated, 88, "SA proposal", "RFC 2408 3.5"},
		{"SPI over proposal", set(46, 255), wire.ErrTruncated, 48, "SA SPI", "RFC 2408 3.5"},
		{"SPI eats the transform", set(46, 40), wire.ErrTruncated, 88, "SA transform", "RFC 2408 3.6"},
		{"no transforms claimed", set(47, 0), wire.ErrCount, 47, "SA number of transforms", "RFC 2408 3.5"},
		{"more transforms claimed", set(47, 2), wire.ErrCount, 47, "SA number of transforms", "RFC 2408 3.5"},
		{
			"no transforms", msg(wire.PayloadSA, "00 00 0014 00000001 00000001 00 00 0008 01 01 00 00"),
			wire.ErrTruncated, 48, "SA transform", "RFC 2408 3.6",
		},
		{
			"octets after the proposals", msg(wire.PayloadSA, "00 00 001d 00000001 00000001 00 00 0010 01 01 00 01 00 00 0008 01 01 0000 ff"),
			wire.ErrTrailing, 56, "SA payload", "RFC 2408 3.4",
		},
		{
			"octets after the transforms", msg(wire.PayloadSA, "00 00 001d 00000001 00000001 00 00 0011 01 01 00 01 00 00 0008 01 01 0000 ff"),
			wire.ErrTrailing, 56, "SA proposal", "RFC 2408 3.5",
		},
		{"transform chained to a proposal", set(48, 2), wire.ErrNextPayload, 48, "SA transform next payload", "RFC 2408 3.6"},
		{"transform chained to nothing", set(48, 3), wire.ErrTruncated, 88, "SA transform", "RFC 2408 3.6"},
		{"transform length 7", set(51, 7), wire.ErrLength, 50, "SA transform length", "RFC 2408 3.6"},
		{"transform over proposal", set(51, 0x29), wire.ErrTruncated, 50, "SA transform length", "RFC 2408 3.6"},
		{"attribute over transform", set(83, 5), wire.ErrTruncated, 84, "SA attribute value", "RFC 2408 3.3"},
		{
			"attribute cut", msg(wire.PayloadSA, "00 00 001f 00000001 00000001 00 00 0013 01 01 00 01 00 00 000b 01 01 0000 800100"),
			wire.ErrTruncated, 58, "SA attribute value", "RFC 2408 3.3",
		},

		{"ID of 7 octets", msg(wire.PayloadID, "00 00 0007 01 00 00"), wire.ErrTruncated, 34, "ID port", "RFC 2407 4.6.2"},
		{"empty CERT", msg(wire.PayloadCert, "00 00 0004"), wire.ErrTruncated, 32, "CERT encoding", "RFC 2408 3.9"},
		{"empty CR", msg(wire.PayloadCertRequest, "00 00 0004"), wire.ErrTruncated, 32, "CR encoding", "RFC 2408 3.10"},
		{
			"notify SPI over payload", msg(wire.PayloadNotify, "00 00 000e 00000001 03 04 000e 0102"),
			wire.ErrTruncated, 40, "N SPI", "RFC 2408 3.14",
		},
		{
			"delete with fewer SPIs", msg(wire.PayloadDelete, "00 00 0010 00000001 03 04 0002 01020304"),
			wire.ErrCount, 38, "D number of SPIs", "RFC 2408 3.15",
		},
		{
			"delete with more octets", msg(wire.PayloadDelete, "00 00 0011 00000001 03 04 0001 01020304 05"),
			wire.ErrCount, 38, "D number of SPIs", "RFC 2408 3.15",
		},
		{
			"delete with SPIs of no octets", msg(wire.PayloadDelete, "00 00 000c 00000001 03 00 ffff"),
			wire.ErrCount, 38, "D number of SPIs", "RFC 2408 3.15",
		},
		{"short NAT-OA", msg(wire.PayloadNATOA, "00 00 0007 01 00 00"), wire.ErrTruncated, 33, "NAT-OA RESERVED", "RFC 3947 5.2"},
		{
			"short transaction attributes", msg(wire.PayloadAttributes, "00 00 0006 01 00"),
			wire.ErrTruncated, 34, "ATTR identifier", "draft-dukes-ike-mode-cfg-02 3.2",
		},
		{"short fragment", msg(wire.PayloadFragment, "00 00 0006 00 01"), wire.ErrTruncated, 34, "FRAG fragment number", "MS-IKEE, Fragment Payload"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := wire.Parse(tt.input(t))
			if !errors.Is(err, tt.cause) {
				t.Fatalf("error %v, want %v", err, tt.cause)
			}
			pe, ok := errors.AsType[*wire.ParseError](err)
			if !ok {
				t.Fatalf("%T is not a *ParseError", err)
			}
			type where struct {
				Offset     int
				Field, Ref string
			}
			if d := cmp.Diff(where{tt.offset, tt.field, tt.ref}, where{pe.Offset, pe.Field, pe.Ref}); d != "" {
				t.Errorf("%v (-want +got):\n%s", err, d)
			}
			if m == nil {
				t.Error("no header")
			}
		})
	}
}

func TestParseErrorText(t *testing.T) {
	b := mainMode1(t)
	b[51] = 7
	_, err := wire.Parse(b)
	want := "ikev1/wire: SA transform length 7 < header 8 at offset 50 (RFC 2408 3.6)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAppendErrors(t *testing.T) {
	sa := func(p wire.Proposal) wire.Payload {
		return &wire.SA{DOI: wire.DOIIPSEC, Situation: 1, Proposals: []wire.Proposal{p}}
	}
	attr := func(a wire.Attribute) wire.Payload {
		return sa(wire.Proposal{Transforms: []wire.Transform{{Attributes: []wire.Attribute{a}}}})
	}
	long := make([]byte, 65536)
	tests := []struct {
		name  string
		p     wire.Payload
		cause error
	}{
		{"payload", &wire.KE{Data: long[:65532]}, wire.ErrTooLong},
		{"raw", &wire.Raw{PT: 99, Body: long}, wire.ErrTooLong},
		{"SPI", sa(wire.Proposal{SPI: long[:256]}), wire.ErrTooLong},
		{"transforms", sa(wire.Proposal{Transforms: make([]wire.Transform, 256)}), wire.ErrTooLong},
		{"transform", attr(wire.TLV(1, long[:65524])), wire.ErrTooLong},
		{"proposal", attr(wire.TLV(1, long[:65516])), wire.ErrTooLong},
		{"attribute value", attr(wire.TLV(1, long)), wire.ErrTooLong},
		{"attribute type", attr(wire.TV(0x8000, 1)), wire.ErrTooLong},
		{"short form", attr(wire.Attribute{Type: 1, Basic: true, Value: []byte{1}}), wire.ErrLength},
		{"short form without value", attr(wire.Attribute{Type: 1, Basic: true}), wire.ErrLength},
		{"notify SPI", &wire.Notify{SPI: long[:256]}, wire.ErrTooLong},
		{"delete SPI", &wire.Delete{SPIs: [][]byte{long[:256]}}, wire.ErrTooLong},
		{"delete SPIs", &wire.Delete{SPISize: 1, SPIs: make([][]byte, 65536)}, wire.ErrTooLong},
		{"delete SPIs of two sizes", &wire.Delete{SPIs: [][]byte{{1, 2, 3, 4}, {1, 2}}}, wire.ErrLength},
		{"delete SPIs of another size", &wire.Delete{SPISize: 4, SPIs: [][]byte{{1, 2}}}, wire.ErrLength},
		{"nil", nil, wire.ErrNilPayload},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := wire.Message{Payloads: []wire.Payload{&wire.Nonce{}, tt.p}}
			if b, err := m.Append(nil); !errors.Is(err, tt.cause) || b != nil {
				t.Errorf("Append = %x, %v, want nil and %v", b, err, tt.cause)
			}
		})
	}
}

package wire_test

import (
	"errors"
	"fmt"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// The first message of a main mode exchange, written and read.
func Example() {
	offer := wire.Transform{Number: 1, ID: wire.KeyIKE, Attributes: []wire.Attribute{
		wire.TV(wire.P1Encryption, 7), // AES-CBC
		wire.TV(wire.P1KeyLength, 256),
		wire.TV(wire.P1Hash, 4), // SHA2-256
		wire.TV(wire.P1Auth, uint16(wire.AuthPSK)),
		wire.TV(wire.P1Group, 14),
	}}
	m := wire.Message{
		Header: wire.Header{CookieI: wire.Cookie{1, 2, 3, 4, 5, 6, 7, 8}, Version: wire.Version1, Exchange: wire.ExchangeMain},
		Payloads: []wire.Payload{
			&wire.SA{DOI: wire.DOIIPSEC, Situation: wire.SitIdentityOnly, Proposals: []wire.Proposal{
				{Number: 1, Protocol: wire.ProtoISAKMP, Transforms: []wire.Transform{offer}},
			}},
			&wire.VendorID{Data: wire.VendorIDDPD},
		},
	}
	datagram, err := m.Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	got, err := wire.Parse(datagram)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(got.CookieI, got.Exchange, got.Length)
	for _, p := range got.Payloads {
		switch p := p.(type) {
		case *wire.SA:
			for _, a := range p.Proposals[0].Transforms[0].Attributes {
				n, _ := a.Uint()
				fmt.Println(p.Type(), a.Type.Name(wire.ProtoISAKMP), n)
			}
		case *wire.VendorID:
			name, _ := wire.VendorName(p.Data)
			fmt.Println(p.Type(), name)
		}
	}
	// Output:
	// 0102030405060708 main 96
	// SA encryption algorithm 7
	// SA key length 256
	// SA hash algorithm 4
	// SA authentication method 1
	// SA group description 14
	// VID DPD 1.0
}

// An error says where, and which section of which RFC.
func ExampleParseError() {
	_, _, _, err := wire.ParsePayloads(wire.PayloadID, []byte{0, 0, 0, 6, 1, 0})
	fmt.Println(err)

	var pe *wire.ParseError
	fmt.Println(errors.As(err, &pe), pe.Offset, pe.Field, errors.Is(err, wire.ErrTruncated))
	// Output:
	// ikev1/wire: ID port truncated: 2 octets needed, 0 left at offset 6 (RFC 2407 4.6.2)
	// true 6 ID port true
}

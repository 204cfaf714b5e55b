package esp_test

import (
	"errors"
	"fmt"

	"github.com/useipsec/useipsec/esp"
)

// One SA for each direction, here both ends of one; the keys come from KEYMAT.
func Example() {
	suite := esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA256x128}
	keymat := make([]byte, suite.KEYMATLen())
	keys, err := esp.SplitKEYMAT(suite, keymat)
	if err != nil {
		fmt.Println(err)
		return
	}
	params := esp.Params{SPI: 0xc0ffee01, Mode: esp.Transport, Suite: suite, Keys: keys}
	sender, err := esp.New(params)
	if err != nil {
		fmt.Println(err)
		return
	}
	receiver, err := esp.New(params)
	if err != nil {
		fmt.Println(err)
		return
	}

	pkt, err := sender.Seal(nil, []byte("a BGP message"), 6)
	fmt.Println(suite, len(pkt), "octets,", err)

	payload, info, err := receiver.Open(nil, pkt)
	fmt.Printf("%q, sequence %d, next header %d, %v\n", payload, info.Seq, info.NextHeader, err)

	_, _, err = receiver.Open(nil, pkt)
	fmt.Println(err, errors.Is(err, esp.ErrReplay))
	// Output:
	// aes128-cbc/hmac-sha256-128 56 octets, <nil>
	// "a BGP message", sequence 1, next header 6, <nil>
	// esp: SPI 0xc0ffee01 sequence 1: replay (RFC 2406 3.4.3) true
}

// A checker wants to see what a receiver drops.
func ExampleSA_Inspect() {
	params := esp.Params{
		SPI:   0xc0ffee01,
		Mode:  esp.Transport,
		Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.HMACSHA1x96},
		Keys:  esp.Keys{Integrity: make([]byte, 20)},
	}
	checker, err := esp.New(params)
	if err != nil {
		fmt.Println(err)
		return
	}
	params.Deviations.BadICV = 1
	faulty, err := esp.New(params)
	if err != nil {
		fmt.Println(err)
		return
	}
	pkt, err := faulty.Seal(nil, []byte("hello"), 17)
	if err != nil {
		fmt.Println(err)
		return
	}
	facts, err := checker.Inspect(nil, pkt)
	fmt.Printf("ICV %v, padding %x, payload %q, %v\n", facts.ICV, facts.Padding, facts.Payload, err)
	fmt.Println(facts.Note)
	// Output:
	// ICV bad, padding 01, payload "hello", <nil>
	// ICV does not verify; what was decrypted may be meaningless
}

// Port 4500 carries three things (RFC 3948 2).
func ExampleClassifyUDP() {
	for _, data := range [][]byte{
		esp.AppendKeepalive(nil),
		esp.AppendIKE(nil, []byte("isakmp")),
		{0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 1},
	} {
		kind, body := esp.ClassifyUDP(data)
		fmt.Println(kind, len(body))
	}
	// Output:
	// keepalive 0
	// ike 6
	// esp 8
}

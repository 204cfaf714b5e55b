package spd_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
)

// Two BGP speakers as in section 9 of RFC 5406: TCP port 179 between them in ESP, nothing
// else. The keys would come from IKE.
func Example() {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	bgp := spd.Selector{
		Src: netip.PrefixFrom(a, 32), Dst: netip.PrefixFrom(b, 32),
		Proto: 6, DstPorts: spd.Port(179),
	}
	endpoint := func(s spd.Selector) *spd.Endpoint {
		return spd.NewEndpoint(spd.SPD{{Name: "bgp", Selector: s, Action: spd.Protect, Mode: esp.Transport}}, spd.Deviations{})
	}
	speaker, peer := endpoint(bgp), endpoint(bgp.Reverse())
	now := time.Now()

	v, packets := speaker.Outbound(now, syn)
	fmt.Printf("%v, %s, %d packets: negotiate %v\n", v.Action, v.Reason, len(packets), v.NeedSA)

	suite := esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}
	keys := esp.Keys{Encryption: make([]byte, 16), Integrity: make([]byte, 20)}
	sa := func() *esp.SA {
		sa, err := esp.New(esp.Params{SPI: 0xc0000001, Mode: esp.Transport, Suite: suite, Keys: keys, Src: a, Dst: b})
		if err != nil {
			panic(err)
		}
		return sa
	}
	if err := speaker.Install(spd.SAPair{Policy: "bgp", Selector: bgp, Out: sa()}); err != nil {
		fmt.Println(err)
	}
	if err := peer.Install(spd.SAPair{Policy: "bgp", Selector: bgp.Reverse(), In: sa()}); err != nil {
		fmt.Println(err)
	}

	v, packets = speaker.Outbound(now, syn)
	wire, err := spd.ParseFlow(packets[0])
	fmt.Printf("%v with SPI %#x, on the wire: %v, %v\n", v.Action, v.SPI, wire, err)

	v, packets = peer.Inbound(now, packets[0])
	inner, err := spd.ParseFlow(packets[0])
	fmt.Printf("%v, to the host: %v, %v\n", v.Action, inner, err)

	v, packets = peer.Inbound(now, syn)
	fmt.Printf("%v, %s, %d packets\n", v.Action, v.Reason, len(packets))
	// Output:
	// protect, no SA, 0 packets: negotiate tcp 192.0.2.1/32 -> 192.0.2.2/32[179]
	// protect with SPI 0xc0000001, on the wire: esp 192.0.2.1 -> 192.0.2.2, <nil>
	// protect, to the host: tcp 192.0.2.1:40000 -> 192.0.2.2:179, <nil>
	// discard, clear packet matches protect policy bgp, 0 packets
}

// syn opens a TCP connection from 192.0.2.1 port 40000 to 192.0.2.2 port 179.
var syn = []byte{
	0x45, 0x00, 0x00, 0x28, 0x00, 0x01, 0x40, 0x00, 0x40, 0x06, 0xb6, 0xcb, 192, 0, 2, 1, 192, 0, 2, 2,
	0x9c, 0x40, 0x00, 0xb3, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0x8e, 0xea, 0, 0,
}

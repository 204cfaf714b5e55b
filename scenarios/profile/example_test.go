package profile_test

import (
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func Example() {
	bgp, err := profile.Builtin("bgp")
	if err != nil {
		fmt.Println(err)
		return
	}
	ends := profile.Ends{
		Initiator: []netip.Addr{netip.MustParseAddr("192.0.2.1")},
		Responder: []netip.Addr{netip.MustParseAddr("192.0.2.2")},
	}
	for _, port := range []uint16{179, 8179} {
		action, _ := bgp.Selectors.Action(profile.Flow{
			Src: ends.Initiator[0], SrcPort: 40000, Dst: ends.Responder[0], DstPort: port, Proto: 6,
		}, ends)
		fmt.Println(port, action)
	}
	fmt.Println("tunnel:", bgp.Protection.AllowsMode("tunnel"))
	fmt.Println("psk:", bgp.Authentication.Methods.Level("psk"))
	// Output:
	// 179 protect
	// 8179 bypass
	// tunnel: false
	// psk: may
}

func ExampleParse() {
	_, err := profile.Parse("web.yaml", []byte("name: web\ntitle: The web\nprotectoin: {}\n"))
	fmt.Println(err.(profile.Errors)[1].Detail())
	// Output:
	// web.yaml:1:1: missing answer c, "keying": what form of key management? (section 8)
	//     1 | name: web
	//       | ^
}

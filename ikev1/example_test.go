package ikev1_test

import (
	"fmt"
	"log"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Two ends in one process, main mode with a pre-shared key and a quick mode. Datagrams go from one to the other; the clock
// stands still, as nothing is lost.
func Example() {
	here, there := netip.MustParseAddrPort("192.0.2.1:500"), netip.MustParseAddrPort("192.0.2.2:500")
	bgp := spd.Selector{
		Src: netip.MustParsePrefix("192.0.2.1/32"), Dst: netip.MustParsePrefix("192.0.2.2/32"),
		Proto: 6, DstPorts: spd.PortRange{Lo: 179, Hi: 179},
	}
	config := func(local, remote netip.AddrPort, s spd.Selector) *ikev1.Config {
		return &ikev1.Config{
			Mode: ikev1.Main, Local: local, Remote: remote, LocalID: ikev1.AddrID(local.Addr()),
			Auth:      ikev1.Auth{Method: wire.AuthPSK, PSK: []byte("a secret only for examples")},
			Proposals: []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA256, Group: keymat.MODP2048}},
			Quick: []ikev1.QuickPolicy{{
				Name: "bgp", Selector: s, Proto: esp.ESP, Mode: esp.Transport,
				Suites: []esp.Suite{{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}},
			}},
		}
	}
	initiator, err := ikev1.NewInitiator(config(here, there, bgp))
	if err != nil {
		log.Fatal(err)
	}
	responder, err := ikev1.NewResponder(config(there, here, bgp.Reverse()))
	if err != nil {
		log.Fatal(err)
	}

	now := time.Now()
	// talk carries datagrams, and the answers to them, until nobody has anything to say.
	var talk func(to, from *ikev1.Session, ds []ikev1.Datagram)
	talk = func(to, from *ikev1.Session, ds []ikev1.Datagram) {
		for _, d := range ds {
			d.Local, d.Remote = d.Remote, d.Local // as the receiver sees it
			answers, err := to.Handle(now, d)
			if err != nil {
				log.Fatal(err)
			}
			talk(from, to, answers)
		}
	}
	out, err := initiator.Start(now)
	if err != nil {
		log.Fatal(err)
	}
	talk(responder, initiator, out)
	fmt.Println("phase 1:", initiator.State(), "by an", responder.PeerID().IDType)
	if out, err = initiator.StartQuick(now, "bgp"); err != nil {
		log.Fatal(err)
	}
	talk(responder, initiator, out)
	a, b := initiator.Children()[0], responder.Children()[0]
	fmt.Println("phase 2:", a.Proto, a.Mode, a.Suite, a.SPIOut == b.SPIIn && a.SPIIn == b.SPIOut)
	// Output:
	// phase 1: established by an ipv4_addr
	// phase 2: esp transport aes128-cbc/hmac-sha1-96 true
}

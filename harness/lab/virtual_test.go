package lab_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var addressing = lab.DefaultAddressing

func newHost(t *testing.T, name string, local, remote netip.Addr, sel spd.Selector, psk string) *host.Host {
	t.Helper()
	h, err := host.New(host.Config{
		Name: name, Addr: local,
		IKE: ikev1.Config{
			Mode:  ikev1.Main,
			Local: netip.AddrPortFrom(local, 500), Remote: netip.AddrPortFrom(remote, 500), LocalID: ikev1.AddrID(local),
			Auth:      ikev1.Auth{Method: wire.AuthPSK, PSK: []byte(psk)},
			Proposals: []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024}},
			Quick: []ikev1.QuickPolicy{{
				Name: "bgp", Selector: sel, Proto: esp.ESP, Mode: esp.Transport,
				Suites: []esp.Suite{{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}},
			}},
		},
		SPD: spd.SPD{
			{Name: "bgp", Selector: sel, Action: spd.Protect, Mode: esp.Transport},
			{Name: "other", Action: spd.Bypass},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestVirtual has two hosts negotiate and talk: port 179 only inside ESP, port 8179 only in clear.
func TestVirtual(t *testing.T) {
	var protos []byte
	v := lab.NewVirtual(time.Unix(1e9, 0), func(_ time.Time, _ lab.Port, ip []byte) { protos = append(protos, ip[9]) }, lab.Path{})
	hp := func(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 32) }
	sel := spd.Selector{Src: hp(addressing.Harness), Dst: hp(addressing.Peer), Proto: 6, DstPorts: spd.Port(179)}
	a := v.Attach(0, newHost(t, "harness", addressing.Harness, addressing.Peer, sel, "x"), addressing.Harness)
	b := v.Attach(1, newHost(t, "peer", addressing.Peer, addressing.Harness, sel.Reverse(), "x"), addressing.Peer)
	for _, port := range []uint16{179, 8179} {
		if _, err := b.Apps().Listen(t.Context(), "tcp", netip.AddrPortFrom(addressing.Peer, port)); err != nil {
			t.Fatal(err)
		}
	}
	exchange := func(port uint16) error {
		ctx, cancel := v.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := a.Apps().Exchange(ctx, "tcp", netip.AddrPortFrom(addressing.Harness, 0), netip.AddrPortFrom(addressing.Peer, port), []byte("sixty-four"))
		return err
	}
	count := func(p byte) (n int) {
		for _, x := range protos {
			if x == p {
				n++
			}
		}
		protos = nil
		return n
	}
	if err := exchange(179); !errors.Is(err, context.DeadlineExceeded) || count(6) != 0 {
		t.Errorf("without an SA nothing of port 179 must leave: %v", err)
	}
	if err := a.Do(func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "bgp") }); err != nil {
		t.Fatal(err)
	}
	if err := a.Await(t.Context(), func(h *host.Host) bool { return len(h.Children()) == 1 }); err != nil {
		t.Fatal(err)
	}
	count(0)
	if err := exchange(179); err != nil {
		t.Error(err)
	}
	seen := protos
	if e := count(50); e < 8 || e != len(seen) {
		t.Errorf("port 179: %d ESP packets of %d", e, len(seen))
	}
	if err := exchange(8179); err != nil || count(6) < 8 {
		t.Errorf("port 8179: %v", err)
	}
}

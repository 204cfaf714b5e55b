package host_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/ikev1"
)

// FuzzHost changes one packet on its way between two hosts that negotiate, carry traffic, replace what they have and
// delete it. Whatever it is, nobody panics, sends without end, or lets anything through in clear.
func FuzzHost(f *testing.F) {
	for n := range uint8(16) {
		f.Add(n, n, 20+5*uint16(n), byte(0x80), uint16(0))
		f.Add(n, n+1, uint16(60), byte(1), uint16(30))
	}
	f.Fuzz(func(t *testing.T, kind, nth uint8, at uint16, xor byte, cut uint16) {
		l := newLink(t, addrA, addrB, func(a, b *host.Config) {
			a.IKE.DPD = ikev1.DPD{Idle: 20 * time.Second}
			a.IKE.NATT.Force = kind&1 != 0
			if kind&2 != 0 {
				a.IKE.Mode, b.IKE.Mode = ikev1.Aggressive, ikev1.Aggressive
			}
			for _, c := range []*host.Config{a, b} {
				if kind&4 != 0 {
					c.IKE.Quick[0].Mode, c.SPD[0].Mode = esp.Tunnel, esp.Tunnel
				}
				if kind&8 != 0 && kind&1 == 0 {
					c.IKE.Quick[0].Proto, c.SPD[0].Proto = esp.AH, esp.AH
					c.IKE.Quick[0].Suites = []esp.Suite{{Cipher: esp.NULL, Integrity: esp.HMACSHA1x96}}
				}
			}
		})
		n := 0
		l.path = func(_ int, p []byte) []byte {
			if n++; n != int(nth%24)+1 {
				return p
			}
			p = bytes.Clone(p)
			p[int(at)%len(p)] ^= xor
			return p[:len(p)-int(cut)%len(p)]
		}
		l.act(0, func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, "udp") })
		l.run(time.Second)
		if kind&8 == 0 || kind&1 != 0 { // what AH carries can be read
			l.talk()
		}
		for k, h := range l.hosts {
			if h.Established() {
				o, err := h.RekeyIKE(l.now)
				if err != nil {
					t.Fatal(err)
				}
				l.out(k, o)
			}
		}
		l.run(3 * time.Minute)
		if l.sent[0]+l.sent[1] > 200 {
			t.Errorf("%d and %d packets", l.sent[0], l.sent[1])
		}
	})
}

package diagnose_test

import (
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/diagnose"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// TestDifferentSecrets lets two real sessions with different pre-shared keys
// meet, and judges the packets with the keys of one of them.
func TestDifferentSecrets(t *testing.T) {
	for _, tt := range []struct {
		name      string
		initiator bool // whose keys are known
		says      string
	}{
		{"keys of the initiator", true, "pre-shared keys differ: message 5 decrypts with the given key, 192.0.2.2 answered it with PAYLOAD-MALFORMED (frame 6)"},
		{"keys of the responder", false, "pre-shared keys differ: message 5 of 192.0.2.1 does not decrypt with the given key (frame 5), 192.0.2.2 answered it with PAYLOAD-MALFORMED (frame 6)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			packets, log := handshake(t, tt.initiator)
			tr, err := check.Capture("a capture", packets, log, nil, check.Options{Diagnose: diagnose.New})
			if err != nil {
				t.Fatal(err)
			}
			if len(tr.Diagnoses) == 0 || tr.Diagnoses[0].Cause != tt.says {
				t.Fatalf("diagnoses %+v", tr.Diagnoses)
			}
			for _, f := range tr.Findings {
				if f.Rule == "ike.main.six-messages" && (f.Why != tt.says || !strings.Contains(f.Next, "compare the pre-shared keys")) {
					t.Errorf("%s: why %q, next %q", f.Rule, f.Why, f.Next)
				}
			}
		})
	}
}

func handshake(t *testing.T, initiatorKeys bool) (iter.Seq2[captures.Packet, error], *keylog.Log) {
	a, b := netip.MustParseAddrPort("192.0.2.1:500"), netip.MustParseAddrPort("192.0.2.2:500")
	var log keylog.Log
	config := func(local, remote netip.AddrPort, psk string, record bool) *ikev1.Config {
		return &ikev1.Config{
			Mode: ikev1.Main, Local: local, Remote: remote, LocalID: ikev1.AddrID(local.Addr()),
			Auth:      ikev1.Auth{Method: wire.AuthPSK, PSK: []byte(psk)},
			Proposals: []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024}},
			Rand:      rand.NewChaCha8([32]byte([]byte(psk + strings.Repeat(" ", 32))[:32])),
			Record: func(e ikev1.Event) {
				if record && e.Keys != nil {
					log.ISAKMP = append(log.ISAKMP, keylog.ISAKMP{CookieI: e.CookieI, CookieR: e.CookieR, Ka: e.Keys.Key, SKEYID: e.Keys.SKEYID, SKEYIDd: e.Keys.D, SKEYIDa: e.Keys.A})
				}
			},
		}
	}
	initiator, err := ikev1.NewInitiator(config(a, b, "one", initiatorKeys))
	if err != nil {
		t.Fatal(err)
	}
	responder, err := ikev1.NewResponder(config(b, a, "another", !initiatorKeys))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	out, err := initiator.Start(now)
	if err != nil {
		t.Fatal(err)
	}
	var packets []captures.Packet
	for to := responder; len(out) > 0; {
		d := out[0]
		packets = append(packets, packet(len(packets)+1, now, d))
		out, _ = to.Handle(now, ikev1.Datagram{Local: d.Remote, Remote: d.Local, Data: d.Data})
		if to == responder {
			to = initiator
		} else {
			to = responder
		}
	}
	return func(yield func(captures.Packet, error) bool) {
		for _, p := range packets {
			if !yield(p, nil) {
				return
			}
		}
	}, &log
}

func packet(n int, at time.Time, d ikev1.Datagram) captures.Packet {
	b := make([]byte, 28, 28+len(d.Data))
	b[0], b[8], b[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(d.Data)))
	copy(b[12:], d.Local.Addr().AsSlice())
	copy(b[16:], d.Remote.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[20:], d.Local.Port())
	binary.BigEndian.PutUint16(b[22:], d.Remote.Port())
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(d.Data)))
	b = append(b, d.Data...)
	return captures.Packet{Number: n, Time: at, Link: captures.LinkRaw, OrigLen: len(b), Data: b}
}

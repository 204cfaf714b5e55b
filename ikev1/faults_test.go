package ikev1_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// sentMessage is a message before and after encryption.
type sentMessage struct {
	by       *end
	step     ikev1.Step
	payloads []string // type and octets of each
	data     []byte   // the last datagram of it; the whole of it where it is in clear
}

func (m sentMessage) String() string {
	who := "responder"
	if m.by.Role() == ikev1.Initiator {
		who = "initiator"
	}
	return fmt.Sprintf("%s %v", who, m.step)
}

// differs tells whether two messages are not the same on the wire, or would not be if they could be read.
func (m sentMessage) differs(o sentMessage) bool {
	if m.step != o.step || m.by.Role() != o.by.Role() || strings.Join(m.payloads, "|") != strings.Join(o.payloads, "|") {
		return true
	}
	return !bytes.Equal(m.data, o.data)
}

// transcript runs phase 1, a quick mode, a keepalive time, dead peer detection and a delete with fixed randomness, one
// end deviating, and gives everything both ends sent.
func transcript(t *testing.T, responder bool, edit func(i, r *ikev1.Config), set func(*ikev1.Deviations)) (*pair, []sentMessage) {
	t.Helper()
	var all []sentMessage
	p := newPair(t, nil)
	if edit != nil {
		edit(&p.i.cfg, &p.r.cfg)
	}
	for n, e := range []*end{p.i, p.r} {
		e.cfg.Rand = rand.NewChaCha8([32]byte{byte(n + 1)})
		e.cfg.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
			msg := sentMessage{by: e, step: s}
			for _, pl := range m.Payloads {
				b, err := wire.AppendPayloads(nil, []wire.Payload{pl})
				if err != nil {
					t.Fatal(err)
				}
				msg.payloads = append(msg.payloads, fmt.Sprintf("%v %x", pl.Type(), b[1:]))
			}
			all = append(all, msg)
		}
		e.cfg.Deviations.EditBytes = func(s ikev1.Step, b []byte) []byte {
			last := &all[len(all)-1]
			if last.by != e || last.step != s {
				t.Fatalf("datagram of %v after message %v", s, last)
			}
			last.data = append(last.data, b...)
			return b
		}
	}
	bad := p.i
	if responder {
		bad = p.r
	}
	set(&bad.cfg.Deviations)
	p.make()
	p.start()
	p.wait()
	if p.i.State() == ikev1.StateEstablished {
		p.quick()
		p.wait()
	}
	for at := p.now; p.now.Sub(at) < 50*time.Second && p.tick(); { // keepalives and questions
	}
	if bad.State() == ikev1.StateEstablished {
		if kids := bad.Children(); len(kids) > 0 {
			out, err := bad.DeleteChild(p.now, kids[0].SPIIn)
			if err != nil {
				t.Fatal(err)
			}
			p.carry(bad, out)
		}
		out, err := bad.Delete(p.now)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(bad, out)
	}
	return p, all
}

// firstDifference finds the first message that a deviation changes: everything before it is octet for octet the same.
func firstDifference(honest, deviant []sentMessage) (at int, differ bool) {
	for i := range deviant {
		if i >= len(honest) || honest[i].differs(deviant[i]) {
			return i, true
		}
	}
	return len(deviant), len(honest) != len(deviant)
}

// TestPayloadFaults: each fault shows in its payload of its message and nowhere else in it, but for the hash.
func TestPayloadFaults(t *testing.T) {
	a := newAuthority(t, pki.ECDSAP256)
	certs := withCertificates(a, wire.AuthECDSA256)
	tests := []struct {
		fault string
		by    string
		edit  func(i, r *ikev1.Config)
		want  func(before, after []string) bool
	}{
		{"main1 SA truncate=3", "initiator", nil, nil},
		{"main1 SA omit", "initiator", nil, nil},
		{"main2 SA duplicate", "responder", nil, nil},
		{"main2 VID empty", "responder", nil, nil},
		{"main3 KE truncate=1", "initiator", nil, nil},
		{"main3 KE fill=255", "initiator", nil, nil},
		{"main3 KE extend=2", "initiator", nil, nil},
		{"main4 NONCE empty", "responder", nil, nil},
		{"main4 NAT-D omit", "responder", nil, nil},
		{"main3 NONCE first", "initiator", nil, nil},
		{"main3 KE last", "initiator", nil, nil},
		{"main3 CR duplicate", "initiator", certs, nil},
		{"main5 CERT omit", "initiator", certs, nil},
		{"main5 SIG truncate=1", "initiator", certs, nil},
		{"main6 ID reserved=1", "responder", nil, nil},
		{"main6 HASH fill=0", "responder", nil, nil},
		{"quick1 SA extend=4", "initiator", nil, nil},
		{"quick1 ID omit", "initiator", nil, nil},
		{"quick2 NONCE reserved=255", "responder", nil, nil},
		{"quick1 HASH empty", "initiator", nil, nil},
		{"quick3 HASH omit", "initiator", nil, nil},
		{"info D duplicate", "initiator", nil, nil},
		{"info N fill=0", "initiator", func(i, _ *ikev1.Config) { i.DPD.Idle = 30 * time.Second }, nil},
		{"quick1 NAT-OA omit", "initiator", func(i, _ *ikev1.Config) { i.NATT.Force = true }, nil},
		{"aggressive2 ID truncate=1", "responder", aggressive, nil},
		{"aggressive1 SA wrong-next=99", "initiator", aggressive, nil},
		{"main3 NONCE wrong-next=99", "initiator", nil, nil},
		{"main3 KE wrong-next=0", "initiator", nil, nil},
		{"any NONCE empty", "initiator", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			var f ikev1.PayloadFault
			if err := f.UnmarshalText([]byte(tt.fault)); err != nil {
				t.Fatal(err)
			}
			if back, _ := f.MarshalText(); !strings.EqualFold(string(back), tt.fault) && f.N != 0 {
				t.Errorf("text %s", back)
			}
			responder := tt.by == "responder"
			_, honest := transcript(t, responder, tt.edit, func(*ikev1.Deviations) {})
			_, deviant := transcript(t, responder, tt.edit, func(d *ikev1.Deviations) { d.Payloads = []ikev1.PayloadFault{f} })
			at, differ := firstDifference(honest, deviant)
			if !differ || at >= len(deviant) {
				t.Fatal("the fault does not show")
			}
			got := deviant[at]
			if want := f.Step; want != 0 && got.step != want || got.by.Role().String() != tt.by {
				t.Fatalf("the first difference is in %v", got)
			}
			if f.Fault == ikev1.FaultWrongNext {
				return // only the octets show it
			}
			count := func(list []string, same bool) (out []string) {
				for _, p := range list {
					name, _, _ := strings.Cut(p, " ")
					if (name == f.Type.String()) == same && name != wire.PayloadHash.String() {
						out = append(out, p)
					}
				}
				return out
			}
			if b, a := count(honest[at].payloads, false), count(got.payloads, false); strings.Join(a, "|") != strings.Join(b, "|") {
				t.Errorf("other payloads differ too: %v and %v", b, a)
			}
		})
	}
}

func TestPayloadFaultText(t *testing.T) {
	for _, bad := range []string{"", "main1 SA", "main9 SA omit", "main1 XYZ omit", "main1 SA explode", "main1 SA fill=x", "main1 SA fill=-1", "main1 SA omit more", " SA omit"} {
		var f ikev1.PayloadFault
		if err := f.UnmarshalText([]byte(bad)); !errors.Is(err, ikev1.ErrFault) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	in := ikev1.Deviations{Payloads: []ikev1.PayloadFault{{Step: ikev1.Main3, Type: wire.PayloadKE, Fault: ikev1.FaultTruncate, N: 4}}, NoFloat: true}
	b, err := json.Marshal(in)
	if want := `{"no_float":true,"payloads":["main3 KE truncate=4"]}`; err != nil || string(b) != want {
		t.Errorf("%s, %v", b, err)
	}
	var out ikev1.Deviations
	if err := json.Unmarshal(b, &out); err != nil || !cmp.Equal(in, out) {
		t.Errorf("%+v, %v", out, err)
	}
	var f ikev1.PayloadFault
	if err := f.UnmarshalText([]byte("any 200 extend=7")); err != nil || f.Type != 200 || f.N != 7 || f.Step != 0 {
		t.Errorf("%v: %v", f, err)
	}
	if s := ikev1.Fault(77).String(); s != "Unknown(77)" {
		t.Error(s)
	}
}

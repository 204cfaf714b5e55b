package ikev1_test

import (
	"errors"
	"testing"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func withAH(i, r *ikev1.Config) {
	for _, c := range []*ikev1.Config{i, r} {
		q := &c.Quick[0]
		q.Proto, q.Suites = esp.AH, []esp.Suite{{Cipher: esp.NULL, Integrity: esp.HMACSHA256x128}, {Cipher: esp.NULL, Integrity: esp.HMACSHA1x96}}
	}
}

// TestAH negotiates AH, which has transforms, keys and Deletes of its own protocol.
func TestAH(t *testing.T) {
	for _, mode := range []esp.Mode{esp.Transport, esp.Tunnel} {
		var protos []wire.ProtocolID
		p := newPair(t, both(withAH, func(i, r *ikev1.Config) {
			i.Quick[0].Mode, r.Quick[0].Mode = mode, mode
			r.Quick[0].Suites = r.Quick[0].Suites[1:]
			note := func(_ ikev1.Step, m *wire.Message) {
				for _, pl := range m.Payloads {
					switch pl := pl.(type) {
					case *wire.SA:
						protos = append(protos, pl.Proposals[0].Protocol)
					case *wire.Delete:
						protos = append(protos, pl.Protocol)
					}
				}
			}
			i.Deviations.EditMessage, r.Deviations.EditMessage = note, note
		})).start().quick()
		p.mirror()
		c := p.i.Children()[0]
		if c.Proto != esp.AH || c.Suite.Integrity != esp.HMACSHA1x96 || len(c.KeysIn.Encryption) != 0 || len(c.KeysIn.Integrity) != 20 {
			t.Errorf("child %v %v", c.Proto, c.Suite)
		}
		for _, in := range []bool{false, true} {
			if _, err := esp.New(c.Params(in)); err != nil {
				t.Error(err)
			}
		}
		out, err := p.i.DeleteChild(p.now, c.SPIIn)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(p.i, out)
		if n := len(p.r.Children()); n != 0 {
			t.Errorf("%d children after the Delete", n)
		}
		want := []wire.ProtocolID{wire.ProtoISAKMP, wire.ProtoISAKMP, wire.ProtoAH, wire.ProtoAH, wire.ProtoAH}
		if len(protos) != len(want) {
			t.Fatalf("protocols %v", protos)
		}
		for i := range want {
			if protos[i] != want[i] {
				t.Errorf("protocols %v, want %v", protos, want)
			}
		}
	}
}

// TestAHRefused: not with a NAT on the way, and not where ESP is wanted.
func TestAHRefused(t *testing.T) {
	p := newPair(t, both(withAH, forced)).start()
	if _, err := p.i.StartQuick(p.now, "bgp"); !errors.Is(err, ikev1.ErrNotReady) {
		t.Errorf("AH through a NAT: %v", err)
	}
	for name, edit := range map[string]func(i, r *ikev1.Config){
		"the responder wants ESP": func(i, r *ikev1.Config) { withAH(i, i) },
		"the responder wants AH":  func(i, r *ikev1.Config) { withAH(r, r) },
	} {
		p := newPair(t, edit).start().quick()
		p.wait()
		if n := p.r.find(ikev1.EventNotifySent); n == nil || n.Notify != wire.NotifyNoProposalChosen || len(p.i.Children()) != 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

package ikev1_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// plainMessage is a message as it was before encryption.
type plainMessage struct {
	step ikev1.Step
	msg  *wire.Message
}

// deviant runs main mode, two quick modes and a delete with one end deviating, and gives
// what that end sent and how the other, which tolerates what it can, came out.
func deviant(t *testing.T, responder bool, set func(*ikev1.Deviations), edit func(i, r *ikev1.Config)) (*pair, []plainMessage) {
	t.Helper()
	var sent []plainMessage
	p := newPair(t, func(i, r *ikev1.Config) {
		bad, good := i, r
		if responder {
			bad, good = r, i
		}
		good.Tolerant = true
		set(&bad.Deviations)
		bad.Deviations.EditMessage = func(s ikev1.Step, m *wire.Message) {
			c := *m // its payloads give way to the ciphertext
			sent = append(sent, plainMessage{s, &c})
		}
		if edit != nil {
			edit(i, r)
		}
	})
	p.start()
	p.wait()
	for range 2 {
		if p.i.State() == ikev1.StateEstablished {
			p.quick()
			p.wait()
		}
	}
	by := p.i
	if responder {
		by = p.r
	}
	if kids := by.Children(); len(kids) > 0 {
		out, err := by.DeleteChild(p.now, kids[0].SPIIn)
		if err != nil {
			t.Fatal(err)
		}
		p.carry(by, out)
	}
	return p, sent
}

// tolerableDeviations are the faults that TestDeviations switches on; deviationRows has the others.
var tolerableDeviations = map[string]bool{
	"ClearIdentity":      true,
	"DeleteInClear":      true,
	"DeleteWrongSide":    true,
	"FreshRetransmit":    true,
	"IDPort":             true,
	"LowSPI":             true,
	"ModifyChosen":       true,
	"OmitGroup":          true,
	"OmitQuickHash":      true,
	"OneNATD":            true,
	"Phase1MessageID":    true,
	"QuickHashLast":      true,
	"ReservedNotZero":    true,
	"ReuseMessageID":     true,
	"ReuseSPI":           true,
	"SendTwice":          true,
	"ShortNonce":         true,
	"TunnelInstead":      true,
	"TwoPhase1Proposals": true,
	"TwoTransforms":      true,
	"WrongID":            true,
	"WrongInfoHash":      true,
	"WrongKeyLength":     true,
	"WrongNATD":          true,
	"WrongPhase1Hash":    true,
	"WrongQuickHash":     true,
	"WrongSelector":      true,
}

// TestDeviations switches on one fault after the other: it must show in what is sent, and
// the exchange must go as far as it can with a tolerant peer.
func TestDeviations(t *testing.T) {
	find := func(ms []plainMessage, s ikev1.Step) *wire.Message {
		for _, m := range ms {
			if m.step == s {
				return m.msg
			}
		}
		return nil
	}
	typed := func(m *wire.Message, want wire.PayloadType) wire.Payload {
		if m == nil {
			return nil
		}
		for _, p := range m.Payloads {
			if p.Type() == want {
				return p
			}
		}
		return nil
	}
	chosen := func(m *wire.Message) wire.Proposal { return typed(m, wire.PayloadSA).(*wire.SA).Proposals[0] }
	const initiator, responder = false, true
	tests := []struct {
		field string
		by    bool
		edit  func(i, r *ikev1.Config)
		shows func(ms []plainMessage, p *pair) bool
		gone  bool // the delete in the end takes all children with it
	}{
		{field: "Phase1MessageID", shows: func(ms []plainMessage, _ *pair) bool { return find(ms, ikev1.Main1).MessageID == 1 }},
		{field: "ClearIdentity", shows: func(_ []plainMessage, p *pair) bool {
			return wire.Flags(p.i.sent[2].Data[19])&wire.FlagEncryption == 0
		}},
		{field: "TwoPhase1Proposals", shows: func(ms []plainMessage, _ *pair) bool {
			return len(typed(find(ms, ikev1.Main1), wire.PayloadSA).(*wire.SA).Proposals) == 2
		}},
		{field: "TwoTransforms", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			return len(chosen(find(ms, ikev1.Main2)).Transforms) == 2
		}},
		{field: "ModifyChosen", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			a, _ := chosen(find(ms, ikev1.Main2)).Transforms[0].Attr(wire.P1LifeDuration)
			v, _ := a.Uint()
			return v == 1234
		}},
		{field: "WrongKeyLength", shows: func(ms []plainMessage, _ *pair) bool {
			_, there := chosen(find(ms, ikev1.Main1)).Transforms[0].Attr(wire.P1KeyLength)
			return !there
		}},
		{field: "WrongKeyLength", edit: func(i, r *ikev1.Config) {
			i.Proposals = []keymat.Suite{{Cipher: keymat.TripleDESCBC, Hash: keymat.SHA1, Group: keymat.MODP1024}}
			r.Proposals = i.Proposals
		}, shows: func(ms []plainMessage, _ *pair) bool {
			_, there := chosen(find(ms, ikev1.Main1)).Transforms[0].Attr(wire.P1KeyLength)
			return there
		}},
		{field: "ShortNonce", shows: func(ms []plainMessage, _ *pair) bool {
			return len(typed(find(ms, ikev1.Main3), wire.PayloadNonce).(*wire.Nonce).Data) == 7
		}},
		{field: "IDPort", shows: func(ms []plainMessage, _ *pair) bool {
			return typed(find(ms, ikev1.Main5), wire.PayloadID).(*wire.ID).Port == 1
		}},
		{field: "WrongID", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			return !bytes.Equal(typed(find(ms, ikev1.Main6), wire.PayloadID).(*wire.ID).Data, addrR.Addr().AsSlice())
		}},
		{field: "WrongPhase1Hash", shows: tolerated},
		{field: "ReservedNotZero", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			r, ok := typed(find(ms, ikev1.Main4), wire.PayloadNonce).(*wire.Raw)
			return ok && r.Reserved == 1
		}},
		{field: "WrongNATD", shows: func(_ []plainMessage, p *pair) bool { return p.r.sent[2].Local.Port() == 4500 }},
		{field: "OneNATD", shows: func(ms []plainMessage, _ *pair) bool {
			n := 0
			for _, p := range find(ms, ikev1.Main3).Payloads {
				if p.Type() == wire.PayloadNATD {
					n++
				}
			}
			return n == 1
		}},
		{field: "OmitQuickHash", shows: func(ms []plainMessage, _ *pair) bool {
			return typed(find(ms, ikev1.Quick1), wire.PayloadHash) == nil
		}},
		{field: "QuickHashLast", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			ps := find(ms, ikev1.Quick2).Payloads
			return ps[len(ps)-1].Type() == wire.PayloadHash
		}},
		{field: "WrongQuickHash", by: responder, shows: tolerated},
		{field: "ReuseMessageID", shows: func(ms []plainMessage, _ *pair) bool { return messageIDs(ms, ikev1.Quick1) == 1 }},
		{field: "ReuseSPI", gone: true, shows: func(ms []plainMessage, _ *pair) bool { return spis(ms, ikev1.Quick1) == 1 }},
		{field: "LowSPI", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			return binary.BigEndian.Uint32(chosen(find(ms, ikev1.Quick2)).SPI) < 256
		}},
		{field: "WrongSelector", shows: func(ms []plainMessage, _ *pair) bool {
			ids := find(ms, ikev1.Quick1).Payloads
			return ids[len(ids)-1].(*wire.ID).Port == 0
		}},
		{field: "WrongSelector", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			ids := find(ms, ikev1.Quick2).Payloads
			return ids[len(ids)-1].(*wire.ID).Port != 179
		}},
		{field: "OmitGroup", edit: withPFS, shows: func(ms []plainMessage, _ *pair) bool {
			_, there := chosen(find(ms, ikev1.Quick1)).Transforms[0].Attr(wire.P2Group)
			return !there && typed(find(ms, ikev1.Quick1), wire.PayloadKE) != nil
		}},
		{field: "TunnelInstead", by: responder, shows: func(ms []plainMessage, _ *pair) bool {
			a, _ := chosen(find(ms, ikev1.Quick2)).Transforms[0].Attr(wire.P2Encapsulation)
			v, _ := a.Uint()
			return v == uint64(wire.EncapTunnel)
		}},
		{field: "DeleteInClear", shows: func(_ []plainMessage, p *pair) bool {
			last := p.i.sent[len(p.i.sent)-1].Data
			return wire.ExchangeType(last[18]) == wire.ExchangeInformational && wire.Flags(last[19])&wire.FlagEncryption == 0
		}},
		{field: "DeleteWrongSide", shows: func(ms []plainMessage, p *pair) bool {
			d := typed(find(ms, ikev1.Info), wire.PayloadDelete).(*wire.Delete)
			return !bytes.Equal(d.SPIs[0], chosen(find(ms, ikev1.Quick1)).SPI)
		}},
		{field: "WrongInfoHash", shows: func(_ []plainMessage, p *pair) bool { return len(p.r.Children()) == 2 }},
		{field: "FreshRetransmit", edit: func(i, r *ikev1.Config) { i.Deviations.SendTwice = true }, shows: func(_ []plainMessage, p *pair) bool {
			return !bytes.Equal(p.i.sent[1].Data, p.i.sent[2].Data)
		}},
		{field: "SendTwice", shows: func(_ []plainMessage, p *pair) bool { return countOf(p.i.sent, 1) == 2 }},
	}
	seen := map[string]bool{}
	for _, tt := range tests {
		seen[tt.field] = true
		role := "initiator"
		if tt.by {
			role = "responder"
		}
		t.Run(tt.field+" "+role, func(t *testing.T) {
			p, sent := deviant(t, tt.by, func(d *ikev1.Deviations) { switchOn(t, d, tt.field) }, tt.edit)
			if !tt.gone && (len(p.i.Children()) == 0 || len(p.r.Children()) == 0) {
				t.Errorf("the exchange stopped: %v %v", p.i.errs, p.r.errs)
			}
			if !tt.shows(sent, p) {
				t.Error("the fault does not show")
			}
		})
	}
	for f := range seen {
		if !tolerableDeviations[f] {
			t.Errorf("%s is not in the list", f)
		}
	}
	for f := range tolerableDeviations {
		if !seen[f] {
			t.Errorf("deviation %s has no test", f)
		}
	}
}

func withPFS(i, r *ikev1.Config) { i.Quick[0].PFS, r.Quick[0].PFS = keymat.MODP1024, keymat.MODP1024 }

func switchOn(t *testing.T, d *ikev1.Deviations, field string) {
	t.Helper()
	switch v := reflect.ValueOf(d).Elem().FieldByName(field); v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(1)
	default:
		t.Fatalf("deviation %s is a %v", field, v.Kind())
	}
}

// tolerated tells whether one of the ends let something pass that it need not have.
func tolerated(_ []plainMessage, p *pair) bool {
	return p.i.has(ikev1.EventTolerated) || p.r.has(ikev1.EventTolerated)
}

func messageIDs(ms []plainMessage, s ikev1.Step) int {
	ids := map[uint32]bool{}
	for _, m := range ms {
		if m.step == s {
			ids[m.msg.MessageID] = true
		}
	}
	return len(ids)
}

func spis(ms []plainMessage, s ikev1.Step) int {
	all := map[string]bool{}
	for _, m := range ms {
		if m.step != s {
			continue
		}
		for _, p := range m.msg.Payloads {
			if sa, ok := p.(*wire.SA); ok {
				all[string(sa.Proposals[0].SPI)] = true
			}
		}
	}
	return len(all)
}

// countOf tells how often the nth datagram was sent.
func countOf(ds []ikev1.Datagram, n int) (count int) {
	for _, d := range ds {
		if bytes.Equal(d.Data, ds[n].Data) {
			count++
		}
	}
	return count
}

// TestHonest is the other half of TestDeviations: without a fault nothing is tolerated, and
// a peer that tolerates nothing is content.
func TestHonest(t *testing.T) {
	p, _ := deviant(t, false, func(*ikev1.Deviations) {}, nil)
	for _, e := range []*end{p.i, p.r} {
		if e.has(ikev1.EventTolerated) || e.has(ikev1.EventFailed) {
			t.Errorf("events %+v", e.events)
		}
		if diff := cmp.Diff(1, len(e.Children())); diff != "" {
			t.Error(diff)
		}
	}
}

// FuzzSession feeds a responder one message of a true exchange with some octets changed:
// whatever comes, it does not panic and sends at most two messages back.
func FuzzSession(f *testing.F) {
	f.Add(uint8(0), uint16(28), byte(1))
	f.Add(uint8(1), uint16(30), byte(0xff))
	f.Add(uint8(2), uint16(19), byte(1))
	f.Add(uint8(3), uint16(40), byte(0x80))
	f.Fuzz(func(t *testing.T, n uint8, at uint16, xor byte) {
		p := newPair(t, nil)
		count := 0
		mutate := func(s ikev1.Step, b []byte) []byte {
			if count++; count == int(n%5)+1 {
				b = bytes.Clone(b)
				b[int(at)%len(b)] ^= xor
				if at > 60000 {
					b = b[:int(at)%len(b)]
				}
			}
			return b
		}
		p.i.cfg.Deviations.EditBytes = mutate
		p.r.cfg.Tolerant = at%2 == 0
		p.start()
		if p.i.State() == ikev1.StateEstablished {
			p.quick()
		}
		p.wait()
		if len(p.r.sent) > 40 {
			t.Errorf("%d messages from the responder", len(p.r.sent))
		}
	})
}

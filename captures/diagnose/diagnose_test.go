package diagnose

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

var (
	ours   = netip.MustParseAddrPort("192.0.2.1:500")
	theirs = netip.MustParseAddrPort("192.0.2.2:500")
)

// tale tells a story event by event: the harness initiates, the peer responds.
type tale struct {
	*story
	p     *dissect.Phase1
	frame int
	now   time.Time
}

func tell(spec *scenarios.Scenario) *tale {
	s := check.NewSubject(nil, nil)
	if spec != nil {
		s = check.NewSubject(nil, &evidence.Trial{PeerPlays: "responder", Harness: ours.Addr(), PeerAddr: theirs.Addr(), Spec: *spec})
	}
	return &tale{
		story: New(s).(*story), now: time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC),
		p: &dissect.Phase1{
			Exchange: wire.ExchangeMain, Initiator: ours, Responder: theirs, Auth: wire.AuthPSK,
			Suite:   keymat.Suite{Cipher: keymat.AESCBC, KeyBits: 128, Hash: keymat.SHA1, Group: keymat.MODP1024},
			Offered: offerOf(7, 128, 2, 2), KEi: make([]byte, 128), KEr: make([]byte, 128), Ni: make([]byte, 16),
		},
	}
}

func offerOf(cipher, bits, hash, group uint16) *wire.SA {
	t := wire.Transform{Number: 1, ID: 1, Attributes: []wire.Attribute{
		wire.TV(wire.P1Encryption, cipher), wire.TV(wire.P1Hash, hash), wire.TV(wire.P1Group, group),
	}}
	if bits != 0 {
		t.Attributes = append(t.Attributes, wire.TV(wire.P1KeyLength, bits))
	}
	return &wire.SA{Proposals: []wire.Proposal{{Number: 1, Protocol: wire.ProtoISAKMP, Transforms: []wire.Transform{t}}}}
}

func (t *tale) event(e *dissect.Event) *tale {
	t.frame++
	t.now = t.now.Add(100 * time.Millisecond)
	e.Frame, e.Time = t.frame, t.now
	if e.ISAKMP != nil {
		e.Kind, e.ISAKMP.Frame, e.ISAKMP.Time, e.ISAKMP.Phase1 = dissect.KindISAKMP, t.frame, t.now, t.p
	}
	t.Event(e)
	return t
}

// phase1 tells a message of phase 1.
func (t *tale) phase1(index int, change ...func(*dissect.ISAKMP)) *tale {
	m := &dissect.ISAKMP{Src: ours, Dst: theirs, Index: index, Header: wire.Header{Exchange: t.p.Exchange}, Encrypted: index > 4, Message: &wire.Message{}}
	if index%2 == 0 {
		m.Src, m.Dst = theirs, ours
	}
	for _, c := range change {
		c(m)
	}
	again := slices.ContainsFunc(t.p.Messages, func(k *dissect.ISAKMP) bool { return k.Index == index })
	m.Retransmission = again
	t.event(&dissect.Event{ISAKMP: m, Src: m.Src, Dst: m.Dst})
	if !again {
		t.p.Messages = append(t.p.Messages, m)
	}
	return t
}

func unread(m *dissect.ISAKMP)  { m.Message, m.Opaque = nil, "does not decrypt with the given key" }
func floated(m *dissect.ISAKMP) { m.Dst = netip.AddrPortFrom(m.Dst.Addr(), 4500) }

// main tells phase 1 up to a message.
func (t *tale) main(upTo int) *tale {
	for i := 1; i <= upTo; i++ {
		t.phase1(i)
	}
	if upTo >= 2 {
		t.p.Chosen = t.p.Offered
	}
	if upTo == 6 {
		t.p.HashI, t.p.HashR, t.p.Keys = dissect.HashGood, dissect.HashGood, dissect.KeysAll
	}
	return t
}

// info tells an informational message of the peer.
func (t *tale) info(encrypted bool, ps ...wire.Payload) *tale {
	m := &dissect.ISAKMP{Src: theirs, Dst: ours, Header: wire.Header{Exchange: wire.ExchangeInformational}, Encrypted: encrypted, Message: &wire.Message{Payloads: ps}}
	if ps == nil {
		m.Message = nil
	}
	return t.event(&dissect.Event{ISAKMP: m, Src: theirs, Dst: ours})
}

func notify(n wire.NotifyType) wire.Payload { return &wire.Notify{MsgType: n} }

// quick tells messages of a quick mode.
func (t *tale) quick(indexes ...int) *tale {
	var q *dissect.Quick
	if len(t.p.Quicks) > 0 {
		q = t.p.Quicks[0]
	} else {
		q = &dissect.Quick{Phase1: t.p, Initiator: ours, Responder: theirs, Offered: &wire.SA{}}
		t.p.Quicks = append(t.p.Quicks, q)
	}
	for _, i := range indexes {
		m := &dissect.ISAKMP{Src: ours, Dst: theirs, Index: i, Quick: q, Header: wire.Header{Exchange: wire.ExchangeQuick}, Encrypted: true, Message: &wire.Message{}}
		if i == 2 {
			m.Src, m.Dst = theirs, ours
		}
		t.event(&dissect.Event{ISAKMP: m, Src: m.Src, Dst: m.Dst})
		if len(q.Messages) < i {
			q.Messages = append(q.Messages, m)
		}
		if i == 3 {
			q.Hash1, q.Hash2, q.Hash3 = dissect.HashGood, dissect.HashGood, dissect.HashGood
			q.SAs = []*dissect.SA{{SPI: 0x1000, Src: ours.Addr(), Dst: theirs.Addr()}, {SPI: 0x2000, Src: theirs.Addr(), Dst: ours.Addr()}}
		}
	}
	return t
}

// packet tells an ESP packet.
func (t *tale) packet(fromPeer bool, length int, suite esp.Suite, state esp.ICVState) *tale {
	src, dst := ours, theirs
	if fromPeer {
		src, dst = dst, src
	}
	return t.event(&dissect.Event{
		Kind: dissect.KindESP, Src: netip.AddrPortFrom(src.Addr(), 0), Dst: netip.AddrPortFrom(dst.Addr(), 0),
		ESP: &dissect.ESP{Len: length, SA: &dissect.SA{Suite: suite}, Facts: esp.Facts{ICV: state}},
	})
}

func (t *tale) unreachable(port uint16) *tale {
	b := make([]byte, 8+20+8)
	b[8], b[17] = 0x45, 17
	binary.BigEndian.PutUint16(b[8+22:], port)
	return t.event(&dissect.Event{Kind: dissect.KindICMP, Src: netip.AddrPortFrom(theirs.Addr(), 0), Dst: ours, IP: dissect.IP{Version: 4}, Flow: spd.Flow{ICMPType: 3, ICMPCode: 3}, Payload: b})
}

func (t *tale) unreachable6(port uint16) *tale {
	b := make([]byte, 8+40+8)
	b[8], b[8+6] = 0x60, 17
	binary.BigEndian.PutUint16(b[8+42:], port)
	return t.event(&dissect.Event{Kind: dissect.KindICMP, Src: netip.AddrPortFrom(theirs.Addr(), 0), Dst: ours, IP: dissect.IP{Version: 6}, Flow: spd.Flow{ICMPType: 1, ICMPCode: 4}, Payload: b})
}

func spec(change func(*scenarios.Scenario)) *scenarios.Scenario {
	s := &scenarios.Scenario{
		IKE:   scenarios.IKE{Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp1024"}}},
		Child: scenarios.Child{Mode: "transport", Proposals: []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}}},
	}
	if change != nil {
		change(s)
	}
	return s
}

var (
	sha1   = esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96}
	sha256 = esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA256x128}
)

func TestCauses(t *testing.T) {
	failing := check.Finding{Rule: "scenario.outcome", Verdict: check.Fail}
	for _, tt := range []struct {
		name     string
		tale     *tale
		findings []check.Finding
		want     []string // identifier and confidence
		says     string   // part of the first cause
	}{
		{"nothing heard", tell(spec(nil)).phase1(1).phase1(1).phase1(1), nil, []string{"ike.silence possible"}, "UDP port 500 is filtered"},
		{"nobody listens", tell(nil).phase1(1).unreachable(500).phase1(1), nil, []string{"ike.port-closed certain", "ike.silence possible"}, "nothing listens on UDP port 500"},
		{"nobody listens, IPv6", tell(nil).phase1(1).unreachable6(500).phase1(1), nil, []string{"ike.port-closed certain", "ike.silence possible"}, "nothing listens on UDP port 500"},
		{"another port's ICMP", tell(nil).phase1(1).unreachable(9), nil, nil, ""},
		{"version 2 only", tell(nil).phase1(1).info(false, notify(wire.NotifyInvalidMajorVersion)), nil, []string{"ike.version-refused certain"}, "does not speak IKE version 1"},
		{
			"no proposal in common", tell(spec(func(s *scenarios.Scenario) {
				s.Peer.IKE = &scenarios.IKE{Proposals: []scenarios.IKEProposal{{Encryption: "aes256-cbc", Hash: "sha256", Group: "modp2048"}}}
			})).phase1(1).info(false, notify(wire.NotifyNoProposalChosen)), nil,
			[]string{"ike.no-proposal certain", "ike.weak-offer possible"},
			"offered aes128-cbc/sha1/modp1024, the responder is configured with aes256-cbc/sha256/modp2048 (frame 2)",
		},
		{
			"the offer fits", tell(spec(nil)).phase1(1).info(false, notify(wire.NotifyNoProposalChosen)), nil,
			[]string{"ike.no-proposal likely", "ike.weak-offer possible"},
			"has none for this pair of addresses",
		},
		{"aggressive mode refused", func() *tale {
			x := tell(nil)
			x.p.Exchange = wire.ExchangeAggressive
			return x.phase1(1).info(false, notify(wire.NotifyAuthenticationFailed))
		}(), nil, []string{"ike.aggressive-refused likely"}, "does not allow aggressive mode"},
		{"no secret", tell(nil).main(3).info(false, notify(wire.NotifyInvalidKeyInformation)), nil, []string{"ike.key-refused likely"}, "no pre-shared key"},
		{"short public value", func() *tale {
			x := tell(nil)
			x.p.KEi = x.p.KEi[1:]
			return x.main(3).info(false, notify(wire.NotifyInvalidKeyInformation))
		}(), nil, []string{"ike.key-refused certain"}, "127 octets where modp1024 has 128"},
		{"message 3 unanswered", tell(nil).main(3).phase1(3), nil, []string{"ike.third-unanswered possible"}, "refuses the public value"},
		{"other secret at the peer", func() *tale {
			x := tell(spec(nil)).main(4).phase1(5, func(m *dissect.ISAKMP) { m.Decrypted = true })
			x.p.HashI, x.p.Keys = dissect.HashGood, dissect.KeysAll
			return x.info(false, notify(wire.NotifyPayloadMalformed))
		}(), nil, []string{"ike.psk-mismatch likely"}, "pre-shared keys differ: message 5 decrypts with our key, the peer answered it with PAYLOAD-MALFORMED (frame 6)"},
		{"other secret, silent peer", func() *tale {
			x := tell(nil).main(4).phase1(5, unread).phase1(4).phase1(5)
			x.p.Keys = dissect.KeysCipher
			return x
		}(), nil, []string{"ike.psk-mismatch likely"}, "does not decrypt with the given key"},
		{
			"other secret, no keys", tell(nil).main(4).phase1(5, unread).info(false, notify(wire.NotifyPayloadMalformed)), nil,
			[]string{"ike.psk-mismatch likely"},
			"with keys it could be told for sure",
		},
		{
			"an encrypted refusal is no other secret", tell(nil).main(5).info(true, notify(wire.NotifyAuthenticationFailed)), nil,
			[]string{"ike.identity-refused likely"},
			"does not accept the identity",
		},
		{
			"another IV", tell(nil).main(5).phase1(6, func(m *dissect.ISAKMP) { m.IVNote = "the IV of the first phase 1 message" }), nil,
			[]string{"ike.wrong-iv certain"},
			"encrypts message 6 with the IV of the first",
		},
		{
			"port 4500 filtered", tell(nil).main(4).phase1(5, floated, unread).phase1(4), nil,
			[]string{"natt.port-4500-filtered likely", "ike.psk-mismatch likely"},
			"UDP port 4500 is filtered",
		},
		{
			"port 4500 open, other secret", tell(nil).main(4).phase1(5, floated, unread).info(false, notify(wire.NotifyPayloadMalformed)).phase1(4), nil,
			[]string{"ike.psk-mismatch likely"},
			"answered it with PAYLOAD-MALFORMED",
		},
		{"wrong hash", func() *tale {
			x := tell(nil).main(6)
			x.p.HashR = dissect.HashBad
			return x
		}(), nil, []string{"ike.hash-differs certain"}, "computes HASH_R over other octets"},
		{"responder's identity", func() *tale {
			x := tell(nil).main(6)
			m := &dissect.ISAKMP{Src: ours, Dst: theirs, Header: wire.Header{Exchange: wire.ExchangeInformational}, Encrypted: true, Message: &wire.Message{Payloads: []wire.Payload{&wire.Delete{Protocol: wire.ProtoISAKMP}}}}
			return x.event(&dissect.Event{ISAKMP: m, Src: ours, Dst: theirs})
		}(), nil, []string{"ike.responder-identity likely"}, "expects another identity of the responder"},
		{"quick mode refused, unread", tell(nil).main(6).quick(1).info(true).quick(1), nil, []string{"quick.refused-hidden likely"}, "not decidable without keys"},
		{"selectors differ", tell(spec(func(s *scenarios.Scenario) {
			s.Child.Selector = &scenarios.Selector{Protocol: 6, ServerPort: 179}
			s.Peer.Child = &scenarios.Child{Selector: &scenarios.Selector{Protocol: 6, ServerPort: 180}}
		})).main(6).quick(1).info(true, notify(wire.NotifyInvalidIDInformation)), nil, []string{"quick.selectors certain"}, "tcp server port 179 at the initiator, tcp server port 180 at the responder"},
		{"modes differ", tell(spec(func(s *scenarios.Scenario) {
			s.Peer.Child = &scenarios.Child{Mode: "tunnel"}
		})).main(6).quick(1).info(true, notify(wire.NotifyNoProposalChosen)), nil, []string{"quick.mode certain", "quick.no-proposal possible"}, "transport at the initiator and tunnel at the responder"},
		{"perfect forward secrecy differs", tell(spec(func(s *scenarios.Scenario) {
			s.Peer.Child = &scenarios.Child{PFS: "modp2048"}
		})).main(6).quick(1).info(true, notify(wire.NotifyNoProposalChosen)), nil, []string{"quick.pfs certain", "quick.no-proposal possible"}, "configured with none, the responder with modp2048"},
		{"no phase 2 proposal in common", tell(spec(func(s *scenarios.Scenario) {
			s.Peer.Child = &scenarios.Child{Proposals: []scenarios.ChildProposal{{Encryption: "null", Integrity: "hmac-sha1-96"}}}
		})).main(6).quick(1).info(true, notify(wire.NotifyNoProposalChosen)), nil, []string{"quick.no-proposal certain"}, "no phase 2 proposal in common"},
		{"message 3 lost", tell(nil).main(6).quick(1, 2, 3, 2), nil, []string{"quick.third-lost likely"}, "was lost"},
		{"cannot install", func() *tale {
			x := tell(nil).main(6).quick(1, 2, 3)
			x.p.Quicks[0].SAs[0].Deleted = x.frame + 1
			return x.info(true, &wire.Delete{Protocol: wire.ProtoESP})
		}(), nil, []string{"quick.deleted-at-once likely"}, "cannot install the SA"},
		{
			"one way", tell(nil).main(6).quick(1, 2, 3).packet(false, 84, sha1, esp.ICVGood).packet(false, 84, sha1, esp.ICVGood), nil,
			[]string{"esp.one-way likely"},
			"IP protocol 50 is blocked",
		},
		{"both ways", tell(nil).main(6).quick(1, 2, 3).packet(false, 84, sha1, esp.ICVGood).packet(true, 84, sha1, esp.ICVGood).packet(false, 84, sha1, esp.ICVGood), nil, nil, ""},
		{
			"96 bits of SHA-256", tell(nil).main(6).quick(1, 2, 3).packet(false, 88, sha256, esp.ICVGood).packet(true, 84, sha256, esp.ICVBad), nil,
			[]string{"esp.sha256-truncation certain"},
			"cuts HMAC-SHA-256 to 96 bits",
		},
		{
			"keys of another SA", tell(nil).packet(true, 88, sha256, esp.ICVBad).packet(true, 88, sha256, esp.ICVBad), nil,
			[]string{"esp.wrong-keys possible"},
			"are not those of the SA",
		},
		{"stale SA", tell(nil), []check.Finding{{Rule: "esp.spi-known", Verdict: check.Fail, Actual: "SPI 0x00001000"}}, []string{"esp.stale-sa possible"}, "SPI 0x00001000"},
		{"leak without an SA", tell(nil), []check.Finding{{Rule: "policy.no-cleartext", Verdict: check.Fail, Frames: []int{3}}}, []string{"policy.leak certain"}, "while there is no SA (frame 3)"},
		{"all is well in a capture", tell(nil).main(6).quick(1, 2, 3), nil, nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			findings := tt.findings
			if findings == nil {
				findings = []check.Finding{failing}
			}
			ds := tt.tale.Explain(findings)
			var got []string
			for _, d := range ds {
				got = append(got, d.ID+" "+string(d.Confidence))
				if d.Symptom == "" || d.Fix == "" || len(d.Evidence) == 0 || len(d.Explains) == 0 {
					t.Errorf("incomplete: %+v", d)
				}
				if !slices.IsSorted(d.Frames) {
					t.Errorf("frames %v", d.Frames)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s\n%+v", d, ds)
			}
			if len(ds) > 0 && !strings.Contains(ds[0].Cause, tt.says) {
				t.Errorf("cause %q does not say %q", ds[0].Cause, tt.says)
			}
		})
	}
}

// TestNothingToExplain: a refusal that the scenario asks for needs no cure.
func TestNothingToExplain(t *testing.T) {
	x := tell(spec(nil)).phase1(1).info(false, notify(wire.NotifyNoProposalChosen))
	if ds := x.Explain([]check.Finding{{Rule: "scenario.outcome", Verdict: check.Pass}}); ds != nil {
		t.Errorf("%+v", ds)
	}
}

// TestLeakInTime tells when packets leaked from the life of the SA.
func TestLeakInTime(t *testing.T) {
	for _, tt := range []struct {
		frame, made, deleted int
		says                 string
	}{
		{5, 10, 0, "before the SA was made in frame 10"},
		{15, 10, 0, "although the SA made in frame 10 was there"},
		{15, 10, 20, "although the SA made in frame 10 was there"},
		{25, 10, 20, "after the SA was deleted in frame 20"},
	} {
		x := tell(nil).main(6).quick(1, 2, 3)
		for _, sa := range x.p.Quicks[0].SAs {
			sa.Negotiated, sa.Deleted = tt.made, tt.deleted
		}
		ds := x.Explain([]check.Finding{{Rule: "policy.no-cleartext", Verdict: check.Fail, Frames: []int{tt.frame}}})
		if len(ds) != 1 || !strings.Contains(ds[0].Cause, tt.says) {
			t.Errorf("%+v does not say %q", ds, tt.says)
		}
	}
}

// TestExplainsRules: what a diagnosis accounts for are rules that there are.
func TestExplainsRules(t *testing.T) {
	known := map[string]bool{}
	for _, r := range check.Rules() {
		known[r.ID] = true
	}
	for _, id := range slices.Concat(explainsPhase1, explainsPhase2, explainsXAUTH, []string{"ike.iv", "ike.config.client-address", "profile.selectors", "esp.icv", "esp.padding", "esp.spi-known", "policy.no-cleartext", "ike.ke-length"}) {
		if !known[id] {
			t.Errorf("%s is no rule", id)
		}
	}
}

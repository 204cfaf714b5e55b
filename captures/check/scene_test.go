package check

import (
	"crypto/x509"
	"encoding/binary"
	"iter"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// scene is a trial that a test plays: two real IKE sessions, packets sealed with
// what they negotiate, and a tap between them.
type scene struct {
	t     *testing.T
	trial evidence.Trial
	// psk is the peer's, "" for the same as the harness's.
	psk string
	// ike and esp are the peer's deviations; edit changes its configuration.
	ike  ikev1.Deviations
	esp  esp.Deviations
	edit func(*ikev1.Config)
	// lose drops the datagrams for which it is true, after the tap.
	lose func(fromPeer bool, n int) bool

	now time.Time
	// us and them are the hosts on the wire, usInner and themInner those behind.
	us, them, usInner, themInner netip.Addr

	ours, peer *ikev1.Session
	log        keylog.Log
	// certificates are those the judge knows.
	certificates []*x509.Certificate
	packets      []captures.Packet
	sas          map[uint32]*esp.SA // sealing SAs by SPI
	sent         int
	// impatient has the initiator begin quick mode while XAUTH is under way.
	impatient bool
	repeats   int // how often the initiator repeats a quick mode that is not answered
	port      uint16
	seed      byte // of the randomness of both ends
}

var (
	harnessAddr  = netip.MustParseAddr("192.0.2.1")
	peerAddr     = netip.MustParseAddr("192.0.2.2")
	harnessInner = netip.MustParseAddr("10.1.0.1")
	peerInner    = netip.MustParseAddr("10.2.0.1")
)

// bgpSpec is a scenario inside bgpProfile.
func bgpSpec() scenarios.Scenario {
	return scenarios.Scenario{
		ID: "test/bgp", Title: "a test", Items: []profile.Item{'a', 'b'},
		IKE: scenarios.IKE{Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp1024"}}},
		Child: scenarios.Child{
			Mode: "transport", Proposals: []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}},
			Selector: &scenarios.Selector{Protocol: 6, ServerPort: 179},
		},
		Expect: scenarios.Expect{Phase1: scenarios.Established, Phase2: scenarios.Established},
	}
}

func bgpProfile() *profile.Profile {
	yes := true
	peers := []profile.Address{{Name: "peers"}}
	return &profile.Profile{
		Name: "test",
		Selectors: profile.Selectors{
			Policies: []profile.Policy{{
				Name: "bgp", Action: profile.Protect, Protocol: 6,
				Client: profile.Side{Addresses: peers},
				Server: profile.Side{Addresses: peers, Ports: []profile.PortRange{{Lo: 179, Hi: 179}}},
			}},
			Otherwise: profile.Bypass,
		},
		Protection: profile.Protection{
			Protocols: profile.Levels{Must: []string{"esp"}}, Modes: profile.Levels{Must: []string{"transport"}},
			Integrity: profile.Required, Confidentiality: profile.Optional,
			Algorithms: profile.ESPAlgorithms{Encryption: profile.Levels{MustNot: []string{"des-cbc"}}},
		},
		Keying:         profile.Keying{Method: profile.IKE, Phase1: profile.Phase1{Group: profile.Levels{MustNot: []string{"modp768"}}}},
		Identification: profile.Identification{Forms: profile.Levels{Must: []string{"ipv4_addr", "ipv6_addr"}}},
		Authentication: profile.Authentication{Methods: profile.Levels{Must: []string{"psk"}}},
		Authorization:  profile.Authorization{Accept: profile.AcceptDesignated, AddressMatch: &yes},
		IKE:            profile.IKEVariants{Version: profile.Version1, Modes: profile.Levels{Must: []string{"main"}}},
	}
}

// play makes a scene with the peer in a role.
func play(t *testing.T, spec scenarios.Scenario, peerPlays scenarios.Role) *scene {
	s := &scene{
		t: t, now: sceneTime, sas: map[uint32]*esp.SA{}, port: 40000,
		us: harnessAddr, them: peerAddr, usInner: harnessInner, themInner: peerInner,
	}
	if spec.Family == scenarios.IPv6 {
		s.us, s.them = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
		s.usInner, s.themInner = netip.MustParseAddr("2001:db8:1::1"), netip.MustParseAddr("2001:db8:2::1")
	}
	s.trial = evidence.Trial{
		Peer: "reference", Scenario: spec.ID, Trial: peerPlays.String(), PeerPlays: peerPlays.String(), Spec: spec,
		Harness: s.us, PeerAddr: s.them, HarnessInner: s.usInner, PeerInner: s.themInner,
		Marker: "useipsec marker", Status: evidence.StatusCompleted,
	}
	return s
}

// sceneTime is when scenes begin.
var sceneTime = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

func (s *scene) peerInitiates() bool { return s.trial.PeerPlays == "initiator" }

// config is one end's configuration.
func (s *scene) config(own, other netip.Addr, c scenarios.Config, psk string, seed byte) *ikev1.Config {
	cfg := &ikev1.Config{
		Mode: ikev1.Main, Local: netip.AddrPortFrom(own, 500), Remote: netip.AddrPortFrom(other, 500),
		LocalID: ikev1.AddrID(own), Auth: ikev1.Auth{Method: wire.AuthPSK, PSK: []byte(psk)}, Tolerant: true,
		Rand: rand.NewChaCha8([32]byte{seed}),
	}
	if c.IKE.Mode == "aggressive" {
		cfg.Mode = ikev1.Aggressive
	}
	s.authenticate(cfg, c, own)
	for _, p := range c.IKE.Proposals {
		cipher, bits, err := keymat.ParseCipher(p.Encryption)
		s.ok(err)
		hash, err := keymat.ParseHash(p.Hash)
		s.ok(err)
		group, err := keymat.ParseGroup(p.Group)
		s.ok(err)
		cfg.Proposals = append(cfg.Proposals, keymat.Suite{Cipher: cipher, KeyBits: bits, Hash: hash, Group: group})
	}
	a, b := own, other
	mode := esp.Transport
	if c.Child.Mode == "tunnel" {
		mode = esp.Tunnel
		a, b = s.usInner, s.themInner
		if own == s.them {
			a, b = b, a
		}
	}
	sel := spd.Selector{Src: netip.PrefixFrom(a, a.BitLen()), Dst: netip.PrefixFrom(b, b.BitLen()), Proto: uint8(c.Child.Selector.Protocol)}
	if p := c.Child.Selector.ServerPort; p != 0 {
		sel.DstPorts = spd.Port(p)
		if (own == s.them) != s.peerInitiates() { // this end is the server
			sel.SrcPorts, sel.DstPorts = sel.DstPorts, spd.PortRange{}
		}
	}
	q := ikev1.QuickPolicy{Name: "child", Selector: sel, Proto: esp.ESP, Mode: mode, Virtual: c.IKE.ModeConfig != 0}
	if c.Child.PFS != "" {
		g, err := keymat.ParseGroup(c.Child.PFS)
		s.ok(err)
		q.PFS = g
	}
	for _, p := range c.Child.Proposals {
		cipher, err := esp.ParseCipher(p.Encryption)
		s.ok(err)
		integrity, err := esp.ParseIntegrity(p.Integrity)
		s.ok(err)
		q.Suites = append(q.Suites, esp.Suite{Cipher: cipher, Integrity: integrity})
	}
	cfg.Quick = []ikev1.QuickPolicy{q}
	return cfg
}

func (s *scene) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// marker puts the markers on the wire.
func (s *scene) marker() *scene {
	for _, d := range [][2]netip.Addr{{s.us, s.them}, {s.them, s.us}} {
		s.ip(d[0], d[1], 17, udpHeader(9, 9, []byte(s.trial.Marker)))
	}
	return s
}

// negotiate brings up phase 1 and a child, as far as it goes.
func (s *scene) negotiate() *scene {
	const secret = "a secret of this test"
	if s.psk == "" {
		s.psk = secret
	}
	s.seed += 2 // every time other cookies
	oursCfg := s.config(s.us, s.them, s.trial.Spec.Harness(), secret, s.seed-1)
	peerCfg := s.config(s.them, s.us, s.trial.Spec.PeerConfig(), s.psk, s.seed)
	peerCfg.Deviations = s.ike
	if s.edit != nil {
		s.edit(peerCfg)
	}
	oursCfg.Record = func(e ikev1.Event) {
		if e.Keys != nil {
			k := keylog.ISAKMP{
				CookieI: e.CookieI, CookieR: e.CookieR, Ka: e.Keys.Key, SKEYID: e.Keys.SKEYID,
				SKEYIDd: e.Keys.D, SKEYIDa: e.Keys.A, SKEYIDe: e.Keys.E, GXY: e.Keys.GXY,
			}
			if c := e.Keys.Concealed; c != nil {
				k.GXi, k.GXr, k.IDii, k.IDir = c.GXi, c.GXr, c.IDii, c.IDir
			}
			s.log.ISAKMP = append(s.log.ISAKMP, k)
		}
		if c := e.Child; c != nil && e.Kind == ikev1.EventChild {
			for _, in := range []bool{true, false} {
				p := c.Params(in)
				s.log.SAs = append(s.log.SAs, keylog.SA{Src: p.Src, Dst: p.Dst, SPI: p.SPI, Proto: p.Proto, Suite: p.Suite, Keys: p.Keys})
			}
		}
	}
	var err error
	if s.peerInitiates() {
		s.ours, err = ikev1.NewResponder(oursCfg)
		s.ok(err)
		s.peer, err = ikev1.NewInitiator(peerCfg)
	} else {
		s.ours, err = ikev1.NewInitiator(oursCfg)
		s.ok(err)
		s.peer, err = ikev1.NewResponder(peerCfg)
	}
	s.ok(err)
	out, err := s.initiator().Start(s.now)
	s.ok(err)
	s.exchange(s.peerInitiates(), out)
	for range 4 { // repeat what stayed unanswered
		if s.initiator().State() == ikev1.StateEstablished {
			return s.quick()
		}
		s.now = s.now.Add(10 * time.Second)
		out, _ := s.initiator().Tick(s.now)
		s.exchange(s.peerInitiates(), out)
	}
	return s
}

func (s *scene) initiator() *ikev1.Session {
	if s.peerInitiates() {
		return s.peer
	}
	return s.ours
}

// quick negotiates another child.
func (s *scene) quick() *scene {
	out, err := s.initiator().StartQuick(s.now, "child")
	s.ok(err)
	s.exchange(s.peerInitiates(), out)
	for range s.repeats {
		s.now = s.now.Add(10 * time.Second)
		out, _ := s.initiator().Tick(s.now)
		s.exchange(s.peerInitiates(), out)
	}
	return s
}

// deletes has the peer delete its latest child.
func (s *scene) deletes() *scene {
	c := s.children(true)
	out, err := s.peer.DeleteChild(s.now, c[len(c)-1].SPIIn)
	s.ok(err)
	s.exchange(true, out)
	return s
}

// inform puts an informational message in clear on the wire.
func (s *scene) inform(fromPeer bool, ps ...wire.Payload) {
	k := s.log.ISAKMP[0]
	b, err := (&wire.Message{Header: wire.Header{CookieI: k.CookieI, CookieR: k.CookieR, Version: 0x10, Exchange: wire.ExchangeInformational, MessageID: 0x1234}, Payloads: ps}).Append(nil)
	s.ok(err)
	from, to := s.us, s.them
	if fromPeer {
		from, to = to, from
	}
	s.ip(from, to, 17, udpHeader(500, 500, b))
}

func (s *scene) children(peer bool) []*ikev1.Child {
	end := s.ours
	if peer {
		end = s.peer
	}
	c := end.Children()
	if len(c) == 0 {
		s.t.Fatalf("no child; peer: %v, harness: %v", s.peer.Err(), s.ours.Err())
	}
	return c
}

// exchange carries datagrams to and fro until nobody has anything to say.
func (s *scene) exchange(fromPeer bool, out []ikev1.Datagram) {
	for _, d := range out {
		s.ip(d.Local.Addr(), d.Remote.Addr(), 17, udpHeader(d.Local.Port(), d.Remote.Port(), d.Data))
		s.sent++
		if s.lose != nil && s.lose(fromPeer, s.sent) {
			continue
		}
		to := s.peer
		if fromPeer {
			to = s.ours
		}
		answer, _ := to.Handle(s.now, ikev1.Datagram{Local: d.Remote, Remote: d.Local, Data: slices.Clone(d.Data)})
		if s.impatient && to == s.initiator() && to.State() == ikev1.StateTransaction {
			s.impatient = false
			early, err := to.StartQuick(s.now, "child")
			s.ok(err)
			s.exchange(!fromPeer, early)
		}
		s.exchange(!fromPeer, answer)
	}
}

// talk has a TCP conversation with a port, inside the newest child or in clear.
func (s *scene) talk(port uint16, inside bool) *scene {
	s.port++
	client := s.peerInitiates()
	for _, seg := range []struct {
		fromClient bool
		flags      byte
		data       string
	}{{true, 2, ""}, {false, 0x12, ""}, {true, 0x10, ""}, {true, 0x18, "hello"}, {false, 0x18, "hello"}, {true, 0x11, ""}, {false, 0x11, ""}} {
		fromPeer := seg.fromClient == client
		src, dst := s.port, port
		if !seg.fromClient {
			src, dst = dst, src
		}
		s.segment(fromPeer, tcpSegment(src, dst, seg.flags, seg.data), inside)
	}
	return s
}

func (s *scene) segment(fromPeer bool, tcp []byte, inside bool) {
	from, to, a, b := s.us, s.them, s.usInner, s.themInner
	if fromPeer {
		from, to, a, b = to, from, b, a
	}
	if !inside {
		if s.trial.Spec.Child.Mode == "tunnel" {
			from, to = a, b
		}
		s.ip(from, to, 6, tcp)
		return
	}
	children := s.children(fromPeer)
	child := children[len(children)-1]
	params := child.Params(false)
	if fromPeer {
		params.Deviations = s.esp
	}
	sa := s.sas[params.SPI]
	if sa == nil {
		var err error
		sa, err = esp.New(params)
		s.ok(err)
		s.sas[params.SPI] = sa
	}
	payload, next := tcp, uint8(6)
	if child.Mode == esp.Tunnel {
		payload, next = ipPacket(a, b, 6, tcp), 4
		if a.Is6() {
			next = 41
		}
	}
	sealed, err := sa.Seal(nil, payload, next)
	s.ok(err)
	if e := child.Encap; e != nil {
		s.ip(from, to, 17, udpHeader(e.SrcPort, e.DstPort, sealed))
		return
	}
	s.ip(from, to, 50, sealed)
}

// ip puts a packet on the wire.
func (s *scene) ip(src, dst netip.Addr, proto uint8, payload []byte) {
	b := ipPacket(src, dst, proto, payload)
	s.now = s.now.Add(10 * time.Millisecond)
	s.packets = append(s.packets, captures.Packet{Number: len(s.packets) + 1, Time: s.now, Link: captures.LinkRaw, OrigLen: len(b), Data: b})
}

func ipPacket(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	if src.Is4() {
		return ipv4Packet(src, dst, proto, payload)
	}
	b := make([]byte, 40, 40+len(payload))
	b[0], b[6], b[7] = 0x60, proto, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	copy(b[8:], src.AsSlice())
	copy(b[24:], dst.AsSlice())
	return append(b, payload...)
}

func ipv4Packet(src, dst netip.Addr, proto uint8, payload []byte) []byte {
	b := make([]byte, 20, 20+len(payload))
	b[0], b[8], b[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(payload)))
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	return append(b, payload...)
}

func udpHeader(src, dst uint16, data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(data)))
	return append(append(b, 0, 0), data...)
}

func tcpSegment(src, dst uint16, flags byte, data string) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = append(b, make([]byte, 16)...)
	b[12], b[13] = 5<<4, flags
	return append(b, data...)
}

func each(packets []captures.Packet) iter.Seq2[captures.Packet, error] {
	return func(yield func(captures.Packet, error) bool) {
		for _, p := range packets {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// judge gives all findings over the scene, with the keys of the harness or
// without.
func (s *scene) judge(keys bool) *TrialResult {
	log := &s.log
	if !keys {
		log = nil
	}
	return s.against(bgpProfile(), log)
}

// against judges the scene against a profile.
func (s *scene) against(p *profile.Profile, log *keylog.Log) *TrialResult {
	tr := &TrialResult{Status: evidence.StatusCompleted}
	subject := NewSubject(p, &s.trial)
	subject.Certificates = s.certificates
	s.ok(Options{}.judge(tr, subject, Rules(), each(s.packets), log))
	tr.Close()
	return tr
}

// verdicts lists the rules with a verdict.
func verdicts(tr *TrialResult, v Verdict) []string {
	var ids []string
	for _, f := range tr.Findings {
		if f.Verdict == v {
			ids = append(ids, f.Rule)
		}
	}
	return ids
}

func find(tr *TrialResult, rule string) Finding {
	for _, f := range tr.Findings {
		if f.Rule == rule {
			return f
		}
	}
	return Finding{}
}

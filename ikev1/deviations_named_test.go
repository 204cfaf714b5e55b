package ikev1_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func forced(i, _ *ikev1.Config) { i.NATT.Force = true }

func probing(i, _ *ikev1.Config) { i.DPD.Idle = 15 * time.Second }

func fragmenting(i, r *ikev1.Config) {
	i.Fragmentation = ikev1.Fragmentation{Enable: true, Size: 200}
	r.Fragmentation = i.Fragmentation
}

func twoSuites(i, r *ikev1.Config) {
	withPFS(i, r)
	i.Proposals = append(i.Proposals, keymat.Suite{Cipher: keymat.TripleDESCBC, Hash: keymat.SHA1, Group: keymat.MODP1024})
	i.Quick[0].Suites = append(i.Quick[0].Suites, esp.Suite{Cipher: esp.AES256CBC, Integrity: esp.HMACSHA1x96})
}

func longKa(i, r *ikev1.Config) {
	i.Proposals = []keymat.Suite{{Cipher: keymat.AESCBC, KeyBits: 256, Hash: keymat.SHA1, Group: keymat.MODP1024}}
	r.Proposals = i.Proposals
}

func longPSK(i, r *ikev1.Config) {
	i.Auth.PSK = bytes.Repeat([]byte("x"), 64)
	r.Auth.PSK = i.Auth.PSK
}

func lease6(i, r *ikev1.Config) {
	i.ModeConfig.Pull = true
	r.ModeConfig.Lease = func(wire.ID, string) (ikev1.Lease, bool) {
		return ikev1.Lease{Address: netip.MustParseAddr("2001:db8::77")}, true
	}
}

// deviationRows says for each fault which message is the first that it changes, and who sends it.
var deviationRows = []struct {
	field string
	value uint64 // 0: true, or 1
	by    ikev1.Role
	step  ikev1.Step
	edit  func(i, r *ikev1.Config)
}{
	{"MessageOneCookie", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"MessageOneCookie", 0, ikev1.Initiator, ikev1.Aggressive1, aggressive},
	{"ZeroCookie", 0, ikev1.Responder, ikev1.Main2, nil},
	{"ZeroCookie", 0, ikev1.Responder, ikev1.Aggressive2, aggressive},
	{"ZeroInitiatorCookie", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"ZeroInitiatorCookie", 0, ikev1.Initiator, ikev1.Aggressive1, aggressive},
	{"WrongCookie", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"WrongCookie", 0, ikev1.Initiator, ikev1.Aggressive3, aggressive},
	{"WrongCookie", 0, ikev1.Responder, ikev1.Main4, nil},
	{"Version", 0x11, ikev1.Initiator, ikev1.Main1, nil},
	{"ReservedFlag", 0, ikev1.Responder, ikev1.Main2, nil},
	{"ClearEncryptionFlag", 0, ikev1.Initiator, ikev1.Main5, nil},
	{"SetEncryptionFlag", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"CommitPhase1", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"CommitPhase2", 0, ikev1.Responder, ikev1.Quick2, nil},
	{"MessageIDZero", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"ShortMessageID", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"LengthPlus", 1, ikev1.Initiator, ikev1.Main1, nil},
	{"LengthMinus", 1, ikev1.Responder, ikev1.Main2, nil},
	{"TrailingOctets", 5, ikev1.Initiator, ikev1.Main1, nil},
	{"QuickExchange", 4, ikev1.Initiator, ikev1.Quick1, nil},
	{"CorruptMessage", 3, ikev1.Initiator, ikev1.Main5, nil},
	{"QuickFourth", 0, ikev1.Initiator, ikev1.Quick3, nil},
	{"WrongKa", 0, ikev1.Initiator, ikev1.Main5, longKa},
	{"WrongQuickIV", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"WrongInfoIV", 0, ikev1.Initiator, ikev1.Info, nil},
	{"StaleIV", 0, ikev1.Initiator, ikev1.Quick3, nil},
	{"ShortKE", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"ZeroKE", 0, ikev1.Responder, ikev1.Main4, nil},
	{"TruncatedQuickHash", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"LongSignature", 3, ikev1.Initiator, ikev1.Main5, signed},
	{"ShortSignature", 3, ikev1.Responder, ikev1.Main6, signed},
	{"LongSignedHash", 4, ikev1.Initiator, ikev1.Main5, signedRSA},
	{"ShortSignedHash", 4, ikev1.Responder, ikev1.Main6, signedRSA},
	{"WrongInitiatorCookie", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"ReencodedSA", 0, ikev1.Initiator, ikev1.Main5, nil},
	{"PSKNUL", 0, ikev1.Initiator, ikev1.Main5, longPSK},
	{"KeyLengthTwice", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"KeyLengthFirst", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"KeyLengthZero", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"LifeOctets", 2, ikev1.Initiator, ikev1.Main1, nil},
	{"LifeOctets", 4, ikev1.Initiator, ikev1.Main1, nil},
	{"LifeOctets", 8, ikev1.Initiator, ikev1.Main1, nil},
	{"LifeSeconds", 2147483, ikev1.Initiator, ikev1.Main1, nil},
	{"LifeTypeAlone", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"KilobytesFirst", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"DuplicateAttribute", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"UnknownAttribute", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"VariableGroup", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"SameTransformNumbers", 0, ikev1.Initiator, ikev1.Main1, twoSuites},
	{"ZeroTransformNumbers", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"ChosenNumberZero", 0, ikev1.Responder, ikev1.Main2, nil},
	{"ChangeAuth", 3, ikev1.Responder, ikev1.Main2, nil},
	{"WrongDOI", 2, ikev1.Initiator, ikev1.Main1, nil},
	{"WrongSituation", 2, ikev1.Initiator, ikev1.Main1, nil},
	{"ProposalSPI", 8, ikev1.Initiator, ikev1.Main1, nil},
	{"GroupInFirstOnly", 0, ikev1.Initiator, ikev1.Quick1, twoSuites},
	{"OmitESPKeyLength", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"EncryptionAuth", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"ResponderLifetimePhase2", 0, ikev1.Responder, ikev1.Main6, nil},
	{"ResponderLifetimePhase2", 0, ikev1.Responder, ikev1.Aggressive2, aggressive},
	{"IDProtocol", 6, ikev1.Initiator, ikev1.Main5, nil},
	{"AddressAsFQDN", 0, ikev1.Initiator, ikev1.Main5, nil},
	{"IDTrailingNUL", 0, ikev1.Responder, ikev1.Main6, nil},
	{"QuickFQDN", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"OmitQuickIDs", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"OneQuickID", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"ThreeQuickIDs", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"SwapQuickIDs", 0, ikev1.Responder, ikev1.Quick2, nil},
	{"PasswordNUL", 0, ikev1.Initiator, ikev1.ConfigReply, remoteAccess},
	{"UserCut", 0, ikev1.Initiator, ikev1.ConfigReply, remoteAccess},
	{"SkipConfig", 0, ikev1.Initiator, ikev1.ConfigRequest, remoteAccess},
	{"Address17", 0, ikev1.Responder, ikev1.ConfigReply, lease6},
	{"ContactInXAUTH", 0, ikev1.Initiator, ikev1.Info, remoteAccess},
	{"DuplicateRequest", 0, ikev1.Responder, ikev1.ConfigRequest, remoteAccess},
	{"WrongConfigType", 0, ikev1.Initiator, ikev1.ConfigReply, remoteAccess},
	{"DeleteBothSPIs", 0, ikev1.Initiator, ikev1.Info, nil},
	{"DeleteOtherCookies", 0, ikev1.Responder, ikev1.Info, nil},
	{"DeleteTwice", 0, ikev1.Initiator, ikev1.Info, nil},
	{"DeleteAndNotify", 0, ikev1.Initiator, ikev1.Info, nil},
	{"DeleteProtocolZero", 0, ikev1.Initiator, ikev1.Info, nil},
	{"NeverDelete", 0, ikev1.Initiator, ikev1.Info, nil},
	{"ContactNoSPI", 0, ikev1.Initiator, ikev1.Main5, nil},
	{"DPDRepeat", 0, ikev1.Initiator, ikev1.Info, probing},
	{"DPDSkip", 0, ikev1.Initiator, ikev1.Info, probing},
	{"DPDZero", 0, ikev1.Initiator, ikev1.Info, probing},
	{"DPDReversedCookies", 0, ikev1.Initiator, ikev1.Info, probing},
	{"DPDNoVendorID", 0, ikev1.Initiator, ikev1.Main1, probing},
	{"DPDNoAck", 0, ikev1.Responder, ikev1.Info, probing},
	{"NATDDraftPayloads", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"NATDHostOrder", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"ExtraNATD", 0, ikev1.Responder, ikev1.Main4, nil},
	{"SwapNATD", 0, ikev1.Initiator, ikev1.Main3, nil},
	{"NoFloat", 0, ikev1.Initiator, ikev1.Main5, forced},
	{"NoMarker", 0, ikev1.Initiator, ikev1.Main5, forced},
	{"DoubleMarker", 0, ikev1.Initiator, ikev1.Main5, forced},
	{"MarkerOn500", 0, ikev1.Initiator, ikev1.Main1, nil},
	{"SameNATOA", 0, ikev1.Initiator, ikev1.Quick1, forced},
	{"EncapWithoutNAT", 0, ikev1.Initiator, ikev1.Quick1, nil},
	{"DraftEncap", 0, ikev1.Initiator, ikev1.Quick1, forced},
	{"FragmentAll", 0, ikev1.Responder, ikev1.Main2, fragmenting},
	{"FragmentIDZero", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentNumberZero", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentNoLast", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentTwiceLast", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentLastFirst", 0, ikev1.Responder, ikev1.Main4, fragmenting},
	{"FragmentMixedIDs", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentMany", 0, ikev1.Initiator, ikev1.Main3, fragmenting},
	{"FragmentNoCapabilities", 0, ikev1.Initiator, ikev1.Main1, fragmenting},
}

// flowDeviations change which datagrams are sent, not what is in them: TestFlowDeviations.
var flowDeviations = []string{"DropMessage", "NoRetransmit", "ReplayMessageOne", "EarlyQuick", "KeepaliveOn500", "NoKeepalive", "NoRemap", "ResentCookie", "ReplayEncrypted", "DPDOldSA"}

func signedRSA(i, r *ikev1.Config) {
	v, _ := authorities.Load(pki.RSA2048)
	withCertificates(v.(*authority), wire.AuthRSASig)(i, r)
}

func signed(i, r *ikev1.Config) {
	v, _ := authorities.Load(pki.ECDSAP256)
	withCertificates(v.(*authority), wire.AuthECDSA256)(i, r)
}

// TestDeviationsShowOnce: with a fault everything before its message is octet for octet the same as without, and that
// message is not. What comes after may depend on it.
func TestDeviationsShowOnce(t *testing.T) {
	newAuthority(t, pki.ECDSAP256)
	newAuthority(t, pki.RSA2048)
	for _, tt := range deviationRows {
		t.Run(tt.field+" "+tt.step.String(), func(t *testing.T) {
			responder := tt.by == ikev1.Responder
			_, honest := transcript(t, responder, tt.edit, func(*ikev1.Deviations) {})
			_, deviant := transcript(t, responder, tt.edit, func(d *ikev1.Deviations) {
				if tt.value == 0 {
					switchOn(t, d, tt.field)
					return
				}
				reflect.ValueOf(d).Elem().FieldByName(tt.field).SetUint(tt.value)
			})
			at, differ := firstDifference(honest, deviant)
			if !differ {
				t.Fatal("the fault does not show")
			}
			// What is left out or put in moves the rest: it is in one of the two.
			for _, list := range [][]sentMessage{honest, deviant} {
				if at < len(list) && list[at].step == tt.step && list[at].by.Role() == tt.by {
					return
				}
			}
			t.Errorf("the first difference is message %d of %v / %v", at, honest, deviant)
		})
	}
}

func TestFlowDeviations(t *testing.T) {
	p := newPair(t, func(i, _ *ikev1.Config) { i.Deviations.DropMessage = 2 }).start()
	p.wait()
	if p.i.State() != ikev1.StateFailed || len(p.i.sent) != 1 {
		t.Errorf("DropMessage: %d messages, state %v", len(p.i.sent), p.i.State())
	}

	p = newPair(t, func(i, _ *ikev1.Config) { i.Deviations.NoRetransmit = true })
	p.drop = func(*end, int) bool { return true }
	p.start()
	p.wait()
	if len(p.i.sent) != 1 || p.i.State() != ikev1.StateFailed {
		t.Errorf("NoRetransmit: %d messages, state %v", len(p.i.sent), p.i.State())
	}
	p = newPair(t, func(_, r *ikev1.Config) { r.Deviations.NoRetransmit = true })
	p.drop = func(from *end, n int) bool { return from == p.r && n == 1 }
	p.start()
	p.wait()
	if len(p.r.sent) != 1 {
		t.Errorf("NoRetransmit: %d messages from the responder", len(p.r.sent))
	}

	for _, mode := range []func(i, r *ikev1.Config){nothing, aggressive} {
		p = newPair(t, both(mode, func(i, _ *ikev1.Config) { i.Deviations.ReplayMessageOne = true })).start().quick()
		if n := countOf(p.i.sent, 0); n != 2 {
			t.Errorf("ReplayMessageOne: %d times", n)
		}
		p.mirror()
	}

	p = newPair(t, both(remoteAccess, func(i, _ *ikev1.Config) { i.Deviations.EarlyQuick = true }))
	p.drop = func(from *end, n int) bool { return from == p.r && n > 3 }
	p.start()
	if p.quick(); len(p.r.Children()) != 0 || !p.r.has(ikev1.EventDropped) {
		t.Error("EarlyQuick: a quick mode before XAUTH was accepted")
	}

	for _, mode := range []func(i, r *ikev1.Config){nothing, aggressive} {
		p = newPair(t, both(mode, func(i, _ *ikev1.Config) { i.Deviations.ResentCookie = true }))
		p.drop = func(from *end, n int) bool { return from == p.r && n == 1 }
		p.start()
		p.tick()
		first, second := p.i.sent[0].Data, p.i.sent[1].Data
		if !bytes.Equal(first[8:16], make([]byte, 8)) || bytes.Equal(second[8:16], make([]byte, 8)) ||
			!bytes.Equal(first[:8], second[:8]) || !bytes.Equal(first[16:], second[16:]) {
			t.Errorf("ResentCookie: %x and %x", first[:28], second[:28])
		}
		if e := p.r.find(ikev1.EventDropped); e == nil || !strings.Contains(e.Detail, "cookie") {
			t.Errorf("ResentCookie: the responder says %+v", e)
		}
	}

	p = newPair(t, func(i, _ *ikev1.Config) { i.Deviations.ReplayEncrypted = true }).start().quick()
	if n := len(p.i.sent); n != 6 || !bytes.Equal(p.i.sent[3].Data, p.i.sent[5].Data) || bytes.Equal(p.i.sent[3].Data, p.i.sent[4].Data) {
		t.Errorf("ReplayEncrypted: %d messages", n)
	}
	if p.mirror(); len(p.r.Children()) != 1 {
		t.Errorf("ReplayEncrypted: %d children", len(p.r.Children()))
	}

	for _, on := range []bool{false, true} {
		old, _ := replaced(t, both(probing, func(i, _ *ikev1.Config) { i.Deviations.DPDOldSA = on }))
		sent := len(old.i.sent)
		for old.now.Sub(start) < 2*time.Minute && old.tick() {
		}
		if got := len(old.i.sent) > sent; got != on {
			t.Errorf("DPDOldSA %v: the old SA is asked under: %v", on, got)
		}
	}

	p = newPair(t, both(forced, func(i, _ *ikev1.Config) { i.Deviations.KeepaliveOn500 = true })).start()
	p.tick()
	if last := p.i.sent[len(p.i.sent)-1]; !bytes.Equal(last.Data, []byte{0xff}) || last.Local.Port() != 500 || last.Remote.Port() != 500 {
		t.Errorf("KeepaliveOn500: %+v", last)
	}

	for _, on := range []bool{false, true} {
		p := newPair(t, both(behindNAT, func(i, r *ikev1.Config) { i.Deviations.NoKeepalive, r.Deviations.NoRemap = on, on }))
		shift := uint16(100)
		nat(p, &shift)
		p.start().quick()
		if at, _ := p.i.Deadline(); at.Sub(start) < time.Minute == on {
			t.Errorf("NoKeepalive %v: the next thing to do is at %v", on, at.Sub(start))
		}
		shift = 200
		p.quick()
		if p.r.has(ikev1.EventRemap) == on {
			t.Errorf("NoRemap %v: moved %v", on, !on)
		}
	}
}

// TestDeviationsHaveTests fails when a fault is added that no test switches on.
func TestDeviationsHaveTests(t *testing.T) {
	rows := map[string]bool{}
	for _, r := range deviationRows {
		rows[r.field] = true
	}
	for _, f := range flowDeviations {
		rows[f] = true
	}
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[ikev1.Deviations]()) {
		tag := f.Tag.Get("yaml")
		if names[tag] && tag != "-" || tag == "" || tag != strings.TrimPrefix(tag, "_") {
			t.Errorf("%s is called %q", f.Name, tag)
		}
		names[tag] = true
		if f.Type.Kind() != reflect.Func && f.Name != "Payloads" && !rows[f.Name] && !tolerableDeviations[f.Name] {
			t.Errorf("deviation %s has no test", f.Name)
		}
	}
}

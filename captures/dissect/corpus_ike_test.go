package dissect_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// summary is a line about an ISAKMP message: exchange, index, whether it was
// decrypted, and the state of its hash.
func summary(e *dissect.Event) string {
	m := e.ISAKMP
	if m == nil {
		return ""
	}
	s := fmt.Sprintf("%v %d", m.Header.Exchange, m.Index)
	if m.FromInitiator {
		s += " >"
	} else {
		s += " <"
	}
	if m.Retransmission {
		s += fmt.Sprintf(" again(%d)", m.Of)
	}
	switch {
	case m.Decrypted:
		s += " decrypted"
	case m.Encrypted:
		s += " encrypted"
	default:
		s += " clear"
	}
	if m.Hash.Name != "" {
		s += " " + m.Hash.Name + " " + m.Hash.State.String()
	}
	if m.Hash.Why != "" {
		s += " (" + m.Hash.Why + ")"
	}
	if m.IVNote != "" {
		s += " [" + m.IVNote + "]"
	}
	if e.Opaque != "" {
		s += " opaque: " + e.Opaque
	}
	if e.Err != nil {
		s += " error: " + e.Err.Error()
	}
	return s
}

func summaries(es []*dissect.Event) []string {
	var lines []string
	for _, e := range es {
		if s := summary(e); s != "" {
			lines = append(lines, s)
		}
	}
	return lines
}

func TestCorpusHandshakes(t *testing.T) {
	needCorpus(t)
	clear := []string{"main 1 > clear", "main 2 < clear", "main 3 > clear", "main 4 < clear"}
	all := append(clear[:4:4],
		"main 5 > decrypted HASH_I good", "main 6 < decrypted HASH_R good",
		"quick 1 > decrypted HASH(1) good", "quick 2 < decrypted HASH(2) good", "quick 3 > decrypted HASH(3) good")
	read := func(name string) *keylog.Log { return corpusKeys(t, "expected/psk-handshakes/"+name) }
	whole := read("mm-complete.pcapng.keys.json")
	strip := func(f func(*keylog.ISAKMP)) *keylog.Log {
		k := whole.ISAKMP[0]
		f(&k)
		return &keylog.Log{ISAKMP: []keylog.ISAKMP{k}}
	}
	noA := func(why string) []string {
		return append(clear[:4:4],
			"main 5 > decrypted HASH_I unverifiable (no SKEYID: "+why+")",
			"main 6 < decrypted HASH_R unverifiable (no SKEYID: "+why+")",
			"quick 1 > decrypted HASH(1) unverifiable (no SKEYID_a: "+why+")",
			"quick 2 < decrypted HASH(2) unverifiable (no SKEYID_a: "+why+")",
			"quick 3 > decrypted HASH(3) unverifiable (no SKEYID_a: "+why+")")
	}
	opaque := func(before []string, why string) []string {
		for _, m := range []string{"quick 1 > encrypted HASH(1)", "quick 2 < encrypted HASH(2)", "quick 3 > encrypted HASH(3)"} {
			before = append(before, m+" unverifiable ("+why+") opaque: "+why)
		}
		return before
	}
	const (
		noKey    = "no key for initiator cookie 018ef04f7cf72e4f"
		wrongKey = "does not decrypt with the given key"
	)
	for _, tt := range []struct {
		name, capture string
		keys          *keylog.Log
		want          []string
	}{
		{"everything", "mm-complete.pcapng", whole, all},
		{"everything, from pcap", "mm-complete.pcap", read("mm-complete.pcap.keys.json"), all},
		{"psk and g^xy", "mm-complete.pcap", strip(func(k *keylog.ISAKMP) { k.Ka = nil }), all},
		{"Ka", "mm-complete.pcap", read("mm-complete.pcap.tshark-options.txt"), noA("only Ka is known, no pre-shared key")},
		{
			"Ka and a wrong psk", "mm-complete.pcap", strip(func(k *keylog.ISAKMP) { k.PSK = []byte("Koothrappali") }),
			noA("only Ka is known, the other secrets given do not lead to it"),
		},
		{
			"wrong psk", "mm-complete.pcap", strip(func(k *keylog.ISAKMP) { k.Ka, k.PSK = nil, []byte("Koothrappali") }),
			opaque(append(clear[:4:4],
				"main 5 > encrypted HASH_I unverifiable ("+wrongKey+") opaque: "+wrongKey,
				"main 6 < encrypted HASH_R unverifiable ("+wrongKey+") opaque: "+wrongKey), wrongKey),
		},
		{"psk, no g^xy", "mm-complete.pcap", strip(func(k *keylog.ISAKMP) { k.Ka, k.GXY = nil, nil }), opaque(append(clear[:4:4],
			"main 5 > encrypted HASH_I unverifiable (no g^xy) opaque: no g^xy",
			"main 6 < encrypted HASH_R unverifiable (no g^xy) opaque: no g^xy"), "no g^xy")},
		{"aggressive, psk", "am-psk-quick.pcapng", read("am-psk-quick.pcapng.keys.json"), opaque([]string{
			"aggressive 1 > clear", "aggressive 2 < clear HASH_R good",
			"aggressive 3 > encrypted HASH_I unverifiable (no g^xy) opaque: no g^xy",
		}, "no g^xy")},
		{"no keys", "mm-complete.pcap", nil, opaque(append(clear[:4:4],
			"main 5 > encrypted HASH_I unverifiable ("+noKey+") opaque: "+noKey,
			"main 6 < encrypted HASH_R unverifiable ("+noKey+") opaque: "+noKey), noKey)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := summaries(events(t, "psk-handshakes/"+tt.capture, tt.keys))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

// The plaintexts are those that an independent program found.
func TestCorpusPlaintext(t *testing.T) {
	needCorpus(t)
	data, err := os.ReadFile(filepath.Join(corpus, "expected/psk-handshakes/mm-complete.pcapng.ike_plain.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []struct {
		Frame     int
		Plaintext *string
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	es := events(t, "psk-handshakes/mm-complete.pcapng", corpusKeys(t, "expected/psk-handshakes/mm-complete.pcapng.keys.json"))
	for i, w := range want {
		if w.Plaintext == nil {
			continue
		}
		if got := hex.EncodeToString(es[i].ISAKMP.Plain); got != *w.Plaintext {
			t.Errorf("frame %d: plaintext\n%s, want\n%s", w.Frame, got, *w.Plaintext)
		}
	}
	p := es[5].ISAKMP.Phase1
	if !p.Complete() || p.Keys != dissect.KeysAll || p.Suite.String() != "aes128-cbc/sha1/modp1024" || p.Auth != wire.AuthPSK {
		t.Errorf("phase 1: complete %v, keys %v, suite %v, authentication %v", p.Complete(), p.Keys, p.Suite, p.Auth)
	}
	q := es[8].ISAKMP.Quick
	var sas []string
	for _, sa := range q.SAs {
		sas = append(sas, fmt.Sprintf("%v %v>%v 0x%08x %v %v keyed=%v derived=%v", sa.Proto, sa.Src, sa.Dst, sa.SPI, sa.Mode, sa.Suite, sa.Keyed, sa.KeysDerived))
	}
	if diff := cmp.Diff([]string{
		"esp 192.168.0.100>192.168.0.101 0xc9723901 tunnel aes128-cbc/hmac-sha256-128 keyed=true derived=true",
		"esp 192.168.0.101>192.168.0.100 0xcc36d0c6 tunnel aes128-cbc/hmac-sha256-128 keyed=true derived=true",
	}, sas); diff != "" {
		t.Errorf("SAs (-want +got):\n%s", diff)
	}
}

// NAT traversal: floating to port 4500, retransmissions, keepalives, ESP in UDP.
func TestCorpusNATT(t *testing.T) {
	needCorpus(t)
	es := events(t, "tcpdump/isakmp4500.pcap", nil)
	var got []string
	for _, e := range es {
		switch m := e.ISAKMP; {
		case m != nil && m.Retransmission:
			got = append(got, fmt.Sprintf("%v %d again", m.Header.Exchange, m.Index))
		case m != nil:
			got = append(got, fmt.Sprintf("%v %d", m.Header.Exchange, m.Index))
		case e.Kind != dissect.KindNonIP:
			got = append(got, e.Kind.String())
		}
	}
	if diff := cmp.Diff([]string{
		"main 1", "main 2", "main 3", "main 4", "main 5", "main 6", "quick 1", "quick 2", "quick 3", "esp",
		"quick 2 again", "quick 3 again", "esp", "keepalive", "esp", "quick 2 again", "quick 3 again", "esp",
		"keepalive", "esp", "esp", "keepalive", "esp", "quick 2 again", "esp", "keepalive", "informational 1",
	}, got); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
	p := es[6].ISAKMP.Phase1
	if !p.FloatedI || !p.FloatedR {
		t.Errorf("floated: initiator %v, responder %v", p.FloatedI, p.FloatedR)
	}
	// No NAT is there, as message 4 shows: the initiator asks for encapsulation by
	// giving a hash of its own address that is not one.
	if diff := cmp.Diff([]dissect.NATDCheck{{MatchesDst: true}, {}}, es[4].ISAKMP.NATD); diff != "" {
		t.Errorf("NAT-D of message 3 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]dissect.NATDCheck{{MatchesDst: true}, {MatchesSrc: true}}, es[5].ISAKMP.NATD); diff != "" {
		t.Errorf("NAT-D of message 4 (-want +got):\n%s", diff)
	}
	for _, e := range es {
		if e.Kind == dissect.KindESP && (!e.ESP.UDPEncap || e.ESP.SA.Origin != dissect.OriginObserved || e.ESP.Facts.ICV != esp.ICVNone) {
			t.Errorf("frame %d: %+v", e.Frame, e.ESP)
		}
	}
}

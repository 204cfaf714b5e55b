package dissect_test

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
)

// corpus is a directory of captures that are not part of the repository.
const corpus = "../../../shared/corpus"

func needCorpus(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the corpus of foreign captures is not here: %v", err)
	}
}

func corpusKeys(t testing.TB, name string) *keylog.Log {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, err := keylog.Read(name, f)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// events decodes a corpus capture and copies every event.
func events(t testing.TB, name string, log *keylog.Log) []*dissect.Event {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := captures.NewReader(f, captures.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var es []*dissect.Event
	for e, err := range dissect.Decode(r.Packets(), log) {
		if err != nil {
			t.Fatal(err)
		}
		es = append(es, e.Clone())
	}
	return es
}

// plainESP is one packet of expected/*.esp_plain.json.
type plainESP struct {
	Frame      int
	Depth      int
	Src, Dst   string
	SPI        string
	Seq        uint32
	ICVOK      *bool `json:"icv_ok"`
	PadLen     int   `json:"pad_len"`
	NextHeader uint8 `json:"next_header"`
	Payload    string
	Pad        string
}

// found lists the decrypted ESP packets of an event, outermost first.
func found(e *dissect.Event) []plainESP {
	var ps []plainESP
	for depth := 0; e != nil; e = e.Inner {
		p := e.ESP
		if p == nil {
			continue
		}
		out := plainESP{
			Frame: e.Frame, Depth: depth, Src: e.Src.Addr().String(), Dst: e.Dst.Addr().String(),
			SPI: "0x" + strings.Repeat("0", 8-len(strconv.FormatUint(uint64(p.SPI), 16))) + strconv.FormatUint(uint64(p.SPI), 16),
			Seq: p.Seq, PadLen: p.Facts.PadLen, NextHeader: p.Facts.NextHeader,
			Payload: hex.EncodeToString(p.Facts.Payload), Pad: hex.EncodeToString(p.Facts.Padding),
		}
		if p.Facts.ICV != esp.ICVNone {
			ok := p.Facts.ICV == esp.ICVGood
			out.ICVOK = &ok
		}
		ps = append(ps, out)
		depth++
	}
	return ps
}

func TestCorpusESP(t *testing.T) {
	needCorpus(t)
	for _, tt := range []struct{ capture, keys string }{
		{"wireshark-wiki/ipsec_esp_capture_1.pcap", "wireshark-wiki/ipsec_esp_capture_1.esp_sa.txt"},
		{"zeek/ip6_esp.pcap", "expected/zeek/ip6_esp.pcap.tshark-options.txt"},
		{"klips-esp-ah/01-sunrise-sunset-esp-one.pcap", ""},
		{"klips-esp-ah/01-sunrise-sunset-udpesp-ping.pcap", ""},
		{"klips-esp-ah/02-sunrise-sunset-esp.pcap", ""},
		{"klips-esp-ah/08-sunrise-sunset-aes128.pcap", ""},
		{"klips-esp-ah/08-sunrise-sunset-esp-double.pcap", ""},
		{"klips-esp-ah/08-sunrise-sunset-esp-sha1.pcap", ""},
		{"klips-esp-ah/08-sunrise-sunset-udpesp-ping.pcap", ""},
		{"klips-esp-ah/espfrags1.pcap", ""},
	} {
		t.Run(tt.capture, func(t *testing.T) {
			keys := tt.keys
			if keys == "" {
				keys = "expected/" + tt.capture + ".tshark-options.txt"
			}
			data, err := os.ReadFile(filepath.Join(corpus, "expected", tt.capture+".esp_plain.json"))
			if err != nil {
				t.Fatal(err)
			}
			var want, got []plainESP
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			for _, e := range events(t, tt.capture, corpusKeys(t, keys)) {
				got = append(got, found(e)...)
				if e.Kind == dissect.KindESP && e.Inner == nil {
					t.Errorf("frame %d: no inner packet: %q %v", e.Frame, e.Opaque, e.Err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("decrypted packets (-want +got):\n%s", diff)
			}
		})
	}
}

// AH that another implementation made: every ICV verifies with its key, none with another, and none without.
func TestCorpusAH(t *testing.T) {
	needCorpus(t)
	key := []byte("\x98\x76\x58\x76\x58\x76\x58\x76\x58\x76\x58\x76\x58\x76\x58\x76")
	other := append([]byte(nil), key...)
	other[0]++
	sa := func(key []byte) *keylog.Log {
		return &keylog.Log{SAs: []keylog.SA{{
			Src: netip.MustParseAddr("192.1.2.23"), Dst: netip.MustParseAddr("192.1.2.45"), SPI: 0x91234567, Proto: esp.AH,
			Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.HMACMD5x96}, Keys: esp.Keys{Integrity: key},
		}}}
	}
	for want, log := range map[esp.ICVState]*keylog.Log{esp.ICVGood: sa(key), esp.ICVBad: sa(other), esp.ICVUnchecked: nil} {
		n := 0
		for _, e := range events(t, "klips-esp-ah/08-sunrise-sunset-ah-md5.pcap", log) {
			if e.Kind != dissect.KindAH {
				continue
			}
			n++
			if e.AH.State != want || e.Inner == nil || e.Inner.Kind != dissect.KindICMP {
				t.Errorf("frame %d: ICV %v, want %v", e.Frame, e.AH.State, want)
			}
		}
		if n != 8 {
			t.Errorf("%d AH packets, want 8", n)
		}
	}
}

// Algorithms we do not have leave packets opaque, and say so: here Twofish, while Blowfish is read.
func TestCorpusUnsupported(t *testing.T) {
	needCorpus(t)
	log := corpusKeys(t, "wireshark-wiki/ipsec_esp_capture_3.esp_sa.txt")
	n, blowfish := 0, 0
	for _, e := range events(t, "wireshark-wiki/ipsec_esp_capture_3.pcap", log) {
		switch {
		case e.Kind != dissect.KindESP:
			continue
		case e.ESP.SPI == 10 && e.ESP.Decrypted && e.Inner != nil:
			blowfish++
		case e.Opaque == "" || e.ESP.Decrypted || e.Inner != nil:
			t.Errorf("frame %d: opaque %q, decrypted %v", e.Frame, e.Opaque, e.ESP.Decrypted)
		}
		n++
	}
	if n != 18 || blowfish != 3 {
		t.Errorf("%d ESP packets, %d of them Blowfish, want 18 and 3", n, blowfish)
	}
}

// Every capture goes through, with and without keys, and agrees with tshark
// about which frames are what.
func TestCorpusKinds(t *testing.T) {
	needCorpus(t)
	files := 0
	err := filepath.WalkDir(corpus, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(corpus, path)
		switch filepath.Ext(name) {
		case ".pcap", ".pcapng", ".cap":
		default:
			return nil
		}
		files++
		t.Run(name, func(t *testing.T) {
			es := events(t, name, nil)
			data, err := os.ReadFile(filepath.Join(corpus, "expected", name+".tshark.tsv"))
			if err != nil {
				t.Skip("tshark's view is not in the corpus")
			}
			checkKinds(t, es, string(data))
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("no capture in the corpus")
	}
}

// checkKinds compares with tshark's columns, by name.
func checkKinds(t *testing.T, es []*dissect.Event, tsv string) {
	lines := strings.Split(strings.TrimRight(tsv, "\n"), "\n")
	columns := map[string]int{}
	for i, c := range strings.Split(lines[0], "\t") {
		columns[c] = i
	}
	if len(lines)-1 != len(es) {
		t.Fatalf("%d events, tshark has %d frames", len(es), len(lines)-1)
	}
	for i, line := range lines[1:] {
		row := append(strings.Split(line, "\t"), make([]string, len(columns))...)
		col := func(name string) string { return row[columns[name]] }
		e := es[i]
		if e.Frame != i+1 {
			t.Errorf("event %d has frame %d", i+1, e.Frame)
		}
		if col("_ws.malformed") != "" || e.Err != nil || e.Truncated {
			continue // opinions differ on what a broken packet is
		}
		var want dissect.Kind
		switch {
		case strings.Contains(col("udpencap.nat_keepalive")+col("isakmp.ike.nat_keepalive"), "1"):
			want = dissect.KindKeepalive
		case strings.HasPrefix(col("isakmp.version"), "0x1"):
			want = dissect.KindISAKMP
		case strings.HasPrefix(col("isakmp.version"), "0x2"):
			want = dissect.KindIKEv2
		case col("ah.spi") != "":
			want = dissect.KindAH
		case col("esp.spi") != "":
			want = dissect.KindESP
		default:
			continue
		}
		if e.Kind != want {
			t.Errorf("frame %d: %v, tshark says %v (%s)", e.Frame, e.Kind, want, col("frame.protocols"))
			continue
		}
		switch want {
		case dissect.KindISAKMP:
			if got := e.ISAKMP.Header.CookieI.String(); got != col("isakmp.ispi") {
				t.Errorf("frame %d: initiator cookie %s, tshark says %s", e.Frame, got, col("isakmp.ispi"))
			}
			if marker := strings.Contains(col("udpencap.non_esp_marker"), "1"); marker != e.ISAKMP.NonESPMarker {
				t.Errorf("frame %d: non-ESP marker %v, tshark says %v", e.Frame, e.ISAKMP.NonESPMarker, marker)
			}
		case dissect.KindESP:
			first, _, _ := strings.Cut(col("esp.spi"), ";")
			if got, _ := strconv.ParseUint(first, 0, 32); uint32(got) != e.ESP.SPI {
				t.Errorf("frame %d: SPI %#x, tshark says %s", e.Frame, e.ESP.SPI, first)
			}
		}
	}
}

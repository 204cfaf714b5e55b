package check

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// corpus is where captures from elsewhere may lie, beside the repository.
const corpus = "../../../shared/corpus"

func corpusFile(t *testing.T, name string) *os.File {
	f, err := os.Open(filepath.Join(corpus, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the corpus is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// judgeFile judges a capture of the corpus with the keys in another file.
func judgeFile(t *testing.T, name, keys string, p *profile.Profile) (*TrialResult, error) {
	r, err := captures.NewReader(corpusFile(t, name), captures.Limits{})
	if err != nil {
		return nil, err
	}
	var log *keylog.Log
	if keys != "" {
		if log, err = keylog.Read(keys, corpusFile(t, keys)); err != nil {
			t.Fatal(err)
		}
	}
	return Capture(name, r.Packets(), log, p, Options{})
}

// TestCorpusMainMode: the hashes of a real handshake are right, and what its
// ends deviate in is found.
func TestCorpusMainMode(t *testing.T) {
	tr, err := judgeFile(t, "psk-handshakes/mm-complete.pcap", "expected/psk-handshakes/mm-complete.pcap.keys.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ike.main.hash", "ike.main.six-messages", "ike.main.encryption-flag", "ike.quick.hash", "ike.quick.hash-first", "ike.nonce-length", "ike.ke-length", "ike.spi-range"} {
		if f := find(tr, id); f.Verdict != Pass {
			t.Errorf("%s: %v %s", id, f.Verdict, f.Actual)
		}
	}
	for _, f := range tr.Findings {
		if f.Verdict == Fail {
			t.Errorf("%s: %s %v", f.Rule, f.Actual, f.Frames)
		}
	}
	if f := find(tr, "ike.main.hash"); !strings.HasPrefix(f.Witness, "2 hashes of phase 1 judged") {
		t.Errorf("witness %q", f.Witness)
	}
}

// TestCorpusESP: the ICVs that tshark verifies verify here.
func TestCorpusESP(t *testing.T) {
	const name = "wireshark-wiki/ipsec_esp_capture_1"
	tr, err := judgeFile(t, name+".pcap", name+".esp_sa.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := find(tr, "esp.icv"); f.Verdict != Pass || !strings.HasPrefix(f.Witness, "160 packets of ESP or AH judged") {
		t.Errorf("%v %s %s", f.Verdict, f.Witness, f.Actual)
	}
	if f := find(tr, "esp.padding"); f.Verdict != Pass {
		t.Errorf("%v %s", f.Verdict, f.Actual)
	}
	if f := find(tr, "esp.sequence-start"); f.Verdict != Inconclusive {
		t.Errorf("the capture begins in the middle: %v %s", f.Verdict, f.Witness)
	}
}

// TestCorpusAll judges every capture of the corpus, malformed ones included,
// with and without a profile: nothing panics, and every finding has a verdict
// and a reason.
func TestCorpusAll(t *testing.T) {
	names, err := filepath.Glob(filepath.Join(corpus, "*", "*.*cap*"))
	if err != nil || len(names) == 0 {
		t.Skip("the corpus is not here")
	}
	deeper, _ := filepath.Glob(filepath.Join(corpus, "*", "*", "*.*cap*"))
	for _, name := range append(names, deeper...) {
		rel, _ := filepath.Rel(corpus, name)
		if ext := filepath.Ext(rel); ext != ".pcap" && ext != ".pcapng" && ext != ".cap" {
			continue
		}
		for _, p := range []*profile.Profile{nil, bgpProfile()} {
			tr, err := judgeFile(t, rel, "", p)
			if tr == nil {
				t.Logf("%s: %v", rel, err)
				continue
			}
			for _, f := range tr.Findings {
				if f.Verdict == 0 || f.Actual == "" && f.Witness == "" {
					t.Errorf("%s %s: %+v", rel, f.Rule, f)
				}
				if f.Verdict == Fail && p == nil {
					t.Logf("%s %s: %s %v", rel, f.Rule, f.Actual, f.Frames)
				}
			}
		}
	}
}

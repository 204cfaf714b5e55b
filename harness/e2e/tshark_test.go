package e2e_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// frame is what both dissectors say of a frame.
type frame struct {
	Payloads string // top-level payload types of an ISAKMP message
	Hash     string
	ESP      string // SPI, sequence number, whether the ICV is good, pad length, next header
	AH       string // SPI, sequence number, ICV, next header
	TCP      string // ports of the segment inside ESP or AH or in clear
}

// TestTshark has Wireshark's dissector open captures with the tables we write, and compares
// what it finds in messages 5 and 6, in quick mode and inside ESP and AH with our own dissection.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("CI is set, so tshark may not be missing:", err)
		}
		t.Skip("tshark is not installed: apt-get install tshark")
	}
	b := ran(t, harness.Plan{Lab: harness.Virtual}, "main/psk", "quick", "lifecycle")
	for tr, err := range b.Trials() {
		if err != nil {
			t.Fatal(err)
		}
		t.Run(tr.Ref.Scenario+"/"+tr.Ref.Trial, func(t *testing.T) {
			theirs := tsharkFrames(t, tr)
			ours := ourFrames(t, tr)
			decrypted, inside := 0, 0
			for _, f := range ours {
				if strings.HasPrefix(f.Payloads, "5,8") || strings.HasPrefix(f.Payloads, "8") {
					decrypted++
				}
				if f.ESP+f.AH != "" && f.TCP != "" {
					inside++
				}
			}
			if decrypted < 5 || inside < 8 {
				t.Errorf("nothing to compare: %d messages decrypted, %d TCP segments inside ESP or AH", decrypted, inside)
			}
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("tshark (-) and we (+) differ:\n%s", diff)
			}
		})
	}
}

// tsharkFrames runs tshark with the trial's tables.
func tsharkFrames(t *testing.T, tr *evidence.TrialReader) map[string]frame {
	t.Helper()
	fields := []string{
		"frame.number", "isakmp.typepayload", "isakmp.hash", "esp.spi", "esp.sequence", "esp.icv_good", "esp.pad_len", "esp.protocol",
		"tcp.srcport", "tcp.dstport", "ah.spi", "ah.sequence", "ah.icv", "ah.next_header",
	}
	args := []string{"-n", "-r", tr.WirePath(), "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE", "-T", "fields", "-E", "separator=/t"}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	cmd := exec.CommandContext(t.Context(), "tshark", args...)
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+tr.Path("keys"))
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(strings.NewReader(string(text)))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = '\t', true, len(fields)
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]frame{}
	for _, c := range rows {
		f := frame{Hash: c[2]}
		if c[1] != "" {
			f.Payloads = topLevel(c[1])
		}
		if c[3] != "" {
			f.ESP = fmt.Sprintf("%s seq %s icv %s pad %s next %s", c[3], c[4], c[5], c[6], c[7])
		}
		if c[8] != "" {
			f.TCP = c[8] + ">" + c[9]
		}
		if c[10] != "" {
			f.AH = fmt.Sprintf("%s seq %s icv %s next %s", c[10], c[11], c[12], c[13])
		}
		frames[c[0]] = f
	}
	return frames
}

// topLevel leaves out proposal (2) and transform (3), which tshark lists among the payloads.
func topLevel(types string) string {
	var keep []string
	for _, p := range strings.Split(types, ",") {
		if p != "2" && p != "3" {
			keep = append(keep, p)
		}
	}
	return strings.Join(keep, ",")
}

// ourFrames decodes the same capture with the same keys.
func ourFrames(t *testing.T, tr *evidence.TrialReader) map[string]frame {
	t.Helper()
	keys, err := tr.Keys()
	if err != nil {
		t.Fatal(err)
	}
	frames := map[string]frame{}
	for e, err := range dissect.Decode(tr.Packets(), keys) {
		if err != nil {
			t.Fatal(err)
		}
		var f frame
		if e.ISAKMP != nil && e.ISAKMP.Message != nil {
			var types []string
			for _, p := range e.ISAKMP.Message.Payloads {
				types = append(types, fmt.Sprint(uint8(p.Type())))
				if h, ok := p.(*wire.Hash); ok {
					f.Hash = fmt.Sprintf("%x", h.Data)
				}
			}
			f.Payloads = strings.Join(types, ",")
		}
		if e.ESP != nil {
			good := map[bool]string{true: "1", false: "0"}[e.ESP.Facts.ICV == esp.ICVGood]
			f.ESP = fmt.Sprintf("0x%08x seq %d icv %s pad %d next 0x%02x", e.ESP.SPI, e.ESP.Seq, good, e.ESP.Facts.PadLen, e.ESP.Facts.NextHeader)
		}
		if e.AH != nil {
			f.AH = fmt.Sprintf("0x%08x seq %d icv %x next %d", e.AH.SPI, e.AH.Seq, e.AH.ICV, e.AH.NextHeader)
		}
		if in := e.Innermost(); in.TCP != nil {
			f.TCP = fmt.Sprintf("%d>%d", in.Src.Port(), in.Dst.Port())
		}
		frames[fmt.Sprint(e.Frame)] = f
	}
	return frames
}

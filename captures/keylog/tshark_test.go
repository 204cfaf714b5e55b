package keylog

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/esp"
)

// tshark reads a capture with our tables in its configuration directory and
// returns the fields of each frame. A warning about a table is a failure.
func tshark(t *testing.T, capture string, l *Log, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	dir := t.TempDir()
	for name, write := range map[string]func(io.Writer) error{ikev1Table: l.WriteIKEv1Table, espTable: l.WriteESPTable} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{
		"-r", capture, "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE", "-T", "fields",
	}, args...)...)
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v\n%s", err, &stderr)
	}
	for line := range strings.Lines(stderr.String()) {
		if !strings.HasPrefix(line, "Running as user") {
			t.Errorf("tshark complains: %s", line)
		}
	}
	return string(out)
}

// TestTsharkESP seals a packet with every pair of algorithms and has tshark open
// it with our table: the capture, the table's every name and ESP itself agree.
func TestTsharkESP(t *testing.T) {
	l := &Log{}
	path := filepath.Join(t.TempDir(), "esp.pcapng")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := captures.NewWriter(f, captures.Section{Interfaces: []captures.Interface{{Link: captures.LinkRaw}}})
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, sa := range full().SAs {
		if sa.Proto != esp.ESP || sa.Suite.Validate() != nil || sa.AnyICV || sa.Suite.Integrity == esp.AESXCBC96 {
			continue
		}
		l.SAs = append(l.SAs, sa)
		text := fmt.Sprintf("sealed with %v", sa.Suite)
		if err := w.WritePacket(captures.Packet{Time: time.Unix(1, 0), Data: seal(t, sa, text)}); err != nil {
			t.Fatal(err)
		}
		icv := "1"
		if sa.Suite.ICVSize() == 0 {
			icv = ""
		}
		fmt.Fprintf(&want, "0x%08x\t%s\t%x\n", sa.SPI, icv, text)
	}
	// An ICV of unknown make, and any address.
	last := full().SAs[len(full().SAs)-1-len(anyICVBits)]
	any96 := last
	any96.SPI, any96.Suite.Integrity = 0x1000, esp.HMACMD5x96
	any96.Keys.Integrity = key16
	any96.Src, any96.Dst = addrA, addrB
	if err := w.WritePacket(captures.Packet{Time: time.Unix(1, 0), Data: seal(t, any96, "whatever the key")}); err != nil {
		t.Fatal(err)
	}
	any96.Src, any96.Dst = netip.Addr{}, netip.Addr{}
	any96.Suite.Integrity, any96.Keys.Integrity, any96.AnyICV, any96.ICVBits = esp.NoIntegrity, nil, true, 96
	l.SAs = append(l.SAs, any96)
	fmt.Fprintf(&want, "0x%08x\t%s\t%x\n", any96.SPI, "0", "whatever the key") // "not good" is how 4.0 says unchecked
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got := tshark(t, path, l, "-e", "esp.spi", "-e", "esp.icv_good", "-e", "data.data")
	if diff := cmp.Diff(want.String(), got); diff != "" {
		t.Errorf("(-want +tshark):\n%s", diff)
	}
}

// seal makes the ESP packet in transport mode around a UDP datagram with text.
func seal(t *testing.T, sa SA, text string) []byte {
	t.Helper()
	out, err := esp.New(esp.Params{SPI: sa.SPI, Proto: sa.Proto, Mode: esp.Transport, Suite: sa.Suite, Keys: sa.Keys})
	if err != nil {
		t.Fatal(err)
	}
	be := binary.BigEndian
	udp := be.AppendUint16(nil, 7001) // ports that tshark knows nothing about
	udp = be.AppendUint16(udp, 7009)
	udp = be.AppendUint16(udp, uint16(8+len(text)))
	udp = append(be.AppendUint16(udp, 0), text...)
	pkt, err := out.Seal(nil, udp, 17)
	if err != nil {
		t.Fatal(err)
	}
	src, dst := sa.Src, sa.Dst
	if src.Is6() {
		dst = addrB6
		ip := be.AppendUint32(nil, 0x60000000)
		ip = append(be.AppendUint16(ip, uint16(len(pkt))), 50, 64)
		return append(append(append(ip, src.AsSlice()...), dst.AsSlice()...), pkt...)
	}
	ip := be.AppendUint16(nil, 0x4500)
	ip = be.AppendUint16(ip, uint16(20+len(pkt)))
	ip = append(be.AppendUint32(ip, 0), 64, 50, 0, 0)
	return append(append(append(ip, src.AsSlice()...), dst.AsSlice()...), pkt...)
}

// TestTsharkIKEv1 has tshark decrypt a foreign handshake with our table.
func TestTsharkIKEv1(t *testing.T) {
	const corpus = "../../../shared/corpus"
	capture := filepath.Join(corpus, "psk-handshakes/mm-complete.pcap")
	f, err := os.Open(filepath.Join(corpus, "expected/psk-handshakes/mm-complete.pcap.keys.json"))
	if err != nil {
		t.Skipf("no corpus: %v", err)
	}
	defer f.Close()
	l, err := Read(f.Name(), f)
	if err != nil {
		t.Fatal(err)
	}
	const hashes = "\n\n\n\n"
	if got := tshark(t, capture, &Log{}, "-Y", "isakmp.flag_e == 1", "-e", "isakmp.hash"); got != hashes+"\n" {
		t.Errorf("without a key: %q", got)
	}
	got := strings.Split(strings.TrimRight(tshark(t, capture, l, "-Y", "isakmp.flag_e == 1", "-e", "isakmp.hash"), "\n"), "\n")
	if len(got) != 5 {
		t.Fatalf("%d encrypted messages", len(got))
	}
	for i, hash := range got { // main mode 5 and 6, quick mode 1 to 3: each has a HASH of SHA-1
		if len(hash) != 40 {
			t.Errorf("encrypted message %d: HASH %q", i+1, hash)
		}
	}
}

// TestTsharkLoads loads a table with everything that can be in one.
func TestTsharkLoads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.pcapng")
	var b bytes.Buffer
	w, err := captures.NewWriter(&b, captures.Section{Interfaces: []captures.Interface{{Link: captures.LinkRaw}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := tshark(t, path, full(), "-e", "frame.number"); got != "" {
		t.Errorf("an empty capture has %q", got)
	}
}

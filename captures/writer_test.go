package captures

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var testSection = Section{
	Application: "useipsec test",
	Comment:     "main/psk/aes128 – responder",
	Interfaces:  []Interface{{Name: "wire0", Link: LinkEthernet}, {Name: "tun0", Link: LinkRaw, SnapLen: 1500}},
}

// testPackets is what the writer must carry, as the reader returns it.
func testPackets() []Packet {
	at := time.Date(2026, 2, 28, 23, 59, 59, 123456789, time.UTC)
	return []Packet{
		{Number: 1, Time: at, Link: LinkEthernet, Dir: DirOut, OrigLen: 14, Data: []byte("\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x88\xb5"), Comment: "ike.main.six-messages"},
		{Number: 2, Time: at.Add(1), Iface: 1, Link: LinkRaw, Dir: DirIn, OrigLen: 1500, Data: []byte("\x45\x00\x05")},
		{Number: 3, Time: time.Unix(0, 0).UTC(), Link: LinkEthernet, OrigLen: 1, Data: []byte{0}, Comment: "two\nlines"},
		{Number: 4, Time: time.Unix(0, math.MaxInt64).UTC(), Link: LinkEthernet, OrigLen: 0, Data: []byte{}},
		{Number: 5, Time: at, Link: LinkEthernet, Dir: DirOut, OrigLen: 2, Data: []byte("ab")},
	}
}

func write(t *testing.T, s Section, ps []Packet) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ps {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteRead(t *testing.T) {
	b := write(t, testSection, testPackets())
	got, section, err := readAll(bytes.NewReader(b), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(testPackets(), got); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(testSection, section); diff != "" {
		t.Errorf("section (-want +got):\n%s", diff)
	}
}

func TestWriterDefaults(t *testing.T) {
	b := write(t, Section{Interfaces: []Interface{{Link: LinkRaw}}}, []Packet{{Data: []byte("abc")}})
	got, section, err := readAll(bytes.NewReader(b), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Packet{{Number: 1, Time: time.Unix(0, 0).UTC(), Link: LinkRaw, OrigLen: 3, Data: []byte("abc")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Section{Interfaces: []Interface{{Link: LinkRaw}}}, section); diff != "" {
		t.Errorf("section (-want +got):\n%s", diff)
	}
}

func TestWriterRefuses(t *testing.T) {
	long := strings.Repeat("x", math.MaxUint16+1)
	for _, tt := range []struct {
		name string
		p    Packet
	}{
		{"interface", Packet{Iface: 1}},
		{"negative interface", Packet{Iface: -1}},
		{"link type", Packet{Link: LinkRaw}},
		{"packet too long", Packet{Data: make([]byte, 256<<10+1)}},
		{"original length", Packet{OrigLen: 1 << 32}},
		{"direction", Packet{Dir: 3}},
		{"time before 1970", Packet{Time: time.Unix(-1, 0)}},
		{"time after 2262", Packet{Time: time.Unix(0, math.MaxInt64).Add(1)}},
		{"comment", Packet{Comment: long}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			w, err := NewWriter(&b, Section{Interfaces: []Interface{{Link: LinkEthernet}}})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.WritePacket(tt.p); !errors.Is(err, ErrPacket) {
				t.Errorf("error %v", err)
			}
			// The writer goes on as if nothing had happened.
			if err := errors.Join(w.WritePacket(Packet{Data: []byte("ok")}), w.Flush()); err != nil {
				t.Fatal(err)
			}
			if got, _, err := readAll(&b, Limits{}); err != nil || len(got) != 1 {
				t.Errorf("read back: %d packets, %v", len(got), err)
			}
		})
	}
	for name, s := range map[string]Section{
		"no interface":     {},
		"long comment":     {Comment: long, Interfaces: []Interface{{}}},
		"long application": {Application: long, Interfaces: []Interface{{}}},
		"long name":        {Interfaces: []Interface{{Name: long}}},
	} {
		if _, err := NewWriter(io.Discard, s); err == nil {
			t.Errorf("NewWriter accepts %s", name)
		}
	}
}

type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		return 0, errFull
	}
	f.room -= len(b)
	return len(b), nil
}

func TestWriterDiskFull(t *testing.T) {
	w, err := NewWriter(&full{}, testSection)
	if err != nil {
		t.Fatal(err)
	}
	big := Packet{Data: make([]byte, 100<<10)}
	if err := w.WritePacket(big); !errors.Is(err, errFull) || errors.Is(err, ErrPacket) {
		t.Errorf("WritePacket: %v", err)
	}
	if err := w.Flush(); !errors.Is(err, errFull) {
		t.Errorf("Flush: %v", err)
	}
	if _, err := NewWriter(&full{}, Section{Interfaces: make([]Interface, 10000)}); !errors.Is(err, errFull) {
		t.Errorf("NewWriter: %v", err)
	}
}

// TestTshark has the reference implementation read what we write.
func TestTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	path := filepath.Join(t.TempDir(), "t.pcapng")
	if err := os.WriteFile(path, write(t, testSection, testPackets()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tshark, "-r", path, "-T", "fields",
		"-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.interface_name", "-e", "frame.encap_type",
		"-e", "frame.cap_len", "-e", "frame.len", "-e", "frame.packet_flags_direction", "-e", "frame.comment")
	cmd.Env = append(os.Environ(), "WIRESHARK_CONFIG_DIR="+t.TempDir())
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v", err)
	}
	const ethernet, raw = 1, 7 // wiretap's numbers
	var want strings.Builder
	for _, p := range testPackets() {
		encap, direction := ethernet, ""
		if p.Link == LinkRaw {
			encap = raw
		}
		if p.Dir != DirUnknown {
			direction = fmt.Sprintf("0x%08x", int(p.Dir))
		}
		fmt.Fprintf(&want, "%d\t%d.%09d\t%s\t%d\t%d\t%d\t%s\t%s\n", p.Number, p.Time.Unix(), p.Time.Nanosecond(),
			testSection.Interfaces[p.Iface].Name, encap, len(p.Data), p.OrigLen, direction, strings.ReplaceAll(p.Comment, "\n", `\n`))
	}
	if diff := cmp.Diff(want.String(), string(out)); diff != "" {
		t.Errorf("(-want +tshark):\n%s", diff)
	}
}

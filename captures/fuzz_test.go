package captures

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzReader reads anything, and writes again what it could read.
func FuzzReader(f *testing.F) {
	for _, s := range samples() {
		f.Add([]byte(s.file))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := Limits{MaxPacket: 4096, MaxOptions: 4096, MaxInterfaces: 16}
		rd, err := NewReader(bytes.NewReader(b), lim)
		if err != nil {
			checkError(t, err)
			return
		}
		n := 0
		for p, err := range rd.Packets() {
			if err != nil {
				checkError(t, err)
				break
			}
			if n++; p.Number != n {
				t.Fatalf("packet %d is numbered %d", n, p.Number)
			}
			if len(p.Data) > lim.MaxPacket {
				t.Fatalf("packet of %d octets", len(p.Data))
			}
			if ip, err := p.IP(); err == nil && len(ip) == 0 || err != nil && !errors.Is(err, ErrNotIP) {
				t.Fatalf("IP() = %x, %v", ip, err)
			}
			again(t, p)
		}
		if len(rd.src.buf) > sourceSize {
			t.Fatalf("buffer of %d octets", len(rd.src.buf))
		}
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	var re *ReadError
	if !errors.As(err, &re) {
		t.Fatalf("error %T: %v", err, err)
	}
	for _, want := range []error{ErrEmpty, ErrFormat, ErrTruncated, ErrCorrupt, ErrLimit} {
		if errors.Is(err, want) {
			return
		}
	}
	t.Fatalf("error is none of ours: %v", err)
}

// again writes p and reads it back.
func again(t *testing.T, p Packet) {
	t.Helper()
	want := p.Clone()
	want.Number, want.Iface = 1, 0
	want.OrigLen = max(want.OrigLen, len(want.Data))
	var b bytes.Buffer
	w, err := NewWriter(&b, Section{Interfaces: []Interface{{Link: p.Link}}})
	if err != nil {
		t.Fatal(err)
	}
	want.Iface = 0
	if err := w.WritePacket(want); err != nil {
		if !errors.Is(err, ErrPacket) {
			t.Fatal(err)
		}
		return // a time that the writer cannot say
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	rd, err := NewReader(&b, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := rd.Next()
	if err != nil {
		t.Fatal(err)
	}
	if want.Time.IsZero() {
		got.Time = want.Time
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("written and read again (-want +got):\n%s", diff)
	}
	if _, err := rd.Next(); err != io.EOF {
		t.Fatalf("after the packet: %v", err)
	}
}

package captures

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// traffic is a file with n full-sized packets.
func traffic(tb testing.TB, n int, format string) []byte {
	tb.Helper()
	data := make([]byte, 1400)
	if format == "pcap" {
		o := orders["little"]
		b := pcapHeader(o, magicNano, LinkRaw)
		for i := range n {
			b = record(b, o, uint32(i), 0, string(data), len(data))
		}
		return b
	}
	var b bytes.Buffer
	w, err := NewWriter(&b, Section{Interfaces: []Interface{{Name: "wire0", Link: LinkRaw}}})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		if err := w.WritePacket(Packet{Time: time.Unix(int64(i), 1), Dir: DirOut, Data: data}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestReaderAllocates(t *testing.T) {
	for _, format := range []string{"pcap", "pcapng"} {
		few, many := traffic(t, 1, format), traffic(t, 1001, format)
		read := func(b []byte) float64 {
			return testing.AllocsPerRun(5, func() {
				rd, err := NewReader(bytes.NewReader(b), Limits{})
				if err != nil {
					t.Fatal(err)
				}
				for p, err := range rd.Packets() {
					if err != nil {
						t.Fatal(err)
					}
					_, _ = p.IP()
				}
			})
		}
		if a, b := read(few), read(many); a != b {
			t.Errorf("%s: %v allocations for 1 packet, %v for 1001", format, a, b)
		}
	}
}

func TestWriterAllocates(t *testing.T) {
	w, err := NewWriter(io.Discard, Section{Interfaces: []Interface{{Link: LinkRaw}}})
	if err != nil {
		t.Fatal(err)
	}
	p := Packet{Time: time.Unix(1, 1), Dir: DirOut, Data: make([]byte, 1400), Comment: "cited by a rule"}
	if n := testing.AllocsPerRun(1000, func() {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func BenchmarkReader(b *testing.B) {
	for _, format := range []string{"pcap", "pcapng"} {
		b.Run(format, func(b *testing.B) {
			file := traffic(b, 1000, format)
			r := bytes.NewReader(file)
			var rd *Reader
			b.SetBytes(int64(len(file)) / 1000)
			b.ReportAllocs()
			for b.Loop() {
				if rd == nil {
					b.StopTimer()
					r.Reset(file)
					var err error
					if rd, err = NewReader(r, Limits{}); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				if _, err := rd.Next(); err == io.EOF {
					rd = nil
				} else if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriter(b *testing.B) {
	w, err := NewWriter(io.Discard, Section{Interfaces: []Interface{{Link: LinkRaw}}})
	if err != nil {
		b.Fatal(err)
	}
	p := Packet{Time: time.Unix(1, 1), Dir: DirOut, Data: make([]byte, 1400)}
	b.SetBytes(int64(len(p.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := w.WritePacket(p); err != nil {
			b.Fatal(err)
		}
	}
}

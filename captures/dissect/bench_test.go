package dissect_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/esp"
)

// BenchmarkESP decodes ESP packets of a negotiated SA: decryption, ICV and the
// TCP segment inside.
func BenchmarkESP(b *testing.B) {
	for _, size := range []int{64, 256, 1400} {
		for _, encap := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/udp=%v", size, encap), func(b *testing.B) {
				c := newTalk(b)
				c.main()
				toR, _ := c.quick()
				sealed := seal(b, toR, tcp(40000, 179, dissect.ACK, string(bytes.Repeat([]byte("x"), size-20))), 6)
				if encap {
					c.ip(hostI, hostR, 17, udp(4500, 4500, sealed))
				} else {
					c.ip(hostI, hostR, 50, sealed)
				}
				d := dissect.NewDecoder(c.log(), dissect.Limits{})
				var e *dissect.Event
				for e = range d.Decode(c.all()) {
				}
				if e.ESP.Facts.ICV != esp.ICVGood || e.Inner == nil {
					b.Fatalf("%s", line(e))
				}
				p := c.packets[len(c.packets)-1]
				b.SetBytes(int64(len(p.Data)))
				b.ReportAllocs()
				for b.Loop() {
					d.Packet(p)
				}
			})
		}
	}
}

// BenchmarkClear decodes a TCP segment in clear.
func BenchmarkClear(b *testing.B) {
	c := newTalk(b)
	c.ip(hostI, hostR, 6, tcp(40000, 179, dissect.ACK, string(make([]byte, 1400))))
	d := dissect.NewDecoder(nil, dissect.Limits{})
	b.SetBytes(int64(len(c.packets[0].Data)))
	b.ReportAllocs()
	for b.Loop() {
		d.Packet(c.packets[0])
	}
}

// BenchmarkHandshake decodes a whole main and quick mode.
func BenchmarkHandshake(b *testing.B) {
	c := newTalk(b)
	c.main()
	c.quick()
	log := c.log()
	b.ReportAllocs()
	for b.Loop() {
		for range dissect.Decode(c.all(), log) {
		}
	}
}

// The path of ESP packets does not allocate, so that long captures cost time only.
func TestNoAllocations(t *testing.T) {
	c := newTalk(t)
	c.main()
	toR, _ := c.quick()
	c.ip(hostI, hostR, 50, seal(t, toR, tcp(1, 2, 0, "data"), 6))
	c.ip(hostI, hostR, 17, udp(4500, 4500, seal(t, toR, tcp(1, 2, 0, "data"), 6)))
	c.ip(hostI, hostR, 50, []byte{1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 0}) // no key
	c.ip(hostI, hostR, 17, udp(4500, 4500, []byte{0xff}))
	c.ip(hostI, hostR, 6, tcp(1, 2, 0, "data"))
	d := dissect.NewDecoder(c.log(), dissect.Limits{})
	for range d.Decode(c.all()) {
	}
	for _, p := range c.packets[9:] {
		if n := testing.AllocsPerRun(100, func() { d.Packet(p) }); n != 0 {
			t.Errorf("frame %d: %v allocations", p.Number, n)
		}
	}
}

// FuzzDecode reads octets as a capture file; whatever they are, nothing panics
// and every frame gives one event.
func FuzzDecode(f *testing.F) {
	for _, quickly := range []bool{false, true} {
		c := newTalk(f)
		c.main()
		toR, _ := c.quick()
		c.ip(hostI, hostR, 50, seal(f, toR, tcp(1, 2, 0, "data"), 6))
		c.ip(hostI, hostR, 17, udp(4500, 4500, []byte{0xff}))
		for _, p := range fragments(ipv4(hostI, hostR, 50, seal(f, toR, make([]byte, 100), 6)), 5, 64) {
			c.raw(p)
		}
		c.raw(ipv6(44, append([]byte{60, 0, 0, 1, 0, 0, 0, 9}, make([]byte, 16)...)))
		if quickly {
			c.packets = c.packets[9:]
		}
		var buf bytes.Buffer
		w, err := captures.NewWriter(&buf, captures.Section{Interfaces: []captures.Interface{{Link: captures.LinkRaw}}})
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range c.packets {
			if err := w.WritePacket(p); err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			f.Fatal(err)
		}
		f.Add(buf.Bytes())
	}
	log := newTalk(f).log()
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := captures.NewReader(bytes.NewReader(file), captures.Limits{})
		if err != nil {
			return
		}
		frame := 0
		for e, err := range dissect.Decode(r.Packets(), log) {
			if err != nil {
				break
			}
			frame++
			if e.Frame != frame || e.Kind == 0 {
				t.Fatalf("frame %d gave %+v", frame, e)
			}
			if e.Err != nil && e.Opaque != "" {
				t.Fatalf("frame %d is both malformed (%v) and opaque (%s)", frame, e.Err, e.Opaque)
			}
			if c := e.Clone(); line(c) != line(e) || summary(c) != summary(e) {
				t.Fatalf("frame %d: clone differs", frame)
			}
		}
	})
}

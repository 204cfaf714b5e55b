package captures

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2007, 6, 1, 12, 0, 0, 0, time.UTC)

func TestReadPcap(t *testing.T) {
	for name, o := range orders {
		for _, p := range []struct {
			name  string
			magic uint32
			frac  uint32
		}{{"micro", magicMicro, 123456}, {"nano", magicNano, 123456000}} {
			t.Run(name+" "+p.name, func(t *testing.T) {
				b := pcapHeader(o, p.magic, LinkRaw)
				b = record(b, o, uint32(epoch.Unix()), p.frac, "first", 5)
				b = record(b, o, uint32(epoch.Unix())+1, 0, "", 0)
				b = record(b, o, uint32(epoch.Unix())+2, 0, "cut", 1500)
				eachReader(t, file(b), func(t *testing.T, r io.Reader) {
					got, section, err := readAll(r, Limits{})
					if err != nil {
						t.Fatal(err)
					}
					want := []Packet{
						{Number: 1, Time: epoch.Add(123456 * time.Microsecond), Link: LinkRaw, OrigLen: 5, Data: []byte("first")},
						{Number: 2, Time: epoch.Add(time.Second), Link: LinkRaw, Data: []byte{}},
						{Number: 3, Time: epoch.Add(2 * time.Second), Link: LinkRaw, OrigLen: 1500, Data: []byte("cut")},
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("packets (-want +got):\n%s", diff)
					}
					if diff := cmp.Diff(Section{Interfaces: []Interface{{Link: LinkRaw, SnapLen: 65535}}}, section); diff != "" {
						t.Errorf("section (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// TestReadPcapng goes through everything the format has that we look at, in one file.
func TestReadPcapng(t *testing.T) {
	for name, o := range orders {
		t.Run(name, func(t *testing.T) {
			second := uint64(epoch.Unix())
			b := file(
				sectionBlock(o, opt(o, optComment, "line one"), opt(o, 3, "Linux"), opt(o, optUserAppl, "recorder 1.0"), opt(o, optComment, "line two"), endOfOptions(o)),
				interfaceBlock(o, LinkEthernet, 0, opt(o, optIfName, "eth0"), endOfOptions(o)),
				interfaceBlock(o, LinkRaw, 4, opt(o, optIfTSResol, "\x09"), opt(o, optIfName, "tun0")), // no end of options
				block(o, 0x0BAD, []byte("unknown")),
				enhancedBlock(o, 0, second*1e6+7, "plain", 5),
				enhancedBlock(o, 1, second*1e9+7, "with options", 12,
					opt(o, optComment, "see"), opt(o, optPacketFlags, string(words(o, 2))), opt(o, optComment, "here"), opt(o, 4, "\x00\x00\x00\x00\x00\x00\x00\x01"), endOfOptions(o)),
				enhancedBlock(o, 0, second*1e6, "in", 2, opt(o, optPacketFlags, string(words(o, 0x1D))), endOfOptions(o)),
				block(o, blockSimple, words(o, 6), []byte("simple")),
				block(o, blockPacket, o.AppendUint16(nil, 1), o.AppendUint16(nil, 9), words(o, uint32(second*1e9>>32), uint32(second*1e9&math.MaxUint32), 3, 3), []byte("old"), []byte{0}, opt(o, optPacketFlags, string(words(o, 1)))),
				// A second section forgets the interfaces of the first.
				sectionBlock(o, endOfOptions(o)),
				interfaceBlock(o, LinkIPv6, 2),
				block(o, blockSimple, words(o, 9), []byte("cu"), []byte("--")),
			)
			eachReader(t, b, func(t *testing.T, r io.Reader) {
				rd, err := NewReader(r, Limits{})
				if err != nil {
					t.Fatal(err)
				}
				var got []Packet
				var first Section
				for p, err := range rd.Packets() {
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, p.Clone())
					if p.Number == 5 {
						first = rd.Section()
					}
				}
				want := []Packet{
					{Number: 1, Time: epoch.Add(7 * time.Microsecond), Link: LinkEthernet, OrigLen: 5, Data: []byte("plain")},
					{Number: 2, Time: epoch.Add(7), Iface: 1, Link: LinkRaw, Dir: DirOut, OrigLen: 12, Data: []byte("with options"), Comment: "see\nhere"},
					{Number: 3, Time: epoch, Link: LinkEthernet, Dir: DirIn, OrigLen: 2, Data: []byte("in")},
					{Number: 4, Link: LinkEthernet, OrigLen: 6, Data: []byte("simple")},
					{Number: 5, Time: epoch, Iface: 1, Link: LinkRaw, Dir: DirIn, OrigLen: 3, Data: []byte("old")},
					{Number: 6, Link: LinkIPv6, OrigLen: 9, Data: []byte("cu")},
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("packets (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(Section{
					Application: "recorder 1.0",
					Comment:     "line one\nline two",
					Interfaces:  []Interface{{Name: "eth0", Link: LinkEthernet}, {Name: "tun0", Link: LinkRaw, SnapLen: 4}},
				}, first); diff != "" {
					t.Errorf("first section (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(Section{Interfaces: []Interface{{Link: LinkIPv6, SnapLen: 2}}}, rd.Section()); diff != "" {
					t.Errorf("second section (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// TestMixedByteOrders has sections of both byte orders in one file.
func TestMixedByteOrders(t *testing.T) {
	var parts [][]byte
	for _, name := range []string{"big", "little", "big"} {
		o := orders[name]
		parts = append(parts, sectionBlock(o), interfaceBlock(o, LinkRaw, 0), enhancedBlock(o, 0, 0, name, len(name)))
	}
	got, _, err := readAll(strings.NewReader(file(parts...)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var data []string
	for _, p := range got {
		data = append(data, string(p.Data))
	}
	if diff := cmp.Diff([]string{"big", "little", "big"}, data); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTimestampResolution(t *testing.T) {
	o := orders["little"]
	offset := func(s int64) []byte { return opt(o, optIfTSOffset, string(o.AppendUint64(nil, uint64(s)))) }
	tests := []struct {
		name  string
		opts  [][]byte
		ticks uint64
		want  time.Time
	}{
		{"default is microseconds", nil, 1_500_000, time.Unix(1, 5e8)},
		{"seconds", [][]byte{opt(o, optIfTSResol, "\x00")}, 17, time.Unix(17, 0)},
		{"nanoseconds", [][]byte{opt(o, optIfTSResol, "\x09")}, math.MaxUint64, time.Unix(18446744073, 709551615)},
		{"picoseconds round down", [][]byte{opt(o, optIfTSResol, "\x0c")}, 2_000_000_001_999, time.Unix(2, 1)},
		{"finest decimal", [][]byte{opt(o, optIfTSResol, "\x13")}, 15e18, time.Unix(1, 5e8)},
		{"binary 2^-20", [][]byte{opt(o, optIfTSResol, "\x94")}, 3<<20 | 1<<19, time.Unix(3, 5e8)},
		{"finest binary", [][]byte{opt(o, optIfTSResol, "\xbf")}, 1<<63 | 1<<62, time.Unix(1, 5e8)},
		{"offset", [][]byte{offset(1000)}, 1_000_000, time.Unix(1001, 0)},
		{"negative offset", [][]byte{offset(-2)}, 1_000_000, time.Unix(-1, 0)},
		{"beyond the year 9999", [][]byte{opt(o, optIfTSResol, "\x00")}, math.MaxUint64, time.Time{}},
		{"offset beyond", [][]byte{offset(math.MaxInt64)}, 1, time.Time{}},
		{"offset below", [][]byte{offset(math.MinInt64)}, 1, time.Time{}},
		{"resolution of wrong length is passed over", [][]byte{opt(o, optIfTSResol, "\x00\x00")}, 1_000_000, time.Unix(1, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, err := readAll(strings.NewReader(file(
				sectionBlock(o), interfaceBlock(o, LinkRaw, 0, tt.opts...), enhancedBlock(o, 0, tt.ticks, "", 0),
			)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !got[0].Time.Equal(tt.want) {
				t.Errorf("%d ticks are %v, want %v", tt.ticks, got[0].Time, tt.want.UTC())
			}
		})
	}
}

func TestDirectionOfCookedFrames(t *testing.T) {
	o := orders["little"]
	sll := func(t byte) string { return "\x00" + string(t) + strings.Repeat("\x00", 14) }
	sll2 := func(t byte) string {
		return strings.Repeat("\x00", 10) + string(t) + strings.Repeat("\x00", 9)
	}
	tests := []struct {
		name string
		link LinkType
		data string
		want Dir
	}{
		{"sll to us", LinkSLL, sll(0), DirIn},
		{"sll broadcast", LinkSLL, sll(1), DirIn},
		{"sll multicast", LinkSLL, sll(2), DirIn},
		{"sll between others", LinkSLL, sll(3), DirUnknown},
		{"sll from us", LinkSLL, sll(4), DirOut},
		{"sll short", LinkSLL, "\x00", DirUnknown},
		{"sll2 to us", LinkSLL2, sll2(0), DirIn},
		{"sll2 from us", LinkSLL2, sll2(4), DirOut},
		{"sll2 short", LinkSLL2, "\x00\x04", DirUnknown},
		{"ethernet", LinkEthernet, sll(4), DirUnknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := record(pcapHeader(o, magicMicro, tt.link), o, 0, 0, tt.data, len(tt.data))
			got, _, err := readAll(strings.NewReader(file(b)), Limits{})
			if err != nil || got[0].Dir != tt.want {
				t.Errorf("direction %v, %v; want %v", got[0].Dir, err, tt.want)
			}
		})
	}
}

func TestReaderErrors(t *testing.T) {
	o := orders["little"]
	head := file(sectionBlock(o), interfaceBlock(o, LinkRaw, 0))
	tests := []struct {
		name    string
		file    string
		packets int
		offset  int64
		want    error
		text    string // part of the message
	}{
		{"empty", "", 0, 0, ErrEmpty, "empty file"},
		{"gzip", "\x1f\x8b\x08\x00", 0, 0, ErrFormat, "gunzip"},
		{"zstd", "\x28\xb5\x2f\xfd\x00", 0, 0, ErrFormat, "unzstd"},
		{"text", "frame.number\tframe.len\n", 0, 0, ErrFormat, "looks like text"},
		{"octets", "\x00\x01\x02\x03\x04", 0, 0, ErrFormat, "no format known"},
		{"one octet", "\x7f", 0, 0, ErrFormat, ""},
		{"beginning of a magic", "\xd4\xc3", 0, 0, ErrTruncated, "file header"},
		{"pcap version", "\xd4\xc3\xb2\xa1\x03\x00" + strings.Repeat("\x00", 20), 0, 0, ErrFormat, "version 3.0"},
		{"pcap packet too long", file(record(pcapHeader(o, magicMicro, LinkRaw), o, 0, 0, "", 0), words(o, 0, 0, 1<<18+1, 0)), 1, 40, ErrLimit, "262145 octets"},
		{"pcapng version", file(block(o, blockSection, words(o, byteOrderMagic, 2, 0, 0))), 0, 0, ErrFormat, "version 2.0"},
		{"pcapng byte-order magic", file(block(o, blockSection, words(o, 0x1A2B3C4E, 1, 0, 0))), 0, 0, ErrCorrupt, "0x4e3c2b1a"},
		{"section too short", file(block(o, blockSection, words(o, byteOrderMagic, 1))), 0, 0, ErrCorrupt, "8 octets"},
		{"interface too short", file(sectionBlock(o), block(o, blockInterface, words(o, 1))), 0, 28, ErrCorrupt, "4 octets"},
		{"interface option too long", file(sectionBlock(o), interfaceBlock(o, LinkRaw, 0, words(o, 0x00ff0002))), 0, 28, ErrCorrupt, "option"},
		{"resolution too fine", file(sectionBlock(o), interfaceBlock(o, LinkRaw, 0, opt(o, optIfTSResol, "\x14"))), 0, 28, ErrCorrupt, "0x14"},
		{"binary resolution too fine", file(sectionBlock(o), interfaceBlock(o, LinkRaw, 0, opt(o, optIfTSResol, "\xc0"))), 0, 28, ErrCorrupt, "0xc0"},
		{"packet before interface", file(sectionBlock(o), enhancedBlock(o, 0, 0, "x", 1)), 0, 28, ErrCorrupt, "0 interfaces described"},
		{"simple packet before interface", file(sectionBlock(o), block(o, blockSimple, words(o, 0))), 0, 28, ErrCorrupt, "interface 0"},
		{"unknown interface", head + file(enhancedBlock(o, 0, 0, "x", 1), enhancedBlock(o, 1, 0, "x", 1)), 1, 84, ErrCorrupt, "interface 1"},
		{"packet block too short", head + file(block(o, blockEnhanced, words(o, 0, 0))), 0, 48, ErrCorrupt, "8 octets"},
		{"packet longer than block", head + file(block(o, blockEnhanced, words(o, 0, 0, 0, 5, 5, 0))), 0, 48, ErrCorrupt, "packet of 5 octets in a block with room for 4"},
		{"packet too long", head + file(block(o, blockEnhanced, words(o, 0, 0, 0, math.MaxUint32, 5, 0))), 0, 48, ErrLimit, "4294967295 octets"},
		{"block length 0", head + file(words(o, 6, 0, 0)), 0, 48, ErrCorrupt, "length 0"},
		{"block length 13", head + file(words(o, 6, 13, 0, 0, 0)), 0, 48, ErrCorrupt, "length 13"},
		{"block too long to hold", head + file(words(o, 6, 1<<30), make([]byte, 100)), 0, 48, ErrLimit, "1073741824 octets"},
		{"unknown block runs past the end", head + file(words(o, 0x0BAD, 1<<30), make([]byte, 100)), 0, 48, ErrTruncated, "1073741824 octets"},
		{"lengths differ", head + file(words(o, 0x0BAD, 12, 16)), 0, 48, ErrCorrupt, "12 before its body and 16 after"},
		{"lengths of a packet differ", head + file(words(o, 6, 32, 0, 0, 0, 0, 0, 31)), 0, 48, ErrCorrupt, "32 before its body and 31 after"},
		{"second section broken", head + file(words(o, blockSection, 28, 0, 0, 0, 0, 28)), 0, 48, ErrCorrupt, "magic"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachReader(t, tt.file, func(t *testing.T, r io.Reader) {
				got, _, err := readAll(r, Limits{})
				if !errors.Is(err, tt.want) {
					t.Fatalf("error %v, want %v", err, tt.want)
				}
				var re *ReadError
				if !errors.As(err, &re) {
					t.Fatalf("error %T", err)
				}
				if re.Offset != tt.offset || re.Packets != tt.packets || len(got) != tt.packets {
					t.Errorf("%v: offset %d after %d packets (%d delivered), want %d after %d", err, re.Offset, re.Packets, len(got), tt.offset, tt.packets)
				}
				if !strings.HasPrefix(err.Error(), "captures: ") || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("text %q, want %q in it", err, tt.text)
				}
			})
		})
	}
}

func TestLimits(t *testing.T) {
	o := orders["big"]
	comment := strings.Repeat("c", 1000)
	b := file(sectionBlock(o), interfaceBlock(o, LinkRaw, 0), interfaceBlock(o, LinkRaw, 0), enhancedBlock(o, 0, 0, strings.Repeat("d", 500), 500, opt(o, optComment, comment)))
	for _, tt := range []struct {
		name string
		lim  Limits
		want error
	}{
		{"enough", Limits{MaxPacket: 500, MaxOptions: 1004, MaxInterfaces: 2}, nil},
		{"packet", Limits{MaxPacket: 499, MaxOptions: 2000}, ErrLimit},
		{"options", Limits{MaxPacket: 500, MaxOptions: 1000}, ErrLimit},
		{"interfaces", Limits{MaxInterfaces: 1}, ErrLimit},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := readAll(strings.NewReader(b), tt.lim); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// TestBrokenPacketOption keeps a packet whose options run past its block.
func TestBrokenPacketOption(t *testing.T) {
	o := orders["little"]
	got, _, err := readAll(strings.NewReader(file(
		sectionBlock(o), interfaceBlock(o, LinkRaw, 0),
		enhancedBlock(o, 0, 0, "data", 4, opt(o, optComment, "kept"), words(o, 0xfff00001)),
	)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Comment != "kept" || string(got[0].Data) != "data" {
		t.Errorf("%+v", got[0])
	}
}

// TestAfterTheEnd asks again after the end and after an error.
func TestAfterTheEnd(t *testing.T) {
	s := samples()["pcap little"].file
	rd, err := NewReader(strings.NewReader(s), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range rd.Packets() {
		break // stop early and go on
	}
	n := 1
	for _, err := range rd.Packets() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d packets in two goes", n)
	}
	if _, err := rd.Next(); err != io.EOF {
		t.Errorf("Next at the end: %v", err)
	}
	rd, err = NewReader(strings.NewReader(s[:len(s)-1]), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var last error
		for _, err := range rd.Packets() {
			last = err
		}
		if !errors.Is(last, ErrTruncated) {
			t.Errorf("the error is not kept: %v", last)
		}
	}
}

// TestLyingLength has a length field that announces much and a file that has
// little: nothing near the announced size may be allocated.
func TestLyingLength(t *testing.T) {
	o := orders["little"]
	b := file(sectionBlock(o), words(o, blockInterface, 300<<10))
	got := testing.AllocsPerRun(10, func() {
		rd, err := NewReader(strings.NewReader(b), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rd.Next(); !errors.Is(err, ErrTruncated) {
			t.Fatal(err)
		}
		if n := len(rd.src.buf); n > sourceSize {
			t.Fatalf("buffer of %d octets for a file of %d", n, len(b))
		}
	})
	if got > 20 {
		t.Errorf("%v allocations", got)
	}
}

// TestLongBlocks grows the buffer to what a block needs.
func TestLongBlocks(t *testing.T) {
	o := orders["little"]
	long := strings.Repeat("long packet ", 20000)
	got, _, err := readAll(strings.NewReader(file(
		sectionBlock(o), interfaceBlock(o, LinkRaw, 0),
		enhancedBlock(o, 0, 0, "before", 6), block(o, 0x0BAD, make([]byte, 1<<20)), enhancedBlock(o, 0, 0, long, len(long)), enhancedBlock(o, 0, 0, "after", 5),
	)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var data []string
	for _, p := range got {
		data = append(data, string(p.Data))
	}
	if diff := cmp.Diff([]string{"before", long, "after"}, data); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

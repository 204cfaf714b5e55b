package captures

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// formats are the captures we read, by their first four octets. units is the
// ticks per second of a classic pcap; 0 marks pcapng, whose byte order follows
// further on.
var formats = []struct {
	magic string
	order binary.ByteOrder
	units uint64
}{
	{"\xd4\xc3\xb2\xa1", binary.LittleEndian, 1e6},
	{"\xa1\xb2\xc3\xd4", binary.BigEndian, 1e6},
	{"\x4d\x3c\xb2\xa1", binary.LittleEndian, 1e9},
	{"\xa1\xb2\x3c\x4d", binary.BigEndian, 1e9},
	{"\x0a\x0d\x0d\x0a", nil, 0},
}

// lookalikes are files that people offer instead, and what to do about them.
var lookalikes = []struct{ magic, advice string }{
	{"\x1f\x8b", "it is compressed with gzip: run gunzip first"},
	{"\x28\xb5\x2f\xfd", "it is compressed with zstd: run unzstd first"},
	{"\xfd7zXZ\x00", "it is compressed with xz: run unxz first"},
	{"\x04\x22\x4d\x18", "it is compressed with lz4: run unlz4 first"},
	{"BZh", "it is compressed with bzip2: run bunzip2 first"},
	{"PK\x03\x04", "it is a zip archive: unpack it first"},
	{"snoop\x00\x00\x00", "it is a Solaris snoop capture: convert it with editcap -F pcapng"},
	{"GMBU", "it is a Network Monitor capture: convert it with editcap -F pcapng"},
	{"RTSS", "it is a Network Monitor capture: convert it with editcap -F pcapng"},
	{"\x34\xcd\xb2\xa1", "it is a \"modified\" pcap: convert it with editcap -F pcapng"},
	{"\xa1\xb2\xcd\x34", "it is a \"modified\" pcap: convert it with editcap -F pcapng"},
	{"\x7fELF", "it is an executable"},
	{"SQLite format 3\x00", "it is an SQLite database"},
}

// looksLike says what a file might be that begins with head and is no capture.
func looksLike(head []byte) string {
	for _, l := range lookalikes {
		if strings.HasPrefix(string(head), l.magic) {
			return l.advice
		}
	}
	for _, c := range head {
		if c >= 0x7f || c < 0x20 && c != '\n' && c != '\r' && c != '\t' {
			return "its first octets are those of no format known here"
		}
	}
	return "it looks like text"
}

// fraction returns rem ticks in nanoseconds, rounded down, for rem < units.
func fraction(rem, units uint64) int64 {
	hi, lo := bits.Mul64(rem, 1e9)
	ns, _ := bits.Div64(hi, lo, units) // hi < units because rem < units and 1e9 < 2^64
	return int64(ns)
}

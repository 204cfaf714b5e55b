package captures

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

type sample struct {
	file string
	ends []int
}

// samples are small files of each format, with the offsets at which they may end cleanly.
func samples() map[string]sample {
	all := map[string]sample{}
	for name, o := range orders {
		p := pcapHeader(o, magicNano, LinkRaw)
		s := sample{ends: []int{len(p)}}
		for _, data := range []string{"one", "", "three"} {
			p = record(p, o, 1, 2, data, len(data))
			s.ends = append(s.ends, len(p))
		}
		s.file = string(p)
		all["pcap "+name] = s

		s = sample{}
		for _, b := range [][]byte{
			sectionBlock(o, opt(o, optComment, "comment")),
			interfaceBlock(o, LinkRaw, 0, opt(o, optIfName, "eth0")),
			enhancedBlock(o, 0, 1, "one", 3, opt(o, optComment, "1")),
			block(o, 0x0BAD, []byte("unknown")),
			block(o, blockSimple, words(o, 3), []byte("two")),
			block(o, blockPacket, words(o, 0, 0, 0, 3, 3), []byte("old")),
			sectionBlock(o),
		} {
			s.file += string(b)
			s.ends = append(s.ends, len(s.file))
		}
		all["pcapng "+name] = s
	}
	return all
}

// TestEveryPrefix cuts files everywhere: what is complete is delivered, and only a
// cut between two blocks is no error.
func TestEveryPrefix(t *testing.T) {
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			whole, _, err := readAll(strings.NewReader(s.file), Limits{})
			if err != nil || len(whole) != 3 {
				t.Fatalf("%d packets, %v", len(whole), err)
			}
			for n := range len(s.file) {
				got, _, err := readAll(strings.NewReader(s.file[:n]), Limits{})
				want := ErrTruncated
				start := 0
				for _, e := range s.ends {
					if n >= e {
						start = e
					}
					if n == e {
						want = nil
					}
				}
				if n == 0 {
					want = ErrEmpty
				}
				if !errors.Is(err, want) {
					t.Fatalf("prefix of %d octets: error %v, want %v", n, err, want)
				}
				var re *ReadError
				if errors.As(err, &re) && (re.Offset != int64(start) || re.Packets != len(got)) {
					t.Errorf("prefix of %d octets: %+v; want offset %d and %d packets", n, re, start, len(got))
				}
				if diff := cmp.Diff(append([]Packet(nil), whole[:len(got)]...), got); diff != "" {
					t.Errorf("prefix of %d octets (-want +got):\n%s", n, diff)
				}
			}
		})
	}
}

// TestReadFailure passes on the error of the underlying reader, wherever it strikes.
func TestReadFailure(t *testing.T) {
	broken := errors.New("disk on fire")
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			for n := range len(s.file) {
				r := io.MultiReader(strings.NewReader(s.file[:n]), iotest.ErrReader(broken))
				if _, _, err := readAll(r, Limits{}); !errors.Is(err, broken) || errors.Is(err, ErrTruncated) {
					t.Fatalf("failure after %d octets: %v", n, err)
				}
			}
		})
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func TestReaderWithoutProgress(t *testing.T) {
	if _, err := NewReader(stuck{}, Limits{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("error %v", err)
	}
}

package wire_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// corpus holds captures of other people's peers. They are not part of the project.
const corpus = "../../../shared/corpus"

// malformed are the captures made to crash somebody, and why they are refused here.
var malformed = map[string]error{
	"klips-esp-ah/isakmp-crash1.pcap":                      wire.ErrVersion,   // version 0.0
	"tcpdump/isakmp-no-none-np.pcapng":                     wire.ErrTruncated, // a payload chain without an end
	"zeek-spicy-ipsec/ipsec-ikev1-payload-bad-length.pcap": wire.ErrLength,    // payload length 3
}

func TestCorpusIdentity(t *testing.T) {
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("no corpus: %v", err)
	}
	messages := 0
	err := filepath.WalkDir(corpus, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ext, rel := filepath.Ext(name), strings.TrimPrefix(name, corpus+"/")
		if ext != ".dat" && ext != ".pcap" && ext != ".pcapng" {
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		t.Run(rel, func(t *testing.T) {
			n := 0
			check := func(datagram []byte) {
				n++
				m, err := wire.Parse(datagram)
				switch {
				case err == nil:
					checkIdentity(t, m, datagram)
					messages++
				case errors.Is(err, wire.ErrVersion) && m.Major() == 2:
				default:
					checkError(t, err, datagram)
					if cause := malformed[rel]; cause == nil || !errors.Is(err, cause) {
						t.Errorf("datagram %d: %v\n%x", n, err, datagram)
					}
				}
			}
			if ext == ".dat" {
				check(b)
				return
			}
			if err := frames(b, func(link int, frame []byte) {
				if datagram := isakmp(link, frame); datagram != nil {
					check(datagram)
				}
			}); err != nil {
				t.Skip(err)
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if messages == 0 {
		t.Error("the corpus had no message to check")
	}
	t.Logf("%d messages", messages)
}

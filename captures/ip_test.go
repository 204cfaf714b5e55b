package captures

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIP(t *testing.T) {
	const (
		macs = "\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01"
		v4   = "\x45\x00\x00\x14"
		v6   = "\x60\x00\x00\x00"
	)
	z := func(n int) string { return strings.Repeat("\x00", n) }
	tests := []struct {
		name string
		link LinkType
		data string
		want string // empty: ErrNotIP
	}{
		{"ethernet v4", LinkEthernet, macs + "\x08\x00" + v4, v4},
		{"ethernet v6", LinkEthernet, macs + "\x86\xdd" + v6, v6},
		{"ethernet padding remains", LinkEthernet, macs + "\x08\x00" + v4 + z(42), v4 + z(42)},
		{"arp", LinkEthernet, macs + "\x08\x06" + z(28), ""},
		{"vlan", LinkEthernet, macs + "\x81\x00\x00\x05\x08\x00" + v4, v4},
		{"vlan of arp", LinkEthernet, macs + "\x81\x00\x00\x05\x08\x06" + v4, ""},
		{"qinq", LinkEthernet, macs + "\x88\xa8\x00\x05\x81\x00\x00\x06\x86\xdd" + v6, v6},
		{"old qinq", LinkEthernet, macs + "\x91\x00\x00\x05\x81\x00\x00\x06\x86\xdd" + v6, v6},
		{"vlan cut", LinkEthernet, macs + "\x81\x00\x00\x05\x08", ""},
		{"snap", LinkEthernet, macs + "\x00\x0c\xaa\xaa\x03\x00\x00\x00\x08\x00" + v4, v4},
		{"snap of arp", LinkEthernet, macs + "\x00\x0c\xaa\xaa\x03\x00\x00\x00\x08\x06" + v4, ""},
		{"spanning tree", LinkEthernet, macs + "\x00\x26\x42\x42\x03" + z(35), ""},
		{"pppoe session", LinkEthernet, macs + "\x88\x64\x11\x00\x00\x01\x00\x06\x00\x21" + v4, v4},
		{"pppoe session of lcp", LinkEthernet, macs + "\x88\x64\x11\x00\x00\x01\x00\x06\xc0\x21" + v4, ""},
		{"pppoe with a code", LinkEthernet, macs + "\x88\x64\x11\x09\x00\x01\x00\x06\x00\x21" + v4, ""},
		{"pppoe cut", LinkEthernet, macs + "\x88\x64\x11\x00\x00", ""},
		{"pppoe discovery", LinkEthernet, macs + "\x88\x63\x11\x09\x00\x00\x00\x00", ""},
		{"ethernet says v4, is neither", LinkEthernet, macs + "\x08\x00" + z(20), ""},
		{"ethernet without payload", LinkEthernet, macs + "\x08\x00", ""},
		{"ethernet cut", LinkEthernet, macs + "\x08", ""},
		{"sll", LinkSLL, z(14) + "\x08\x00" + v4, v4},
		{"sll vlan", LinkSLL, z(14) + "\x81\x00\x00\x05\x08\x00" + v4, v4},
		{"sll arp", LinkSLL, z(14) + "\x08\x06" + v4, ""},
		{"sll cut", LinkSLL, z(15), ""},
		{"sll2", LinkSLL2, "\x86\xdd" + z(18) + v6, v6},
		{"sll2 cut", LinkSLL2, z(19), ""},
		{"raw v4", LinkRaw, v4, v4},
		{"raw v6", LinkRaw, v6, v6},
		{"raw nothing", LinkRaw, "", ""},
		{"raw neither", LinkRaw, "\x50", ""},
		{"ipv4", LinkIPv4, v4, v4},
		{"ipv6", LinkIPv6, v6, v6},
		{"null little", LinkNull, "\x02\x00\x00\x00" + v4, v4},
		{"null big", LinkNull, "\x00\x00\x00\x02" + v4, v4},
		{"null v6 of macOS", LinkNull, "\x1e\x00\x00\x00" + v6, v6},
		{"null v6 of FreeBSD", LinkNull, "\x00\x00\x00\x1c" + v6, v6},
		{"null of something else", LinkNull, "\x07\x00\x00\x00" + v4, ""},
		{"null cut", LinkNull, "\x02\x00\x00", ""},
		{"loop", LinkLoop, "\x00\x00\x00\x18" + v6, v6},
		{"enc", LinkEnc, "\x02\x00\x00\x00" + z(8) + v4, v4},
		{"enc cut", LinkEnc, "\x02\x00\x00\x00" + z(7), ""},
		{"ppp", LinkPPP, "\x00\x57" + v6, v6},
		{"ppp with address and control", LinkPPPHDLC, "\xff\x03\x00\x21" + v4, v4},
		{"ppp with compressed protocol", LinkPPP, "\x21" + v4, v4},
		{"ppp of lcp", LinkPPP, "\xc0\x21" + v4, ""},
		{"ppp cut", LinkPPP, "\xff\x03\x00", ""},
		{"pppoe", LinkPPPEther, "\x11\x00\x00\x01\x00\x06\x00\x21" + v4, v4},
		{"nflog little", LinkNFLog, "\x02\x00\x00\x05" + "\x05\x00\x0a\x00x" + z(3) + "\x08\x00\x09\x00" + v4, v4},
		{"nflog big", LinkNFLog, "\x0a\x00\x00\x05" + "\x00\x05\x00\x0ax" + z(3) + "\x00\x08\x00\x09" + v6, v6},
		{"nflog without packet", LinkNFLog, "\x02\x00\x00\x05" + "\x05\x00\x0a\x00x", ""},
		{"nflog attribute too long", LinkNFLog, "\x02\x00\x00\x05" + "\x09\x00\x09\x00" + v4, ""},
		{"nflog attribute too short", LinkNFLog, "\x02\x00\x00\x05" + "\x03\x00\x09\x00" + v4, ""},
		{"nflog of another version", LinkNFLog, "\x02\x01\x00\x05" + "\x08\x00\x09\x00" + v4, ""},
		{"nflog cut", LinkNFLog, "\x02\x00\x00", ""},
		{"unknown link type", 147, v4, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := Packet{Link: tt.link, Data: []byte(tt.data)}
			got, err := p.IP()
			if tt.want == "" {
				if !errors.Is(err, ErrNotIP) || got != nil {
					t.Errorf("IP() = %x, %v; want ErrNotIP", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// Whatever is cut off: no panic.
			for n := range len(tt.data) {
				p.Data = []byte(tt.data[:n])
				_, _ = p.IP()
			}
		})
	}
}

func TestStrings(t *testing.T) {
	var got []string
	for d := range Dir(4) {
		got = append(got, d.String())
	}
	for _, l := range []LinkType{LinkEthernet, LinkSLL2, 147} {
		got = append(got, l.String())
	}
	want := []string{"unknown", "in", "out", "Unknown(3)", "ethernet", "linux-sll2", "Unknown(147)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

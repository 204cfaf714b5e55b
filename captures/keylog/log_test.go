package keylog

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

var (
	cookieA = cookie("a1a1a1a1a1a1a1a1")
	cookieB = cookie("b2b2b2b2b2b2b2b2")
	cookieC = cookie("c3c3c3c3c3c3c3c3")
)

func TestLookupISAKMP(t *testing.T) {
	l := &Log{ISAKMP: []ISAKMP{
		{PSK: []byte("for all")},
		{CookieI: cookieA, Ka: key16, PSK: []byte("for a")},
		{CookieI: cookieA, CookieR: cookieB, Ka: key24, SKEYID: key20},
		{CookieI: cookieA, CookieR: cookieC, Ka: key32, SKEYIDa: key20, GXY: []byte{1}},
	}}
	tests := []struct {
		name string
		log  *Log
		i, r wire.Cookie
		want ISAKMP
		ok   bool
	}{
		{"nothing", &Log{}, cookieA, cookieB, ISAKMP{CookieI: cookieA, CookieR: cookieB}, false},
		{"psk for all", l, cookieB, cookieA, ISAKMP{CookieI: cookieB, CookieR: cookieA, PSK: []byte("for all")}, true},
		{"both cookies first", l, cookieA, cookieC, ISAKMP{CookieI: cookieA, CookieR: cookieC, Ka: key32, SKEYIDa: key20, GXY: []byte{1}, PSK: []byte("for a")}, true},
		{"initiator cookie only", l, cookieA, cookie("0000000000000001"), ISAKMP{CookieI: cookieA, CookieR: cookie("0000000000000001"), Ka: key16, PSK: []byte("for a")}, true},
		// Without the responder's cookie, secrets of different SAs must not mix.
		{"responder not known yet", l, cookieA, wire.Cookie{}, ISAKMP{CookieI: cookieA, CookieR: cookieB, Ka: key24, SKEYID: key20, PSK: []byte("for a")}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.log.LookupISAKMP(tt.i, tt.r)
			if ok != tt.ok {
				t.Errorf("ok = %v", ok)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if l.ISAKMP[2].PSK != nil {
		t.Error("looking up has changed the log")
	}
}

func TestLookupSA(t *testing.T) {
	sa := func(n byte, src, dst netip.Addr, p esp.Proto) SA {
		return SA{Src: src, Dst: dst, SPI: 0x100, Proto: p, Keys: esp.Keys{Encryption: []byte{n}}}
	}
	l := &Log{SAs: []SA{
		sa(0, anyAddress, anyAddress, esp.ESP),
		sa(1, addrA, addrB, esp.ESP),
		sa(2, addrB, addrA, esp.ESP),
		sa(3, anyAddress, addrB, esp.ESP),
		sa(4, addrA, addrB, esp.AH),
		{SPI: 0x101, Proto: esp.ESP},
	}}
	for _, tt := range []struct {
		name     string
		p        esp.Proto
		spi      uint32
		src, dst netip.Addr
		want     string
	}{
		{"specific first", esp.ESP, 0x100, addrA, addrB, "130"},
		{"the other way", esp.ESP, 0x100, addrB, addrA, "20"},
		{"another source", esp.ESP, 0x100, addrA6, addrB, "30"},
		{"another destination", esp.ESP, 0x100, addrA, addrB6, "0"},
		{"source not told", esp.ESP, 0x100, anyAddress, addrB, "130"},
		{"no address told", esp.ESP, 0x100, anyAddress, anyAddress, "1230"},
		{"ah", esp.AH, 0x100, addrA, addrB, "4"},
		{"another spi", esp.ESP, 0x102, addrA, addrB, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			for _, sa := range l.LookupSA(tt.p, tt.spi, tt.src, tt.dst) {
				got += fmt.Sprint(sa.Keys.Encryption[0])
			}
			if got != tt.want {
				t.Errorf("SAs %q, want %q", got, tt.want)
			}
		})
	}
}

// full has one entry of each kind, with every field set.
func full() *Log {
	ikev1 := ISAKMP{CookieI: cookieA, CookieR: cookieB, Ka: key16, SKEYID: key20, SKEYIDd: key20, SKEYIDa: key20, SKEYIDe: key20, PSK: []byte("s3cret <&> ü"), GXY: key32, GXi: key32, GXr: key20, IDii: key16, IDir: key20}
	l := &Log{ISAKMP: []ISAKMP{ikev1, {PSK: []byte("line\nfeed")}, {CookieI: cookieC, PSK: []byte{0xff}}, {CookieI: cookieC, GXY: []byte{0, 0}}}}
	spi := uint32(0xc0000000)
	for _, c := range esp.Ciphers() {
		for _, i := range esp.Integrities() {
			spi++
			sa := SA{
				Src: addrA, Dst: addrB, SPI: spi, Proto: esp.ESP, Suite: esp.Suite{Cipher: c, Integrity: i},
				Keys: esp.Keys{Encryption: sequence(c.KeySize(), byte(spi)), Integrity: sequence(i.KeySize(), byte(spi+64))},
			}
			if i == esp.HMACSHA512x256 {
				sa.Src, sa.Dst = addrA6, anyAddress
			}
			l.SAs = append(l.SAs, sa)
		}
	}
	for n, bits := range anyICVBits {
		l.SAs = append(l.SAs, SA{SPI: uint32(n), Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.NoIntegrity}, AnyICV: true, ICVBits: bits})
	}
	l.SAs = append(l.SAs, SA{Dst: addrB, SPI: 7, Proto: esp.AH, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.HMACSHA1x96}, Keys: esp.Keys{Integrity: key20}})
	return l
}

// sequence is n octets from first on, or nil.
func sequence(n int, first byte) []byte {
	var b []byte
	for i := range n {
		b = append(b, first+byte(i))
	}
	return b
}

func TestJSONRoundTrip(t *testing.T) {
	var b bytes.Buffer
	if err := full().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full(), mustRead(t, b.String()), compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTablesRoundTrip(t *testing.T) {
	var b bytes.Buffer
	if err := full().WriteIKEv1Table(&b); err != nil {
		t.Fatal(err)
	}
	if err := full().WriteESPTable(&b); err != nil {
		t.Fatal(err)
	}
	want := &Log{ISAKMP: []ISAKMP{{CookieI: cookieA, Ka: key16}}}
	for _, sa := range full().SAs {
		if sa.Proto != esp.ESP || sa.Suite.Integrity == esp.AESXCBC96 { // for which Wireshark has no name
			continue
		}
		want.SAs = append(want.SAs, sa)
		if sa.AnyICV { // which has no addresses: one row for each IP version
			want.SAs = append(want.SAs, sa)
		}
	}
	if diff := cmp.Diff(want, mustRead(t, b.String()), compare); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMerge(t *testing.T) {
	l := full()
	l.Merge(full())
	l.Merge(nil)
	if diff := cmp.Diff(full(), l, compare); diff != "" {
		t.Errorf("merging the same again (-want +got):\n%s", diff)
	}
	l = &Log{}
	for range 2 {
		l.Merge(&Log{
			ISAKMP:  []ISAKMP{{CookieI: cookieA, Ka: key16}, {CookieI: cookieA, Ka: key24}, {CookieI: cookieA, SKEYID: key16}},
			SAs:     []SA{{SPI: 1}, {SPI: 1, Keys: esp.Keys{Encryption: key16}}, {SPI: 1, Keys: esp.Keys{Integrity: key16}}},
			Skipped: []Skipped{{"a", 1, "why"}, {"a", 2, "why"}},
		})
	}
	if diff := cmp.Diff([3]int{3, 3, 2}, [3]int{len(l.ISAKMP), len(l.SAs), len(l.Skipped)}); diff != "" {
		t.Errorf("what differs is kept once (-want +got):\n%s", diff)
	}
}

// TestNoSecretsInText prints and logs everything in every way that comes to mind.
func TestNoSecretsInText(t *testing.T) {
	l := full()
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&b, verb+"\n", l)
		fmt.Fprintf(&b, verb+"\n", *l)
		fmt.Fprintf(&b, verb+" "+verb+"\n", l.ISAKMP[0], l.SAs[0])
		fmt.Fprintf(&b, verb+" "+verb+"\n", &l.ISAKMP[0], &l.SAs[0])
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(h).Info("keys", "isakmp", l.ISAKMP[0], "sa", l.SAs[3], "pointer", &l.SAs[3])
	}
	text := b.String()
	for _, e := range l.ISAKMP {
		for _, s := range e.secrets() {
			checkAbsent(t, text, s.name, *s.value)
		}
	}
	for _, sa := range l.SAs {
		checkAbsent(t, text, "encryption key", sa.Keys.Encryption)
		checkAbsent(t, text, "integrity key", sa.Keys.Integrity)
	}
	for _, want := range []string{"a1a1a1a1a1a1a1a1", "ka skeyid", "0xc0000001", "aes128-cbc/hmac-sha1-96"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q should be in the text", want)
		}
	}
}

func checkAbsent(t *testing.T, text, what string, key []byte) {
	t.Helper()
	if len(key) < 4 {
		return
	}
	for _, form := range []string{string(key), hex.EncodeToString(key), fmt.Sprint(key), fmt.Sprintf("%#v", key), fmt.Sprintf("% x", key)} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(strings.Trim(form, "[]"))) {
			t.Errorf("%s is in the text as %q", what, form)
		}
	}
}

func TestWriteErrors(t *testing.T) {
	for name, write := range map[string]func(*Log) error{
		"json":  func(l *Log) error { return l.WriteJSON(fullDisk{}) },
		"ikev1": func(l *Log) error { return l.WriteIKEv1Table(fullDisk{}) },
		"esp":   func(l *Log) error { return l.WriteESPTable(fullDisk{}) },
	} {
		if err := write(full()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

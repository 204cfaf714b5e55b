package keylog

import (
	"fmt"
	"log/slog"
	"net/netip"
	"strings"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Log is the key material of any number of SAs, in the order it was read.
type Log struct {
	ISAKMP []ISAKMP
	SAs    []SA
	// Skipped lists entries that are well formed but of no use here, such as SAs
	// with an algorithm this program does not have.
	Skipped []Skipped
}

// ISAKMP is what is known of one ISAKMP SA. Any of the secrets may be nil.
type ISAKMP struct {
	CookieI wire.Cookie // zero: any, which only a PSK may be for
	CookieR wire.Cookie // zero: not known
	Ka      []byte      // the cipher's key after expansion (RFC 2409 appendix B)
	SKEYID  []byte
	SKEYIDd []byte
	SKEYIDa []byte
	SKEYIDe []byte
	PSK     []byte
	GXY     []byte // the Diffie-Hellman shared secret, leading zeros kept
	// What public key encryption hides on the wire (RFC 2409 5.2, 5.3): the bodies
	// of the KE and ID payloads.
	GXi, GXr, IDii, IDir []byte
}

// SA is one IPsec SA, which is one direction.
type SA struct {
	Src, Dst netip.Addr // outer addresses; invalid: any
	SPI      uint32
	Proto    esp.Proto
	Suite    esp.Suite
	Keys     esp.Keys
	// AnyICV says that packets end in ICVBits of Authentication Data that nothing
	// is known about; Suite.Integrity is esp.NoIntegrity then.
	AnyICV  bool
	ICVBits int // meaningful with AnyICV: 64, 96, 128, 192 or 256
}

// Skipped is an entry that was left out.
type Skipped struct {
	File   string
	Line   int
	Reason string
}

// String reads like "esp_sa:7: TWOFISH-CBC is not supported".
func (s Skipped) String() string { return fmt.Sprintf("%s:%d: %s", s.File, s.Line, s.Reason) }

// Merge adds what other holds and l does not.
func (l *Log) Merge(other *Log) {
	if other == nil {
		return
	}
	l.ISAKMP = appendNew(l.ISAKMP, other.ISAKMP, ISAKMP.identity)
	l.SAs = appendNew(l.SAs, other.SAs, SA.identity)
	l.Skipped = appendNew(l.Skipped, other.Skipped, Skipped.String)
}

func appendNew[T any](have, more []T, identity func(T) string) []T {
	seen := make(map[string]bool, len(have))
	for _, h := range have {
		seen[identity(h)] = true
	}
	for _, m := range more {
		if id := identity(m); !seen[id] {
			seen[id] = true
			have = append(have, m)
		}
	}
	return have
}

// identity is a string that differs for entries that differ in anything. It
// contains the secrets.
func (e ISAKMP) identity() string {
	id := fmt.Sprintf("%v %v", e.CookieI, e.CookieR)
	for _, s := range e.secrets() {
		id += fmt.Sprintf(" %x", *s.value)
	}
	return id
}

func (s SA) identity() string {
	return fmt.Sprintf("%v %x %x %v %d", s, s.Keys.Encryption, s.Keys.Integrity, s.AnyICV, s.ICVBits)
}

// LookupISAKMP returns all that is known of the ISAKMP SA with these cookies. r
// zero means that the responder's is not known yet and matches any. Where several
// entries match, such as a key from one file and a PSK from another, their
// secrets are put together; of two values for one secret the entry wins that
// names more of the cookies, then the earlier one.
func (l *Log) LookupISAKMP(i, r wire.Cookie) (ISAKMP, bool) {
	found := ISAKMP{CookieI: i, CookieR: r}
	ok := false
	for want := 2; want >= 0; want-- {
		for k := range l.ISAKMP {
			// Not r: once one entry has told the responder's cookie, the rest must agree.
			if e := &l.ISAKMP[k]; e.named() == want && e.matches(i, found.CookieR) {
				found.fill(e)
				ok = true
			}
		}
	}
	return found, ok
}

func (e *ISAKMP) matches(i, r wire.Cookie) bool {
	return (e.CookieI.IsZero() || e.CookieI == i) && (e.CookieR.IsZero() || r.IsZero() || e.CookieR == r)
}

// named counts the cookies that e names.
func (e *ISAKMP) named() int {
	n := 0
	for _, c := range []wire.Cookie{e.CookieI, e.CookieR} {
		if !c.IsZero() {
			n++
		}
	}
	return n
}

// fill takes from o what e lacks.
func (e *ISAKMP) fill(o *ISAKMP) {
	if e.CookieR.IsZero() {
		e.CookieR = o.CookieR
	}
	theirs := o.secrets()
	for k, mine := range e.secrets() {
		if *mine.value == nil {
			*mine.value = *theirs[k].value
		}
	}
}

// secret is one named field of an ISAKMP.
type secret struct {
	name  string // as in our JSON
	value *[]byte
}

// secrets lists the fields of e in a fixed order.
func (e *ISAKMP) secrets() [11]secret {
	return [...]secret{
		{"ka", &e.Ka},
		{"skeyid", &e.SKEYID},
		{"skeyid_d", &e.SKEYIDd},
		{"skeyid_a", &e.SKEYIDa},
		{"skeyid_e", &e.SKEYIDe},
		{"psk", &e.PSK},
		{"gxy", &e.GXY},
		{"gxi", &e.GXi},
		{"gxr", &e.GXr},
		{"idii", &e.IDii},
		{"idir", &e.IDir},
	}
}

// LookupSA returns the SAs that a packet of protocol p to dst with this SPI may
// belong to: those that name dst before those for any address, and among equals
// in the order they were read. src, if valid, must not contradict. Usually there
// is one; a NAT between the tap and an endpoint makes addresses differ, so a
// caller that finds none may ask again with invalid addresses, which match any.
func (l *Log) LookupSA(p esp.Proto, spi uint32, src, dst netip.Addr) []SA {
	var exact, wild []SA
	for _, sa := range l.SAs {
		if sa.Proto != p || sa.SPI != spi || !agrees(sa.Src, src) || !agrees(sa.Dst, dst) {
			continue
		}
		if sa.Dst.IsValid() {
			exact = append(exact, sa)
		} else {
			wild = append(wild, sa)
		}
	}
	return append(exact, wild...)
}

func agrees(a, b netip.Addr) bool { return !a.IsValid() || !b.IsValid() || a == b }

// String names the SA and which secrets are known, never the secrets.
func (e ISAKMP) String() string {
	var known []string
	for _, s := range e.secrets() {
		if *s.value != nil {
			known = append(known, s.name)
		}
	}
	return fmt.Sprintf("isakmp %v %v [%s]", e.CookieI, e.CookieR, strings.Join(known, " "))
}

// GoString is String: %#v does not print secrets either.
func (e ISAKMP) GoString() string { return e.String() }

// LogValue is String, for slog's handlers that would look into the fields.
func (e ISAKMP) LogValue() slog.Value { return slog.StringValue(e.String()) }

// String names the SA and its algorithms, never its keys.
func (s SA) String() string {
	return fmt.Sprintf("%v %s > %s spi 0x%08x %v", s.Proto, anyAddr(s.Src), anyAddr(s.Dst), s.SPI, s.Suite)
}

// GoString is String: %#v does not print keys either.
func (s SA) GoString() string { return s.String() }

// LogValue is String, for slog's handlers that would look into the fields.
func (s SA) LogValue() slog.Value { return slog.StringValue(s.String()) }

func anyAddr(a netip.Addr) string {
	if !a.IsValid() {
		return "*"
	}
	return a.String()
}

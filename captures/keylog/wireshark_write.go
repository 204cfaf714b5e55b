package keylog

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/useipsec/useipsec/esp"
)

// WriteIKEv1Table writes Wireshark's ikev1_decryption_table: a row for every
// ISAKMP SA whose Ka and initiator cookie are known.
func (l *Log) WriteIKEv1Table(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Wireshark's %s: initiator cookie, encryption key Ka\n", ikev1Table)
	for _, e := range l.ISAKMP {
		if e.Ka != nil && !e.CookieI.IsZero() {
			fmt.Fprintf(b, "%v,%x\n", e.CookieI, e.Ka)
		}
	}
	return flush(b)
}

// WriteESPTable writes Wireshark's esp_sa in its 8 columns, which versions with
// 10 accept as well. What Wireshark cannot decrypt, such as AH, is left out with a
// comment in its place.
func (l *Log) WriteESPTable(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Wireshark's %s: IP version, source, destination, SPI, encryption and its key, authentication and its key\n", espTable)
	for _, sa := range l.SAs {
		cipher, integrity, ok := sa.wiresharkNames()
		if !ok {
			fmt.Fprintf(b, "# left out: %v\n", sa)
			continue
		}
		for _, version := range sa.wiresharkVersions() {
			fmt.Fprintf(b, "%q,%q,%q,\"0x%08x\",%q,%q,%q,%q\n", version, anyAddr(sa.Src), anyAddr(sa.Dst), sa.SPI,
				cipher, hexKey(sa.Keys.Encryption), integrity, hexKey(sa.Keys.Integrity))
		}
	}
	return flush(b)
}

// wiresharkVersions returns the IP version of the SA's addresses, or both.
func (s SA) wiresharkVersions() []string {
	switch a := s.Src; {
	case a.Is4() || s.Dst.Is4():
		return []string{"IPv4"}
	case a.Is6() || s.Dst.Is6():
		return []string{"IPv6"}
	}
	return []string{"IPv4", "IPv6"}
}

func (s SA) wiresharkNames() (cipher, integrity string, ok bool) {
	for _, c := range ciphers {
		if c.slug == s.Suite.Cipher.String() {
			cipher = c.name
		}
	}
	for _, i := range integrities {
		if i.slug == s.Suite.Integrity.String() {
			integrity = i.name
		}
	}
	if s.AnyICV {
		integrity = ""
		if slices.Contains(anyICVBits, s.ICVBits) {
			integrity = anyICVName(s.ICVBits)
		}
	}
	return cipher, integrity, s.Proto == esp.ESP && cipher != "" && integrity != ""
}

func hexKey(k []byte) string {
	if len(k) == 0 {
		return ""
	}
	return fmt.Sprintf("0x%x", k)
}

func flush(b *bufio.Writer) error {
	if err := b.Flush(); err != nil {
		return fmt.Errorf("captures/keylog: %w", err)
	}
	return nil
}

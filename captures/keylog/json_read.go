package keylog

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/esp"
)

var (
	isakmpKeys = []string{"icookie", "rcookie", "ka", "skeyid", "skeyid_d", "skeyid_a", "skeyid_e", "psk", "psk_hex", "gxy", "gxi", "gxr", "idii", "idir"}
	saKeys     = []string{"src", "dst", "spi", "protocol", "encryption", "enc_key", "integrity", "int_key"}
)

// object is a JSON object whose values are strings; an SPI may be a number too.
type object struct {
	line   int
	values map[string]string
}

// parseJSON reads objects one after the other. It goes by tokens: encoding/json's
// own unmarshalling ignores case and duplicates, and has errors that tell neither
// the line nor keep to themselves what the value was.
func (p *parser) parseJSON(data []byte) error {
	data = blankComments(data)
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	lines := lineCounter{data: data}
	for {
		o, err := nextObject(d, &lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return p.fail(lines.at(d.InputOffset()), err)
		}
		if err := p.addObject(o); err != nil {
			return err
		}
	}
}

// blankComments replaces the comment lines before the first object by spaces, so
// that offsets and lines remain.
func blankComments(data []byte) []byte {
	out := bytes.Clone(data)
	at := 0
	for text := range bytes.Lines(out) {
		switch t := bytes.TrimSpace(text); {
		case len(t) == 0:
		case t[0] == '#':
			for i := range len(bytes.TrimRight(text, "\r\n")) {
				out[at+i] = ' '
			}
		default:
			return out
		}
		at += len(text)
	}
	return out
}

// nextObject returns io.EOF at the end of the file.
func nextObject(d *json.Decoder, lines *lineCounter) (object, error) {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return object{}, io.EOF
	}
	if err != nil || t != json.Delim('{') {
		return object{}, syntax("a JSON object is wanted, which begins with {")
	}
	o := object{line: lines.at(d.InputOffset()), values: map[string]string{}}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return o, syntax("not JSON: the name of a member is wanted")
		}
		if _, dup := o.values[key]; dup {
			return o, syntax("member %s occurs twice", show(key))
		}
		t, err = d.Token()
		if err != nil {
			return o, syntax("not JSON: the value of member %s is malformed or missing", show(key))
		}
		switch v := t.(type) {
		case string:
			o.values[key] = v
		case json.Number: // of a key it would lose the leading zeros
			if key != "spi" {
				return o, syntax("member %s must be a string", show(key))
			}
			o.values[key] = v.String()
		default:
			return o, syntax("member %s must be a string", show(key))
		}
	}
	if _, err := d.Token(); err != nil {
		return o, syntax("not JSON: the object that begins on line %d does not end properly", o.line)
	}
	return o, nil
}

// lineCounter turns rising offsets into line numbers.
type lineCounter struct {
	data  []byte
	off   int64
	lines int // newlines before off
}

func (l *lineCounter) at(off int64) int {
	off = min(off, int64(len(l.data)))
	l.lines += bytes.Count(l.data[l.off:off], []byte("\n"))
	l.off = off
	return l.lines + 1
}

func (p *parser) addObject(o object) error {
	known, kind, isSA := isakmpKeys, "an ISAKMP SA", false
	for _, k := range saKeys {
		if _, ok := o.values[k]; ok {
			known, kind, isSA = saKeys, "an IPsec SA", true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(o.values)) {
		if k != "note" && !slices.Contains(known, k) {
			return p.fail(o.line, syntax("%s is not a member of %s: those are %s and note", show(k), kind, strings.Join(known, ", ")))
		}
	}
	if isSA {
		sa, err := o.sa()
		if err == nil {
			p.log.SAs = append(p.log.SAs, sa)
		}
		return p.skip(o.line, err)
	}
	e, err := o.isakmp()
	if err == nil {
		p.log.ISAKMP = append(p.log.ISAKMP, e)
	}
	return p.skip(o.line, err)
}

func (o object) isakmp() (ISAKMP, error) {
	var e ISAKMP
	var err error
	if s, ok := o.values["icookie"]; ok {
		if e.CookieI, err = parseCookie("icookie", s); err != nil {
			return e, err
		}
	}
	if s, ok := o.values["rcookie"]; ok {
		if e.CookieR, err = parseCookie("rcookie", s); err != nil {
			return e, err
		}
	}
	for _, s := range e.secrets() {
		text, ok := o.values[s.name]
		if !ok {
			continue
		}
		if s.name == "psk" {
			if text == "" {
				return e, syntax("psk is empty")
			}
			*s.value = []byte(text)
			continue
		}
		if *s.value, err = parseHex(s.name, text); err != nil {
			return e, err
		}
		if err := checkSecret(s.name, *s.value); err != nil {
			return e, err
		}
	}
	if text, ok := o.values["psk_hex"]; ok {
		if e.PSK != nil {
			return e, syntax("both psk and psk_hex")
		}
		if e.PSK, err = parseHex("psk_hex", text); err != nil {
			return e, err
		}
	}
	return e, e.check()
}

// check refuses entries that say nothing, or not about what.
func (e *ISAKMP) check() error {
	known := 0
	for _, s := range e.secrets() {
		if *s.value != nil {
			known++
		}
	}
	switch {
	case known == 0:
		return syntax("no secret: one of %s is wanted", strings.Join(isakmpKeys[2:], ", "))
	case e.CookieI.IsZero() && (known > 1 || e.PSK == nil):
		return syntax("icookie is missing; only a psk may be for any ISAKMP SA")
	}
	return nil
}

// checkSecret knows the lengths that a secret can have.
func checkSecret(name string, b []byte) error {
	switch name {
	case "ka":
		return checkKa(b)
	case "gxy", "gxi", "gxr", "idii", "idir":
		if len(b) == 0 {
			return keyLength("%s is empty", name)
		}
		return nil
	}
	switch len(b) { // SKEYID*: the output of the prf
	case 16, 20, 32, 48, 64:
		return nil
	}
	return keyLength("%s of %d octets: the hashes have 16, 20, 32, 48 or 64", name, len(b))
}

func (o object) sa() (SA, error) {
	var sa SA
	spi, ok := o.values["spi"]
	if !ok {
		return sa, syntax("spi is missing")
	}
	var err error
	if sa.SPI, err = parseSPI(spi); err != nil {
		return sa, err
	}
	for _, a := range []struct {
		key  string
		addr *netip.Addr
	}{{"src", &sa.Src}, {"dst", &sa.Dst}} {
		s := o.values[a.key]
		if s == "" {
			continue
		}
		if *a.addr, err = parseAddr(a.key, s, strings.Contains(s, ":")); err != nil {
			return sa, err
		}
	}
	if sa.Src.IsValid() && sa.Dst.IsValid() && sa.Src.Is4() != sa.Dst.Is4() {
		return sa, syntax("src and dst are of different IP versions")
	}
	if sa.Proto, err = esp.ParseProto(o.values["protocol"]); err != nil {
		return sa, syntax("protocol is esp or ah, not %s", show(o.values["protocol"]))
	}
	if err := o.cipher(&sa); err != nil {
		return sa, err
	}
	return sa, o.integrity(&sa)
}

func (o object) cipher(sa *SA) error {
	slug, given := o.values["encryption"]
	if sa.Proto == esp.AH && !given {
		slug = esp.NULL.String()
	}
	var err error
	if sa.Suite.Cipher, err = esp.ParseCipher(slug); err != nil {
		if !given || slug == "" {
			return syntax("encryption is missing")
		}
		return unsupported("encryption " + show(slug) + " is not supported")
	}
	if sa.Proto == esp.AH && sa.Suite.Cipher != esp.NULL {
		return syntax("AH does not encrypt (RFC 2402)")
	}
	if sa.Keys.Encryption, err = parseHex("enc_key", o.values["enc_key"]); err != nil {
		return err
	}
	if n := sa.Suite.Cipher.KeySize(); len(sa.Keys.Encryption) != n {
		return keyLength("enc_key of %d octets, %v takes %d", len(sa.Keys.Encryption), sa.Suite.Cipher, n)
	}
	return nil
}

// anyICVPrefix and a number of bits is how our format says AnyICV.
const anyICVPrefix = "any-"

func (o object) integrity(sa *SA) error {
	slug, given := o.values["integrity"]
	if !given || slug == "" {
		return syntax("integrity is missing: none says that there is none")
	}
	for _, n := range anyICVBits {
		if slug == anyICVPrefix+strconv.Itoa(n) {
			sa.Suite.Integrity, sa.AnyICV, sa.ICVBits = esp.NoIntegrity, true, n
			return nil
		}
	}
	var err error
	if sa.Suite.Integrity, err = esp.ParseIntegrity(slug); err != nil {
		return unsupported("integrity " + show(slug) + " is not supported")
	}
	if sa.Keys.Integrity, err = parseHex("int_key", o.values["int_key"]); err != nil {
		return err
	}
	if n := sa.Suite.Integrity.KeySize(); len(sa.Keys.Integrity) != n {
		return keyLength("int_key of %d octets, %v takes %d", len(sa.Keys.Integrity), sa.Suite.Integrity, n)
	}
	return nil
}

package keylog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/useipsec/useipsec/esp"
)

// jsonISAKMP and jsonSA are our own format, one object for each SA. Octets are
// hexadecimal; a PSK that is text is written as text.
type jsonISAKMP struct {
	ICookie string `json:"icookie,omitempty"`
	RCookie string `json:"rcookie,omitempty"`
	Ka      string `json:"ka,omitempty"`
	SKEYID  string `json:"skeyid,omitempty"`
	SKEYIDd string `json:"skeyid_d,omitempty"`
	SKEYIDa string `json:"skeyid_a,omitempty"`
	SKEYIDe string `json:"skeyid_e,omitempty"`
	PSK     string `json:"psk,omitempty"`
	PSKHex  string `json:"psk_hex,omitempty"`
	GXY     string `json:"gxy,omitempty"`
}

type jsonSA struct {
	Src        string `json:"src,omitempty"`
	Dst        string `json:"dst,omitempty"`
	SPI        string `json:"spi"`
	Protocol   string `json:"protocol"`
	Encryption string `json:"encryption,omitempty"`
	EncKey     string `json:"enc_key,omitempty"`
	Integrity  string `json:"integrity"`
	IntKey     string `json:"int_key,omitempty"`
}

var (
	isakmpKeys = []string{"icookie", "rcookie", "ka", "skeyid", "skeyid_d", "skeyid_a", "skeyid_e", "psk", "psk_hex", "gxy"}
	saKeys     = []string{"src", "dst", "spi", "protocol", "encryption", "enc_key", "integrity", "int_key"}
)

// object is a JSON object whose values are strings, or numbers taken as their text.
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
		case json.Number:
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
	_, isSA := o.values["spi"]
	known, kind := isakmpKeys, "an ISAKMP SA"
	if isSA {
		known, kind = saKeys, "an IPsec SA (it has spi)"
	}
	allowed := map[string]bool{"note": true}
	for _, k := range known {
		allowed[k] = true
	}
	for k := range o.values {
		if !allowed[k] {
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
	case "gxy":
		if len(b) == 0 {
			return keyLength("gxy is empty")
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
	var err error
	if sa.SPI, err = parseSPI(o.values["spi"]); err != nil {
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

// WriteJSON writes our own format, which loses nothing: an object for each SA,
// one per line. [Read] reads it back.
func (l *Log) WriteJSON(w io.Writer) error {
	b := bufio.NewWriter(w)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, e := range l.ISAKMP {
		if err := enc.Encode(e.json()); err != nil {
			return fmt.Errorf("captures/keylog: %w", err)
		}
	}
	for _, s := range l.SAs {
		if err := enc.Encode(s.json()); err != nil {
			return fmt.Errorf("captures/keylog: %w", err)
		}
	}
	return flush(b)
}

func (e ISAKMP) json() jsonISAKMP {
	x := func(b []byte) string { return fmt.Sprintf("%x", b) }
	j := jsonISAKMP{
		Ka: x(e.Ka), SKEYID: x(e.SKEYID), SKEYIDd: x(e.SKEYIDd), SKEYIDa: x(e.SKEYIDa), SKEYIDe: x(e.SKEYIDe), GXY: x(e.GXY),
	}
	if !e.CookieI.IsZero() {
		j.ICookie = e.CookieI.String()
	}
	if !e.CookieR.IsZero() {
		j.RCookie = e.CookieR.String()
	}
	if isText(e.PSK) {
		j.PSK = string(e.PSK)
	} else {
		j.PSKHex = x(e.PSK)
	}
	return j
}

func isText(b []byte) bool {
	return utf8.Valid(b) && !bytes.ContainsFunc(b, func(r rune) bool { return !unicode.IsPrint(r) })
}

func (s SA) json() jsonSA {
	j := jsonSA{
		SPI:        fmt.Sprintf("0x%08x", s.SPI),
		Protocol:   s.Proto.String(),
		Encryption: s.Suite.Cipher.String(),
		EncKey:     fmt.Sprintf("%x", s.Keys.Encryption),
		Integrity:  s.Suite.Integrity.String(),
		IntKey:     fmt.Sprintf("%x", s.Keys.Integrity),
	}
	if s.Src.IsValid() {
		j.Src = s.Src.String()
	}
	if s.Dst.IsValid() {
		j.Dst = s.Dst.String()
	}
	if s.Proto == esp.AH {
		j.Encryption = ""
	}
	if s.AnyICV {
		j.Integrity = anyICVPrefix + strconv.Itoa(s.ICVBits)
	}
	return j
}

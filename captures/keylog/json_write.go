package keylog

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
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
	GXi     string `json:"gxi,omitempty"`
	GXr     string `json:"gxr,omitempty"`
	IDii    string `json:"idii,omitempty"`
	IDir    string `json:"idir,omitempty"`
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
		GXi: x(e.GXi), GXr: x(e.GXr), IDii: x(e.IDii), IDir: x(e.IDir),
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

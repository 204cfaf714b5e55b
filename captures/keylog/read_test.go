package keylog

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/wire"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func cookie(s string) wire.Cookie { return wire.Cookie(unhex(s)) }

var (
	anyAddress netip.Addr
	addrA      = netip.MustParseAddr("192.0.2.1")
	addrB      = netip.MustParseAddr("192.0.2.2")
	addrA6     = netip.MustParseAddr("2001:db8::1")
	addrB6     = netip.MustParseAddr("2001:db8::2")

	key16 = unhex("000102030405060708090a0b0c0d0e0f")
	key20 = unhex("000102030405060708090a0b0c0d0e0f10111213")
	key24 = unhex("000102030405060708090a0b0c0d0e0f1011121314151617")
	key32 = unhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
)

// compare makes cmp look into addresses, and past String, which hides keys.
var compare = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

func mustRead(t *testing.T, text string) *Log {
	t.Helper()
	l, err := Read("keys", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRead(t *testing.T) {
	const c1, c2 = "018ef04f7cf72e4f", "4f8e6565f454ccc7"
	aes := SA{
		Src: addrA, Dst: addrB, SPI: 0x070883c2, Proto: esp.ESP,
		Suite: esp.Suite{Cipher: esp.AES128CBC, Integrity: esp.HMACSHA1x96},
		Keys:  esp.Keys{Encryption: key16, Integrity: key20},
	}
	const aesRow = `"IPv4","192.0.2.1","192.0.2.2","0x070883c2","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f","HMAC-SHA-1-96 [RFC2404]","0x000102030405060708090a0b0c0d0e0f10111213"`
	with := func(change func(*SA)) SA {
		sa := aes
		change(&sa)
		return sa
	}
	row := func(fields ...string) string { return `"` + strings.Join(fields, `","`) + `"` }
	tests := []struct {
		name string
		text string
		want Log
	}{
		{"nothing", "", Log{}},
		{"comments only", "# nothing\n\n  # here\n", Log{}},

		{"ikev1 table", "# made by hand\n" + c1 + ",000102030405060708090a0b0c0d0e0f\r\n\n" + strings.ToUpper(c2) + ", 000102030405060708090A0B0C0D0E0F1011121314151617\n", Log{ISAKMP: []ISAKMP{
			{CookieI: cookie(c1), Ka: key16}, {CookieI: cookie(c2), Ka: key24},
		}}},
		{"ikev1 table, quoted, with 0x, no newline", `"0x` + c1 + `","0x000102030405060708090a0b0c0d0e0f"`, Log{ISAKMP: []ISAKMP{{CookieI: cookie(c1), Ka: key16}}}},

		{"esp table", "\ufeff" + aesRow + "\n", Log{SAs: []SA{aes}}},
		{"esp table with columns for sequence numbers", aesRow + `,"32-bit","0"`, Log{SAs: []SA{aes}}},
		{"esp table with an empty column", aesRow + `,`, Log{SAs: []SA{aes}}},
		{"esp table with spaces", strings.ReplaceAll(aesRow, ",", " , "), Log{SAs: []SA{aes}}},
		{"decimal SPI", strings.Replace(aesRow, "0x070883c2", "117998530", 1), Log{SAs: []SA{aes}}},
		{"any address", row("IPv6", "*", "*", "0xFFFFFFFF", "NULL", "", "NULL", "0x"), Log{SAs: []SA{{SPI: 0xffffffff, Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.NoIntegrity}}}}},
		{"one address of IPv6", row("IPv6", "*", "2001:db8::2", "256", "NULL", "0x", "NULL", ""), Log{SAs: []SA{{Dst: addrB6, SPI: 256, Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.NoIntegrity}}}}},
		{"keys as text", row("IPv4", "*", "*", "1", "TripleDES-CBC [RFC2451]", "3descbcencryptiontesting", "HMAC-MD5-96 [RFC2403]", `hmac\x6dd5\"\\\tauthen`), Log{SAs: []SA{{
			SPI: 1, Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.TripleDESCBC, Integrity: esp.HMACMD5x96},
			Keys: esp.Keys{Encryption: []byte("3descbcencryptiontesting"), Integrity: []byte("hmacmd5\"\\\tauthen")},
		}}}},
		{"AES with 192 bits", strings.Replace(aesRow, "0c0d0e0f\",\"HMAC", "0c0d0e0f1011121314151617\",\"HMAC", 1), Log{SAs: []SA{with(func(s *SA) {
			s.Suite.Cipher, s.Keys.Encryption = esp.AES192CBC, key24
		})}}},
		{"AES with 256 bits", strings.Replace(aesRow, "0c0d0e0f\",\"HMAC", "0c0d0e0f101112131415161718191a1b1c1d1e1f\",\"HMAC", 1), Log{SAs: []SA{with(func(s *SA) {
			s.Suite.Cipher, s.Keys.Encryption = esp.AES256CBC, key32
		})}}},
		{"any authentication", row("IPv4", "*", "*", "1", "DES-CBC [RFC2405]", "0x0001020304050607", "ANY 96 bit authentication [no checking]", "whatever"), Log{SAs: []SA{{
			SPI: 1, Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.DESCBC, Integrity: esp.NoIntegrity}, Keys: esp.Keys{Encryption: key16[:8]}, AnyICV: true, ICVBits: 96,
		}}}},
		{"what is not supported", strings.Join([]string{
			row("IPv4", "*", "*", "1", "TWOFISH-CBC", "twofishcbctestin", "NULL", ""),
			row("IPv4", "*", "*", "1", "NULL", "", "MAC-RIPEMD-160-96 [RFC2857]", "0x00"),
			row("IPv4", "192.168.*.*", "*", "1", "NULL", "", "NULL", ""),
			row("IPv4", "192.0.2.0/24", "*", "1", "NULL", "", "NULL", ""),
			row("IPv4", "*", "*", "0x*", "NULL", "", "NULL", ""),
			row("IPv4", "*", "*", "1", "NULL", "", "NULL", "", "64-bit", "1"),
		}, "\n"), Log{Skipped: []Skipped{
			{"keys", 1, "encryption TWOFISH-CBC is not supported"},
			{"keys", 2, "authentication MAC-RIPEMD-160-96 [RFC2857] is not supported"},
			{"keys", 3, "source address is a pattern: only a whole address or * is supported"},
			{"keys", 4, "source address is a pattern: only a whole address or * is supported"},
			{"keys", 5, "SPI is a pattern: only a whole SPI is supported"},
			{"keys", 6, "extended sequence numbers are not supported"},
		}}},

		{"both tables in one file", c1 + ",000102030405060708090a0b0c0d0e0f\n" + aesRow, Log{ISAKMP: []ISAKMP{{CookieI: cookie(c1), Ka: key16}}, SAs: []SA{aes}}},
		{"tshark options, one per line", "-o esp.enable_encryption_decode:TRUE\n-o uat:esp_sa:" + aesRow + "\n-o uat:ikev1_decryption_table:" + c1 + ",000102030405060708090a0b0c0d0e0f\n", Log{
			ISAKMP: []ISAKMP{{CookieI: cookie(c1), Ka: key16}}, SAs: []SA{aes},
		}},
		{"options as a shell wants them", "-o 'uat:esp_sa:" + aesRow + "' \\\n-o \"uat:esp_sa:" + strings.ReplaceAll(aesRow, `"`, `\"`) + "\"\nuat:esp_sa:" + aesRow, Log{SAs: []SA{aes, aes, aes}}},
		{"a whole command line", "tshark -r x.pcap -V -o'uat:esp_sa:" + aesRow + "' -o uat:ikev1_decryption_table:" + c1 + ",000102030405060708090a0b0c0d0e0f -Y esp", Log{
			ISAKMP: []ISAKMP{{CookieI: cookie(c1), Ka: key16}}, SAs: []SA{aes},
		}},

		{"our JSON", `{"icookie":"` + c1 + `","rcookie":"` + c2 + `","ka":"000102030405060708090a0b0c0d0e0f","skeyid":"000102030405060708090a0b0c0d0e0f10111213","skeyid_d":"000102030405060708090a0b0c0d0e0f10111213","skeyid_a":"000102030405060708090a0b0c0d0e0f10111213","skeyid_e":"000102030405060708090a0b0c0d0e0f10111213","psk":"Wollowitz","gxy":"00ff"}
{"src":"192.0.2.1","dst":"192.0.2.2","spi":"0x070883c2","protocol":"esp","encryption":"aes128-cbc","enc_key":"000102030405060708090a0b0c0d0e0f","integrity":"hmac-sha1-96","int_key":"0x000102030405060708090A0B0C0D0E0F10111213"}
`, Log{
			ISAKMP: []ISAKMP{{CookieI: cookie(c1), CookieR: cookie(c2), Ka: key16, SKEYID: key20, SKEYIDd: key20, SKEYIDa: key20, SKEYIDe: key20, PSK: []byte("Wollowitz"), GXY: []byte{0, 0xff}}},
			SAs:    []SA{aes},
		}},
		{"what public key encryption hides", `{"icookie":"` + c1 + `","gxi":"00ff","gxr":"01","idii":"0200000061","idir":"0200000062"}`, Log{ISAKMP: []ISAKMP{{
			CookieI: cookie(c1), GXi: []byte{0, 0xff}, GXr: []byte{1}, IDii: []byte{2, 0, 0, 0, 'a'}, IDir: []byte{2, 0, 0, 0, 'b'},
		}}}},
		{"our JSON, pretty, in a row, after a comment", "\n# keys\n{\n \"psk\": \"Wollowitz\",\n \"icookie\": \"" + c1 + "\",\n \"note\": \"proven\"\n}{\n\"psk_hex\": \"00ff\"}", Log{ISAKMP: []ISAKMP{
			{CookieI: cookie(c1), PSK: []byte("Wollowitz")}, {PSK: []byte{0, 0xff}},
		}}},
		{"JSON for AH", `{"spi":2434938215,"protocol":"ah","dst":"2001:db8::2","src":"*","integrity":"hmac-md5-96","int_key":"000102030405060708090a0b0c0d0e0f"}`, Log{SAs: []SA{{
			Dst: addrB6, SPI: 0x91223567, Proto: esp.AH, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.HMACMD5x96}, Keys: esp.Keys{Integrity: key16},
		}}}},
		{"JSON with any authentication", `{"spi":"17","protocol":"esp","encryption":"null","integrity":"any-128"}`, Log{SAs: []SA{{
			SPI: 17, Proto: esp.ESP, Suite: esp.Suite{Cipher: esp.NULL, Integrity: esp.NoIntegrity}, AnyICV: true, ICVBits: 128,
		}}}},
		{"JSON with what is not supported", `{"spi":"17","protocol":"esp","encryption":"rot13","integrity":"none"}` + "\n" + `{"spi":"17","protocol":"esp","encryption":"null","integrity":"crc32"}`, Log{Skipped: []Skipped{
			{"keys", 1, `encryption "rot13" is not supported`}, {"keys", 2, `integrity "crc32" is not supported`},
		}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(&tt.want, mustRead(t, tt.text), compare); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The secret is put wherever a value can stand; no error may repeat it.
const testSecret = "5ec2e7005ec2e7005ec2e7005ec2e700"

func TestReadErrors(t *testing.T) {
	const c = "018ef04f7cf72e4f"
	row := func(fields ...string) string { return `"` + strings.Join(fields, `","`) + `"` }
	good := []string{"IPv4", "192.0.2.1", "192.0.2.2", "0x100", "AES-CBC [RFC3602]", "0x" + testSecret, "HMAC-MD5-96 [RFC2403]", "0x" + testSecret}
	bad := func(column int, value string) string {
		f := append([]string(nil), good...)
		f[column-1] = value
		return row(f...)
	}
	tests := []struct {
		name string
		text string
		line int
		want error
		says string
	}{
		{"binary", "\xd4\xc3\xb2\xa1\x02\x00\x04\x00", 1, ErrSyntax, "is this the capture?"},
		{"UTF-16", "\xff\xfe{\x00", 1, ErrSyntax, "UTF-16"},
		{"prose", "the key is " + testSecret, 1, ErrSyntax, "the line has 1"},
		{"three columns", "a,b,c", 1, ErrSyntax, "the line has 3"},
		{"ikev2 table", c + "," + c + "," + testSecret + "," + testSecret + `,"AES-CBC-128 [RFC3602]",` + testSecret + "," + testSecret + `,"HMAC_SHA1_96 [RFC2404]"`, 1, ErrSyntax, "ikev2_decryption_table"},
		{"JSON after a table", c + "," + testSecret + "\n{\"psk\":\"" + testSecret + "\"}", 2, ErrSyntax, "a file of its own"},

		{"short cookie", c[2:] + "," + testSecret, 1, ErrSyntax, "7 octets"},
		{"zero cookie", "0000000000000000," + testSecret, 1, ErrSyntax, "zero"},
		{"cookie is text", "initiator cookie," + testSecret, 1, ErrSyntax, "initiator cookie is not hexadecimal"},
		{"odd cookie", c[1:] + "," + testSecret, 1, ErrSyntax, "odd number of hexadecimal digits, 15"},
		{"odd key", "\n" + c + "," + testSecret[1:], 2, ErrSyntax, "key has an odd number of hexadecimal digits, 31"},
		{"key is not hexadecimal", "#\n#\n" + c + "," + testSecret + "xy", 3, ErrSyntax, "key is not hexadecimal"},
		{"no key", c + ",", 1, ErrKeyLength, "0 octets fit no cipher"},
		{"SKEYID_e for Ka", c + "," + testSecret + testSecret[:8], 1, ErrKeyLength, "this may be SKEYID_e"},
		{"option with a bad row", "-o esp.x:y -o uat:ikev1_decryption_table:" + testSecret, 1, ErrSyntax, "2 columns"},
		{"esp option with a short row", "-o uat:esp_sa:" + row("IPv4", "*", "*"), 1, ErrSyntax, "this has 3"},

		{"key in every column", row(testSecret, testSecret, testSecret, testSecret, testSecret, testSecret, testSecret, testSecret), 1, ErrSyntax, "IPv4 or IPv6"},
		{"IP version", bad(1, "IPv5"), 1, ErrSyntax, `not "IPv5"`},
		{"source", bad(2, "192.0.2.256"), 1, ErrSyntax, `source address "192.0.2.256" is not an IP address`},
		{"source is a key", bad(2, "0x"+testSecret), 1, ErrSyntax, "(34 octets, not shown)"},
		{"destination of the other version", bad(3, "2001:db8::1"), 1, ErrSyntax, "not of the IP version"},
		{"SPI is a key", bad(4, "0x"+testSecret), 1, ErrSyntax, "SPI is neither"},
		{"SPI too large", bad(4, "4294967296"), 1, ErrSyntax, "SPI is neither"},
		{"SPI with a sign", bad(4, "+1"), 1, ErrSyntax, "SPI is neither"},
		{"cipher", bad(5, "AES-CBC"), 1, ErrSyntax, `"AES-CBC" is none of Wireshark's names`},
		{"cipher is a key", bad(5, "0x"+testSecret), 1, ErrSyntax, "not shown"},
		{"cipher is a long name", bad(5, strings.Repeat("long ", 20)), 1, ErrSyntax, "not shown"},
		{"key of 17 octets", bad(6, "0x"+testSecret+"00"), 1, ErrKeyLength, "encryption key of 17 octets, AES-CBC [RFC3602] takes 16 or 24 or 32"},
		{"key without 0x", bad(6, testSecret[:30]), 1, ErrKeyLength, "encryption key of 30 octets"},
		{"odd encryption key", bad(6, "0x"+testSecret[1:]), 1, ErrSyntax, "encryption key has an odd number"},
		{"key for NULL", row("IPv4", "*", "*", "1", "NULL", testSecret, "NULL", ""), 1, ErrKeyLength, "NULL takes 0"},
		{"integrity", bad(7, "HMAC-SHA-1"), 1, ErrSyntax, `"HMAC-SHA-1" is none`},
		{"integrity key too short", bad(8, "0x"+testSecret[2:]), 1, ErrKeyLength, "authentication key of 15 octets, HMAC-MD5-96 [RFC2403] takes 16"},
		{"integrity key is not hexadecimal", bad(8, "0x"+testSecret+"zz"), 1, ErrSyntax, "authentication key is not hexadecimal"},
		{"too many columns", row(good...) + `,"32-bit","0","1"`, 1, ErrSyntax, "this has 11"},
		{"quote not closed", `"` + testSecret, 1, ErrSyntax, "does not end"},
		{"octets after a quote", `"IPv4"` + testSecret, 1, ErrSyntax, "column 1 goes on"},
		{"escape cut", `"` + testSecret + `\x4`, 1, ErrSyntax, `\x needs`},
		{"escape wrong", `"` + testSecret + `\xzz"`, 1, ErrSyntax, `\x needs`},
		{"backslash at the end", `"` + testSecret + `\`, 1, ErrSyntax, "backslash"},

		{"JSON cut", "{\n\"psk\":\"" + testSecret, 2, ErrSyntax, `the value of member "psk"`},
		{"JSON cut in a name", "{\n\"psk", 2, ErrSyntax, "the name of a member"},
		{"JSON object not closed", "{\n\"psk\":\"" + testSecret + "\"\n", 2, ErrSyntax, "begins on line 1 does not end"},
		{"JSON without a colon", `{"psk" "` + testSecret + `"}`, 1, ErrSyntax, "not JSON"},
		{"JSON array", "{\"psk\":\"x\"}\n[\"" + testSecret + "\"]", 2, ErrSyntax, "a JSON object is wanted"},
		{"JSON in an array", "[{\"psk\":\"x\"}]", 1, ErrSyntax, "the line has 1"},
		{"JSON with invalid UTF-8", "\n{\"psk\":\"\xff\"}", 2, ErrSyntax, "psk_hex"},
		{"JSON with a number for a key", `{"icookie":"` + c + `","ka":10111213}`, 1, ErrSyntax, `"ka" must be a string`},
		{"JSON with a list", `{"icookie":["` + c + `"]}`, 1, ErrSyntax, `"icookie" must be a string`},
		{"JSON with null", `{"psk":null}`, 1, ErrSyntax, `"psk" must be a string`},
		{"member twice", `{"psk":"` + testSecret + `","psk":"x"}`, 1, ErrSyntax, `"psk" occurs twice`},
		{"unknown member", "{\"psk\":\"x\"}\n\n{\"psk\":\"" + testSecret + "\",\n\"PSK\":\"x\"}", 3, ErrSyntax, `"PSK" is not a member of an ISAKMP SA`},
		{"unknown member is a key", `{"` + testSecret + `":"psk"}`, 1, ErrSyntax, "not shown"},
		{"unknown member of an SA", `{"spi":"1","psk":"` + testSecret + `"}`, 1, ErrSyntax, `"psk" is not a member of an IPsec SA`},
		{"no secret", `{"icookie":"` + c + `"}`, 1, ErrSyntax, "no secret"},
		{"empty psk", `{"psk":""}`, 1, ErrSyntax, "psk is empty"},
		{"psk twice", `{"psk":"` + testSecret + `","psk_hex":"` + testSecret + `"}`, 1, ErrSyntax, "both psk and psk_hex"},
		{"psk_hex", `{"psk_hex":"` + testSecret + `x"}`, 1, ErrSyntax, "psk_hex has an odd number"},
		{"no cookie", `{"ka":"` + testSecret + `"}`, 1, ErrSyntax, "icookie is missing"},
		{"no cookie with psk and more", `{"psk":"x","gxy":"` + testSecret + `"}`, 1, ErrSyntax, "icookie is missing"},
		{"bad icookie", `{"icookie":"` + testSecret + `"}`, 1, ErrSyntax, "icookie of 16 octets"},
		{"bad rcookie", `{"icookie":"` + c + `","rcookie":"` + testSecret + `"}`, 1, ErrSyntax, "rcookie of 16 octets"},
		{"bad ka", `{"icookie":"` + c + `","ka":"` + testSecret + `00"}`, 1, ErrKeyLength, "17 octets"},
		{"bad skeyid_a", `{"icookie":"` + c + `","skeyid_a":"` + testSecret + `00"}`, 1, ErrKeyLength, "skeyid_a of 17 octets"},
		{"bad hex", `{"icookie":"` + c + `","skeyid_a":"` + testSecret + `xx"}`, 1, ErrSyntax, "skeyid_a is not hexadecimal"},
		{"empty idii", `{"icookie":"` + c + `","idii":""}`, 1, ErrKeyLength, "idii is empty"},
		{"empty gxy", `{"icookie":"` + c + `","gxy":""}`, 1, ErrKeyLength, "gxy is empty"},
		{"SA without SPI", `{"protocol":"esp","enc_key":"` + testSecret + `"}`, 1, ErrSyntax, "spi is missing"},
		{"SA with a bad SPI", `{"spi":"x"}`, 1, ErrSyntax, "SPI is neither"},
		{"SA of neither protocol", `{"spi":"1","protocol":"ipcomp"}`, 1, ErrSyntax, `not "ipcomp"`},
		{"SA with a bad address", `{"spi":"1","src":"here"}`, 1, ErrSyntax, `src "here" is not an IP address`},
		{"SA across versions", `{"spi":"1","src":"192.0.2.1","dst":"::1"}`, 1, ErrSyntax, "different IP versions"},
		{"SA without encryption", `{"spi":"1","protocol":"esp","integrity":"none"}`, 1, ErrSyntax, "encryption is missing"},
		{"SA without integrity", `{"spi":"1","protocol":"esp","encryption":"null"}`, 1, ErrSyntax, "integrity is missing"},
		{"AH that encrypts", `{"spi":"1","protocol":"ah","encryption":"aes128-cbc","enc_key":"` + testSecret + `"}`, 1, ErrSyntax, "AH does not encrypt"},
		{"SA with a short key", `{"spi":"1","protocol":"esp","encryption":"aes256-cbc","enc_key":"` + testSecret + `"}`, 1, ErrKeyLength, "enc_key of 16 octets, aes256-cbc takes 32"},
		{"SA with a bad key", `{"spi":"1","protocol":"esp","encryption":"aes256-cbc","enc_key":"` + testSecret + `x"}`, 1, ErrSyntax, "enc_key has an odd"},
		{"SA with a short integrity key", `{"spi":"1","protocol":"esp","encryption":"null","integrity":"hmac-sha1-96","int_key":"` + testSecret + `"}`, 1, ErrKeyLength, "int_key of 16 octets, hmac-sha1-96 takes 20"},
		{"SA with a bad integrity key", `{"spi":"1","protocol":"esp","encryption":"null","integrity":"hmac-sha1-96","int_key":"` + testSecret + `x"}`, 1, ErrSyntax, "int_key has an odd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := Read("dir/my keys", strings.NewReader(tt.text))
			if l != nil || !errors.Is(err, tt.want) {
				t.Fatalf("%v, error %v; want %v", l, err, tt.want)
			}
			var pe *ParseError
			if !errors.As(err, &pe) || pe.File != "dir/my keys" || pe.Line != tt.line {
				t.Errorf("%+v, want line %d", pe, tt.line)
			}
			if text := err.Error(); !strings.HasPrefix(text, "captures/keylog: dir/my keys:") || !strings.Contains(text, tt.says) {
				t.Errorf("text %q, want %q in it", text, tt.says)
			}
			checkSecrecy(t, err.Error())
		})
	}
}

func checkSecrecy(t *testing.T, text string) {
	t.Helper()
	lower := strings.ToLower(text)
	for n := 0; n+8 <= len(testSecret); n += 8 {
		if strings.Contains(lower, testSecret[n:n+8]) {
			t.Errorf("the key is in %q", text)
		}
	}
}

// TestEveryPrefix: a file that is cut anywhere gives what is before the cut, or an
// error without key material.
func TestEveryPrefix(t *testing.T) {
	for _, text := range []string{
		"018ef04f7cf72e4f," + testSecret + "\n# comment\n018ef04f7cf72e50," + testSecret + "\n",
		`"IPv4","*","192.0.2.2","0x100","AES-CBC [RFC3602]","0x` + testSecret + `","HMAC-MD5-96 [RFC2403]","0x` + testSecret + `"` + "\n",
		`-o 'uat:esp_sa:"IPv4","*","192.0.2.2","0x100","AES-CBC [RFC3602]","0x` + testSecret + `","HMAC-MD5-96 [RFC2403]","0x` + testSecret + `"'` + "\n",
		`{"icookie":"018ef04f7cf72e4f","ka":"` + testSecret + `","psk":"` + testSecret + `"}` + "\n{\n\"spi\":\"0x100\",\"protocol\":\"esp\",\"encryption\":\"aes128-cbc\",\"enc_key\":\"" + testSecret + `","integrity":"none"}`,
	} {
		whole := mustRead(t, text)
		for n := range len(text) {
			l, err := Read("keys", strings.NewReader(text[:n]))
			if err != nil {
				if !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrKeyLength) {
					t.Errorf("cut at %d: %v", n, err)
				}
				checkSecrecy(t, err.Error())
				continue
			}
			for i, e := range l.ISAKMP {
				// A table's row does not show that its key was cut to another cipher's length.
				if e.CookieI != whole.ISAKMP[i].CookieI || !bytes.HasPrefix(whole.ISAKMP[i].Ka, e.Ka) {
					t.Errorf("cut at %d: %v", n, e)
				}
			}
			if diff := cmp.Diff(whole.SAs[:len(l.SAs)], append([]SA{}, l.SAs...), compare); len(l.SAs) > 0 && diff != "" {
				t.Errorf("cut at %d (-want +got):\n%s", n, diff)
			}
		}
	}
}

func TestReadLimits(t *testing.T) {
	if _, err := Read("keys", bytes.NewReader(bytes.Repeat([]byte("#\n"), maxSize/2+1))); !errors.Is(err, ErrLimit) {
		t.Errorf("too large: %v", err)
	}
	broken := errors.New("disk on fire")
	if _, err := Read("keys", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("broken reader: %v", err)
	}
}

// TestCorpus reads the key files that lie beside foreign captures.
func TestCorpus(t *testing.T) {
	const corpus = "../../../shared/corpus"
	for pattern, want := range map[string]func(*testing.T, string, *Log){
		"wireshark-wiki/ipsec_esp_capture_1.esp_sa.txt":   wants(0, 24, 0),
		"wireshark-wiki/ipsec_esp_capture_3.esp_sa.txt":   wants(0, 1, 2), // Blowfish, and Twofish
		"expected/psk-handshakes/*.keys.json":             wants(1, 0, 0),
		"expected/psk-handshakes/*.tshark-options.txt":    wants(1, 0, 0),
		"expected/zeek/ip6_esp.pcap.tshark-options.txt":   wants(0, 24, 0),
		"expected/klips-esp-ah/*.tshark-options.txt":      nil,
		"expected/wireshark-wiki/*_1.*tshark-options.txt": wants(0, 24, 0),
	} {
		t.Run(pattern, func(t *testing.T) {
			files, err := filepath.Glob(filepath.Join(corpus, pattern))
			if err != nil || len(files) == 0 {
				t.Skipf("no %s in %s", pattern, corpus)
			}
			for _, path := range files {
				f, err := os.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				l, err := Read(filepath.Base(path), f)
				f.Close()
				if err != nil {
					t.Error(err)
					continue
				}
				if want != nil {
					want(t, path, l)
				} else if len(l.SAs) == 0 || len(l.Skipped) != 0 {
					t.Errorf("%s: %v", path, l)
				}
			}
		})
	}
}

func wants(isakmp, sas, skipped int) func(*testing.T, string, *Log) {
	return func(t *testing.T, path string, l *Log) {
		t.Helper()
		got := [3]int{len(l.ISAKMP), len(l.SAs), len(l.Skipped)}
		if diff := cmp.Diff([3]int{isakmp, sas, skipped}, got); diff != "" {
			t.Errorf("%s: ISAKMP SAs, SAs, skipped (-want +got):\n%s", path, diff)
		}
	}
}

package keylog_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/useipsec/useipsec/captures/keylog"
)

// Our own format becomes Wireshark's tables.
func Example() {
	const keys = `
{"icookie": "018ef04f7cf72e4f", "ka": "000102030405060708090a0b0c0d0e0f"}
{"src": "192.0.2.1", "dst": "192.0.2.2", "spi": "0x070883c2", "protocol": "esp",
 "encryption": "aes128-cbc", "enc_key": "000102030405060708090a0b0c0d0e0f",
 "integrity": "hmac-md5-96", "int_key": "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"}
`
	log, err := keylog.Read("keys.jsonl", strings.NewReader(keys))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(log.SAs[0]) // without its keys
	log.WriteIKEv1Table(os.Stdout)
	log.WriteESPTable(os.Stdout)
	// Output:
	// esp 192.0.2.1 > 192.0.2.2 spi 0x070883c2 aes128-cbc/hmac-md5-96
	// # Wireshark's ikev1_decryption_table: initiator cookie, encryption key Ka
	// 018ef04f7cf72e4f,000102030405060708090a0b0c0d0e0f
	// # Wireshark's esp_sa: IP version, source, destination, SPI, encryption and its key, authentication and its key
	// "IPv4","192.0.2.1","192.0.2.2","0x070883c2","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f","HMAC-MD5-96 [RFC2403]","0xf0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
}

// Errors say where and what, and keep the key to themselves.
func ExampleRead_error() {
	_, err := keylog.Read("ikev1_decryption_table", strings.NewReader("# from the gateway\n018ef04f7cf72e4f,000102030405060708090a0b0c0d0e0f10111213\n"))
	fmt.Println(err)
	// Output: captures/keylog: ikev1_decryption_table:2: wrong key length: 20 octets are a hash's length: this may be SKEYID_e, Ka is wanted (RFC 2409 appendix B)
}

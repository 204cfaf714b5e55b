// Package keylog reads and writes the key material that opens a capture.
//
// Three formats are understood, and told apart line by line:
//
//   - our own, JSON objects one per line or pretty-printed, see [Log.WriteJSON];
//   - Wireshark's ikev1_decryption_table: initiator cookie and the key Ka;
//   - Wireshark's esp_sa: addresses, SPI, algorithms and keys of an ESP SA.
//
// The last two may also be given as the options tshark takes,
// -o uat:esp_sa:"IPv4",…
//
// Everything here is secret. Errors name file and line and what is wrong with
// it, never the key, and the types print and log without their keys.
package keylog

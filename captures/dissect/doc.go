// Package dissect turns packets and keys into typed events: what each frame of
// a capture is, as far as the given keys let anybody tell.
//
// It states facts and judges nothing. An event says "the ICV does not verify"
// or "the octets after HASH(1) do not give this hash"; whether that is a
// failure, and whose, is for captures/check and captures/diagnose.
//
// Every frame gives exactly one event, in capture order. The decoder follows
// ISAKMP exchanges (RFC 2408, RFC 2409) from their cookies, decrypts what the
// key log allows, derives further keys from what it sees (SKEYID from a
// pre-shared key and g^xy, KEYMAT from SKEYID_d) and installs the IPsec SAs of
// quick mode by itself, so that the ESP packets which follow decrypt too. What
// stays unreadable says why in Event.Opaque.
//
// Memory does not grow with the number of packets: the number of exchanges,
// SAs, and half-reassembled datagrams is bounded (Limits), and the oldest make
// room for new ones. An event that pushed something out says so in its Notes.
package dissect

// Package captures reads and writes packet captures.
//
// The [Reader] understands classic pcap (microseconds and nanoseconds, both
// byte orders) and pcapng (both byte orders, several sections and interfaces).
// It streams: memory does not grow with the file, a packet costs no allocation,
// and no length field is believed before the octets it announces have arrived.
// The [Writer] writes pcapng with nanosecond timestamps, interface names,
// directions and comments.
//
// The formats are those of draft-ietf-opsawg-pcap (called "pcap" in error
// texts) and draft-ietf-opsawg-pcapng ("pcapng").
package captures

// Package esp is one IPsec security association of the IP Encapsulating
// Security Payload (RFC 2406), or of the Authentication Header (RFC 2402): Seal makes packets, Open takes them apart and
// enforces what a receiver must enforce, Inspect looks at them with a checker's
// eye and reports what is wrong instead of refusing it.
//
// The package knows octets, keys and sequence numbers. It knows no sockets and no
// policy, and of IP headers only what AH covers: those belong to esp/spd, which calls it.
// SealAH, OpenAH and InspectAH are what AH has in the place of Seal, Open and Inspect.
//
// An ESP packet, all fields in network byte order (RFC 2406 2):
//
//	 0                   1                   2                   3
//	 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//	+---------------------------------------------------------------+ -
//	|               Security Parameters Index (SPI)                 | ^
//	+---------------------------------------------------------------+ |ICV
//	|                      Sequence Number                          | |covers
//	+---------------------------------------------------------------+ |
//	|                    IV (RFC 3602, RFC 2451)                    | |
//	+---------------------------------------------------------------+ | -
//	|                    Payload Data (variable)                    | | ^
//	+               +-----------------------------------------------+ | |encrypted
//	|               |     Padding 1, 2, 3, … (0-255 octets)         | | |
//	+---------------+               +---------------+---------------+ | |
//	|                               |  Pad Length   | Next Header   | v v
//	+---------------------------------------------------------------+ -
//	|                 Authentication Data (ICV, variable)           |
//	+---------------------------------------------------------------+
//
// Seal, Open and Inspect do not allocate when the caller's buffer has room.
package esp

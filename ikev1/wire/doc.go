// Package wire reads and writes ISAKMP messages as IKEv1 uses them: the header, the payloads of RFC 2408 in the IPsec DOI of RFC 2407,
// the NAT traversal payloads of RFC 3947 and their draft numbers, the transaction exchange's attribute payload and the vendors' fragment
// payload. It knows no cryptography and does no input or output.
//
// All integers are big endian. Every length on the wire includes the header it stands in.
//
// [Parse] and [Message.Append] are inverse: the octets a peer sent come out again unchanged. What a typed payload has no room for, such as
// reserved octets that are not zero, makes Parse keep the payload as [*Raw]; [Raw.Typed] then gives the typed reading of it. What
// contradicts itself (lengths, counts, chains) is a [*ParseError], never a guess, and never a panic.
//
// Parsed values alias the input: clone the datagram first if it is going to be overwritten while they are in use. Each slice's capacity
// ends where the field ends, so appending to one never writes into its neighbour. An empty field is nil, except Sealed and Bodies.
package wire

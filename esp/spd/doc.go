// Package spd is the processing of RFC 2401: a Security Policy Database that says
// what to protect, bypass or discard, a Security Association Database, and between
// them an Endpoint that takes whole IP packets and gives whole IP packets, each with
// a Verdict that says what happened and why.
//
// It does no I/O and has no clock. Whoever owns the Endpoint reads packets from a TUN
// device or a virtual wire, calls Outbound for those that its host sends and Inbound
// for those that arrive, and negotiates an SA when a Verdict asks for one. IKE
// datagrams pass it by: they are not to be given to it.
//
//	          Outbound ─▶ SPD ─▶ SAD ─▶ esp.Seal ─▶
//	own host                                        wire
//	          ◀─ SPD ◀─ selectors ◀─ esp.Open ◀─ SAD ◀─ Inbound
//
// IPv4 is complete but for fragmentation: packets leave in one piece whatever their
// size, and ESP fragments must be reassembled before Inbound. IPv6 is handled with the
// extension headers that RFC 2460 knows. Transport mode behind a NAT would need
// checksum repair (RFC 3948 3.1.2), which is not here; forced UDP encapsulation
// without a NAT needs none.
package spd

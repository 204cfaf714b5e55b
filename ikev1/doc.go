// Package ikev1 is a userspace IKEv1 endpoint (RFC 2407, 2408, 2409, 3947) without I/O:
// datagrams and the time go in, datagrams come out. One Session is one ISAKMP SA with
// everything negotiated under it, in either role.
//
//	s, err := ikev1.NewInitiator(&cfg)
//	out, err := s.Start(now)            // message 1
//	out, err = s.Handle(now, datagram)  // the peer's answer
//	out, err = s.Tick(now)              // when s.Deadline() has come: retransmissions
//
// Phase 1 is main or aggressive mode (main_*.go, aggressive.go), authenticated by a shared key, by signatures
// (auth_sig.go) or by public key encryption (auth_rsa.go). Extended authentication (xauth.go) and mode config
// (modecfg.go), made of transaction exchanges (transaction.go), may follow before quick mode (quick_*.go). Underneath
// there are NAT traversal (natt.go), fragmentation (fragment.go) and retransmission (flight.go).
//
// A Session draws its randomness from Config.Rand, so that a run can be repeated octet by
// octet, and tells what it does through Config.Record. Deviations make it misbehave in
// named ways; their zero value is a conformant peer.
//
// A Session is not safe for concurrent use.
package ikev1

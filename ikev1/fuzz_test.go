package ikev1_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// FuzzExchanges lets one end do something wrong in any payload of any message of any kind of exchange, with hashes and
// encryption as they should be, and in the octets of one datagram. Whatever it is, nobody panics, and nobody sends without end.
func FuzzExchanges(f *testing.F) {
	features := []func(i, r *ikev1.Config){
		nothing,
		aggressive,
		both(remoteAccess, aggressive),
		both(remoteAccess, push),
		withCertificates(newAuthority(f, pki.ECDSAP256), wire.AuthECDSA256),
		both(withCertificates(newAuthority(f, pki.ECDSAP256), wire.AuthECDSA256), aggressive),
		withKeys(newAuthority(f, pki.RSA2048), wire.AuthRSARevEnc),
		both(fragmenting, forced, func(i, r *ikev1.Config) { i.Deviations.FragmentAll, r.Deviations.FragmentAll = true, true }),
		both(forced, probing, func(_, r *ikev1.Config) { r.Commit = true }),
	}
	types := []wire.PayloadType{
		wire.PayloadSA, wire.PayloadKE, wire.PayloadID, wire.PayloadCert, wire.PayloadCertRequest, wire.PayloadHash, wire.PayloadSig,
		wire.PayloadNonce, wire.PayloadNotify, wire.PayloadDelete, wire.PayloadVendorID, wire.PayloadAttributes, wire.PayloadNATD, wire.PayloadNATOA,
	}
	for i := range features {
		f.Add(uint8(i), false, uint8(i), uint8(i), uint8(i), uint8(3), uint16(20+i), byte(i))
		f.Add(uint8(i), true, uint8(0), uint8(3*i), uint8(5), uint8(1), uint16(60000), byte(0))
	}
	f.Fuzz(func(t *testing.T, feature uint8, responder bool, step, kind, fault, n uint8, at uint16, xor byte) {
		p := newPair(t, features[int(feature)%len(features)])
		bad, good := p.i, p.r
		if responder {
			bad, good = p.r, p.i
		}
		d := &bad.cfg.Deviations
		d.Payloads = []ikev1.PayloadFault{{
			Step: ikev1.Step(step % 18), Type: types[int(kind)%len(types)], Fault: ikev1.Fault(fault%10 + 1), N: int(n),
		}}
		count := 0
		d.EditBytes = func(_ ikev1.Step, b []byte) []byte {
			if count++; xor != 0 && count == int(xor)%8 {
				b = bytes.Clone(b)
				b[int(at)%len(b)] ^= xor
			}
			return b
		}
		good.cfg.Tolerant = at%2 == 0
		for k, e := range []*end{p.i, p.r} {
			e.cfg.Rand = rand.NewChaCha8([32]byte{byte(k)})
		}
		p.make()
		p.start()
		p.wait()
		if p.i.State() == ikev1.StateEstablished {
			p.quick()
			p.wait()
		}
		for p.now.Sub(start) < 3*time.Minute && p.tick() {
			if len(p.i.sent)+len(p.r.sent) > 400 {
				t.Fatalf("%d and %d messages", len(p.i.sent), len(p.r.sent))
			}
		}
		for _, e := range []*end{p.i, p.r} {
			if e.State() == ikev1.StateEstablished {
				out, err := e.Delete(p.now)
				if err != nil {
					t.Fatal(err)
				}
				p.carry(e, out)
			}
		}
	})
}

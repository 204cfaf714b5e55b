package dissect

import (
	"bytes"
	"fmt"

	"github.com/useipsec/useipsec/esp"
)

// opener is one set of keys for the packets of an SA.
type opener struct {
	suite esp.Suite
	keys  esp.Keys
	icv   int // octets of an ICV that cannot be verified
	sa    *esp.SA
}

// newOpener makes the opener of ESP or AH packets. Its errors are those of esp.New;
// the opener then only tells whether it could verify.
func newOpener(p esp.Proto, s esp.Suite, k esp.Keys, anyICV bool, icvBits int) (opener, error) {
	o := opener{suite: s, keys: k}
	if anyICV {
		o.icv = icvBits / 8
	}
	// Neither window nor mode nor SPI matter for Inspect. NULL without integrity is what no SA may be, but captures have it.
	sa, err := esp.New(esp.Params{SPI: 1, Proto: p, Mode: esp.Tunnel, Suite: s, Keys: k, Window: -1, OpaqueICV: o.icv, InspectOnly: true})
	if err != nil {
		return o, fmt.Errorf("captures/dissect: %w", err)
	}
	o.sa = sa
	return o, nil
}

// verifies reports whether an ICV tells right keys from wrong ones.
func (o opener) verifies() bool {
	return o.suite.ICVSize() > 0
}

func (o opener) same(p opener) bool {
	return o.suite == p.suite && o.icv == p.icv &&
		bytes.Equal(o.keys.Encryption, p.keys.Encryption) && bytes.Equal(o.keys.Integrity, p.keys.Integrity)
}

// inspect decrypts pkt into the room of dst.
func (o opener) inspect(dst, pkt []byte) (esp.Facts, error) { return o.sa.Inspect(dst, pkt) }

// trusted reports whether the facts show that the keys were right.
func trusted(f esp.Facts, err error) bool {
	return err == nil && (f.ICV == esp.ICVGood || f.ICV != esp.ICVBad && f.PadOK)
}

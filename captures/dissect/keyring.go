package dissect

import (
	"bytes"
	"fmt"

	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// keyring is what is known of the keys of an ISAKMP SA: one candidate, or two
// where the key log holds a Ka and also secrets from which another one follows.
type keyring struct {
	candidates []candidate // the one that worked, or promises most, first
	confirmed  bool        // candidates[0] has decrypted a message
	done       bool        // everything the candidates depend on was there
}

// candidate is one consistent set of keys; any of them may be missing.
type candidate struct {
	cbc             *keymat.CBC
	key             []byte
	skeyid, d, a    []byte
	missing         string // what would complete it
	missingForKEYID string // what SKEYID lacks
}

func (p *Phase1) keys() candidate {
	if len(p.keyring.candidates) == 0 {
		return candidate{}
	}
	return p.keyring.candidates[0]
}

func (p *Phase1) material() keymat.Exchange {
	return keymat.Exchange{CookieI: p.CookieI, CookieR: p.CookieR, Ni: p.Ni, Nr: p.Nr, GXi: p.KEi, GXr: p.KEr}
}

// deriveKeys makes the candidates as soon as the exchange has shown what they
// take, and states in Keys and Why what is known.
func (d *Decoder) deriveKeys(p *Phase1) {
	k := &p.keyring
	if k.done {
		return
	}
	if p.Chosen == nil {
		p.SuiteErr = errNoSA
	}
	k.done = p.Chosen != nil && !p.CookieR.IsZero() &&
		(p.Auth.Encrypts() || p.Ni != nil && p.Nr != nil) && (p.Auth.Revised() || p.KEi != nil && p.KEr != nil)
	known, ok := d.log.LookupISAKMP(p.CookieI, p.CookieR)
	k.candidates = nil
	switch {
	case !ok:
		p.Why = fmt.Sprintf("no key for initiator cookie %v", p.CookieI)
		return
	case p.SuiteErr != nil:
		p.Why = p.SuiteErr.Error()
		return
	}
	p.reveal(known)
	derived := p.derive(known.SKEYID, known.PSK, known.GXY)
	given := candidate{key: known.Ka, skeyid: known.SKEYID, d: known.SKEYIDd, a: known.SKEYIDa, missing: derived.missing, missingForKEYID: derived.missingForKEYID}
	if given.key == nil && known.SKEYIDe != nil {
		given.key, _ = keymat.CipherKey(p.Suite, known.SKEYIDe)
	}
	switch {
	case given.key == nil && given.d == nil && given.a == nil:
		k.candidates = []candidate{derived}
	case derived.key != nil && (given.key == nil || bytes.Equal(given.key, derived.key)):
		set(&given.d, derived.d)
		set(&given.a, derived.a)
		set(&given.skeyid, derived.skeyid)
		given.key = derived.key
		k.candidates = []candidate{given}
	case derived.key != nil:
		k.candidates = []candidate{derived, given}
	default:
		set(&given.skeyid, derived.skeyid)
		k.candidates = []candidate{given}
	}
	for i := range k.candidates {
		c := &k.candidates[i]
		if c.key == nil {
			continue
		}
		cbc, err := keymat.NewCBC(p.Suite, c.key, make([]byte, keymat.BlockSize(p.Suite.Cipher)))
		if err != nil {
			c.key, c.missing = nil, "the given key does not fit the negotiated "+p.Suite.Cipher.Slug(p.Suite.KeyBits)
		}
		c.cbc = cbc
	}
	p.status()
}

// reveal takes from the key log what public key encryption conceals of what the
// hashes are over.
func (p *Phase1) reveal(known keylog.ISAKMP) {
	if !p.Auth.Encrypts() {
		return
	}
	set(&p.KEi, known.GXi)
	set(&p.KEr, known.GXr)
	for _, end := range []struct {
		id    **wire.ID
		body  *[]byte
		known []byte
	}{{&p.IDii, &p.IDiiBody, known.IDii}, {&p.IDir, &p.IDirBody, known.IDir}} {
		id, err := (&wire.Raw{PT: wire.PayloadID, Body: end.known}).Typed()
		if v, ok := id.(*wire.ID); ok && err == nil && *end.id == nil {
			*end.id, *end.body = v, end.known
		}
	}
}

// derive makes a candidate out of SKEYID, or what it is made of, and g^xy
// (RFC 2409 5).
func (p *Phase1) derive(skeyid, psk, gxy []byte) candidate {
	in := p.material()
	in.GXY = gxy
	c := candidate{skeyid: skeyid}
	if skeyid == nil {
		signed := p.Auth.Signs(true) || p.Auth.Signs(false)
		switch {
		case p.Auth.Encrypts():
			c.missingForKEYID = "no SKEYID, and the nonces are encrypted to public keys (RFC 2409 5.2, 5.3)"
		case p.Ni == nil || p.Nr == nil:
			c.missingForKEYID = "the nonces are not in the capture"
		case p.Auth.PSK() && psk != nil:
			c.skeyid = keymat.SKEYIDPSK(p.Suite.Hash, psk, p.Ni, p.Nr)
		case p.Auth.PSK():
			c.missingForKEYID = "no pre-shared key"
		case signed && gxy != nil:
			c.skeyid = keymat.SKEYIDSignature(p.Suite.Hash, p.Ni, p.Nr, gxy)
		case signed:
			c.missingForKEYID = "no g^xy"
		default:
			c.missingForKEYID = fmt.Sprintf("no SKEYID, and authentication method %v", p.Auth)
		}
	}
	switch {
	case c.skeyid == nil:
		c.missing = c.missingForKEYID
	case gxy == nil:
		c.missing = "no g^xy"
	default:
		k, err := keymat.Derive(p.Suite, c.skeyid, in)
		if err != nil {
			c.missing = err.Error()
			break
		}
		c.key, c.d, c.a = k.Key, k.D, k.A
	}
	return c
}

// status states what the first candidate amounts to.
func (p *Phase1) status() {
	c := p.keys()
	p.Why = ""
	switch {
	case c.key != nil && c.d != nil && c.a != nil:
		p.Keys = KeysAll
	case c.key != nil:
		p.Keys, p.Why = KeysCipher, lacking(c)
	case c.skeyid != nil:
		p.Keys, p.Why = KeysSKEYID, c.missing
	default:
		p.Keys, p.Why = KeysNone, c.missing
	}
}

// lacking says what Ka alone does not give.
func lacking(c candidate) string {
	if c.missing == "" {
		return "only Ka is known"
	}
	return "only Ka is known, " + c.missing
}

// confirm moves the candidate that worked to the front.
func (p *Phase1) confirm(i int) {
	k := &p.keyring
	if k.confirmed {
		return
	}
	k.confirmed = true
	k.candidates[0], k.candidates[i] = k.candidates[i], k.candidates[0]
	k.candidates = k.candidates[:1]
	if c := &k.candidates[0]; i > 0 {
		c.missing = "the other secrets given do not lead to it"
		c.missingForKEYID = c.missing
	}
	p.status()
}

package wire

// The payloads in this file have one field that fills the whole body. It may be empty: that is for the exchange to judge.

// KE is the Key Exchange payload: a Diffie-Hellman public value (RFC 2408 3.7, RFC 2409 5).
type KE struct{ Data []byte }

// Type returns PayloadKE.
func (*KE) Type() PayloadType                     { return PayloadKE }
func (p *KE) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *KE) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

// Hash is the Hash payload (RFC 2408 3.11).
type Hash struct{ Data []byte }

// Type returns PayloadHash.
func (*Hash) Type() PayloadType                     { return PayloadHash }
func (p *Hash) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *Hash) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

// Sig is the Signature payload (RFC 2408 3.12).
type Sig struct{ Data []byte }

// Type returns PayloadSig.
func (*Sig) Type() PayloadType                     { return PayloadSig }
func (p *Sig) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *Sig) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

// Nonce is the Nonce payload (RFC 2408 3.13). RFC 2409 5 wants 8 to 256 octets.
type Nonce struct{ Data []byte }

// Type returns PayloadNonce.
func (*Nonce) Type() PayloadType                     { return PayloadNonce }
func (p *Nonce) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *Nonce) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

// VendorID is the Vendor ID payload (RFC 2408 3.16). [VendorName] knows some.
type VendorID struct{ Data []byte }

// Type returns PayloadVendorID.
func (*VendorID) Type() PayloadType                     { return PayloadVendorID }
func (p *VendorID) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *VendorID) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

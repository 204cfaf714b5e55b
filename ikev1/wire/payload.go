package wire

import "slices"

// Payload is one payload without its generic header. The types of this package are the only ones.
type Payload interface {
	// Type is the number that the preceding next payload field has.
	Type() PayloadType
	appendBody(b []byte) ([]byte, error)
	parseBody(r *reader)
}

// genericHeaderLen is the length of next payload, RESERVED and payload length.
const genericHeaderLen = 4

const refGeneric = "RFC 2408 3.2"

// newPayload returns the empty typed form of t, or nil if there is none.
func newPayload(t PayloadType) Payload {
	switch t {
	case PayloadSA:
		return new(SA)
	case PayloadKE:
		return new(KE)
	case PayloadID:
		return new(ID)
	case PayloadCert:
		return new(Cert)
	case PayloadCertRequest:
		return new(CertRequest)
	case PayloadHash:
		return new(Hash)
	case PayloadSig:
		return new(Sig)
	case PayloadNonce:
		return new(Nonce)
	case PayloadNotify:
		return new(Notify)
	case PayloadDelete:
		return new(Delete)
	case PayloadVendorID:
		return new(VendorID)
	case PayloadAttributes:
		return new(Attributes)
	case PayloadNATD, PayloadNATDDraft:
		return &NATD{Draft: t == PayloadNATDDraft}
	case PayloadNATOA, PayloadNATOADraft:
		return &NATOA{Draft: t == PayloadNATOADraft}
	case PayloadFragment:
		return new(Fragment)
	}
	return nil
}

// ParsePayloads reads a chain of payloads that begins with type first: the body of a message, or what an encrypted body decrypts to.
// It ends after the payload whose next payload field is 0; rest is what follows, which is padding (RFC 2409 appendix B). Everything
// aliases b; bodies are the payloads' octets without generic headers, parallel to ps.
//
// Errors are [*ParseError] with offsets into b. The payloads before the bad one are returned as well.
func ParsePayloads(first PayloadType, b []byte) (ps []Payload, bodies [][]byte, rest []byte, err error) {
	r := newReader(b)
	ps, bodies = readPayloads(first, &r)
	if r.err != nil {
		return ps, bodies, nil, r.result()
	}
	return ps, bodies, r.remaining(), nil
}

func readPayloads(first PayloadType, r *reader) (ps []Payload, bodies [][]byte) {
	if first != PayloadNone {
		const usual = 8 // few messages have more
		ps, bodies = make([]Payload, 0, usual), make([][]byte, 0, usual)
	}
	for next := first; next != PayloadNone; {
		t := next
		r.ref, r.odd = refGeneric, false
		next = PayloadType(r.u8("payload header"))
		reserved := r.u8("payload header")
		length := int(r.u16("payload header"))
		outer := r.enter("payload length", length, genericHeaderLen, genericHeaderLen)
		body := slices.Clip([]byte(r.s))
		p := readBody(t, r)
		r.leave(outer, "payload")
		if r.err != nil {
			r.in(t)
			return ps, bodies
		}
		if p == nil || reserved != 0 || r.odd {
			p = &Raw{PT: t, Reserved: reserved, Body: clipNil(body)}
		}
		ps, bodies = append(ps, p), append(bodies, body)
	}
	return ps, bodies
}

// readBody reads all of r as the typed form of t. Without a typed form it skips everything and returns nil.
func readBody(t PayloadType, r *reader) Payload {
	p := newPayload(t)
	if p == nil || r.err != nil {
		r.remaining()
		return nil
	}
	p.parseBody(r)
	return p
}

// clipNil gives empty slices the form that parsed fields have.
func clipNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// AppendPayloads writes the payloads with their generic headers, each next payload field naming the one that follows and the last 0. A Raw of
// type PayloadNone among them ends the chain for whoever reads it.
//
// Errors wrap ErrTooLong or ErrLength if a value does not fit its field, ErrNilPayload if there is none.
func AppendPayloads(b []byte, ps []Payload) ([]byte, error) {
	for i, p := range ps {
		if p == nil {
			return nil, ErrNilPayload
		}
		start := len(b)
		var reserved byte
		if raw, ok := p.(*Raw); ok {
			reserved = raw.Reserved
		}
		b = append(b, byte(FirstType(ps[i+1:])), reserved, 0, 0)
		var err error
		if b, err = p.appendBody(b); err != nil {
			return nil, err
		}
		if b, err = backfill(b, start, p.Type().String()+" payload", refGeneric); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// FirstType returns the type of the first payload, or PayloadNone: what a header's next payload field says.
func FirstType(ps []Payload) PayloadType {
	if len(ps) == 0 || ps[0] == nil {
		return PayloadNone
	}
	return ps[0].Type()
}

// Raw is a payload that is carried but not interpreted: its type is unknown, or reserved octets in it are not zero, or a sender wants it odd.
type Raw struct {
	PT       PayloadType
	Reserved uint8 // the generic header's second octet
	Body     []byte
}

// Type returns PT.
func (p *Raw) Type() PayloadType { return p.PT }

func (p *Raw) appendBody(b []byte) ([]byte, error) { return append(b, p.Body...), nil }

func (p *Raw) parseBody(r *reader) { p.Body = r.remaining() }

// Typed reads the body as the typed form of PT and disregards reserved octets, generic header included. If PT has no typed form it returns p.
// The result aliases Body. Errors are [*ParseError] with offsets into Body.
func (p *Raw) Typed() (Payload, error) {
	r := newReader(p.Body)
	q := readBody(p.PT, &r)
	r.leave(reader{}, "payload")
	if r.err != nil {
		r.in(p.PT)
		return nil, r.result()
	}
	if q == nil {
		return p, nil
	}
	return q, nil
}

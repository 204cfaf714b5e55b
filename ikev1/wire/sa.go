package wire

import "encoding/binary"

// SA is the Security Association payload with its proposals (RFC 2408 3.4, RFC 2407 4.6.1).
type SA struct {
	DOI       uint32
	Situation uint32
	// Proposals has at least one element after parsing, each with at least one transform, unless Extra is used.
	Proposals []Proposal
	// Extra is everything after the situation's first 4 octets, not interpreted, when DOI is not DOIIPSEC or the situation has the labelled
	// bits SitSecrecy or SitIntegrity. Append writes it before the proposals.
	Extra []byte
}

// Proposal is a proposal payload (RFC 2408 3.5). Proposals with the same number belong together.
type Proposal struct {
	Number     uint8
	Protocol   ProtocolID
	SPI        []byte // up to 255 octets
	Transforms []Transform
}

// Transform is a transform payload (RFC 2408 3.6).
type Transform struct {
	Number     uint8
	ID         uint8 // its meaning depends on the proposal's protocol: KeyIKE, ESPAES, AHSHA, ...
	Attributes []Attribute
}

// Attr returns the first attribute of type a.
func (t Transform) Attr(a AttributeType) (Attribute, bool) {
	for _, v := range t.Attributes {
		if v.Type == a {
			return v, true
		}
	}
	return Attribute{}, false
}

const (
	refSA             = "RFC 2408 3.4"
	refProposal       = "RFC 2408 3.5"
	refTransform      = "RFC 2408 3.6"
	proposalFixedLen  = 8
	transformFixedLen = 8
)

// Type returns PayloadSA.
func (*SA) Type() PayloadType { return PayloadSA }

func (p *SA) parseBody(r *reader) {
	r.ref = refSA
	p.DOI = r.u32("DOI")
	p.Situation = r.u32("situation")
	if p.DOI != DOIIPSEC || p.Situation&(SitSecrecy|SitIntegrity) != 0 {
		p.Extra = r.remaining()
		return
	}
	for more := true; more && r.err == nil; {
		more = r.chained(refProposal, PayloadProposal, "proposal", proposalFixedLen, func() {
			p.Proposals = append(p.Proposals, readProposal(r))
		})
	}
	r.ref = refSA
}

// chained reads a proposal or transform: its header up to the length, then what body reads. It reports whether another follows. Each turn
// consumes at least the fixed part, so a chain ends with the octets at the latest.
func (r *reader) chained(ref string, t PayloadType, what string, fixed int, body func()) (more bool) {
	r.ref = ref
	start := r.offset()
	next := PayloadType(r.u8(what))
	r.reserved(1)
	length := int(r.u16(what))
	if r.err == nil && next != t && next != PayloadNone {
		r.fail(start, what+" next payload", because(ErrNextPayload, "%d is neither %d nor 0", next, t))
	}
	outer := r.enter(what+" length", length, genericHeaderLen, fixed)
	body()
	r.ref = ref
	r.leave(outer, what)
	return next == t
}

func readProposal(r *reader) Proposal {
	var p Proposal
	start := r.offset()
	p.Number = r.u8("proposal number")
	p.Protocol = ProtocolID(r.u8("protocol ID"))
	spiSize := int(r.u8("SPI size"))
	count := int(r.u8("number of transforms"))
	p.SPI = r.octets(spiSize, "SPI")
	for more := true; more && r.err == nil; {
		more = r.chained(refTransform, PayloadTransform, "transform", transformFixedLen, func() {
			p.Transforms = append(p.Transforms, readTransform(r))
		})
	}
	if r.err == nil && len(p.Transforms) != count {
		r.ref = refProposal
		r.fail(start+3, "number of transforms", because(ErrCount, "is %d, %d present", count, len(p.Transforms)))
	}
	return p
}

func readTransform(r *reader) Transform {
	var t Transform
	t.Number = r.u8("transform number")
	t.ID = r.u8("transform ID")
	r.reserved(2)
	t.Attributes = readAttributes(r)
	return t
}

func (p *SA) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint32(b, p.DOI)
	b = binary.BigEndian.AppendUint32(b, p.Situation)
	b = append(b, p.Extra...)
	var err error
	for i, q := range p.Proposals {
		if b, err = q.append(b, i < len(p.Proposals)-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (p Proposal) append(b []byte, more bool) ([]byte, error) {
	if len(p.SPI) > 0xff {
		return nil, appendError("SPI size", refProposal, ErrTooLong, "%d > 255", len(p.SPI))
	}
	if len(p.Transforms) > 0xff {
		return nil, appendError("number of transforms", refProposal, ErrTooLong, "%d > 255", len(p.Transforms))
	}
	start := len(b)
	b = append(b, chain(PayloadProposal, more), 0, 0, 0)
	b = append(b, p.Number, byte(p.Protocol), byte(len(p.SPI)), byte(len(p.Transforms)))
	b = append(b, p.SPI...)
	var err error
	for i, t := range p.Transforms {
		if b, err = t.append(b, i < len(p.Transforms)-1); err != nil {
			return nil, err
		}
	}
	return backfill(b, start, "proposal", refProposal)
}

func (t Transform) append(b []byte, more bool) ([]byte, error) {
	start := len(b)
	b = append(b, chain(PayloadTransform, more), 0, 0, 0, t.Number, t.ID, 0, 0)
	b, err := appendAttributes(b, t.Attributes)
	if err != nil {
		return nil, err
	}
	return backfill(b, start, "transform", refTransform)
}

// chain is the next payload octet of a proposal or transform.
func chain(t PayloadType, more bool) byte {
	if more {
		return byte(t)
	}
	return byte(PayloadNone)
}

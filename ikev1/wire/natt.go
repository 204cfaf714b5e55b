package wire

// NATD is the NAT Discovery payload: HASH(CKY-I | CKY-R | IP | Port) (RFC 3947 3.2).
type NATD struct {
	Draft bool // payload type 130 of draft-ietf-ipsec-nat-t-ike-00 to 03, otherwise 20
	Data  []byte
}

// Type returns PayloadNATD or PayloadNATDDraft.
func (p *NATD) Type() PayloadType {
	if p.Draft {
		return PayloadNATDDraft
	}
	return PayloadNATD
}

func (p *NATD) parseBody(r *reader)                 { p.Data = r.remaining() }
func (p *NATD) appendBody(b []byte) ([]byte, error) { return append(b, p.Data...), nil }

// NATOA is the NAT Original Address payload (RFC 3947 5.2).
type NATOA struct {
	Draft  bool   // payload type 131 of draft-ietf-ipsec-nat-t-ike-00 to 03, otherwise 21
	IDType IDType // IDIPv4Addr or IDIPv6Addr
	Data   []byte // the address, 4 or 16 octets
}

// Type returns PayloadNATOA or PayloadNATOADraft.
func (p *NATOA) Type() PayloadType {
	if p.Draft {
		return PayloadNATOADraft
	}
	return PayloadNATOA
}

func (p *NATOA) parseBody(r *reader) {
	r.ref = "RFC 3947 5.2"
	p.IDType = IDType(r.u8("ID type"))
	r.reserved(3)
	p.Data = r.remaining()
}

func (p *NATOA) appendBody(b []byte) ([]byte, error) {
	return append(append(b, byte(p.IDType), 0, 0, 0), p.Data...), nil
}

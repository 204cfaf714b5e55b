package dissect

import (
	"bytes"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// mistaken says what a HASH_I or HASH_R that is wrong is over, if it is one of the
// mistakes that implementations have made; otherwise it returns "".
func (p *Phase1) mistaken(initiator bool, got []byte) string {
	skeyid, in := p.keys().skeyid, p.material()
	id, other := p.IDirBody, p.IDiiBody
	if initiator {
		id, other = other, id
	}
	own, theirs := keymat.HashR, keymat.HashI
	if initiator {
		own, theirs = theirs, own
	}
	for _, v := range []struct {
		what    string
		hash    func(keymat.Suite, []byte, keymat.Exchange, []byte, []byte) []byte
		sai, id []byte
	}{
		{"the SA payload with its generic header", own, p.offeredPayload(), id},
		{"the SA payload with a generic header", own, withHeader(p.OfferedBody), id},
		{"the responder's SA payload", own, p.ChosenBody, id},
		{"the identity with protocol and port 0", own, p.OfferedBody, withPort(id, 0, 0)},
		{"the identity with protocol 17 and port 500", own, p.OfferedBody, withPort(id, 17, 500)},
		{"the identity without its type, protocol and port", own, p.OfferedBody, without(id)},
		{"the other end's identity", own, p.OfferedBody, other},
		{"what the other end's hash is over", theirs, p.OfferedBody, id},
	} {
		if v.sai != nil && v.id != nil && bytes.Equal(v.hash(p.Suite, skeyid, in, v.sai, v.id), got) {
			return "it is over " + v.what
		}
	}
	return ""
}

// offeredPayload is the SA payload of the first message with its generic header.
func (p *Phase1) offeredPayload() []byte {
	for _, m := range p.Messages {
		n := wire.HeaderLen + 4 + len(p.OfferedBody)
		if m.Index == 1 && len(m.Octets) >= n && bytes.Equal(m.Octets[wire.HeaderLen+4:n], p.OfferedBody) {
			return m.Octets[wire.HeaderLen:n]
		}
	}
	return nil
}

// withHeader puts a generic header with no next payload before a body.
func withHeader(body []byte) []byte {
	if body == nil {
		return nil
	}
	n := 4 + len(body)
	return append([]byte{0, 0, byte(n >> 8), byte(n)}, body...)
}

// idHeader is the length of what is before the data in the body of an ID payload.
const idHeader = 4

func withPort(id []byte, proto uint8, port uint16) []byte {
	if len(id) < idHeader {
		return nil
	}
	return append([]byte{id[0], proto, byte(port >> 8), byte(port)}, id[idHeader:]...)
}

func without(id []byte) []byte {
	if len(id) < idHeader {
		return nil
	}
	return id[idHeader:]
}

package dissect

import (
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// XAUTH is how far extended authentication under an ISAKMP SA came
// (draft-beaulieu-ike-xauth-02 5), by the transaction messages that were read and
// have no wrong hash. The fields are frames, 0 for what did not come: the first
// question, the latest answer, the latest verdict and the client's taking note.
//
//	Server                                       Client
//	REQUEST(USER_NAME="", USER_PASSWORD="")  -->
//	                                         <-- REPLY(USER_NAME, USER_PASSWORD)
//	SET(STATUS)                              -->
//	                                         <-- ACK(STATUS)
type XAUTH struct {
	Request, Reply, Status, Ack int
	// OK is what the latest verdict says.
	OK bool
	// ClientInitiated: the client is the initiator of the ISAKMP SA.
	ClientInitiated bool
	// PasswordNUL: the password of the latest answer ends in a NUL octet.
	PasswordNUL bool
}

// Lease is what mode config under an ISAKMP SA assigned (draft-dukes-ike-mode-cfg-02
// 3), by the same messages. Pulled, the client asks; pushed, it takes note.
//
//	Client                                       Server
//	REQUEST(INTERNAL_IP4_ADDRESS, …)         -->
//	                                         <-- REPLY(INTERNAL_IP4_ADDRESS=address, …)
//
//	                                         <-- SET(INTERNAL_IP4_ADDRESS=address, …)
//	ACK(INTERNAL_IP4_ADDRESS, …)             -->
type Lease struct {
	// Request, Assigned and Ack are frames, 0 for what did not come: the first
	// question, the latest REPLY or SET with an address, the client's ACK to a SET.
	Request, Assigned, Ack int
	// Pushed: the latest assignment was a SET.
	Pushed bool
	// Addresses are the client's, of the latest assignment.
	Addresses []netip.Addr
	// ClientInitiated: the client is the initiator of the ISAKMP SA.
	ClientInitiated bool
}

// transaction takes the facts out of a transaction message.
func (p *Phase1) transaction(m *ISAKMP) {
	if m.Header.Exchange != wire.ExchangeTransaction || !m.Decrypted || m.Hash.State == HashBad || m.Hash.State == HashAbsent {
		return
	}
	a, at := payload[*wire.Attributes](m.Message)
	if at < 0 {
		return
	}
	p.extended(m, a)
	p.configured(m, a)
}

func (p *Phase1) extended(m *ISAKMP, a *wire.Attributes) {
	x := &p.XAUTH
	_, name := cfgAttribute(a, wire.CFGXAUTHUserName)
	password, secret := cfgAttribute(a, wire.CFGXAUTHUserPassword, wire.CFGXAUTHPasscode)
	status, judged := cfgAttribute(a, wire.CFGXAUTHStatus)
	switch {
	case a.MsgType == wire.CFGRequest && (name || secret):
		x.ClientInitiated = !m.FromInitiator
		if x.Request == 0 {
			x.Request = m.Frame
		}
	case a.MsgType == wire.CFGReply && (name || secret):
		x.ClientInitiated = m.FromInitiator
		x.Reply = m.Frame
		x.PasswordNUL = len(password.Value) > 0 && password.Value[len(password.Value)-1] == 0
	case a.MsgType == wire.CFGSet && judged:
		x.ClientInitiated = !m.FromInitiator
		v, _ := status.Uint()
		x.Status, x.OK = m.Frame, v == 1
	case a.MsgType == wire.CFGAck && x.Status != 0 && x.Ack < x.Status && m.FromInitiator == x.ClientInitiated && (judged || len(a.Attributes) == 0):
		x.Ack = m.Frame
	}
}

func (p *Phase1) configured(m *ISAKMP, a *wire.Attributes) {
	l := &p.Lease
	_, about := cfgAttribute(a, wire.CFGInternalIP4Address, wire.CFGInternalIP6Address)
	addrs := assigned(a)
	switch {
	case a.MsgType == wire.CFGRequest && about:
		l.ClientInitiated = m.FromInitiator
		if l.Request == 0 {
			l.Request = m.Frame
		}
	case (a.MsgType == wire.CFGReply || a.MsgType == wire.CFGSet) && len(addrs) > 0:
		l.ClientInitiated = !m.FromInitiator
		l.Assigned, l.Addresses, l.Pushed = m.Frame, addrs, a.MsgType == wire.CFGSet
	case a.MsgType == wire.CFGAck && about && l.Assigned != 0 && m.FromInitiator == l.ClientInitiated:
		l.Ack = m.Frame
	}
}

// assigned lists the addresses in the attributes. An IPv6 address may have its
// prefix length behind it.
func assigned(a *wire.Attributes) (addrs []netip.Addr) {
	for _, attr := range a.Attributes {
		v := attr.Value
		switch {
		case attr.Type == wire.CFGInternalIP4Address && len(v) == 4:
		case attr.Type == wire.CFGInternalIP6Address && len(v) >= 16:
			v = v[:16]
		default:
			continue
		}
		if addr, ok := netip.AddrFromSlice(v); ok && !addr.IsUnspecified() && len(addrs) < maxAddresses {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// maxAddresses bounds the addresses kept of one assignment.
const maxAddresses = 16

// cfgAttribute finds the first attribute of one of the types.
func cfgAttribute(a *wire.Attributes, types ...wire.AttributeType) (wire.Attribute, bool) {
	i := slices.IndexFunc(a.Attributes, func(x wire.Attribute) bool { return slices.Contains(types, x.Type) })
	if i < 0 {
		return wire.Attribute{}, false
	}
	return a.Attributes[i], true
}

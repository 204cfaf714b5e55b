package ikev1

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Datagram is a UDP payload with its addresses, seen from this end: Local is ours whether
// the datagram comes or goes. On port 4500 Data begins with the non-ESP marker (RFC 3948 2.2).
type Datagram struct {
	Local, Remote netip.AddrPort
	Data          []byte
}

// State is where phase 1 stands. A state is named after what this end has sent and waits
// to be answered.
type State uint8

// The states of a Session.
const (
	StateNew             State = iota
	StateMain1Sent             // initiator
	StateMain2Sent             // responder
	StateMain3Sent             // initiator
	StateMain4Sent             // responder
	StateMain5Sent             // initiator
	StateAggressive1Sent       // initiator
	StateAggressive2Sent       // responder
	StateTransaction           // phase 1 is done; extended authentication or mode config is not
	StateEstablished
	StateFailed
	StateDeleted
)

var stateNames = [...]string{"new", "main1-sent", "main2-sent", "main3-sent", "main4-sent", "main5-sent", "aggressive1-sent", "aggressive2-sent", "transaction", "established", "failed", "deleted"}

// String gives the state's name in journals.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("Unknown(%d)", uint8(s))
}

// Errors a Session ends with; they are wrapped with what happened.
var (
	ErrTimeout     = errors.New("no answer")
	ErrRefused     = errors.New("refused by the peer")
	ErrNotReady    = errors.New("no established ISAKMP SA")
	ErrUnknownName = errors.New("no such policy or child")
)

// NotifyError is a failure with the notify message the peer is told (RFC 2408 3.14.1).
type NotifyError struct {
	Notify wire.NotifyType
	Reason string
}

// Error names the notify and the reason.
func (e *NotifyError) Error() string { return fmt.Sprintf("%v: %s", e.Notify, e.Reason) }

func refuse(n wire.NotifyType, format string, args ...any) error {
	return &NotifyError{Notify: n, Reason: fmt.Sprintf(format, args...)}
}

package ikev1

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/useipsec/useipsec/ikev1/wire"
)

// Fault is something wrong with a payload.
type Fault uint8

// The faults. What N means, if anything, is said with each.
const (
	FaultOmit      Fault = 1 + iota // the payload is left out
	FaultEmpty                      // its body is empty
	FaultDuplicate                  // it is there twice
	FaultFill                       // every octet of its body is N
	FaultTruncate                   // its body ends N octets early
	FaultExtend                     // its body has N more octets, all 0
	FaultFirst                      // it comes before all other payloads
	FaultLast                       // it comes after them
	FaultWrongNext                  // the next payload field before it says N
	FaultReserved                   // the RESERVED octet of its generic header is N
)

var faultNames = [...]string{
	FaultOmit: "omit", FaultEmpty: "empty", FaultDuplicate: "duplicate", FaultFill: "fill", FaultTruncate: "truncate",
	FaultExtend: "extend", FaultFirst: "first", FaultLast: "last", FaultWrongNext: "wrong-next", FaultReserved: "reserved",
}

// String gives the name scenarios use.
func (f Fault) String() string {
	if int(f) < len(faultNames) && f != 0 {
		return faultNames[f]
	}
	return fmt.Sprintf("Unknown(%d)", uint8(f))
}

// PayloadFault is a fault in the payloads of one type in one message, or in every message if Step is 0. The hash of a
// quick mode, informational or transaction message is over the payloads as they are sent, so that a fault elsewhere is
// not hidden by a wrong hash.
type PayloadFault struct {
	Step  Step
	Type  wire.PayloadType
	Fault Fault
	N     int
}

// ErrFault is wrapped by what is wrong with the text of a PayloadFault.
var ErrFault = errors.New("no such payload fault")

// String gives the text form: "main3 KE truncate=4", "any NONCE omit".
func (f PayloadFault) String() string {
	step := "any"
	if f.Step != 0 {
		step = f.Step.String()
	}
	text := fmt.Sprintf("%s %v %v", step, f.Type, f.Fault)
	if f.N != 0 {
		text += "=" + strconv.Itoa(f.N)
	}
	return text
}

// MarshalText gives String.
func (f PayloadFault) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what String gives. The payload is a name of package wire in any case, or a number.
func (f *PayloadFault) UnmarshalText(b []byte) error {
	words := strings.Fields(string(b))
	if len(words) != 3 {
		return fmt.Errorf("ikev1: %w: %q, want message, payload and fault", ErrFault, b)
	}
	var g PayloadFault
	fault, n, hasN := strings.Cut(words[2], "=")
	step := slices.Index(stepNames[:], words[0])
	kind := slices.Index(faultNames[:], fault)
	var err error
	if g.Type, err = payloadType(words[1]); err != nil || step < 0 && words[0] != "any" || kind < 1 {
		return fmt.Errorf("ikev1: %w: %q", ErrFault, b)
	}
	g.Step, g.Fault = Step(max(step, 0)), Fault(kind)
	if hasN {
		if g.N, err = strconv.Atoi(n); err != nil || g.N < 0 {
			return fmt.Errorf("ikev1: %w: %q: %q is no number", ErrFault, b, n)
		}
	}
	*f = g
	return nil
}

func payloadType(name string) (wire.PayloadType, error) {
	if n, err := strconv.ParseUint(name, 0, 8); err == nil {
		return wire.PayloadType(n), nil
	}
	for t := range wire.PayloadType(255) {
		if strings.EqualFold(t.String(), name) {
			return t, nil
		}
	}
	return 0, ErrFault
}

// faulty gives the payloads of a message with the configured faults in them: those in hash payloads or the others.
func (s *Session) faulty(step Step, ps []wire.Payload, hashes bool) ([]wire.Payload, error) {
	for _, f := range s.cfg.Deviations.Payloads {
		if f.Step != 0 && f.Step != step || (f.Type == wire.PayloadHash) != hashes {
			continue
		}
		var err error
		if ps, err = f.apply(ps); err != nil {
			return nil, fmt.Errorf("ikev1: %v: fault %v: %w", step, f, err)
		}
	}
	return ps, nil
}

// apply makes new payloads; those that were given stay as they are.
func (f PayloadFault) apply(ps []wire.Payload) ([]wire.Payload, error) {
	var hit, others, all []wire.Payload
	for _, p := range ps {
		if p.Type() != f.Type {
			others, all = append(others, p), append(all, p)
			continue
		}
		b, err := body(p)
		if err != nil {
			return nil, err
		}
		raw := &wire.Raw{PT: f.Type, Body: b}
		n := min(f.N, maxFault)
		switch f.Fault {
		case FaultOmit:
			continue
		case FaultEmpty:
			raw.Body = nil
		case FaultDuplicate:
			all = append(all, p)
		case FaultFill:
			for i := range raw.Body {
				raw.Body[i] = byte(n)
			}
		case FaultTruncate:
			raw.Body = raw.Body[:len(raw.Body)-min(n, len(raw.Body))]
		case FaultExtend:
			raw.Body = append(raw.Body, make([]byte, n)...)
		case FaultReserved:
			raw.Reserved = byte(n)
		default:
			hit, all = append(hit, p), append(all, p)
			continue
		}
		hit, all = append(hit, raw), append(all, raw)
	}
	switch f.Fault {
	case FaultFirst:
		return append(hit, others...), nil
	case FaultLast:
		return append(others, hit...), nil
	}
	return all, nil
}

// maxFault keeps an extended payload within its length field.
const maxFault = 32768

// encode writes payloads with their generic headers, and wrong next payload fields where a fault wants them. first is
// what the field before all of them says.
func (s *Session) encode(step Step, ps []wire.Payload) (first wire.PayloadType, b []byte, err error) {
	if b, err = wire.AppendPayloads(nil, ps); err != nil {
		return 0, nil, fmt.Errorf("ikev1: %v: %w", step, err)
	}
	first = wire.FirstType(ps)
	for _, f := range s.cfg.Deviations.Payloads {
		if f.Fault != FaultWrongNext || f.Step != 0 && f.Step != step {
			continue
		}
		at := 0
		for i, p := range ps {
			switch {
			case p.Type() != f.Type:
			case i == 0:
				first = wire.PayloadType(f.N)
			default:
				b[at] = byte(f.N)
			}
			if i > 0 {
				at += int(b[at+2])<<8 | int(b[at+3])
			}
		}
	}
	return first, b, nil
}

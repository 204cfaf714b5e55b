package esp

import "fmt"

// Proto is a security protocol, by its IP protocol number.
type Proto uint8

// The IPsec protocols (RFC 2406, RFC 2402).
const (
	ESP Proto = 50
	AH  Proto = 51
)

// String returns the slug, "esp" or "ah".
func (p Proto) String() string {
	switch p {
	case ESP:
		return "esp"
	case AH:
		return "ah"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(p))
}

// ParseProto returns the protocol with the slug s.
func ParseProto(s string) (Proto, error) {
	switch s {
	case "esp":
		return ESP, nil
	case "ah":
		return AH, nil
	}
	return 0, fmt.Errorf("esp: protocol %q: %w", s, ErrUnknown)
}

// MarshalText returns the slug; it fails on an unknown protocol.
func (p Proto) MarshalText() ([]byte, error) {
	if p != ESP && p != AH {
		return nil, fmt.Errorf("esp: protocol %d: %w", uint8(p), ErrUnknown)
	}
	return []byte(p.String()), nil
}

// UnmarshalText sets p from a slug.
func (p *Proto) UnmarshalText(b []byte) error {
	v, err := ParseProto(string(b))
	if err == nil {
		*p = v
	}
	return err
}

// Mode is an encapsulation mode, numbered as the Encapsulation Mode attribute
// (RFC 2407 4.5).
type Mode uint8

// The two modes (RFC 2401 4.1).
const (
	Tunnel    Mode = 1
	Transport Mode = 2
)

// String returns the slug, "tunnel" or "transport".
func (m Mode) String() string {
	switch m {
	case Tunnel:
		return "tunnel"
	case Transport:
		return "transport"
	}
	return fmt.Sprintf("Unknown(%d)", uint8(m))
}

// ParseMode returns the mode with the slug s.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "tunnel":
		return Tunnel, nil
	case "transport":
		return Transport, nil
	}
	return 0, fmt.Errorf("esp: mode %q: %w", s, ErrUnknown)
}

// MarshalText returns the slug; it fails on an unknown mode.
func (m Mode) MarshalText() ([]byte, error) {
	if m != Tunnel && m != Transport {
		return nil, fmt.Errorf("esp: mode %d: %w", uint8(m), ErrUnknown)
	}
	return []byte(m.String()), nil
}

// UnmarshalText sets m from a slug.
func (m *Mode) UnmarshalText(b []byte) error {
	v, err := ParseMode(string(b))
	if err == nil {
		*m = v
	}
	return err
}

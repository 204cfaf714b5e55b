package strict

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span in a file: "90s", "30m", "8h", "1h30m". A bare
// number is refused, because seconds are not the only unit in this trade.
type Duration time.Duration

// String returns the span without zero parts: "8h", not "8h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText returns String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText takes a span with units, not negative.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v < 0 {
		if n, err := strconv.ParseUint(string(text), 10, 32); err == nil {
			return fmt.Errorf("%d has no unit; write a time span such as %s", n, Duration(time.Duration(n)*time.Second))
		}
		return fmt.Errorf("%q is not a time span such as 90s, 30m or 8h", text)
	}
	*d = Duration(v)
	return nil
}

// Form returns what spans look like.
func (Duration) Form() Form {
	return Form{Pattern: `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`}
}

// Size is a number of octets in a file: "64", "1400", "4KiB", "100MB".
type Size uint64

var sizeUnits = []struct {
	suffix string
	factor uint64
}{
	{"KiB", 1 << 10},
	{"MiB", 1 << 20},
	{"GiB", 1 << 30},
	{"kB", 1000},
	{"MB", 1000 * 1000},
	{"GB", 1000 * 1000 * 1000},
}

// String returns the number of octets.
func (s Size) String() string { return strconv.FormatUint(uint64(s), 10) }

// MarshalText returns String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a number, bare or with one of the units kB, MB, GB
// (powers of 1000), KiB, MiB, GiB (powers of 1024).
func (s *Size) UnmarshalText(text []byte) error {
	number, factor := string(text), uint64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = rest, u.factor
			break
		}
	}
	n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 64)
	if err != nil || n > 1<<40/factor {
		return fmt.Errorf("%q is not a size such as 64, 4KiB or 100MB", text)
	}
	*s = Size(n * factor)
	return nil
}

// Form returns what sizes look like.
func (Size) Form() Form {
	return Form{Pattern: `^[0-9]+ *(kB|MB|GB|KiB|MiB|GiB)?$`, Integers: true, Max: 1 << 40}
}

//go:build !linux

package live

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/useipsec/useipsec/captures"
)

// Tap cannot be had on this operating system.
type Tap struct{}

// Open fails with an error that wraps [ErrUnsupported].
func Open(ifname string, _ ...Option) (*Tap, error) {
	return nil, fmt.Errorf("captures/live: %s: %w, this is %s", ifname, ErrUnsupported, runtime.GOOS)
}

// ReadFrame fails.
func (t *Tap) ReadFrame([]byte) (int, captures.Dir, time.Time, error) {
	return 0, captures.DirUnknown, time.Time{}, os.ErrClosed
}

// WriteFrame fails.
func (t *Tap) WriteFrame([]byte) error { return os.ErrClosed }

// Close does nothing.
func (t *Tap) Close() error { return os.ErrClosed }

// Link is meaningless.
func (t *Tap) Link() captures.LinkType { return captures.LinkEthernet }

// Stats fails.
func (t *Tap) Stats() (Stats, error) { return Stats{}, os.ErrClosed }

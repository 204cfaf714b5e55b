package lab

import (
	"context"
	"time"

	"github.com/useipsec/useipsec/harness/host"
)

// Node is a reference host at work in a lab.
type Node interface {
	// Do runs an action on the host and sends what comes of it.
	Do(action func(h *host.Host, now time.Time) (host.Output, error)) error
	// Await returns when cond holds, or with the error of ctx, or with ErrIdle when nothing can happen any more.
	Await(ctx context.Context, cond func(h *host.Host) bool) error
	// Apps is what runs on the host above IPsec.
	Apps() Apps
	// Inject puts a packet on the wire as if the host had sent it, past its IPsec.
	Inject(ip []byte)
}

// Clock is the time of a lab.
type Clock interface {
	Now() time.Time
	// WithTimeout bounds what a caller waits for, in the lab's time.
	WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc)
}

// RealTime is the clock on the wall.
type RealTime struct{}

// Now gives the present time.
func (RealTime) Now() time.Time { return time.Now() }

// WithTimeout is context.WithTimeout.
func (RealTime) WithTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}

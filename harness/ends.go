package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

// end is one of the two ends of a trial, as a script sees it. What an action returns is
// what that end says about it; whether it is so is for the checks to find in the packets.
type end interface {
	Initiate(ctx context.Context) error
	Rekey(ctx context.Context, what peer.SA) error
	Delete(ctx context.Context, what peer.SA) error
	Apps() lab.Apps
}

// nodeEnd is one of our own hosts.
type nodeEnd struct{ node lab.Node }

var errNegotiation = errors.New("the negotiation failed")

// Initiate negotiates a child, and returns when it is there or has failed.
func (e nodeEnd) Initiate(ctx context.Context) error {
	begin := func(h *host.Host, now time.Time) (host.Output, error) { return h.Initiate(now, policyName) }
	return e.negotiate(ctx, begin, func(h *host.Host) int { return len(h.Children()) })
}

// negotiate begins something, and returns when there is one more of what it makes, or it has failed.
func (e nodeEnd) negotiate(ctx context.Context, begin func(*host.Host, time.Time) (host.Output, error), made func(*host.Host) int) error {
	var before, failures int
	err := e.node.Do(func(h *host.Host, now time.Time) (host.Output, error) {
		before, failures = made(h), len(h.Failures())
		return begin(h, now)
	})
	if err != nil {
		return err
	}
	var failure error
	err = e.node.Await(ctx, func(h *host.Host) bool {
		if f := h.Failures(); len(f) > failures {
			failure = f[len(f)-1]
		}
		return failure != nil || made(h) > before
	})
	if failure != nil {
		return fmt.Errorf("%w: %w", errNegotiation, failure)
	}
	return err
}

// Rekey negotiates a further child under the same ISAKMP SA, or another ISAKMP SA for the children there are.
func (e nodeEnd) Rekey(ctx context.Context, what peer.SA) error {
	if what == peer.IKE {
		return e.negotiate(ctx, (*host.Host).RekeyIKE, (*host.Host).ISAKMP)
	}
	return e.Initiate(ctx)
}

// Delete deletes the newest child, or the ISAKMP SA.
func (e nodeEnd) Delete(_ context.Context, what peer.SA) error {
	return e.node.Do(func(h *host.Host, now time.Time) (host.Output, error) {
		if what == peer.IKE {
			return h.DeleteIKE(now)
		}
		return h.DeleteChild(now, policyName)
	})
}

// Apps is what runs on the host.
func (e nodeEnd) Apps() lab.Apps { return e.node.Apps() }

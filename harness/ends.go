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
	var children, failures int
	err := e.node.Do(func(h *host.Host, now time.Time) (host.Output, error) {
		children, failures = len(h.Children()), len(h.Failures())
		return h.Initiate(now, policyName)
	})
	if err != nil {
		return err
	}
	var failure error
	err = e.node.Await(ctx, func(h *host.Host) bool {
		if f := h.Failures(); len(f) > failures {
			failure = f[len(f)-1]
		}
		return failure != nil || len(h.Children()) > children
	})
	if failure != nil {
		return fmt.Errorf("%w: %w", errNegotiation, failure)
	}
	return err
}

// Rekey negotiates a further child under the same ISAKMP SA.
func (e nodeEnd) Rekey(ctx context.Context, what peer.SA) error {
	if what == peer.IKE {
		return fmt.Errorf("rekey of the ISAKMP SA: %w", peer.ErrUnsupported)
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

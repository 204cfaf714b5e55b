package peer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
)

// TestStrongSwanLife has it replace and delete what it has, with our own host at the other end.
func TestStrongSwanLife(t *testing.T) {
	need(t, CarrierNamespace)
	i := startTest(t, StrongSwan{}, CarrierNamespace, 2)
	link := lab.NewLinkNode(i.Link())
	t.Cleanup(func() { link.Close() })
	// With xauth-resp it says INITIAL-CONTACT when it authenticates again, and nothing is left to replace.
	for _, method := range []string{"psk", "ecdsa-sha256", "xauth-init-psk", "hybrid-init-rsa"} {
		for _, mode := range []string{"main", "aggressive"} {
			for _, role := range []Role{Responder, Initiator} {
				t.Run(fmt.Sprintf("%s/%s/%v", method, mode, role), func(t *testing.T) {
					c := testConfig(role, 2, "tunnel")
					authenticate(t, &c, method)
					c.IKE.Mode = mode
					e := meet(t, i.(*strongSwan), link, c)
					liveOn(t, i, e.own, c)
				})
			}
		}
	}
}

// liveOn replaces the child and the ISAKMP SA and then deletes them.
func liveOn(t *testing.T, i Instance, o *ownEnd, c Config) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var children, isakmp int
	await := func(what string, cond func(h *host.Host) bool) {
		t.Helper()
		if err := o.Await(ctx, cond); err != nil {
			t.Fatalf("%s: %v\n%s", what, err, o.said())
		}
	}
	await("state", func(h *host.Host) bool { children, isakmp = len(h.Children()), h.ISAKMP(); return true })
	if err := i.Rekey(ctx, Child); err != nil {
		t.Error(err)
	}
	await("a further child", func(h *host.Host) bool { return len(h.Children()) > children })
	converse(ctx, t, o.Apps(), i.Apps(), c.RemoteInner.Addr(), c.LocalInner.Addr())
	if err := i.Rekey(ctx, IKE); err != nil && !errors.Is(err, ErrUnsupported) {
		t.Error(err)
	} else if can := swanReplaces(c) == nil; can != (err == nil) {
		t.Errorf("rekey of the ISAKMP SA: %v", err)
	} else if can {
		await("a further ISAKMP SA", func(h *host.Host) bool { return h.ISAKMP() > isakmp && h.Established() })
		converse(ctx, t, o.Apps(), i.Apps(), c.RemoteInner.Addr(), c.LocalInner.Addr())
	}
	for _, what := range []SA{Child, IKE} {
		if err := i.Delete(ctx, what); err != nil {
			t.Errorf("delete %v: %v", what, err)
		}
	}
	await("nothing left", func(h *host.Host) bool { return !h.Established() && len(h.Children()) == 0 })
}

// TestManyStrongSwans has many of them at the same time, which then all go at once.
func TestManyStrongSwans(t *testing.T) {
	need(t, CarrierNamespace)
	pairs := make([]*pair, 6)
	for n := range pairs {
		pairs[n] = startPair(t, StrongSwan{}, CarrierNamespace, StrongSwan{}, CarrierNamespace)
		pairs[n].configure(t, func(*Config) {}, "tunnel")
		pairs[n].initiate(t)
	}
	var wg sync.WaitGroup
	for _, p := range pairs {
		checkTunnel(t, p)
		for _, i := range []Instance{p.a, p.b} {
			wg.Go(func() {
				began := time.Now()
				if err := i.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("closing took %v", took)
				}
			})
		}
	}
	wg.Wait()
}

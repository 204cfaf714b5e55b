package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/useipsec/useipsec/captures"
	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
	"github.com/useipsec/useipsec/scenarios"
)

// Ports of the wire.
const (
	harnessPort lab.Port = iota
	peerPort
)

// How long a step may take, in the lab's time.
const (
	negotiationTime = 30 * time.Second
	exchangeTime    = 10 * time.Second
	blockedTime     = 4 * time.Second // enough for a SYN and two repetitions
	settleTime      = 2 * time.Second
	quietTime       = 500 * time.Millisecond // after which nobody has anything left to say
)

// trial is one trial while it runs.
type trial struct {
	Trial
	run     *run
	writer  *evidence.TrialWriter
	meta    evidence.Trial
	addr    lab.Addressing
	clock   lab.Clock
	wire    *lab.Wire
	own     host.Config // of the harness's end
	harness end
	peer    end
	node    lab.Node   // the harness's
	host    *host.Host // in it; to be touched through the node while that runs
	inner   bool       // conversations are between the inner hosts

	// stale has only the marker of the peer's end taken: a daemon that serves one trial after
	// another may still send under an SA of the last one, until it is configured for this one.
	stale  atomic.Bool
	mu     sync.Mutex
	tapErr error
	latest time.Time // when the last packet crossed the wire
}

// tap writes what crosses the wire. It is the only writer of the capture.
func (t *trial) tap(at time.Time, from lab.Port, ip []byte) {
	dir := captures.DirOut
	if from == peerPort {
		dir = captures.DirIn
		if t.stale.Load() && !bytes.HasSuffix(ip, []byte(t.meta.Marker)) {
			return
		}
	}
	err := t.writer.WritePacket(captures.Packet{Time: at, Link: captures.LinkRaw, Dir: dir, OrigLen: len(ip), Data: ip})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest = at
	if t.tapErr == nil {
		t.tapErr = err
	}
}

// journal notes what an end of ours reports. Details never hold key material.
func (t *trial) journal(source string) func(host.Event) {
	return func(e host.Event) {
		attrs := []any{"detail", e.Detail}
		if e.IKE != nil {
			attrs = append(attrs, "icookie", e.IKE.CookieI.String(), "rcookie", e.IKE.CookieR.String())
			if e.IKE.Notify != 0 {
				attrs = append(attrs, "notify", e.IKE.Notify.String(), "protected", e.IKE.Protected)
			}
			if e.IKE.MessageID != 0 {
				attrs = append(attrs, "message_id", fmt.Sprintf("%#08x", e.IKE.MessageID))
			}
		}
		t.writer.Journal(e.Time, source, e.Kind, attrs...)
	}
}

func (t *trial) note(event string, attrs ...any) {
	t.writer.Journal(t.clock.Now(), "script", event, attrs...)
}

// markers proves the tap alive in both directions before anything else is sent: a datagram
// to the discard port that checks look for in the capture. fromPeer sends the peer's.
func (t *trial) markers(fromPeer func(src, dst netip.AddrPort, text []byte) error) error {
	discard := func(a netip.Addr) netip.AddrPort { return netip.AddrPortFrom(a, lab.MarkerPort) }
	text := []byte(t.meta.Marker)
	t.node.Inject(host.UDPPacket(1, discard(t.addr.Harness), discard(t.meta.PeerAddr), text))
	return fromPeer(discard(t.addr.Peer), discard(t.meta.Harness), text)
}

// injected is the peer's marker where the peer is one of our own hosts.
func injected(n lab.Node) func(src, dst netip.AddrPort, text []byte) error {
	return func(src, dst netip.AddrPort, text []byte) error {
		n.Inject(host.UDPPacket(1, src, dst, text))
		return nil
	}
}

// script follows the steps. Steps that come to nothing are noted and do not end the trial:
// what they should have come to is for the checks to say. An error is our own.
func (t *trial) script(ctx context.Context) error {
	client, server := t.harness, t.peer
	if t.PeerPlays == scenarios.Initiator {
		client, server = t.peer, t.harness
	}
	stop, err := t.listen(ctx, server)
	defer stop()
	if err != nil {
		return err
	}
	talked := false // the last step was a conversation, which shows that both ends are done with all before it
	for i, s := range t.Scenario.Steps() {
		name, err := t.step(ctx, s, client, server)
		if ctx.Err() != nil {
			return ctx.Err() // the step says nothing about the peer
		}
		talked = s.Exchange != nil && err == nil
		if err != nil {
			t.note("step failed", "step", i+1, "action", name, "error", err.Error())
		} else {
			t.note("step done", "step", i+1, "action", name)
		}
		t.run.progress(t.Trial, "step", name, err)
		if errors.Is(err, peer.ErrUnsupported) || errors.Is(err, peer.ErrEnded) {
			return err
		}
	}
	return t.settle(ctx, talked)
}

func (t *trial) step(ctx context.Context, s scenarios.Step, client, server end) (string, error) {
	bounded := func(d time.Duration, f func(context.Context) error) error {
		ctx, cancel := t.clock.WithTimeout(ctx, d)
		defer cancel()
		return f(ctx)
	}
	switch {
	case s.Initiate != nil:
		return "initiate", bounded(negotiationTime, client.Initiate)
	case s.Rekey != nil:
		return t.rekey(s.Rekey, client, bounded)
	case s.Delete != nil:
		return t.delete(s.Delete, bounded)
	case s.Wait != nil:
		return fmt.Sprintf("wait %v", s.Wait.For), t.wait(ctx, time.Duration(s.Wait.For))
	case s.Exchange != nil:
		return t.exchange(s.Exchange, client, bounded)
	case s.Rebind != nil:
		t.wire.Rebind(t.clock.Now())
		return "rebind", nil
	}
	return "nothing", nil
}

// rekey has the client rekey. A peer may say that it is done when it has only begun: the script waits until the harness's
// end has the new SA, too.
func (t *trial) rekey(r *scenarios.Rekey, client end, bounded func(time.Duration, func(context.Context) error) error) (string, error) {
	what, made := peer.Child, (*host.Host).Quicks
	if r.What == scenarios.WhatIKE {
		what, made = peer.IKE, (*host.Host).ISAKMP
	}
	return "rekey " + what.String(), bounded(negotiationTime, func(ctx context.Context) error {
		before := 0
		_ = t.node.Do(func(h *host.Host, _ time.Time) (host.Output, error) { before = made(h); return host.Output{}, nil })
		if err := client.Rekey(ctx, what); err != nil {
			return err
		}
		return t.node.Await(ctx, func(h *host.Host) bool { return made(h) > before })
	})
}

// delete has one end delete, and waits until the harness's end has seen it.
func (t *trial) delete(d *scenarios.Delete, bounded func(time.Duration, func(context.Context) error) error) (string, error) {
	by, what := t.peer, peer.Child
	if d.By == scenarios.PartyHarness {
		by = t.harness
	}
	if d.What == scenarios.WhatIKE {
		what = peer.IKE
	}
	name := fmt.Sprintf("delete %v by %v", what, d.By)
	before := 0
	_ = t.node.Do(func(h *host.Host, _ time.Time) (host.Output, error) { before = h.Deletes(); return host.Output{}, nil })
	if err := bounded(negotiationTime, func(ctx context.Context) error { return by.Delete(ctx, what) }); err != nil {
		return name, err
	}
	return name, bounded(settleTime, func(ctx context.Context) error {
		return t.node.Await(ctx, func(h *host.Host) bool { return h.Deletes() > before })
	})
}

// exchange has a conversation and tells whether it took place.
func (t *trial) exchange(x *scenarios.Exchange, client end, bounded func(time.Duration, func(context.Context) error) error) (string, error) {
	name := fmt.Sprintf("exchange %v/%d", x.Protocol, x.Port)
	size := int(x.Size)
	if size == 0 {
		size = int(scenarios.DefaultSize)
	}
	payload := make([]byte, size)
	for i := range payload {
		payload[i] = "useipsec "[i%9]
	}
	limit := exchangeTime
	if x.Expect.Allows(scenarios.Blocked) {
		limit = blockedTime
	}
	local, remote := t.conversation()
	return name, bounded(limit, func(ctx context.Context) error {
		_, err := client.Apps().Exchange(ctx, x.Protocol.String(), netip.AddrPortFrom(local, 0), netip.AddrPortFrom(remote, x.Port), payload)
		return err
	})
}

// conversation gives the addresses of the client and the server, as they are called there: a NAT has neither the server behind it nor a tunnel inside.
func (t *trial) conversation() (client, server netip.Addr) {
	client, server = t.addr.Harness, t.addr.Peer
	if t.inner {
		client, server = t.addr.HarnessInner, t.addr.PeerInner
	}
	if t.PeerPlays == scenarios.Initiator {
		client, server = server, client
	}
	return client, server
}

// listen serves every port that the script will speak to.
func (t *trial) listen(ctx context.Context, server end) (stop func(), err error) {
	var closers []func() error
	stop = func() {
		for _, c := range closers {
			_ = c()
		}
	}
	seen := map[string]bool{}
	for _, s := range t.Scenario.Steps() {
		if s.Exchange == nil {
			continue
		}
		key := fmt.Sprintf("%v/%d", s.Exchange.Protocol, s.Exchange.Port)
		if seen[key] {
			continue
		}
		seen[key] = true
		_, at := t.conversation()
		c, err := server.Apps().Listen(ctx, s.Exchange.Protocol.String(), netip.AddrPortFrom(at, s.Exchange.Port))
		if err != nil {
			return stop, fmt.Errorf("harness: serve %s: %w", key, err)
		}
		closers = append(closers, c.Close)
	}
	return stop, nil
}

// wait lets time pass at both ends.
func (t *trial) wait(ctx context.Context, d time.Duration) error {
	ctx, cancel := t.clock.WithTimeout(ctx, d)
	defer cancel()
	err := t.node.Await(ctx, func(*host.Host) bool { return false })
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lab.ErrIdle) {
		return nil
	}
	return err
}

// settle waits until the harness's end has no exchange under way, so that the capture has the end of it. Where no
// conversation was the last, it waits for silence as well: a peer's tool may return before its daemon has sent the last
// message, or come to its end.
func (t *trial) settle(ctx context.Context, talked bool) error {
	ctx, cancel := t.clock.WithTimeout(ctx, settleTime)
	defer cancel()
	err := t.node.Await(ctx, func(h *host.Host) bool { return !h.Negotiating() })
	for !talked && err == nil {
		t.mu.Lock()
		left := quietTime - t.clock.Now().Sub(t.latest)
		t.mu.Unlock()
		if left <= 0 {
			break
		}
		if err = t.wait(ctx, left); err == nil {
			err = ctx.Err()
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lab.ErrIdle) {
		return nil
	}
	return err
}

// finish writes what belongs to a trial however it ended. The ends are stopped by now.
func (t *trial) finish(err error) (status, reason string) {
	t.mu.Lock()
	tapErr := t.tapErr
	t.mu.Unlock()
	if t.host != nil {
		err = errors.Join(err, t.writer.WriteKeys(t.host.Keys()))
	}
	switch {
	case tapErr != nil:
		status, reason = "error", tapErr.Error()
	case err == nil:
		status = "completed"
	case errors.Is(err, context.Canceled):
		status, reason = "interrupted", "the run was interrupted"
	case errors.Is(err, peer.ErrUnsupported):
		status, reason = "unsupported", err.Error()
	default:
		status, reason = "error", err.Error()
	}
	return status, reason
}

// isTunnel tells whether the scenario's conversations are between the inner hosts.
func isTunnel(s *scenarios.Scenario) bool { return s.Harness().Child.Mode == esp.Tunnel.String() }

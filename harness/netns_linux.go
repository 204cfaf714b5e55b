package harness

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/captures/evidence"
	"github.com/useipsec/useipsec/harness/host"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/peer"
)

// ownHost is one of our hosts in a namespace of its own: the kernel's TCP above a TUN device, our IPsec below it.
type ownHost struct {
	*lab.HostNode
	ns *lab.Namespace
}

// ownMTU leaves room for ESP and UDP headers on a wire of 1500 octets.
const ownMTU = 1400

func (r *run) newOwnHost(name string, w *lab.Wire, p lab.Port, h *host.Host, addr, inner netip.Addr, bits int, tunnel bool) (_ *ownHost, err error) {
	ns, err := lab.NewNamespace(name)
	if err != nil {
		return nil, err
	}
	addrs := []netip.Prefix{netip.PrefixFrom(addr, bits)}
	if tunnel {
		addrs = append(addrs, netip.PrefixFrom(inner, inner.BitLen()))
	}
	tun, err := lab.NewTUN(ns, lab.TUNConfig{Addrs: addrs, MTU: ownMTU})
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	return &ownHost{lab.NewHostNode(w, p, h, tun, lab.NewApps(ns)), ns}, nil
}

// Close stops the host and gives its namespace back.
func (o *ownHost) Close() error { return errors.Join(o.HostNode.Close(), o.ns.Close()) }

// beginNetns lays the wire and puts the harness's end into a namespace.
func (w *worker) beginNetns(t *trial) (*ownHost, error) {
	t.wire = lab.NewWire(t.tap, t.path())
	h, err := host.New(t.own)
	if err != nil {
		return nil, err
	}
	own, err := w.run.newOwnHost("harness", t.wire, harnessPort, h, t.addr.Harness, t.addr.HarnessInner, t.addr.Bits, t.inner)
	if err != nil {
		return nil, err
	}
	t.host, t.node, t.harness = h, own, nodeEnd{own}
	return own, nil
}

// playNetns runs a trial against the reference peer in a namespace.
func (w *worker) playNetns(ctx context.Context, t *trial, reference func() (*host.Host, error)) (err error) {
	own, err := w.beginNetns(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	h, err := reference()
	if err != nil {
		return err
	}
	other, err := w.run.newOwnHost("peer", t.wire, peerPort, h, t.addr.Peer, t.addr.PeerInner, t.addr.Bits, t.inner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, other.Close()) }()
	t.peer = nodeEnd{other}
	if err := t.markers(injected(other)); err != nil {
		return err
	}
	return t.script(ctx)
}

// playReal runs a trial against a real peer.
func (w *worker) playReal(ctx context.Context, t *trial, c peer.Config) (err error) {
	d := w.run.plan.Driver
	if err := d.Supports(c); err != nil {
		return err
	}
	carrier := w.run.plan.Carrier
	if carrier == peer.CarrierAuto {
		if carrier, err = d.Carrier(c); err != nil {
			return err
		}
	}
	at := place{carrier, t.Scenario.Family}
	a, err := w.peer(ctx, at, c)
	if err != nil {
		return err
	}
	w.run.carried(carrier)
	t.note("peer", "name", a.Info().Name, "version", a.Info().Version, "carrier", carrier.String(), "detail", a.Info().Detail)
	own, err := w.beginNetns(t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	t.stale.Store(true)
	a.link.Attach(t.wire, peerPort)
	t.peer = a
	err = t.markers(func(src, dst netip.AddrPort, text []byte) error {
		return a.Apps().SendUDP(ctx, src, dst, text)
	}) // before there are policies that could touch them
	t.stale.Store(false)
	if err == nil {
		err = a.Configure(ctx, c)
	}
	if err == nil {
		err = t.script(ctx)
	}
	artifacts := t.artifacts(a)
	if how := a.Ended(); how != "" {
		// That is a finding, and no error of ours: the trial is complete, as far as it could come.
		t.note("peer ended", "how", how)
		t.writer.PeerProcess(how)
		if errors.Is(err, peer.ErrEnded) {
			err = nil
		}
		artifacts = nil // what it could still say is there
	} else if err == nil {
		t.writer.PeerProcess(evidence.PeerRunning)
	}
	err = errors.Join(err, artifacts)
	a.link.Detach()
	return errors.Join(err, w.reset(at))
}

// peer gives the running peer of a place, and starts it when there is none.
func (w *worker) peer(ctx context.Context, at place, c peer.Config) (*attached, error) {
	if a := w.peers[at]; a != nil {
		return a, nil
	}
	i, err := w.run.plan.Driver.Start(ctx, peer.Env{
		Carrier: at.carrier, Addr: netip.PrefixFrom(c.Local, addressing(at.family).Bits), Inner: c.LocalInner,
	})
	if err != nil {
		return nil, err
	}
	a := &attached{Instance: i, link: lab.NewLinkNode(i.Link())}
	w.peers[at] = a
	return a, nil
}

// tidyTime bounds what is done with a peer after a trial, also after an interrupt.
const tidyTime = 10 * time.Second

// reset makes the peer ready for the next trial, off the wire. A peer that has ended, or does
// not get there, is taken out of service; the next trial gets a new one.
func (w *worker) reset(at place) error {
	a := w.peers[at]
	ctx, cancel := context.WithTimeout(context.Background(), tidyTime)
	defer cancel()
	err := a.Reset(ctx)
	if err == nil {
		return nil
	}
	delete(w.peers, at)
	return errors.Join(a.link.Close(), a.Close())
}

// artifacts keeps the peer's side of the evidence.
func (t *trial) artifacts(a *attached) error {
	ctx, cancel := context.WithTimeout(context.Background(), tidyTime)
	defer cancel()
	files, err := a.Artifacts(ctx)
	for name, data := range files {
		err = errors.Join(err, t.writer.WritePeerFile(name, data))
	}
	if err != nil {
		return fmt.Errorf("harness: peer's artifacts: %w", err)
	}
	return nil
}

package host

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
)

// failed keeps the error of an exchange.
func (h *Host) failed(err error) error {
	if err != nil {
		h.failures = append(h.failures, err)
	}
	return err
}

// failedFor keeps the error of a session. Of those that anybody can bring about no more than maxRefused are kept.
func (h *Host) failedFor(s *session, err error) {
	if err == nil {
		return
	}
	if s.Role() == ikev1.Responder && s.since.IsZero() {
		if h.refused == maxRefused {
			return
		}
		h.refused++
	}
	h.failures = append(h.failures, err)
}

const maxRefused = 256

// maxKeys bounds the ISAKMP SAs whose keys are kept, the newest of them: in aggressive mode anybody can have some made.
const maxKeys = 1024

func (h *Host) record(now time.Time, kind, detail string) {
	if h.cfg.Record != nil {
		h.cfg.Record(Event{Time: now, Kind: kind, Detail: detail})
	}
}

// follow follows a session: keys are kept, children go into and out of the SAD, and ISAKMP SAs replace each other.
func (h *Host) follow(s *session, e ikev1.Event) {
	if h.cfg.Record != nil {
		h.cfg.Record(Event{Time: e.Time, Kind: e.Kind.String(), Detail: e.Detail, IKE: &e})
	}
	switch e.Kind {
	case ikev1.EventKeys:
		if len(h.keys.ISAKMP) == maxKeys {
			h.keys.ISAKMP = slices.Delete(h.keys.ISAKMP, 0, 1)
		}
		k := keylog.ISAKMP{
			CookieI: e.CookieI, CookieR: e.CookieR, PSK: e.Keys.PSK, GXY: e.Keys.GXY,
			Ka: e.Keys.Key, SKEYID: e.Keys.SKEYID, SKEYIDd: e.Keys.D, SKEYIDa: e.Keys.A, SKEYIDe: e.Keys.E,
		}
		if c := e.Keys.Concealed; c != nil {
			k.GXi, k.GXr, k.IDii, k.IDir = c.GXi, c.GXr, c.IDii, c.IDir
		}
		h.keys.ISAKMP = append(h.keys.ISAKMP, k)
	case ikev1.EventEstablished:
		h.succeed(e.Time, s)
	case ikev1.EventInitialContact:
		h.contact(e.Time, s)
	case ikev1.EventRekey:
		if !h.replacing(s) {
			s.renew = e.Time
		}
	case ikev1.EventFailed:
		if s.since.IsZero() && s.old != nil {
			s.old.renew = e.Time.Add(overlap)
		}
	case ikev1.EventChild:
		h.quicks++
		if err := h.install(e.Child); err != nil {
			_ = h.failed(err)
			h.record(e.Time, "failed", err.Error())
		}
	case ikev1.EventChildGone:
		h.deletes++
		h.end.Remove(e.Child.SPIIn)
		h.end.RemoveOutbound(e.Child.SPIOut)
		h.carriers = slices.DeleteFunc(h.carriers, func(k *carrier) bool { return k.child == e.Child })
	case ikev1.EventRemap:
		if c := e.Child; c != nil {
			h.end.Remap(c.SPIIn, c.SPIOut, other(c))
		}
	case ikev1.EventDeleted:
		h.deletes++
	}
}

// other is where the peer of a child is; the port says something only with UDP encapsulation.
func other(c *ikev1.Child) netip.AddrPort {
	if c.Encap == nil {
		return netip.AddrPortFrom(c.Remote, 0)
	}
	return netip.AddrPortFrom(c.Remote, c.Encap.DstPort)
}

// install puts a child into the SAD and its keys into the log.
func (h *Host) install(c *ikev1.Child) error {
	sa := func(inbound bool) (*esp.SA, error) {
		p := c.Params(inbound)
		p.Rand, p.Deviations = h.cfg.Rand, h.cfg.Deviations.ESP
		h.keys.SAs = append(h.keys.SAs, keylog.SA{Src: p.Src, Dst: p.Dst, SPI: p.SPI, Proto: p.Proto, Suite: p.Suite, Keys: p.Keys})
		return esp.New(p)
	}
	in, errIn := sa(true)
	out, errOut := sa(false)
	if err := errors.Join(errIn, errOut); err != nil {
		return fmt.Errorf("harness/host: %s: %w", h.cfg.Name, err)
	}
	pair := spd.SAPair{Policy: c.Policy, Selector: c.Selector, Out: out, In: in}
	if pair.PeerSrc, pair.PeerDst = c.OriginalInitiator, c.OriginalResponder; c.Role == ikev1.Initiator {
		pair.PeerSrc, pair.PeerDst = pair.PeerDst, pair.PeerSrc
	}
	if err := h.end.Install(pair); err != nil {
		return err
	}
	h.carriers = append(h.carriers, &carrier{child: c, in: in, out: out})
	return nil
}

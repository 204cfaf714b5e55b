package host

import (
	"errors"
	"fmt"
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

func (h *Host) record(now time.Time, kind, detail string) {
	if h.cfg.Record != nil {
		h.cfg.Record(Event{Time: now, Kind: kind, Detail: detail})
	}
}

// fromSession follows a session: keys are kept, children go into and out of the SAD.
func (h *Host) fromSession(e ikev1.Event) {
	switch e.Kind {
	case ikev1.EventKeys:
		h.keys.ISAKMP = append(h.keys.ISAKMP, keylog.ISAKMP{
			CookieI: e.CookieI, CookieR: e.CookieR, PSK: h.ike.Auth.PSK, GXY: e.Keys.GXY,
			Ka: e.Keys.Key, SKEYID: e.Keys.SKEYID, SKEYIDd: e.Keys.D, SKEYIDa: e.Keys.A, SKEYIDe: e.Keys.E,
		})
	case ikev1.EventChild:
		if err := h.install(e.Child); err != nil {
			_ = h.failed(err)
			h.record(e.Time, "failed", err.Error())
		}
	case ikev1.EventChildGone:
		h.deletes++
		h.end.Remove(e.Child.SPIIn)
		h.end.RemoveOutbound(e.Child.SPIOut)
	case ikev1.EventDeleted:
		h.deletes++
	}
	if h.cfg.Record != nil {
		h.cfg.Record(Event{Time: e.Time, Kind: e.Kind.String(), Detail: e.Detail, IKE: &e})
	}
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
	return h.end.Install(spd.SAPair{Policy: c.Policy, Selector: c.Selector, Out: out, In: in})
}

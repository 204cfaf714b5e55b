// Package host is an IPsec host without I/O: IKEv1 sessions, an SPD and SAD, and ESP,
// put together so that whole IP packets go in on one side and come out on the other.
//
//	         FromApp                  Output.Wire
//	applications ──▶  SPD, SAD, ESP  ──▶  wire
//	applications ◀──  IKE sessions   ◀──  wire
//	        Output.App                 FromWire
//
// The same Host is the harness's own end of every trial and, with deviations switched on or
// not, the reference peer. What drives it (virtual time, or TUN devices and real time) is in
// package lab.
package host

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Config describes a host. It is not changed by the Host.
type Config struct {
	Name string
	Addr netip.Addr // on the wire
	// IKE is the negotiation with the one peer the host has: addresses, authentication, proposals and children.
	// Its Record and Deviations are used by the Host.
	IKE ikev1.Config
	SPD spd.SPD
	// OnDemand lets an outbound packet that needs an SA begin the negotiation of one.
	OnDemand   bool
	Deviations Deviations
	Rand       io.Reader   // IVs; nil: crypto/rand
	Record     func(Event) // nil: nobody listens
}

// Deviations are the faults of a host, by the layer they act in.
type Deviations struct {
	IKE ikev1.Deviations `yaml:"ike" json:"ike"`
	ESP esp.Deviations   `yaml:"esp" json:"esp"`
	SPD spd.Deviations   `yaml:"spd" json:"spd"`
}

// Event is something a Host did or noticed, for the journal. IKE is set for what a session
// reported; those events may hold keys.
type Event struct {
	Time   time.Time
	Kind   string
	Detail string
	IKE    *ikev1.Event
}

// Output is what a Host sends: whole IP packets, to the wire and to its own applications.
type Output struct {
	Wire, App [][]byte
}

func (o *Output) add(p Output) {
	o.Wire = append(o.Wire, p.Wire...)
	o.App = append(o.App, p.App...)
}

// Host is an IPsec host. It is not safe for concurrent use.
type Host struct {
	cfg      Config
	ike      ikev1.Config // cfg.IKE with our recorder
	end      *spd.Endpoint
	sessions []*session
	keys     keylog.Log
	failures []error
	deletes  int
	ident    uint16 // IP identification of what we send ourselves
}

// session is an IKE session with the children that wait for it.
type session struct {
	*ikev1.Session
	pending []string // policies to negotiate once phase 1 is done
}

// maxHalfOpen bounds the half-open negotiations of a host. A new one takes the place of the
// oldest, so that a flood costs no more memory and a real peer still gets its turn.
const maxHalfOpen = 64

// New makes a host.
func New(cfg Config) (*Host, error) {
	faults := cfg.Deviations.SPD
	faults.ReuseSPI = faults.ReuseSPI || cfg.Deviations.IKE.ReuseSPI // what is negotiated must also go into the SAD
	h := &Host{cfg: cfg, ike: cfg.IKE, end: spd.NewEndpoint(cfg.SPD, faults)}
	h.ike.Deviations = cfg.Deviations.IKE
	h.ike.Record = h.fromSession
	if _, err := ikev1.NewResponder(&h.ike); err != nil {
		return nil, fmt.Errorf("harness/host: %s: %w", cfg.Name, err)
	}
	return h, nil
}

// Name is what journals call the host.
func (h *Host) Name() string { return h.cfg.Name }

// Addr is the host's address on the wire.
func (h *Host) Addr() netip.Addr { return h.cfg.Addr }

// Keys is all key material negotiated so far.
func (h *Host) Keys() *keylog.Log { return &h.keys }

// Failures are the exchanges that failed so far, oldest first.
func (h *Host) Failures() []error { return h.failures }

// Deletes counts the children and ISAKMP SAs that were deleted, by whichever end.
func (h *Host) Deletes() int { return h.deletes }

// Established tells whether an ISAKMP SA stands.
func (h *Host) Established() bool { return h.established() != nil }

func (h *Host) established() *session {
	for i := len(h.sessions) - 1; i >= 0; i-- {
		if h.sessions[i].State() == ikev1.StateEstablished {
			return h.sessions[i]
		}
	}
	return nil
}

// Children are the live children of all sessions, oldest first.
func (h *Host) Children() []*ikev1.Child {
	var all []*ikev1.Child
	for _, s := range h.sessions {
		all = append(all, s.Children()...)
	}
	return all
}

// Negotiating tells whether an exchange of ours still waits for its end.
func (h *Host) Negotiating() bool {
	for _, s := range h.sessions {
		if s.Negotiating() {
			return true
		}
	}
	return false
}

// Initiate negotiates a child for the policy, and before that, where there is none, an ISAKMP SA.
func (h *Host) Initiate(now time.Time, policy string) (Output, error) {
	if s := h.established(); s != nil {
		ds, err := s.StartQuick(now, policy)
		return h.toWire(ds), h.failed(err)
	}
	for _, s := range h.sessions {
		if s.Role() == ikev1.Initiator && s.State() < ikev1.StateEstablished {
			s.want(policy)
			return Output{}, nil
		}
	}
	raw, err := ikev1.NewInitiator(&h.ike)
	if err != nil {
		return Output{}, h.failed(err)
	}
	s := &session{Session: raw}
	s.want(policy)
	h.sessions = append(h.sessions, s)
	ds, err := s.Start(now)
	return h.toWire(ds), h.failed(err)
}

func (s *session) want(policy string) {
	for _, p := range s.pending {
		if p == policy {
			return
		}
	}
	s.pending = append(s.pending, policy)
}

// DeleteChild deletes the newest child of the policy and tells the peer.
func (h *Host) DeleteChild(now time.Time, policy string) (Output, error) {
	for i := len(h.sessions) - 1; i >= 0; i-- {
		kids := h.sessions[i].Children()
		for j := len(kids) - 1; j >= 0; j-- {
			if kids[j].Policy == policy {
				ds, err := h.sessions[i].DeleteChild(now, kids[j].SPIIn)
				return h.toWire(ds), err
			}
		}
	}
	return Output{}, fmt.Errorf("harness/host: %s has no child of policy %q: %w", h.cfg.Name, policy, ikev1.ErrUnknownName)
}

// DeleteIKE deletes the ISAKMP SA and tells the peer.
func (h *Host) DeleteIKE(now time.Time) (Output, error) {
	s := h.established()
	if s == nil {
		return Output{}, fmt.Errorf("harness/host: %s: %w", h.cfg.Name, ikev1.ErrNotReady)
	}
	ds, err := s.Delete(now)
	return h.toWire(ds), err
}

// FromApp takes an IP packet of the host's applications.
func (h *Host) FromApp(now time.Time, ip []byte) Output {
	v, out := h.end.Outbound(now, ip)
	o := Output{Wire: out}
	if v.NeedSA != nil {
		h.record(now, "need-sa", v.Reason)
		if h.cfg.OnDemand && h.mayAsk(v.Policy) {
			more, err := h.Initiate(now, v.Policy)
			if err == nil {
				o.add(more)
			}
		}
	}
	return o
}

// mayAsk tells whether no negotiation for the policy is under way.
func (h *Host) mayAsk(policy string) bool {
	if h.Negotiating() {
		return false
	}
	for _, q := range h.cfg.IKE.Quick {
		if q.Name == policy {
			return true
		}
	}
	return false
}

// FromWire takes an IP packet from the wire: IKE goes to its session, everything else
// through the SPD. A packet that is not for the host is ignored.
func (h *Host) FromWire(now time.Time, ip []byte) Output {
	if d, ok := ikeDatagram(ip); ok {
		if d.Local.Addr() != h.cfg.Addr {
			return Output{}
		}
		return h.handleIKE(now, d)
	}
	v, in := h.end.Inbound(now, ip)
	if v.Action == spd.Discard {
		h.record(now, "inbound-discard", v.Reason)
	}
	return Output{App: in}
}

// Tick does what is due at now.
func (h *Host) Tick(now time.Time) Output {
	var o Output
	for _, s := range h.sessions {
		ds, err := s.Tick(now)
		o.add(h.toWire(ds))
		_ = h.failed(err)
	}
	h.sweep()
	return o
}

// Deadline is when Tick has something to do.
func (h *Host) Deadline() (time.Time, bool) {
	var first time.Time
	for _, s := range h.sessions {
		if t, ok := s.Deadline(); ok && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first, !first.IsZero()
}

func (h *Host) handleIKE(now time.Time, d ikev1.Datagram) Output {
	s := h.sessionFor(now, d)
	if s == nil {
		return Output{}
	}
	ds, err := s.Handle(now, d)
	_ = h.failed(err)
	o := h.toWire(ds)
	if s.State() == ikev1.StateEstablished {
		for _, p := range s.pending {
			ds, err := s.StartQuick(now, p)
			_ = h.failed(err)
			o.add(h.toWire(ds))
		}
		s.pending = nil
	}
	h.sweep()
	return o
}

// sessionFor finds the session a datagram belongs to, or makes one for a message 1.
func (h *Host) sessionFor(now time.Time, d ikev1.Datagram) *session {
	data := d.Data
	if d.Local.Port() == ikev1.PortNATT {
		data = data[4:]
	}
	hd, err := wire.ParseHeader(data)
	if err != nil {
		h.record(now, "dropped", err.Error())
		return nil
	}
	half, oldest := 0, -1
	for k, s := range h.sessions {
		i, r := s.Cookies()
		if hd.CookieI == i && (hd.CookieR == r || hd.CookieR.IsZero() || r.IsZero()) {
			return s
		}
		if s.Role() == ikev1.Responder && s.State() < ikev1.StateEstablished {
			if half++; oldest < 0 {
				oldest = k
			}
		}
	}
	switch {
	case hd.Exchange != wire.ExchangeMain && hd.Exchange != wire.ExchangeAggressive || !hd.CookieR.IsZero():
		h.record(now, "dropped", fmt.Sprintf("%v message of no SA of ours", hd.Exchange))
		return nil
	case d.Remote.Addr() != h.cfg.IKE.Remote.Addr():
		h.record(now, "dropped", fmt.Sprintf("message 1 from %v, who is not our peer", d.Remote.Addr()))
		return nil
	case half >= maxHalfOpen:
		h.record(now, "dropped", fmt.Sprintf("the oldest of %d half-open negotiations gives way to a new one", half))
		h.sessions = append(h.sessions[:oldest], h.sessions[oldest+1:]...)
	}
	raw, err := ikev1.NewResponder(&h.ike)
	if err != nil {
		_ = h.failed(err)
		return nil
	}
	s := &session{Session: raw}
	h.sessions = append(h.sessions, s)
	return s
}

// sweep forgets sessions that are over; their children live on in the SAD only as long as the session does.
func (h *Host) sweep() {
	live := h.sessions[:0]
	for _, s := range h.sessions {
		over := s.State() == ikev1.StateFailed || s.State() == ikev1.StateDeleted || s.State() == ikev1.StateNew
		if !over || len(s.Children()) > 0 {
			live = append(live, s)
		}
	}
	clear(h.sessions[len(live):])
	h.sessions = live
}

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

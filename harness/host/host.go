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
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/captures/keylog"
	"github.com/useipsec/useipsec/esp/spd"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/scenarios"
)

// Config describes a host. It is not changed by the Host.
type Config struct {
	Name string
	Addr netip.Addr // on the wire
	// IKE is the negotiation with the one peer the host has: addresses, authentication, proposals and children.
	// Its Record, FirstContact and Deviations are the Host's. An unspecified remote address lets anybody begin.
	IKE ikev1.Config
	SPD spd.SPD
	// OnDemand lets an outbound packet that needs an SA begin the negotiation of one.
	OnDemand   bool
	Deviations scenarios.Deviations
	Rand       io.Reader   // IVs; nil: crypto/rand
	Record     func(Event) // nil: nobody listens
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
	cfg       Config
	end       *spd.Endpoint
	fragments spd.Reassembler
	sessions  []*session
	keys      keylog.Log
	failures  []error
	deletes   int
	phases1   int        // ISAKMP SAs that were established
	quicks    int        // and quick modes
	refused   int        // failures that strangers may have brought about
	carriers  []*carrier // oldest first
	ident     uint16     // IP identification of what we send ourselves
}

// New makes a host.
func New(cfg Config) (*Host, error) {
	faults := cfg.Deviations.SPD
	faults.ReuseSPI = faults.ReuseSPI || cfg.Deviations.IKE.ReuseSPI // what is negotiated must also go into the SAD
	h := &Host{cfg: cfg, end: spd.NewEndpoint(cfg.SPD, faults)}
	_, errR := ikev1.NewResponder(&cfg.IKE)
	_, errI := ikev1.NewInitiator(&cfg.IKE) // some methods of authentication ask more of one end
	if err := cmp.Or(errR, errI); errR != nil && errI != nil {
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

// ISAKMP counts the ISAKMP SAs that were established so far.
func (h *Host) ISAKMP() int { return h.phases1 }

// Quicks counts the quick modes that were established so far.
func (h *Host) Quicks() int { return h.quicks }

// Established tells whether an ISAKMP SA stands.
func (h *Host) Established() bool { return h.established() != nil }

// Children are the live children of all sessions, oldest first.
func (h *Host) Children() []*ikev1.Child {
	var all []*ikev1.Child
	for _, s := range h.sessions {
		for _, c := range s.Children() {
			if !slices.Contains(all, c) {
				all = append(all, c)
			}
		}
	}
	return all
}

// Lease is what mode config gave this host, or it the peer, under the newest ISAKMP SA.
func (h *Host) Lease() ikev1.Lease {
	if s := h.established(); s != nil {
		return s.Lease()
	}
	return ikev1.Lease{}
}

// Negotiating tells whether an exchange of ours still waits for its end.
func (h *Host) Negotiating() bool {
	for _, s := range h.sessions {
		if s.Negotiating() || s.State() == ikev1.StateEstablished && len(s.pending) > 0 {
			return true
		}
	}
	return false
}

// FromApp takes an IP packet of the host's applications.
func (h *Host) FromApp(now time.Time, ip []byte) Output {
	v, out := h.end.Outbound(now, ip)
	o := Output{Wire: out}
	o.add(h.count(now, h.carrier(false, v.SPI)))
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
// through the SPD, both once fragments are put together (RFC 2401 5.2). A packet that is not
// for the host is ignored.
func (h *Host) FromWire(now time.Time, ip []byte) Output {
	if ip = h.fragments.Packet(now, ip); ip == nil {
		return Output{}
	}
	if d, ok := ikeDatagram(ip); ok {
		if d.Local.Addr() != h.cfg.Addr {
			h.record(now, "dropped", fmt.Sprintf("IKE message for %v, who is not this host", d.Local.Addr()))
			return Output{}
		}
		return h.handleIKE(now, d)
	}
	v, in := h.end.Inbound(now, ip)
	if v.Action == spd.Discard {
		h.record(now, "inbound-discard", v.Reason)
	}
	if v.Moved != nil {
		h.moved(now, h.carrier(true, v.SPI), *v.Moved)
	}
	o := Output{App: in}
	if v.Action == spd.Protect {
		o.add(h.count(now, h.carrier(true, v.SPI)))
	}
	return o
}

// Tick does what is due at now.
func (h *Host) Tick(now time.Time) Output {
	var o Output
	for _, s := range slices.Clone(h.sessions) {
		ds, err := s.Tick(now)
		o.add(h.toWire(ds))
		h.failedFor(s, err)
		o.add(h.begin(now, s))
	}
	o.add(h.renewals(now))
	h.sweep()
	return o
}

// Deadline is when Tick has something to do.
func (h *Host) Deadline() (time.Time, bool) {
	var first time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, s := range h.sessions {
		t, _ := s.Deadline()
		earlier(t)
		if s.State() == ikev1.StateEstablished {
			earlier(s.renew)
			earlier(s.retire)
			if len(s.pending) > 0 {
				earlier(s.ready)
			}
		}
	}
	return first, !first.IsZero()
}

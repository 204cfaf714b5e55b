package ikev1

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Session is one ISAKMP SA: its phase 1 and the quick modes and informational exchanges under it.
type Session struct {
	cfg   *Config
	role  Role
	state State
	rand  io.Reader
	now   time.Time
	err   error

	cookieI, cookieR wire.Cookie
	local, remote    netip.AddrPort // where messages go now; NAT traversal changes the ports

	suite    keymat.Suite
	offer    *wire.SA // what the initiator offered
	saBody   []byte   // SAi_b
	dh       *keymat.PrivateKey
	gxi, gxr []byte
	ni, nr   []byte
	idBody   [2][]byte // IDii_b, IDir_b
	peerID   wire.ID
	peerCert *x509.Certificate
	first    []Datagram // message 1
	sent     int        // messages so far
	own      [32]byte   // digest of the last one

	fragmentID    uint16        // of what was sent last
	peerFragments bool          // the peer can put fragments together
	reassemblies  []*reassembly // oldest first

	requests []*wire.CertRequest // what the peer asked for
	keys     keymat.Phase1
	gxy      []byte
	iv       []byte // last CBC block of phase 1: the next phase 1 IV, and the root of phase 2 IVs (RFC 2409 appendix B)

	life           life      // of the ISAKMP SA: what was offered to this end, or what the responder told
	protected      uint64    // octets this end encrypted under it
	rekey, expires time.Time // of the ISAKMP SA
	rekeyed        bool
	giveUp         time.Time // a half-open negotiation as responder
	dpd            dpd

	natt   natt
	flight flight // of phase 1
	quicks map[uint32]*quick
	order  []uint32 // message IDs of quicks, oldest first
	kids   *children
	heir   *Session       // that replaced this one
	trans  []*transaction // oldest first
	stage  stage          // of extended authentication and mode config
	user   string         // who authenticated by XAUTH
	lease  Lease          // what mode config gave or took
	seen   recent[uint32] // message IDs of exchanges that are over (RFC 2408 2.5.3)
	hashes recent[string] // of messages that begin an exchange: see replayed
}

// maxQuicks bounds the quick modes a Session remembers; the oldest is forgotten first.
const maxQuicks = 64

// NewInitiator makes a Session that will begin phase 1 when Start is called.
func NewInitiator(cfg *Config) (*Session, error) {
	s, err := newSession(cfg, Initiator)
	if err != nil {
		return nil, err
	}
	return s, s.randomCookie(&s.cookieI)
}

// NewResponder makes a Session that waits for message 1.
func NewResponder(cfg *Config) (*Session, error) { return newSession(cfg, Responder) }

func newSession(cfg *Config, role Role) (*Session, error) {
	if err := cfg.check(role); err != nil {
		return nil, err
	}
	r := cfg.Rand
	if r == nil {
		r = rand.Reader
	}
	return &Session{
		cfg: cfg, role: role, rand: r, local: cfg.Local, remote: cfg.Remote,
		quicks: map[uint32]*quick{}, kids: &children{},
	}, nil
}

// Start sends message 1. Only an initiator starts.
func (s *Session) Start(now time.Time) ([]Datagram, error) {
	if s.role != Initiator || s.state != StateNew {
		return nil, fmt.Errorf("ikev1: Start in state %v as %v", s.state, s.role)
	}
	s.now = now
	if s.cfg.Mode == Aggressive {
		return s.sendAggressive1()
	}
	return s.sendMain1()
}

// Cookies gives the cookie pair; the responder's is zero until it is known.
func (s *Session) Cookies() (i, r wire.Cookie) { return s.cookieI, s.cookieR }

// Path gives the addresses and ports that messages go between now.
func (s *Session) Path() (local, remote netip.AddrPort) { return s.local, s.remote }

// State tells where phase 1 stands.
func (s *Session) State() State { return s.state }

// Role tells which end of phase 1 this is.
func (s *Session) Role() Role { return s.role }

// Err is why the Session failed, nil while it has not.
func (s *Session) Err() error { return s.err }

// PeerID is the identity the peer asserted and proved; the zero value before that.
func (s *Session) PeerID() wire.ID { return s.peerID }

// PeerCertificate is the certificate that the peer proved to be its own, nil without one.
func (s *Session) PeerCertificate() *x509.Certificate { return s.peerCert }

// Children are the live pairs of IPsec SAs, oldest first. The slice is a copy, the children are shared.
func (s *Session) Children() []*Child { return slices.Clone(s.kids.list) }

// Tick does what is due: retransmissions and giving up.
func (s *Session) Tick(now time.Time) ([]Datagram, error) {
	s.now = now
	out, err := s.tickFlight(&s.flight)
	if err != nil {
		return nil, s.fail(err)
	}
	for _, id := range s.order {
		q := s.quicks[id]
		more, qerr := s.tickFlight(&q.flight)
		out = append(out, more...)
		switch {
		case qerr == nil:
		case q.state == quick3Sent && s.tolerate(refuse(wire.NotifyConnected, "the commit bit was set and CONNECTED does not come (RFC 2408 3.1)")) == nil:
			s.install(q)
		default:
			err = errors.Join(err, s.failQuick(q, qerr))
		}
	}
	more, terr := s.tickTransactions()
	out, err = append(out, more...), errors.Join(err, terr)
	if s.state == StateEstablished && s.probes() && !s.dpd.next.IsZero() && !s.now.Before(s.dpd.next) {
		more, derr := s.probe()
		out, err = append(out, more...), errors.Join(err, derr)
	}
	out = append(out, s.keepMapping()...)
	more, aerr := s.age()
	return append(out, more...), errors.Join(err, aerr)
}

// Negotiating tells whether an answer of the peer is waited for.
func (s *Session) Negotiating() bool {
	waiting := s.flight.waiting
	for _, q := range s.quicks {
		waiting = waiting || q.flight.waiting
	}
	for _, t := range s.trans {
		waiting = waiting || t.flight.waiting
	}
	return waiting || s.state == StateTransaction
}

// Deadline is when Tick has something to do.
func (s *Session) Deadline() (time.Time, bool) {
	var at time.Time
	earlier := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	flight := func(f *flight) {
		if f.waiting {
			earlier(f.next)
		}
	}
	flight(&s.flight)
	for _, q := range s.quicks {
		flight(&q.flight)
	}
	for _, t := range s.trans {
		flight(&t.flight)
	}
	s.due(earlier)
	return at, !at.IsZero()
}

func (s *Session) enter(st State) {
	s.state = st
	s.record(Event{Kind: EventState, Detail: st.String()})
	if st == StateEstablished {
		s.life = s.cfg.life().or(defaultLifetime).shorter(s.life)
		s.rekey, s.expires = s.lives(s.life.time)
		s.heard()
		s.record(Event{Kind: EventEstablished})
		if every := s.keepaliveEvery(); every > 0 {
			s.natt.keepalive = s.now.Add(every)
		}
	}
}

// authenticated tells whether phase 1 is done and the SA is not gone.
func (s *Session) authenticated() bool {
	return s.state == StateTransaction || s.state == StateEstablished
}

func (s *Session) record(e Event) {
	if s.cfg.Record == nil {
		return
	}
	e.Time, e.CookieI, e.CookieR = s.now, s.cookieI, s.cookieR
	s.cfg.Record(e)
}

func (s *Session) drop(format string, args ...any) ([]Datagram, error) {
	s.record(Event{Kind: EventDropped, Detail: fmt.Sprintf(format, args...)})
	return nil, nil
}

// tolerate reports a broken rule and tells whether to go on all the same.
func (s *Session) tolerate(err error) error {
	if !s.cfg.Tolerant {
		return err
	}
	s.record(Event{Kind: EventTolerated, Detail: err.Error()})
	return nil
}

// fail ends phase 1.
func (s *Session) fail(err error) error {
	s.stopWaiting()
	s.err = fmt.Errorf("ikev1: phase 1 in state %v: %w", s.state, err)
	s.record(Event{Kind: EventFailed, Detail: s.err.Error()})
	s.enter(StateFailed)
	return s.err
}

func (s *Session) randomCookie(c *wire.Cookie) error {
	_, err := io.ReadFull(s.rand, c[:])
	return err
}

func (s *Session) random(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.rand, b)
	return b, err
}

// exchange collects the inputs of key derivation.
func (s *Session) exchange() keymat.Exchange {
	return keymat.Exchange{
		CookieI: s.cookieI, CookieR: s.cookieR,
		Ni: s.ni, Nr: s.nr, GXi: s.gxi, GXr: s.gxr, GXY: s.gxy,
	}
}

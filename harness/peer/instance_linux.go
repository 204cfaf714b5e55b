package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/useipsec/useipsec/captures/live"
	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/scratch"
)

// instance is what running peers have in common: a daemon somewhere, and the
// wire it is attached to.
type instance struct {
	env     Env
	info    Info
	program program
	dir     *scratch.Dir

	ns, wire *lab.Namespace // wire is nil for a guest, whose tap is in ns
	link     *lab.EthernetLink
	daemon   daemon
	guest    *guest // nil without one
	apps     lab.Apps
	done     <-chan struct{}

	mu      sync.Mutex
	config  Config    // as last configured
	conf    confFiles // its files, redacted
	secrets [][]byte  // of all configurations: the log goes back to the first

	closing  sync.Once
	closeErr error
}

// newInstance is an instance that has not been started.
func newInstance(name string, env Env, p program) *instance {
	p.Carrier = env.Carrier
	if env.Name == "" {
		env.Name = name
	}
	return &instance{env: env, program: p, info: Info{Name: name, Carrier: env.Carrier, Carriers: []Carrier{env.Carrier}}}
}

// start builds the namespace, the wire and the daemon, or leaves nothing.
func (s *instance) start(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = scratch.New(); err != nil {
		return err
	}
	if s.ns, err = lab.NewNamespace(s.env.Name); err != nil {
		return err
	}
	if s.env.Carrier == CarrierGuest {
		return s.startGuest(ctx)
	}
	return s.startHere(ctx)
}

// A kernel that has asked for an SA does not ask again for this long, whatever
// has become of it since: it must not reach into the next scenario. charon sets a
// value of its own.
const (
	acquireLifetime = "core/xfrm_acq_expires"
	acquireSeconds  = "2"
)

// startHere runs the daemon in the instance's namespace, on a veth.
func (s *instance) startHere(ctx context.Context) error {
	wire, err := lab.NewNamespace(s.env.Name + "-wire")
	if err != nil {
		return err
	}
	s.wire = wire
	veth, err := lab.NewVeth(s.ns, wire, lab.VethConfig{MTU: s.env.MTU, Addrs: []netip.Prefix{s.env.Addr}})
	if err != nil {
		return err
	}
	if s.env.Inner.IsValid() {
		if err := s.ns.AddAddress("lo", s.env.Inner); err != nil {
			return err
		}
	}
	for _, key := range []string{"all", veth.Name} {
		if err := s.ns.Sysctl("ipv4/conf/"+key+"/rp_filter", "0"); err != nil {
			return err
		}
	}
	if s.env.Carrier == CarrierKernel {
		// A user namespace does not show this value.
		if err := s.ns.Sysctl(acquireLifetime, acquireSeconds); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.tap(wire, veth.WireName, veth.MAC); err != nil {
		return err
	}
	d, err := s.program.start(ctx, s.dir.Path(), s.ns.Start)
	if err != nil {
		return err
	}
	s.daemon, s.apps, s.done = d, lab.NewApps(s.ns), d.ended()
	s.info.Version = d.running().version
	return nil
}

// tap takes hold of the wire's end.
func (s *instance) tap(ns *lab.Namespace, device string, mac [6]byte) error {
	return ns.Do(func() error {
		frames, err := live.Open(device, live.IgnoreOutgoing())
		if err != nil {
			return err
		}
		s.link = lab.NewEthernetLink(frames, mac)
		return nil
	})
}

// Info implements Instance.
func (s *instance) Info() Info { return s.info }

// Done implements Instance.
func (s *instance) Done() <-chan struct{} { return s.done }

// Ended implements Instance.
func (s *instance) Ended() string {
	select {
	case <-s.done:
	default:
		return ""
	}
	if s.guest != nil {
		return s.guest.ended()
	}
	if d, ok := s.daemon.(localDaemon); ok {
		return fmt.Sprintf("%s: %v", d.running().name, d.running().proc.Err())
	}
	return "its process ended"
}

// Apps implements Instance.
func (s *instance) Apps() lab.Apps { return s.apps }

// Link implements Instance.
func (s *instance) Link() lab.Link { return s.link }

// remember keeps a configuration for the evidence, without its secrets.
func (s *instance) remember(c Config, conf confFiles) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range c.secrets() {
		if !slices.ContainsFunc(s.secrets, func(known []byte) bool { return bytes.Equal(known, secret) }) {
			s.secrets = append(s.secrets, secret)
		}
	}
	s.config, s.conf = c, conf.redacted(s.secrets)
}

// redact takes the secrets of every configuration so far out of text.
func (s *instance) redact(text []byte) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return redact(text, s.secrets)
}

// configured is what remember kept last.
func (s *instance) configured() (Config, confFiles) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config, s.conf
}

// Reset implements Instance.
func (s *instance) Reset(ctx context.Context) error {
	return s.said("reset", s.daemon.load(ctx, nil))
}

// command runs the control program, whose output only its errors are.
func (s *instance) command(ctx context.Context, doing string, args ...string) error {
	_, err := s.daemon.control(ctx, args...)
	return s.said(doing, err)
}

// said wraps what the peer said, without its secrets.
func (s *instance) said(doing string, err error) error {
	if err == nil {
		return nil
	}
	if s.guest != nil && errors.Is(err, ErrEnded) {
		err = s.guest.explain(err)
	}
	text := string(s.redact([]byte(err.Error())))
	return fmt.Errorf("harness/peer: %s: %s: %w", s.env.Name, doing, &saidError{text, err})
}

// saidError keeps the identity of an error whose text was redacted.
type saidError struct {
	text string
	err  error
}

func (e *saidError) Error() string { return e.text }
func (e *saidError) Unwrap() error { return e.err }

// limit is how long a command may take: a little less than ctx, so that the
// peer's own answer arrives.
func limit(ctx context.Context) time.Duration {
	left := 10 * time.Second
	if d, ok := ctx.Deadline(); ok {
		left = time.Until(d) - time.Second
	}
	return max(time.Second, left)
}

// artifacts are those that every peer has.
func (s *instance) artifacts(ctx context.Context, product string) (map[string][]byte, error) {
	log, err := s.daemon.log(ctx)
	files := map[string][]byte{
		"version": []byte(strings.TrimSpace(product+" "+s.info.Version+"\n"+s.info.Detail) + "\n"),
		"log":     s.redact(log),
	}
	if s.guest != nil {
		console, cerr := s.guest.output()
		files["console"], err = s.redact(console), errors.Join(err, cerr)
	}
	return files, err
}

// Close implements Instance.
func (s *instance) Close() error {
	s.closing.Do(func() {
		var errs []error
		if s.daemon != nil {
			errs = append(errs, s.daemon.stop())
		}
		if s.guest != nil {
			errs = append(errs, s.guest.close())
		}
		if s.link != nil {
			errs = append(errs, s.link.Close())
		}
		for _, ns := range []*lab.Namespace{s.wire, s.ns} {
			if ns != nil {
				errs = append(errs, ns.Close())
			}
		}
		if s.dir != nil {
			errs = append(errs, s.dir.Close())
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

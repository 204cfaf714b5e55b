package peer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/useipsec/useipsec/harness/lab"
)

// strongSwan is a running instance.
type strongSwan struct {
	env  Env
	info Info
	dir  string

	ns, wire *lab.Namespace // wire is nil for a guest, whose tap is in ns
	link     *lab.EthernetLink
	daemon   swanDaemon
	guest    *guest // nil without one
	apps     lab.Apps
	done     <-chan struct{}

	mu     sync.Mutex
	config Config // as last configured
	conf   []byte // its text, redacted

	closing  sync.Once
	closeErr error
}

var _ Instance = (*strongSwan)(nil)

func (s *strongSwan) wireAddrs() []netip.Prefix { return []netip.Prefix{s.env.Addr} }

// Info implements Instance.
func (s *strongSwan) Info() Info { return s.info }

// Done implements Instance.
func (s *strongSwan) Done() <-chan struct{} { return s.done }

// Apps implements Instance.
func (s *strongSwan) Apps() lab.Apps { return s.apps }

// Link implements Instance.
func (s *strongSwan) Link() lab.Link { return s.link }

// Configure implements Instance.
func (s *strongSwan) Configure(ctx context.Context, c Config) error {
	if err := swanSupports(c, s.env.Carrier); err != nil {
		return err
	}
	conf, err := swanctlConf(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.config, s.conf = c, redact(conf, c.IKE.PSK)
	s.mu.Unlock()
	if err := s.block(c); err != nil {
		return s.said("configure", err)
	}
	return s.said("configure", s.daemon.load(ctx, conf))
}

// block keeps traffic of a tunnel from leaving in clear while there is no SA, as trap policies
// do elsewhere: userspace ESP has none, and routes into its tunnel only once an SA is up.
func (s *strongSwan) block(c Config) error {
	if s.env.Carrier != CarrierNamespace || c.Child.Mode != "tunnel" || !c.RemoteInner.IsValid() {
		return nil
	}
	return s.ns.Unreachable(c.RemoteInner)
}

// Reset implements Instance.
func (s *strongSwan) Reset(ctx context.Context) error {
	return s.said("reset", s.daemon.load(ctx, nil))
}

// Initiate implements Instance.
func (s *strongSwan) Initiate(ctx context.Context) error {
	return s.command(ctx, "initiate", "--initiate", "--child", swanChild, "--timeout", seconds(ctx))
}

// Rekey implements Instance.
func (s *strongSwan) Rekey(ctx context.Context, what SA) error {
	name, err := swanSA(what)
	if err != nil {
		return err
	}
	return s.command(ctx, "rekey "+what.String(), append([]string{"--rekey"}, name...)...)
}

// Delete implements Instance.
func (s *strongSwan) Delete(ctx context.Context, what SA) error {
	name, err := swanSA(what)
	if err != nil {
		return err
	}
	return s.command(ctx, "delete "+what.String(), append([]string{"--terminate", "--timeout", seconds(ctx)}, name...)...)
}

func swanSA(what SA) ([]string, error) {
	switch what {
	case Child:
		return []string{"--child", swanChild}, nil
	case IKE:
		return []string{"--ike", swanConn}, nil
	}
	return nil, unsupported(what.String(), "there is no such SA")
}

func (s *strongSwan) command(ctx context.Context, doing string, args ...string) error {
	_, err := s.daemon.swanctl(ctx, args...)
	return s.said(doing, err)
}

// said wraps what the peer said, without its secret.
func (s *strongSwan) said(doing string, err error) error {
	if err == nil {
		return nil
	}
	if s.guest != nil && errors.Is(err, ErrEnded) {
		err = s.guest.explain(err)
	}
	s.mu.Lock()
	psk := s.config.IKE.PSK
	s.mu.Unlock()
	text := string(redact([]byte(err.Error()), psk))
	return fmt.Errorf("harness/peer: %s: %s: %w", s.env.Name, doing, &saidError{text, err})
}

// saidError keeps the identity of an error whose text was redacted.
type saidError struct {
	text string
	err  error
}

func (e *saidError) Error() string { return e.text }
func (e *saidError) Unwrap() error { return e.err }

// seconds is how long a command may take: a little less than ctx, so that the
// peer's own answer arrives.
func seconds(ctx context.Context) string {
	left := 10 * time.Second
	if d, ok := ctx.Deadline(); ok {
		left = time.Until(d) - time.Second
	}
	return strconv.Itoa(max(1, int(left.Seconds())))
}

// Artifacts implements Instance.
func (s *strongSwan) Artifacts(ctx context.Context) (map[string][]byte, error) {
	s.mu.Lock()
	conf, psk := s.conf, s.config.IKE.PSK
	s.mu.Unlock()
	log, err := s.daemon.log(ctx)
	files := map[string][]byte{
		"config":          conf,
		"strongswan.conf": strongswanConf("(directory)", s.env.Carrier),
		"version":         []byte(strings.TrimSpace("strongSwan "+s.info.Version+"\n"+s.info.Detail) + "\n"),
		"log":             redact(log, psk),
	}
	if s.guest != nil {
		console, cerr := s.guest.output()
		files["console"], err = redact(console, psk), errors.Join(err, cerr)
	}
	return files, err
}

// Close implements Instance.
func (s *strongSwan) Close() error {
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
		if s.dir != "" {
			errs = append(errs, os.RemoveAll(s.dir))
		}
		s.closeErr = errors.Join(errs...)
	})
	return s.closeErr
}

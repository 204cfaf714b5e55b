package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/useipsec/useipsec/captures/live"
	"github.com/useipsec/useipsec/harness/lab"
)

func swanInstalled() error {
	for _, p := range []string{charonPath, swanctlPath} {
		if _, err := os.Stat(p); err != nil {
			return &UnavailableError{Peer: strongSwanName, Reason: p + " is missing", Install: strongSwanInstall}
		}
	}
	return nil
}

// pluginHere looks for a plugin of the daemon.
func pluginHere(name string) bool {
	found, _ := filepath.Glob("/usr/lib*/ipsec/plugins/libstrongswan-" + name + ".so")
	return len(found) > 0
}

var kernelESP = sync.OnceValues(lab.KernelESP)

// carrierHere says whether this machine has a carrier, or what it lacks.
func carrierHere(c Carrier) error {
	lacks := func(install, format string, args ...any) error {
		return &UnavailableError{Peer: strongSwanName, Reason: fmt.Sprintf(format, args...), Install: install}
	}
	if err := lab.CanNetns(); err != nil {
		return lacks("", "%v", err)
	}
	switch c {
	case CarrierNamespace:
		if !pluginHere("kernel-libipsec") {
			return lacks(strongSwanInstall, "its plugin kernel-libipsec is missing")
		}
	case CarrierKernel:
		switch has, err := kernelESP(); {
		case err != nil:
			return lacks("", "%v", err)
		case !has:
			return lacks("", "this kernel has no ESP")
		}
	case CarrierGuest:
		if raceDetector {
			return lacks("", "a program built with the race detector cannot run in a guest")
		}
		if _, err := os.Stat(umlPath); err != nil {
			return lacks(strongSwanGuestApt, "transport mode needs ESP in a kernel, this one has none and %s is missing", umlPath)
		}
		if found, _ := filepath.Glob(filepath.Join(umlModules, "*", "kernel")); len(found) == 0 {
			return lacks(strongSwanGuestApt, "the modules of User-mode Linux are missing below %s", umlModules)
		}
	default:
		return lacks("", "unknown carrier %v", c)
	}
	return nil
}

func reasonOf(err error) string {
	var u *UnavailableError
	if errors.As(err, &u) {
		return u.Reason
	}
	return err.Error()
}

// swanVersion starts the daemon where it meets nobody and returns what it says it
// is. The control program does not know without one.
func swanVersion(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "useipsec-")
	if err != nil {
		return "", fmt.Errorf("harness/peer: %w", err)
	}
	defer os.RemoveAll(dir)
	ns, err := lab.NewNamespace("probe")
	if err != nil {
		return "", err
	}
	c, err := startCharon(ctx, dir, CarrierKernel, ns.Start)
	if err != nil {
		return "", errors.Join(err, ns.Close())
	}
	return c.version, errors.Join(c.stop(), ns.Close())
}

// swanDaemon is a strongSwan that can be spoken to: here, or inside a guest.
type swanDaemon interface {
	load(ctx context.Context, conf []byte) error
	swanctl(ctx context.Context, args ...string) (string, error)
	log(ctx context.Context) ([]byte, error)
	stop() error
}

// startStrongSwan builds the namespace, the wire and the daemon of env.Carrier.
func startStrongSwan(ctx context.Context, env Env) (_ Instance, err error) {
	s := &strongSwan{env: env, info: Info{Name: strongSwanName, Carrier: env.Carrier, Carriers: []Carrier{env.Carrier}}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "useipsec-"); err != nil { // mode 0700
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	if s.ns, err = lab.NewNamespace(env.Name); err != nil {
		return nil, err
	}
	if env.Carrier == CarrierGuest {
		err = s.startGuest(ctx)
	} else {
		err = s.startHere(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// startHere runs the daemon in the instance's namespace, on a veth.
func (s *strongSwan) startHere(ctx context.Context) error {
	wire, err := lab.NewNamespace(s.env.Name + "-wire")
	if err != nil {
		return err
	}
	s.wire = wire
	veth, err := lab.NewVeth(s.ns, wire, lab.VethConfig{MTU: s.env.MTU, Addrs: s.wireAddrs()})
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
	if err := s.tap(wire, veth.WireName, veth.MAC); err != nil {
		return err
	}
	c, err := startCharon(ctx, s.dir, s.env.Carrier, s.ns.Start)
	if err != nil {
		return err
	}
	s.daemon, s.apps, s.done = c, lab.NewApps(s.ns), c.proc.Done()
	s.info.Version = c.version
	return nil
}

// tap takes hold of the wire's end.
func (s *strongSwan) tap(ns *lab.Namespace, device string, mac [6]byte) error {
	return ns.Do(func() error {
		frames, err := live.Open(device, live.IgnoreOutgoing())
		if err != nil {
			return err
		}
		s.link = lab.NewEthernetLink(frames, mac)
		return nil
	})
}

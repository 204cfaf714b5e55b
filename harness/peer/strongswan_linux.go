package peer

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/useipsec/useipsec/harness/lab"
	"github.com/useipsec/useipsec/harness/scratch"
)

func swanInstalled() error {
	for _, p := range []string{charonPath, swanctlPath} {
		if _, err := os.Stat(p); err != nil {
			return &UnavailableError{Peer: strongSwanName, Reason: p + " is missing", Install: strongSwanInstall}
		}
	}
	for _, p := range swanExtraPlugins {
		if !pluginHere(p) {
			return &UnavailableError{Peer: strongSwanName, Reason: "its plugin " + p + " is missing", Install: strongSwanInstall}
		}
	}
	return nil
}

// pluginHere looks for a plugin of the daemon.
func pluginHere(name string) bool {
	found, _ := filepath.Glob("/usr/lib*/ipsec/plugins/libstrongswan-" + name + ".so")
	return len(found) > 0
}

// swanCarrierHere says whether strongSwan has a carrier on this machine.
func swanCarrierHere(c Carrier) error {
	if err := carrierHere(strongSwanName, c); err != nil {
		return err
	}
	if c == CarrierNamespace && !pluginHere("kernel-libipsec") {
		return &UnavailableError{Peer: strongSwanName, Reason: "its plugin kernel-libipsec is missing", Install: strongSwanInstall}
	}
	return nil
}

// swanVersion starts the daemon where it meets nobody and returns what it says it
// is. The control program does not know without one.
func swanVersion(ctx context.Context) (string, error) {
	dir, err := scratch.New()
	if err != nil {
		return "", err
	}
	defer dir.Close()
	ns, err := lab.NewNamespace("probe")
	if err != nil {
		return "", err
	}
	c, err := startCharon(ctx, dir.Path(), CarrierKernel, ns.Start)
	if err != nil {
		return "", errors.Join(err, ns.Close())
	}
	return c.version, errors.Join(c.stop(), ns.Close())
}

func startStrongSwan(ctx context.Context, env Env) (Instance, error) {
	s := &strongSwan{newInstance(strongSwanName, env, program{Name: charonDaemon})}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
)

const (
	charonDaemon = "charon"
	charonPath   = "/usr/sbin/charon-systemd"
	swanctlPath  = "/usr/sbin/swanctl"
)

// charon is a running strongSwan daemon.
type charon struct{ service }

var versionPattern = regexp.MustCompile(`strongSwan ([0-9][^,\s]*)`)

// startCharon starts strongSwan's daemon with its files in dir.
func startCharon(ctx context.Context, dir string, carrier Carrier, launch launcher) (*charon, error) {
	c := &charon{service{name: charonDaemon, dir: dir}}
	c.environ = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
		"STRONGSWAN_CONF=" + c.path("strongswan.conf"), "SWANCTL_DIR=" + c.path("swanctl"),
	}
	if err := os.MkdirAll(c.path("swanctl"), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.path("strongswan.conf"), strongswanConf(dir, carrier), 0o600); err != nil {
		return nil, err
	}
	if err := c.run(ctx, exec.Command(charonPath), launch); err != nil {
		return nil, err
	}
	if m := versionPattern.FindStringSubmatch(c.status); m != nil {
		c.version = m[1]
	}
	return c, nil
}

// control runs swanctl.
func (c *charon) control(ctx context.Context, args ...string) (string, error) {
	return c.tool(ctx, swanctlPath, args...)
}

// load takes swanctl.conf, and what lies beside it.
func (c *charon) load(ctx context.Context, conf confFiles) error {
	// What is not in conf is taken away, keys of an earlier configuration too.
	if err := os.RemoveAll(c.path("swanctl")); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if conf == nil {
		conf = confFiles{swanctlFile: nil}
	}
	if err := conf.write(c.path("swanctl")); err != nil {
		return err
	}
	if err := c.clear(ctx); err != nil {
		return err
	}
	out, err := c.control(ctx, "--load-all", "--clear", "--noprompt")
	if failed := unloadedPattern.FindAllString(out, -1); failed != nil {
		return fmt.Errorf("%w: swanctl --load-all: %s", ErrCommand, strings.Join(failed, "; "))
	}
	return err
}

// unloadedPattern is what swanctl says of a key or a certificate that it leaves out, which is no failure to it.
var unloadedPattern = regexp.MustCompile(`(?m)^loading .* failed:.*$`)

var saPattern = regexp.MustCompile(`(?m)^\S[^\n]*?: #(\d+),`)

// clear ends every SA, half-open ones included.
func (c *charon) clear(ctx context.Context) error {
	list, err := c.control(ctx, "--list-sas")
	if err != nil {
		return err
	}
	for _, m := range saPattern.FindAllStringSubmatch(list, -1) {
		// One that ended by itself in the meantime is no failure.
		if _, err := c.control(ctx, "--terminate", "--ike-id", m[1], "--force", "--timeout", "2"); err != nil && !errors.Is(err, ErrCommand) {
			return err
		}
	}
	return nil
}

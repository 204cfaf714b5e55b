package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/useipsec/useipsec/harness/lab"
)

const (
	charonPath  = "/usr/sbin/charon-systemd"
	swanctlPath = "/usr/sbin/swanctl"
)

// maxSocketPath is the room in struct sockaddr_un, less its final zero.
const maxSocketPath = 107

// charon is a running strongSwan daemon and its private directory, on whichever
// machine this code runs: the harness's, or inside a guest.
type charon struct {
	dir     string
	proc    *lab.Process
	version string
}

// startCharon starts the daemon with its files in dir and returns when it is
// ready, which it announces itself through the notification socket of systemd.
func startCharon(ctx context.Context, dir string, carrier Carrier, start func(*exec.Cmd) (*lab.Process, error)) (*charon, error) {
	c := &charon{dir: dir}
	if err := os.MkdirAll(c.path("swanctl"), 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.path("strongswan.conf"), strongswanConf(dir, carrier), 0o600); err != nil {
		return nil, err
	}
	if n := len(c.path("notify")); n > maxSocketPath {
		return nil, fmt.Errorf("harness/peer: %s: %d octets are too long for a socket's path, at most %d; set TMPDIR", c.path("notify"), n, maxSocketPath)
	}
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: c.path("notify")})
	if err != nil {
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	defer notify.Close()
	stdout, err := os.OpenFile(c.path("charon.out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	cmd := exec.Command(charonPath)
	cmd.Env = append(c.environ(), "NOTIFY_SOCKET="+c.path("notify"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", stdout, stdout
	if c.proc, err = start(cmd); err != nil {
		return nil, err
	}
	if err := c.awaitReady(ctx, notify); err != nil {
		c.proc.Kill()
		return nil, err
	}
	return c, nil
}

func (c *charon) path(name string) string { return filepath.Join(c.dir, name) }

func (c *charon) environ() []string {
	return []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
		"STRONGSWAN_CONF=" + c.path("strongswan.conf"), "SWANCTL_DIR=" + c.path("swanctl"),
	}
}

var versionPattern = regexp.MustCompile(`strongSwan ([0-9][^,\s]*)`)

// awaitReady waits for READY=1 (sd_notify(3)), the daemon's end or ctx's.
func (c *charon) awaitReady(ctx context.Context, notify *net.UnixConn) error {
	ready := make(chan error, 1)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := notify.Read(buf)
			if err != nil {
				ready <- err
				return
			}
			text := string(buf[:n])
			if m := versionPattern.FindStringSubmatch(text); m != nil {
				c.version = m[1]
			}
			if strings.HasPrefix(text, "READY=1") || strings.Contains(text, "\nREADY=1") {
				ready <- nil
				return
			}
		}
	}()
	select {
	case err := <-ready:
		return err
	case <-c.proc.Done():
		return fmt.Errorf("%w before it was ready: %w: %s", ErrEnded, c.proc.Err(), c.lastWords())
	case <-ctx.Done():
		return fmt.Errorf("harness/peer: charon is not ready: %w: %s", ctx.Err(), c.lastWords())
	}
}

// lastWords is the end of what the daemon wrote.
func (c *charon) lastWords() string {
	for _, name := range []string{"charon.log", "charon.out"} {
		if b, err := os.ReadFile(c.path(name)); err == nil && len(bytes.TrimSpace(b)) > 0 {
			return lastLines(b, 3)
		}
	}
	return "it wrote nothing"
}

func lastLines(b []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

// swanctl runs the control program and returns what it printed.
func (c *charon) swanctl(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, swanctlPath, args...)
	cmd.Env, cmd.Dir = c.environ(), "/"
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return string(out), nil
	}
	select {
	case <-c.proc.Done():
		return string(out), fmt.Errorf("%w: %s", ErrEnded, c.lastWords())
	default:
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return string(out), fmt.Errorf("%w: swanctl %s: %w: %s", ErrCommand, strings.Join(args, " "), err, lastLines(out, 3))
}

// load replaces the daemon's connections and secrets by those of conf.
func (c *charon) load(ctx context.Context, conf []byte) error {
	if err := os.WriteFile(c.path("swanctl/swanctl.conf"), conf, 0o600); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if err := c.clear(ctx); err != nil {
		return err
	}
	_, err := c.swanctl(ctx, "--load-all", "--clear", "--noprompt")
	return err
}

var saPattern = regexp.MustCompile(`(?m)^\S[^\n]*?: #(\d+),`)

// clear ends every SA, half-open ones included.
func (c *charon) clear(ctx context.Context) error {
	list, err := c.swanctl(ctx, "--list-sas")
	if err != nil {
		return err
	}
	for _, m := range saPattern.FindAllStringSubmatch(list, -1) {
		// One that ended by itself in the meantime is no failure.
		if _, err := c.swanctl(ctx, "--terminate", "--ike-id", m[1], "--force", "--timeout", "2"); err != nil && !errors.Is(err, ErrCommand) {
			return err
		}
	}
	return nil
}

const maxLog = 4 << 20

// log returns the end of the daemon's log.
func (c *charon) log(context.Context) ([]byte, error) {
	f, err := os.Open(c.path("charon.log"))
	if err != nil {
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.Size() > maxLog {
		if _, err := f.Seek(-maxLog, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(io.LimitReader(f, maxLog))
}

// stop ends the daemon, politely at first.
func (c *charon) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return c.proc.Stop(ctx)
}

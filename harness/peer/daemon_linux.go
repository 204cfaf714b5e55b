package peer

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/useipsec/useipsec/harness/lab"
)

// daemon is an IPsec daemon that can be spoken to: here, or inside a guest.
type daemon interface {
	// load replaces the daemon's connections and secrets by those of conf, and
	// ends every SA; nil leaves it without any.
	load(ctx context.Context, conf confFiles) error
	// control runs the daemon's control program and returns what it printed.
	control(ctx context.Context, args ...string) (string, error)
	// log returns the end of the daemon's log.
	log(ctx context.Context) ([]byte, error)
	// stop ends the daemon, politely at first.
	stop() error
}

// localDaemon is a daemon on whichever machine this code runs: the harness's, or
// inside a guest.
type localDaemon interface {
	daemon
	running() *service
	// ended is closed when there is no daemon any more, expected or not.
	ended() <-chan struct{}
}

// launcher starts a program where the daemon is to run.
type launcher func(*exec.Cmd) (*lab.Process, error)

// program says which daemon to start. It travels into guests.
type program struct {
	Name    string // "charon", "pluto" or "vpnc"
	Prefix  string // directory it is unpacked in; empty when it is installed
	Carrier Carrier
}

// start starts the daemon with its files in dir and returns when it is ready.
func (p program) start(ctx context.Context, dir string, launch launcher) (localDaemon, error) {
	switch p.Name {
	case charonDaemon:
		return startCharon(ctx, dir, p.Carrier, launch)
	case plutoDaemon:
		return startPluto(ctx, dir, p, launch)
	case vpncDaemon:
		return newVpncClient(ctx, dir, launch)
	}
	return nil, fmt.Errorf("harness/peer: no daemon %q", p.Name)
}

// maxSocketPath is the room in struct sockaddr_un, less its final zero.
const maxSocketPath = 107

// service is what running daemons have in common.
type service struct {
	name    string
	dir     string // its private directory
	environ []string
	proc    *lab.Process
	version string
	status  string // what it told systemd while it started
}

func (s *service) running() *service { return s }

func (s *service) ended() <-chan struct{} { return s.proc.Done() }

func (s *service) path(name string) string { return filepath.Join(s.dir, name) }

func (s *service) logFile() string { return s.path(s.name + ".log") }

// run starts the daemon and returns when it is ready, which it announces itself
// through the notification socket of systemd.
func (s *service) run(ctx context.Context, cmd *exec.Cmd, launch launcher) error {
	if n := len(s.path("notify")); n > maxSocketPath {
		return fmt.Errorf("harness/peer: %s: %d octets are too long for a socket's path, at most %d; set TMPDIR", s.path("notify"), n, maxSocketPath)
	}
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: s.path("notify")})
	if err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	defer os.Remove(s.path("notify")) // a daemon may be started anew
	defer notify.Close()
	stdout, err := os.OpenFile(s.path(s.name+".out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer stdout.Close()
	cmd.Env = append(append([]string{}, s.environ...), "NOTIFY_SOCKET="+s.path("notify"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", stdout, stdout
	if s.proc, err = launch(cmd); err != nil {
		return err
	}
	if err := s.awaitReady(ctx, notify); err != nil {
		s.proc.Kill()
		return err
	}
	return nil
}

// awaitReady waits for READY=1 (sd_notify(3)), the daemon's end or ctx's.
func (s *service) awaitReady(ctx context.Context, notify *net.UnixConn) error {
	ready := make(chan error, 1)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := notify.Read(buf)
			if err != nil {
				ready <- err
				return
			}
			text := "\n" + string(buf[:n])
			s.status += text
			if strings.Contains(text, "\nREADY=1") {
				ready <- nil
				return
			}
		}
	}()
	select {
	case err := <-ready:
		return err
	case <-s.proc.Done():
		return fmt.Errorf("%w before it was ready: %w: %s", ErrEnded, s.proc.Err(), s.lastWords())
	case <-ctx.Done():
		return fmt.Errorf("harness/peer: %s is not ready: %w: %s", s.name, ctx.Err(), s.lastWords())
	}
}

// lastWords is the end of what the daemon wrote.
func (s *service) lastWords() string {
	for _, name := range []string{s.logFile(), s.path(s.name + ".out")} {
		if b, err := os.ReadFile(name); err == nil && len(bytes.TrimSpace(b)) > 0 {
			return lastLines(b, 3)
		}
	}
	return "it wrote nothing"
}

func lastLines(b []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

// tool runs one of the daemon's programs and returns what it printed.
func (s *service) tool(ctx context.Context, path string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env, cmd.Dir = s.environ, "/"
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err == nil {
		return string(out), nil
	}
	select {
	case <-s.proc.Done():
		return string(out), fmt.Errorf("%w: %s", ErrEnded, s.lastWords())
	default:
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return string(out), fmt.Errorf("%w: %s %s: %w: %s", ErrCommand, filepath.Base(path), strings.Join(args, " "), err, lastLines(out, 3))
}

const maxLog = 4 << 20

func (s *service) log(context.Context) ([]byte, error) {
	f, err := os.Open(s.logFile())
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

func (s *service) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	return s.proc.Stop(ctx)
}

package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	vpncDaemon = "vpnc"
	vpncPath   = "/usr/sbin/vpnc"
)

func vpncInstalled() error {
	if _, err := os.Stat(vpncPath); err != nil {
		return &UnavailableError{Peer: vpncName, Reason: vpncPath + " is missing", Install: vpncInstall}
	}
	return nil
}

// vpncCarrierHere says whether vpnc has a carrier on this machine.
func vpncCarrierHere(c Carrier) error {
	if c != CarrierNamespace {
		return vpncCannot("carrier "+c.String(), "it carries ESP itself, and leaves none to a kernel")
	}
	return carrierHere(vpncName, c)
}

var vpncVersionPattern = regexp.MustCompile(`vpnc version (\S+)`)

// vpncVersion is what vpnc says it is.
func vpncVersion(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, vpncPath, "--version").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: vpnc --version: %w: %s", ErrCommand, err, lastLines(out, 3))
	}
	m := vpncVersionPattern.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("%w: vpnc --version: %q", ErrCommand, lastLines(out, 1))
	}
	return string(m[1]), nil
}

// vpncClient stands for the daemon that other peers have: vpnc itself runs for as long as
// its tunnel is up.
type vpncClient struct {
	service
	launch launcher
	gone   chan struct{} // closed by stop
	once   sync.Once
}

func newVpncClient(ctx context.Context, dir string, launch launcher) (*vpncClient, error) {
	version, err := vpncVersion(ctx)
	if err != nil {
		return nil, err
	}
	return &vpncClient{
		service: service{name: vpncDaemon, dir: dir, version: version, environ: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}},
		launch:  launch, gone: make(chan struct{}),
	}, nil
}

func (v *vpncClient) ended() <-chan struct{} { return v.gone }

// Commands of control.
const (
	vpncConnect    = "connect"
	vpncDisconnect = "disconnect"
)

// control does what Debian's vpnc-connect and vpnc-disconnect do.
func (v *vpncClient) control(ctx context.Context, args ...string) (string, error) {
	select {
	case <-v.gone:
		return "", fmt.Errorf("%w: it was stopped", ErrEnded)
	default:
	}
	switch command := args[0]; {
	case command == vpncConnect && v.up():
		return "", fmt.Errorf("%w: it is connected already", ErrCommand)
	case command == vpncConnect:
		return "", v.connect(ctx)
	case command == vpncDisconnect && v.up():
		return "", v.proc.Stop(ctx)
	}
	return "", fmt.Errorf("%w: %s: it is not connected", ErrCommand, args[0])
}

// up is whether vpnc runs.
func (v *vpncClient) up() bool {
	if v.proc == nil {
		return false
	}
	select {
	case <-v.proc.Done():
		return false
	default:
		return true
	}
}

// connect starts vpnc and returns when it has its tunnel: then it writes its process id. It
// writes it into a FIFO, so that there is something to wait for.
func (v *vpncClient) connect(ctx context.Context) error {
	path := v.path("pid")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("harness/peer: fifo %s: %w", path, err)
	}
	// Read and write: opening it waits for nobody at either end.
	pid, err := os.OpenFile(path, os.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	defer pid.Close()
	if err := v.dial(path); err != nil {
		return err
	}
	connected := make(chan error, 1)
	go func() {
		_, err := pid.Read(make([]byte, 16))
		connected <- err
	}()
	select {
	case err := <-connected:
		return err
	case <-v.proc.Done():
		return fmt.Errorf("%w: vpnc: %w: %s", ErrCommand, v.proc.Err(), v.complaint())
	case <-ctx.Done():
		v.proc.Kill()
		return fmt.Errorf("%w: vpnc: %w: %s", ErrCommand, ctx.Err(), v.complaint())
	}
}

// complaint is what vpnc ended with: its message, with explanations in lines of their own.
func (v *vpncClient) complaint() string {
	b, err := os.ReadFile(v.logFile())
	if err != nil {
		return err.Error()
	}
	const prefix = vpncPath + ": "
	at := bytes.LastIndex(b, []byte(prefix))
	if at < 0 {
		return v.lastWords()
	}
	lines := strings.Split(strings.TrimSpace(string(b[at+len(prefix):])), "\n")
	return strings.Join(lines[:min(len(lines), 2)], "; ")
}

// dial starts vpnc. What it complains of goes to the log, which the last words are taken
// from, and its account of the negotiation to another file.
func (v *vpncClient) dial(pidFile string) error {
	// By the line, so that the evidence has the beginning while it runs.
	cmd := exec.Command("stdbuf", "--output=L", vpncPath, "--no-detach", "--pid-file", pidFile, "./"+vpncConfFile)
	cmd.Env, cmd.Dir = v.environ, v.dir
	for name, to := range map[string]func(*os.File){
		v.path(v.name + ".out"): func(f *os.File) { cmd.Stdout = f },
		v.logFile():             func(f *os.File) { cmd.Stderr = f },
	} {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return fmt.Errorf("harness/peer: %w", err)
		}
		defer f.Close()
		to(f)
	}
	var err error
	v.proc, err = v.launch(cmd)
	return err
}

// load ends the tunnel, politely, and takes the configuration of the next. The log begins anew.
func (v *vpncClient) load(ctx context.Context, conf confFiles) error {
	if v.up() {
		if err := v.proc.Stop(ctx); err != nil {
			return err
		}
	}
	for _, name := range []string{vpncConfFile, vpncScriptFile, vpncRootsFile, v.name + ".out", v.name + ".log"} {
		if err := os.Remove(v.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("harness/peer: %w", err)
		}
	}
	return conf.write(v.dir)
}

// log is what vpnc told, and then what it complained of.
func (v *vpncClient) log(context.Context) ([]byte, error) {
	var log bytes.Buffer
	for _, name := range []string{v.path(v.name + ".out"), v.logFile()} {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("harness/peer: %w", err)
		}
		log.Write(b[max(0, len(b)-maxLog):])
	}
	return log.Bytes(), nil
}

func (v *vpncClient) stop() error {
	defer v.once.Do(func() { close(v.gone) })
	if !v.up() {
		return nil
	}
	return v.service.stop()
}

// vpnc is an instance.
type vpnc struct{ *instance }

var _ Instance = (*vpnc)(nil)

func startVpnc(ctx context.Context, env Env) (Instance, error) {
	env.Inner = netip.Prefix{} // it has the inner address that mode config gives it, and while that holds
	s := &vpnc{newInstance(vpncName, env, program{Name: vpncDaemon})}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	// Its TUN device, which comes and goes, is not for the kernel's own IPv6 packets.
	if err := s.ns.Sysctl("ipv6/conf/default/disable_ipv6", "1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Configure implements Instance.
func (s *vpnc) Configure(ctx context.Context, c Config) error {
	if err := vpncSupports(c); err != nil {
		return err
	}
	conf := vpncFiles(c)
	s.remember(c, conf)
	// Until its tunnel is up, and when it has ended, nothing is to leave in clear.
	if err := s.ns.Unreachable(c.RemoteInner.Masked()); err != nil {
		return s.said("configure", err)
	}
	return s.said("configure", s.daemon.load(ctx, conf))
}

// Initiate implements Instance.
func (s *vpnc) Initiate(ctx context.Context) error { return s.command(ctx, "initiate", vpncConnect) }

// Rekey implements Instance.
func (s *vpnc) Rekey(_ context.Context, what SA) error {
	return vpncCannot("rekeying "+what.String()+" on command", "it takes no commands, and rekeys at 80 % of a lifetime")
}

// Delete implements Instance. It deletes the child and the ISAKMP SA when it ends.
func (s *vpnc) Delete(ctx context.Context, what SA) error {
	if what != IKE {
		return vpncCannot("deleting "+what.String()+" alone", "it takes no commands, and deletes everything when it ends")
	}
	return s.command(ctx, "delete ike", vpncDisconnect)
}

// Artifacts implements Instance.
func (s *vpnc) Artifacts(ctx context.Context) (map[string][]byte, error) {
	_, conf := s.configured()
	files, err := s.artifacts(ctx, "vpnc")
	files["config"], files[vpncScriptFile] = conf[vpncConfFile], conf[vpncScriptFile]
	return files, err
}

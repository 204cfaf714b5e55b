package peer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/useipsec/useipsec/harness/lab"
)

const plutoDaemon = "pluto"

// pluto is a running libreswan daemon.
type pluto struct {
	service
	program program
	launch  launcher
	own     []byte    // its key and certificate, in its NSS database
	trusted confFiles // what else is in there
	blocked []string  // selector of a policy in the kernel

	busy sync.Mutex    // held while it is started anew
	gone chan struct{} // closed when it has ended
}

// plutoEnviron lets the programs of a prefix find their libraries.
func plutoEnviron(prefix string) []string {
	env := []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	if prefix != "" {
		var dirs []string
		for _, lib := range []string{"usr/lib/*-linux-*", "lib/*-linux-*"} {
			found, _ := filepath.Glob(filepath.Join(prefix, lib))
			dirs = append(dirs, found...)
		}
		env = append(env, "LD_LIBRARY_PATH="+strings.Join(dirs, ":"))
	}
	return env
}

// libexec is where pluto looks for its helper addconn, without which it does not
// start, wherever it lies itself.
const libexec = "/usr/libexec"

// showLibexec shows pluto its programs in a guest, whose whole file system is its own.
func showLibexec(p program) error {
	if p.Prefix == "" || p.Carrier != CarrierGuest {
		return nil
	}
	own := filepath.Join(p.Prefix, libexec)
	if err := unix.Mount(own, libexec, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", own, libexec, err)
	}
	return nil
}

// command is pluto. Outside of guests a mount namespace shows it its programs.
func (d *pluto) command() *exec.Cmd {
	path := plutoProgram(d.program.Prefix, "pluto")
	args := []string{
		"--config", d.path(plutoConfFile), "--secretsfile", d.path(plutoSecretsFile), "--nssdir", d.path(plutoNSS), "--ipsecdir", d.path(plutoDir),
		"--rundir", d.path("run"), "--logfile", d.logFile(), "--nofork", "--nhelpers", "0",
	}
	if d.program.Prefix == "" || d.program.Carrier == CarrierGuest {
		return exec.Command(path, args...)
	}
	return exec.Command("unshare", append([]string{
		"--mount", "--propagation", "private", "--",
		"/bin/sh", "-c", `mount --bind "$0" ` + libexec + ` && exec "$@"`, filepath.Join(d.program.Prefix, libexec), path,
	}, args...)...)
}

// startPluto starts libreswan's daemon with its files in dir.
func startPluto(ctx context.Context, dir string, p program, launch launcher) (_ *pluto, err error) {
	d := &pluto{
		service: service{name: plutoDaemon, dir: dir, environ: plutoEnviron(p.Prefix)},
		program: p, launch: launch, gone: make(chan struct{}),
	}
	if d.version, err = plutoVersion(ctx, p.Prefix); err != nil {
		return nil, err
	}
	if err := showLibexec(p); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(d.path(plutoDir), 0o700); err != nil {
		return nil, fmt.Errorf("harness/peer: %w", err)
	}
	if err := d.write(nil); err != nil {
		return nil, err
	}
	if err := d.begin(ctx, nil); err != nil {
		return nil, err
	}
	go d.watch(d.proc)
	return d, nil
}

// begin starts pluto with a new NSS database. Once it is up, pluto itself starts addconn, which has it
// listen: then it is ready.
func (d *pluto) begin(ctx context.Context, conf confFiles) error {
	if err := os.RemoveAll(d.path("run")); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if err := os.Mkdir(d.path("run"), 0o700); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if err := d.newNSS(ctx, conf); err != nil {
		return err
	}
	return d.run(ctx, d.command(), d.launch)
}

// trust puts the key and the certificates of conf into the database. Where these are others than before,
// but for the key and its own certificate, it starts pluto anew: NSS in a running pluto remembers whom
// to trust, and revocation lists, after they are gone from there.
func (d *pluto) trust(ctx context.Context, conf confFiles) error {
	own, others := imports(conf)
	if own == nil {
		return nil // a configuration without certificates looks at none
	}
	if maps.EqualFunc(d.trusted, others, bytes.Equal) {
		return d.replaceKey(ctx, own)
	}
	d.busy.Lock()
	defer d.busy.Unlock()
	earlier := d.proc
	if err := d.service.stop(); err != nil {
		return err
	}
	err := d.begin(ctx, conf)
	if d.proc != earlier {
		go d.watch(d.proc)
	}
	return err
}

// watch closes gone when pluto has ended and is not started anew.
func (d *pluto) watch(p *lab.Process) {
	<-p.Done()
	d.busy.Lock()
	defer d.busy.Unlock()
	if d.proc == p {
		close(d.gone)
	}
}

func (d *pluto) ended() <-chan struct{} { return d.gone }

func (d *pluto) stop() error {
	d.busy.Lock()
	defer d.busy.Unlock()
	return d.service.stop()
}

// write writes conf, or what stands for none, and takes away what was there.
func (d *pluto) write(conf confFiles) error {
	for _, name := range []string{plutoImport, plutoUsersFile} {
		if err := os.RemoveAll(d.path(name)); err != nil {
			return fmt.Errorf("harness/peer: %w", err)
		}
	}
	if conf == nil {
		conf = confFiles{plutoConfFile: plutoIdle(), plutoSecretsFile: nil}
	}
	return conf.write(d.dir)
}

// block keeps what a selector selects from leaving in clear while no SA takes it, where pluto has no
// policy for that. It replaces the selector of an earlier configuration.
func (d *pluto) block(ctx context.Context, selector []byte) error {
	earlier := d.blocked
	d.blocked = strings.Fields(string(selector))
	if len(earlier) > 0 {
		if err := d.policy(ctx, "delete", earlier); err != nil {
			return err
		}
	}
	if len(d.blocked) == 0 {
		return nil
	}
	return d.policy(ctx, "add", d.blocked, "action", "block", "priority", "4294967040")
}

// policy runs ip xfrm policy where the daemon is.
func (d *pluto) policy(ctx context.Context, do string, selector []string, rest ...string) error {
	out, err := os.CreateTemp(d.dir, "ip")
	if err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	defer os.Remove(out.Name())
	defer out.Close()
	args := slices.Concat([]string{do, "dir", "out"}, selector, rest)
	// The shell finds ip, which a guest's first process does not: it has no PATH.
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `exec ip xfrm policy "$@"`, "ip"}, args...)...)
	cmd.Env, cmd.Stdout, cmd.Stderr = d.environ, out, out
	p, err := d.launch(cmd)
	if err != nil {
		return err
	}
	<-p.Done()
	if p.Err() == nil {
		return nil
	}
	said, _ := os.ReadFile(out.Name())
	return fmt.Errorf("%w: ip xfrm policy %s: %w: %s", ErrCommand, strings.Join(args, " "), p.Err(), lastLines(said, 3))
}

// control runs whack.
func (d *pluto) control(ctx context.Context, args ...string) (string, error) {
	return d.tool(ctx, plutoProgram(d.program.Prefix, "whack"), append([]string{"--rundir", d.path("run")}, args...)...)
}

// load takes ipsec.conf with at most one connection, ipsec.secrets, and certificates.
func (d *pluto) load(ctx context.Context, conf confFiles) error {
	// With the connection go its SAs and policies, half-open ones included. There
	// may be none.
	if _, err := d.control(ctx, "--delete", "--name", plutoConn); err != nil && !errors.Is(err, ErrCommand) {
		return err
	}
	if err := d.write(conf); err != nil {
		return err
	}
	if err := d.trust(ctx, conf); err != nil {
		return err
	}
	if err := d.block(ctx, conf[plutoBlockFile]); err != nil {
		return err
	}
	if _, err := d.control(ctx, "--rereadsecrets"); err != nil || conf == nil {
		return err
	}
	said, err := d.tool(ctx, plutoProgram(d.program.Prefix, "addconn"), "--config", d.path(plutoConfFile), "--ctlsocket", d.path("run/pluto.ctl"), plutoConn)
	if err == nil && strings.Contains(said, "did not load properly") { // which it does not call a failure
		err = fmt.Errorf("%w: addconn: %s", ErrCommand, lastLines([]byte(said), 4))
	}
	if err != nil {
		return err
	}
	if !bytes.Contains(conf[plutoConfFile], []byte(plutoOnDemand)) {
		return nil
	}
	// What auto=ondemand stands for, which addconn leaves out where a name is given.
	_, err = d.control(ctx, "--route", "--name", plutoConn)
	return err
}

package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

const plutoDaemon = "pluto"

// pluto is a running libreswan daemon.
type pluto struct {
	service
	prefix string
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

// plutoCommand is pluto with args. In a guest the whole file system is its own,
// and elsewhere a mount namespace shows it its programs.
func plutoCommand(p program, args ...string) (*exec.Cmd, error) {
	path := plutoProgram(p.Prefix, "pluto")
	if p.Prefix == "" {
		return exec.Command(path, args...), nil
	}
	own := filepath.Join(p.Prefix, libexec)
	if p.Carrier == CarrierGuest {
		if err := unix.Mount(own, libexec, "", unix.MS_BIND, ""); err != nil {
			return nil, fmt.Errorf("mount %s on %s: %w", own, libexec, err)
		}
		return exec.Command(path, args...), nil
	}
	return exec.Command("unshare", append([]string{
		"--mount", "--propagation", "private", "--",
		"/bin/sh", "-c", `mount --bind "$0" ` + libexec + ` && exec "$@"`, own, path,
	}, args...)...), nil
}

// startPluto starts libreswan's daemon with its files in dir.
func startPluto(ctx context.Context, dir string, p program, launch launcher) (_ *pluto, err error) {
	d := &pluto{service{name: plutoDaemon, dir: dir, environ: plutoEnviron(p.Prefix)}, p.Prefix}
	if d.version, err = plutoVersion(ctx, p.Prefix); err != nil {
		return nil, err
	}
	for _, sub := range []string{"nss", "ipsec.d", "run"} {
		if err := os.MkdirAll(d.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := d.write(nil); err != nil {
		return nil, err
	}
	certutil := exec.CommandContext(ctx, filepath.Join("/", p.Prefix, "usr/bin/certutil"), "-N", "-d", "sql:"+d.path("nss"), "--empty-password")
	certutil.Env = d.environ
	if out, err := certutil.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: certutil: %w: %s", ErrCommand, err, lastLines(out, 3))
	}
	cmd, err := plutoCommand(p,
		"--config", d.path(plutoConfFile), "--secretsfile", d.path(plutoSecretsFile), "--nssdir", d.path("nss"), "--ipsecdir", d.path("ipsec.d"),
		"--rundir", d.path("run"), "--logfile", d.logFile(), "--nofork", "--nhelpers", "0")
	if err != nil {
		return nil, err
	}
	// Once it is up, pluto itself starts addconn, which has it listen: then it is ready.
	if err := d.run(ctx, cmd, launch); err != nil {
		return nil, err
	}
	return d, nil
}

// write writes conf, or what stands for none.
func (d *pluto) write(conf confFiles) error {
	if conf == nil {
		conf = confFiles{plutoConfFile: plutoIdle(), plutoSecretsFile: nil}
	}
	return conf.write(d.dir)
}

// control runs whack.
func (d *pluto) control(ctx context.Context, args ...string) (string, error) {
	return d.tool(ctx, plutoProgram(d.prefix, "whack"), append([]string{"--rundir", d.path("run")}, args...)...)
}

// load takes ipsec.conf with at most one connection, and ipsec.secrets.
func (d *pluto) load(ctx context.Context, conf confFiles) error {
	if err := d.write(conf); err != nil {
		return err
	}
	// With the connection go its SAs and policies, half-open ones included. There
	// may be none.
	if _, err := d.control(ctx, "--delete", "--name", plutoConn); err != nil && !errors.Is(err, ErrCommand) {
		return err
	}
	if _, err := d.control(ctx, "--rereadsecrets"); err != nil || conf == nil {
		return err
	}
	if _, err := d.tool(ctx, plutoProgram(d.prefix, "addconn"), "--config", d.path(plutoConfFile), "--ctlsocket", d.path("run/pluto.ctl"), plutoConn); err != nil {
		return err
	}
	// What auto=ondemand stands for, which addconn leaves out where a name is given.
	_, err := d.control(ctx, "--route", "--name", plutoConn)
	return err
}

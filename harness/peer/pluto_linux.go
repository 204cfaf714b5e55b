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

	"golang.org/x/sys/unix"
)

const plutoDaemon = "pluto"

// pluto is a running libreswan daemon.
type pluto struct {
	service
	prefix   string
	launch   launcher
	imported nicknames
	blocked  []string // selector of a policy in the kernel
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
	d := &pluto{service: service{name: plutoDaemon, dir: dir, environ: plutoEnviron(p.Prefix)}, prefix: p.Prefix, launch: launch}
	if d.version, err = plutoVersion(ctx, p.Prefix); err != nil {
		return nil, err
	}
	for _, sub := range []string{"nss", plutoDir, "run"} {
		if err := os.MkdirAll(d.path(sub), 0o700); err != nil {
			return nil, err
		}
	}
	if err := d.write(nil); err != nil {
		return nil, err
	}
	if err := d.nss(ctx, "certutil", "-N", "--empty-password"); err != nil {
		return nil, err
	}
	cmd, err := plutoCommand(p,
		"--config", d.path(plutoConfFile), "--secretsfile", d.path(plutoSecretsFile), "--nssdir", d.path("nss"), "--ipsecdir", d.path(plutoDir),
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

// nss runs a tool of NSS on pluto's database, in pluto's directory.
func (d *pluto) nss(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join("/", d.prefix, "usr/bin", name), append(args, "-d", "sql:"+d.path("nss"))...)
	cmd.Env, cmd.Dir = d.environ, d.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s %s: %w: %s", ErrCommand, name, strings.Join(args, " "), err, lastLines(out, 3))
	}
	return nil
}

// trust replaces what is in the database by the certificates, the key and the revocation lists of a
// configuration. One that has none leaves it alone, since nothing will look into it.
func (d *pluto) trust(ctx context.Context, conf confFiles) error {
	if conf[plutoKeyFile] == nil {
		return nil
	}
	batch := d.imported.removal()
	d.imported = nil
	for _, name := range slices.Sorted(maps.Keys(conf)) {
		flags, trusted := ",,", strings.HasPrefix(name, plutoRoots)
		switch {
		case trusted:
			flags = "CT,," // it issues certificates to both
		case !strings.HasPrefix(name, plutoBetweens):
			continue
		}
		batch += fmt.Sprintf("-A -n %s -t %s -i %s\n", filepath.Base(name), flags, name)
		d.imported = append(d.imported, filepath.Base(name))
	}
	const file = plutoImport + "/batch"
	if err := (confFiles{file: []byte(batch)}).write(d.dir); err != nil {
		return err
	}
	if err := d.nss(ctx, "certutil", "-B", "-i", file); err != nil {
		return err
	}
	d.imported = append(d.imported, plutoConn)
	if err := d.nss(ctx, "pk12util", "-i", plutoKeyFile, "-W", plutoKeyPassword); err != nil {
		return err
	}
	for name := range conf {
		if strings.HasPrefix(name, plutoCRLs) {
			if err := d.nss(ctx, "crlutil", "-I", "-B", "-i", name); err != nil {
				return err
			}
		}
	}
	return nil
}

// nicknames are certificates in an NSS database.
type nicknames []string

// removal is certutil's commands to remove them, and the peer's key with its certificate.
func (n nicknames) removal() (batch string) {
	for _, name := range n {
		command := "-D"
		if name == plutoConn {
			command = "-F"
		}
		batch += command + " -n " + name + "\n"
	}
	return batch
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
	return d.tool(ctx, plutoProgram(d.prefix, "whack"), append([]string{"--rundir", d.path("run")}, args...)...)
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
	if _, err := d.tool(ctx, plutoProgram(d.prefix, "addconn"), "--config", d.path(plutoConfFile), "--ctlsocket", d.path("run/pluto.ctl"), plutoConn); err != nil {
		return err
	}
	if !bytes.Contains(conf[plutoConfFile], []byte(plutoOnDemand)) {
		return nil
	}
	// What auto=ondemand stands for, which addconn leaves out where a name is given.
	_, err := d.control(ctx, "--route", "--name", plutoConn)
	return err
}

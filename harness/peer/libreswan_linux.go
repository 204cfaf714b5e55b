package peer

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"golang.org/x/sys/unix"
)

// libreswanVariable names the directory in which libreswan is unpacked.
const libreswanVariable = "USEIPSEC_LIBRESWAN"

// plutoInstalled finds libreswan: unpacked below prefix, or installed when that
// is empty.
func plutoInstalled() (prefix string, err error) {
	lacks := func(dir, install string) error {
		return &UnavailableError{Peer: libreswanName, Reason: plutoProgram(dir, "pluto") + " is missing", Install: install}
	}
	has := func(dir string) bool {
		_, err := os.Stat(plutoProgram(dir, "pluto"))
		return err == nil
	}
	if dir := os.Getenv(libreswanVariable); dir != "" {
		if !has(dir) {
			return "", lacks(dir, ".ci/libreswan "+dir)
		}
		return filepath.Abs(dir)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		if dir := filepath.Join(cache, "useipsec", "libreswan"); has(dir) {
			return dir, nil
		}
	}
	if !has("") {
		return "", lacks("", ".ci/libreswan")
	}
	return "", nil
}

// plutoProgram is where one of libreswan's programs is.
func plutoProgram(prefix, name string) string {
	return filepath.Join("/", prefix, "usr/libexec/ipsec", name)
}

// plutoCarrierHere says whether libreswan has a carrier on this machine.
func plutoCarrierHere(c Carrier) error {
	if c == CarrierNamespace {
		return plutoCannot("carrier namespace", "pluto leaves ESP to a kernel, and has none of its own")
	}
	return carrierHere(libreswanName, c)
}

var plutoVersionPattern = regexp.MustCompile(`Libreswan ([0-9][^,\s]*)`)

// plutoVersion is what pluto says it is.
func plutoVersion(ctx context.Context, prefix string) (string, error) {
	cmd := exec.CommandContext(ctx, plutoProgram(prefix, "pluto"), "--version")
	cmd.Env = plutoEnviron(prefix)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: pluto --version: %w: %s", ErrCommand, err, lastLines(out, 3))
	}
	m := plutoVersionPattern.FindSubmatch(out)
	if m == nil {
		return "", fmt.Errorf("%w: pluto --version: %q", ErrCommand, lastLines(out, 1))
	}
	return string(m[1]), nil
}

// libreswan is a running instance.
type libreswan struct{ *instance }

var _ Instance = (*libreswan)(nil)

func startLibreswan(ctx context.Context, env Env, prefix string) (Instance, error) {
	s := &libreswan{newInstance(libreswanName, env, program{Name: plutoDaemon, Prefix: prefix})}
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Configure implements Instance.
func (s *libreswan) Configure(ctx context.Context, c Config) error {
	if err := plutoSupports(c); err != nil {
		return err
	}
	text, err := plutoConf(c)
	if err != nil {
		return err
	}
	conf := confFiles{plutoConfFile: text, plutoSecretsFile: plutoSecrets(c)}
	s.remember(c, conf)
	return s.said("configure", s.daemon.load(ctx, conf))
}

// Initiate implements Instance.
func (s *libreswan) Initiate(ctx context.Context) error { return s.demand(ctx, "initiate") }

// Rekey implements Instance. What is demanded of a connection that is up gives it
// another child.
func (s *libreswan) Rekey(ctx context.Context, what SA) error {
	if what != Child {
		return plutoCannot("rekeying the ISAKMP SA on command", "cannot force rekey of IKEv1 connection")
	}
	return s.demand(ctx, "rekey child")
}

// demand makes pluto negotiate as if the kernel had met a packet without an SA. A
// connection that is initiated by name counts as one to keep up for ever: pluto
// would try again at once after each failure and each Delete.
func (s *libreswan) demand(ctx context.Context, doing string) error {
	c, _ := s.configured()
	local, remote := c.Local, c.Remote
	if c.Child.Mode == "tunnel" {
		local, remote = innerNet(c.LocalInner, local).Addr(), innerNet(c.RemoteInner, remote).Addr()
	}
	family := "--tunnelipv4"
	if local.Is6() {
		family = "--tunnelipv6"
	}
	sel := c.Child.Selector
	if sel.Protocol == 0 { // any will do, but it has to be one
		sel = Selector{unix.IPPROTO_TCP, anyPort, anyPort}
	}
	return s.command(ctx, doing, family, "--oppohere", local.String(), "--oppothere", remote.String(),
		"--oppoproto", fmt.Sprint(sel.Protocol), "--opposport", onePort(sel.LocalPort), "--oppodport", onePort(sel.RemotePort))
}

// anyPort stands for a port where all are selected.
const anyPort = 1

func onePort(p uint16) string { return fmt.Sprint(cmp.Or(p, anyPort)) }

// State numbers of the newest SAs in what whack --status says of a connection.
var plutoNewest = map[SA]*regexp.Regexp{
	IKE:   regexp.MustCompile(`newest ISAKMP SA: #([1-9][0-9]*)`),
	Child: regexp.MustCompile(`newest IPsec SA: #([1-9][0-9]*)`),
}

// Delete implements Instance.
func (s *libreswan) Delete(ctx context.Context, what SA) error {
	doing := "delete " + what.String()
	pattern, ok := plutoNewest[what]
	if !ok {
		return plutoCannot(what.String(), "there is no such SA")
	}
	status, err := s.daemon.control(ctx, "--status")
	if err != nil {
		return s.said(doing, err)
	}
	m := pattern.FindStringSubmatch(status)
	if m == nil {
		return s.said(doing, fmt.Errorf("%w: no SA to delete", ErrCommand))
	}
	return s.command(ctx, doing, "--deletestate", m[1])
}

// Artifacts implements Instance.
func (s *libreswan) Artifacts(ctx context.Context) (map[string][]byte, error) {
	_, conf := s.configured()
	files, err := s.artifacts(ctx, "libreswan")
	files["config"], files[plutoSecretsFile] = conf[plutoConfFile], conf[plutoSecretsFile]
	return files, err
}

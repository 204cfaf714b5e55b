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
	conf, err := plutoFiles(c)
	if err != nil {
		return err
	}
	s.remember(c, conf)
	return s.said("configure", s.daemon.load(ctx, conf))
}

// Initiate implements Instance.
func (s *libreswan) Initiate(ctx context.Context) error { return s.demand(ctx, "initiate") }

// Rekey implements Instance. What is demanded of a connection that is up gives it
// another child. The ISAKMP SA has no command of its own (cannot force rekey of IKEv1
// connection), but its timer has: for pluto's tests.
func (s *libreswan) Rekey(ctx context.Context, what SA) error {
	if what == Child {
		return s.demand(ctx, "rekey child")
	}
	id, err := s.newest(ctx, what)
	if err == nil {
		_, err = s.daemon.control(ctx, "--impair", "event-sa-replace:"+id, "--asynchronous")
	}
	return s.said("rekey "+what.String(), err)
}

// demand makes pluto negotiate as if the kernel had met a packet without an SA. A
// connection that is initiated by name counts as one to keep up for ever: pluto
// would try again at once after each failure and each Delete.
func (s *libreswan) demand(ctx context.Context, doing string) error {
	c, _ := s.configured()
	if plutoAuto(c) != plutoOnDemand {
		return s.command(ctx, doing, "--initiate", "--name", plutoConn)
	}
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

// newest is the state number of a connection's newest SA.
func (s *libreswan) newest(ctx context.Context, what SA) (string, error) {
	pattern, ok := plutoNewest[what]
	if !ok {
		return "", plutoCannot(what.String(), "there is no such SA")
	}
	status, err := s.daemon.control(ctx, "--status")
	if err != nil {
		return "", err
	}
	m := pattern.FindStringSubmatch(status)
	if m == nil {
		return "", fmt.Errorf("%w: no SA of the kind %v", ErrCommand, what)
	}
	return m[1], nil
}

// Delete implements Instance.
func (s *libreswan) Delete(ctx context.Context, what SA) error {
	id, err := s.newest(ctx, what)
	if err == nil {
		_, err = s.daemon.control(ctx, "--deletestate", id)
	}
	return s.said("delete "+what.String(), err)
}

// Artifacts implements Instance.
func (s *libreswan) Artifacts(ctx context.Context) (map[string][]byte, error) {
	_, conf := s.configured()
	files, err := s.artifacts(ctx, "libreswan")
	files["config"], files[plutoSecretsFile] = conf[plutoConfFile], conf[plutoSecretsFile]
	return files, err
}

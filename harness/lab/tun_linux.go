package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TUN is a kernel TUN device inside a namespace: the network stack of a host
// whose IPsec runs in this process. What the stack sends is read here as whole
// IP packets, what is written here the stack receives.
//
// Read and Write may be called concurrently with each other and with Close.
type TUN struct {
	file *os.File
	name string
}

// NewTUN creates the device with its addresses, brings it up and routes
// everything into it. Reverse path filtering is switched off, because packets of
// a tunnel's inner hosts arrive here too. The device ends with Close or with
// the namespace.
func NewTUN(n *Namespace, c TUNConfig) (*TUN, error) {
	if c.Name == "" {
		c.Name = "tun0"
	}
	if c.MTU == 0 {
		c.MTU = 1500
	}
	t := &TUN{name: c.Name}
	if err := n.Do(func() (err error) { t.file, err = openTun(c.Name, unix.IFF_TUN, false); return }); err != nil {
		return nil, fmt.Errorf("harness/lab: tun %s in %s: %w", c.Name, n.Name(), err)
	}
	if err := t.configure(n, c); err != nil {
		t.Close()
		return nil, fmt.Errorf("harness/lab: tun %s in %s: %w", c.Name, n.Name(), err)
	}
	return t, nil
}

func (t *TUN) configure(n *Namespace, c TUNConfig) error {
	if err := quietIPv6(n, c.Name, c.Addrs); err != nil {
		return err
	}
	for _, key := range []string{"ipv4/conf/all/rp_filter", "ipv4/conf/" + c.Name + "/rp_filter"} {
		if err := n.Sysctl(key, "0"); err != nil {
			return err
		}
	}
	return configureLink(n.nl, c.Name, c.MTU, c.Addrs, true)
}

// openTun attaches to a TUN or TAP device, creating it, in the calling thread's
// namespace. The descriptor is non-blocking before os.NewFile sees it: only
// then does the runtime poll it, and Close wakes a reader.
func openTun(name string, mode uint16, persist bool) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("device name %q: %w", name, err)
	}
	req.SetUint16(mode | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("TUNSETIFF: %w", err)
	}
	if persist {
		if err := unix.IoctlSetInt(fd, unix.TUNSETPERSIST, 1); err != nil {
			unix.Close(fd)
			return nil, fmt.Errorf("TUNSETPERSIST: %w", err)
		}
	}
	return os.NewFile(uintptr(fd), "/dev/net/tun:"+name), nil
}

// quietIPv6 switches IPv6 off on a device without IPv6 addresses, so that the
// kernel's own router solicitations and listener reports stay off the wire.
func quietIPv6(n *Namespace, name string, addrs []netip.Prefix) error {
	for _, a := range addrs {
		if a.Addr().Is6() {
			return n.Sysctl("ipv6/conf/"+name+"/accept_ra", "0")
		}
	}
	err := n.Sysctl("ipv6/conf/"+name+"/disable_ipv6", "1")
	if errors.Is(err, fs.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	return err
}

// configureLink gives a device its MTU and addresses and brings it up, with a
// default route into it for each address family it has when routeAll is set.
func configureLink(nl *netlink.Handle, name string, mtu int, addrs []netip.Prefix, routeAll bool) error {
	link, err := nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if mtu != 0 {
		if err := nl.LinkSetMTU(link, mtu); err != nil {
			return fmt.Errorf("mtu %d: %w", mtu, err)
		}
	}
	for _, a := range addrs {
		addr := &netlink.Addr{IPNet: ipNet(a)}
		if a.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		if err := nl.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("address %s: %w", a, err)
		}
	}
	if err := nl.LinkSetUp(link); err != nil {
		return fmt.Errorf("up: %w", err)
	}
	if !routeAll {
		return nil
	}
	var have [2]bool
	for _, a := range addrs {
		all, i := netip.PrefixFrom(netip.IPv4Unspecified(), 0), 0
		if a.Addr().Is6() {
			all, i = netip.PrefixFrom(netip.IPv6Unspecified(), 0), 1
		}
		if have[i] {
			continue
		}
		have[i] = true
		route := &netlink.Route{LinkIndex: link.Attrs().Index, Dst: ipNet(all), Src: a.Addr().AsSlice()}
		if err := nl.RouteAdd(route); err != nil {
			return fmt.Errorf("default route: %w", err)
		}
	}
	return nil
}

// ConfigureDevice gives a device of the calling thread's own namespace its
// addresses and brings it up, with default routes into it when routeAll is set.
// It is for a guest, whose namespace nobody made; mtu 0 leaves the MTU alone.
func ConfigureDevice(name string, mtu int, addrs []netip.Prefix, routeAll bool) error {
	nl, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("harness/lab: netlink: %w", err)
	}
	defer nl.Close()
	if err := configureLink(nl, name, mtu, addrs, routeAll); err != nil {
		return fmt.Errorf("harness/lab: device %s: %w", name, err)
	}
	return nil
}

// Unreachable keeps what is sent to a prefix from leaving the namespace where no better route
// takes it. It may be called again.
func (n *Namespace) Unreachable(to netip.Prefix) error {
	route := &netlink.Route{Dst: ipNet(to), Type: unix.RTN_UNREACHABLE, Priority: 1 << 20}
	if err := n.nl.RouteReplace(route); err != nil {
		return fmt.Errorf("harness/lab: namespace %s: unreachable route to %s: %w", n.name, to, err)
	}
	return nil
}

// AddAddress gives a device of the namespace one more address.
func (n *Namespace) AddAddress(name string, addr netip.Prefix) error {
	return configureLink(n.nl, name, 0, []netip.Prefix{addr}, false)
}

// Name returns the device's name inside its namespace.
func (t *TUN) Name() string { return t.name }

// Read reads one IP packet; a packet longer than b is cut. After Close it
// returns an error that is os.ErrClosed.
func (t *TUN) Read(b []byte) (int, error) { return t.file.Read(b) }

// Write hands one IP packet to the kernel's stack.
func (t *TUN) Write(b []byte) (int, error) { return t.file.Write(b) }

// Close removes the device and wakes readers.
func (t *TUN) Close() error { return t.file.Close() }

package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Veth is a virtual Ethernet cable between a host's namespace and the wire's.
type Veth struct {
	Name     string  // host end, in the host's namespace
	WireName string  // wire end, in the wire's namespace: up, without an address
	MAC      [6]byte // of the host end
}

// NewVeth lays a cable between two namespaces. The host end has its addresses
// and a default route over the link itself, so the host asks the wire for every
// address it does not own. Offloads are off at both ends: what crosses the wire
// are finished packets with their checksums filled in, none larger than the MTU.
// The pair ends with either namespace.
func NewVeth(host, wire *Namespace, c VethConfig) (*Veth, error) {
	if c.Name == "" {
		c.Name = "eth0"
	}
	if c.WireName == "" {
		c.WireName = "wire0"
	}
	if c.MTU == 0 {
		c.MTU = 1500
	}
	v, err := newVeth(host, wire, c)
	if err != nil {
		return nil, fmt.Errorf("harness/lab: veth %s (%s) - %s (%s): %w", c.Name, host.Name(), c.WireName, wire.Name(), err)
	}
	return v, nil
}

func newVeth(host, wire *Namespace, c VethConfig) (*Veth, error) {
	attrs := netlink.NewLinkAttrs()
	attrs.Name = c.Name
	attrs.MTU = c.MTU
	if c.MAC != [6]byte{} {
		attrs.HardwareAddr = net.HardwareAddr(c.MAC[:])
	}
	pair := netlink.NewVeth(attrs)
	pair.PeerName = c.WireName
	pair.PeerMTU = uint32(c.MTU)
	pair.PeerNamespace = netlink.NsFd(int(wire.fd))
	if err := host.nl.LinkAdd(pair); err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	if err := quietIPv6(wire, c.WireName, nil); err != nil {
		return nil, err
	}
	if err := quietIPv6(host, c.Name, c.Addrs); err != nil {
		return nil, err
	}
	if err := offloadsOff(wire, c.WireName); err != nil {
		return nil, err
	}
	if err := offloadsOff(host, c.Name); err != nil {
		return nil, err
	}
	if err := configureLink(wire.nl, c.WireName, 0, nil, false); err != nil {
		return nil, err
	}
	if err := configureLink(host.nl, c.Name, 0, c.Addrs, true); err != nil {
		return nil, err
	}
	link, err := host.nl.LinkByName(c.Name)
	if err != nil {
		return nil, err
	}
	v := &Veth{Name: c.Name, WireName: c.WireName}
	copy(v.MAC[:], link.Attrs().HardwareAddr)
	return v, nil
}

// NewTap creates a persistent TAP device, for a virtual machine that opens it by
// name, and brings it up with the given addresses (none for the wire). It ends
// with its namespace.
func NewTap(n *Namespace, name string, addrs ...netip.Prefix) error {
	err := n.Do(func() error {
		f, err := openTun(name, unix.IFF_TAP, true)
		if err != nil {
			return err
		}
		return f.Close()
	})
	if err == nil {
		err = quietIPv6(n, name, addrs)
	}
	if err == nil {
		err = configureLink(n.nl, name, 0, addrs, false)
	}
	if err != nil {
		return fmt.Errorf("harness/lab: tap %s in %s: %w", name, n.Name(), err)
	}
	return nil
}

// The "set" commands of struct ethtool_value (linux/ethtool.h).
var offloads = []struct {
	name string
	cmd  uint32
}{
	{"rx-checksum", unix.ETHTOOL_SRXCSUM},
	{"tx-checksum", unix.ETHTOOL_STXCSUM},
	{"tso", unix.ETHTOOL_STSO},
	{"gso", unix.ETHTOOL_SGSO},
	{"gro", unix.ETHTOOL_SGRO},
}

// offloadsOff switches a device's offloads off. One the driver cannot change is
// one it does not have.
func offloadsOff(n *Namespace, name string) error {
	return n.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for _, o := range offloads {
			if err := ethtoolSet(fd, name, o.cmd, 0); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
				return fmt.Errorf("offload %s: %w", o.name, err)
			}
		}
		return nil
	})
}

func ethtoolSet(fd int, name string, cmd, value uint32) error {
	arg := struct{ cmd, data uint32 }{cmd, value}
	var req struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte // the union of struct ifreq is wider than a pointer
	}
	if len(name) >= len(req.name) {
		return unix.EINVAL
	}
	copy(req.name[:], name)
	req.data = unsafe.Pointer(&arg)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&req))); errno != 0 {
		return errno
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

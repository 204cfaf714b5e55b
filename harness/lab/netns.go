package lab

import (
	"errors"
	"net/netip"
)

// ErrNoNamespaces is what everything that needs Linux network namespaces
// returns on an operating system without them.
var ErrNoNamespaces = errors.New("harness/lab: network namespaces need Linux")

// ErrChildrenRunning is returned by Namespace.Close while processes started
// with Namespace.Start have not been waited for.
var ErrChildrenRunning = errors.New("harness/lab: processes still run in the namespace")

// ErrNamespaceClosed is returned by every use of a namespace after its Close.
var ErrNamespaceClosed = errors.New("harness/lab: namespace is closed")

// VethConfig describes a veth pair: a host end inside the host's namespace and
// a wire end whose frames the harness reads and writes.
type VethConfig struct {
	Name     string         // host end; "eth0" when empty
	WireName string         // wire end; "wire0" when empty
	MAC      [6]byte        // of the host end; the kernel chooses when zero
	MTU      int            // of both ends; 1500 when zero
	Addrs    []netip.Prefix // of the host end
}

// TUNConfig describes a TUN device for a host whose IPsec runs in this process.
type TUNConfig struct {
	Name  string         // "tun0" when empty
	MTU   int            // 1500 when zero
	Addrs []netip.Prefix // addresses of the device; a prefix is routed into it as well
}

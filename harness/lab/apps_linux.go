package lab

import "golang.org/x/sys/unix"

// NewApps returns Apps whose sockets belong to the namespace, for a host whose
// stack is the namespace's.
func NewApps(n *Namespace) Apps { return SocketApps{Enter: n.Enter} }

func setReuseAddress(fd uintptr) error {
	return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
}

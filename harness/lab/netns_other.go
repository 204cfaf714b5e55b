//go:build !linux

package lab

import (
	"context"
	"net/netip"
	"os/exec"
	"syscall"
)

// The types of the Linux lab, so that their users compile everywhere. Every
// constructor returns ErrNoNamespaces.

// Namespace needs Linux.
type Namespace struct{}

// NewNamespace returns ErrNoNamespaces.
func NewNamespace(string) (*Namespace, error) { return nil, ErrNoNamespaces }

// Name returns nothing.
func (*Namespace) Name() string { return "" }

// Path returns nothing.
func (*Namespace) Path() string { return "" }

// Do returns ErrNoNamespaces.
func (*Namespace) Do(func() error) error { return ErrNoNamespaces }

// Enter returns ErrNoNamespaces.
func (*Namespace) Enter(func() error) error { return ErrNoNamespaces }

// Sysctl returns ErrNoNamespaces.
func (*Namespace) Sysctl(_, _ string) error { return ErrNoNamespaces }

// Start returns ErrNoNamespaces.
func (*Namespace) Start(*exec.Cmd) (*Process, error) { return nil, ErrNoNamespaces }

// Run returns ErrNoNamespaces.
func (*Namespace) Run(*exec.Cmd) ([]byte, error) { return nil, ErrNoNamespaces }

// Close does nothing.
func (*Namespace) Close() error { return nil }

// Process needs Linux.
type Process struct{}

// PID returns 0.
func (*Process) PID() int { return 0 }

// Done returns a nil channel.
func (*Process) Done() <-chan struct{} { return nil }

// Err returns ErrNoNamespaces.
func (*Process) Err() error { return ErrNoNamespaces }

// Signal returns ErrNoNamespaces.
func (*Process) Signal(syscall.Signal) error { return ErrNoNamespaces }

// Kill does nothing.
func (*Process) Kill() {}

// Stop returns ErrNoNamespaces.
func (*Process) Stop(context.Context) error { return ErrNoNamespaces }

// Veth needs Linux.
type Veth struct {
	Name, WireName string
	MAC            [6]byte
}

// NewVeth returns ErrNoNamespaces.
func NewVeth(_, _ *Namespace, _ VethConfig) (*Veth, error) { return nil, ErrNoNamespaces }

// NewTap returns ErrNoNamespaces.
func NewTap(*Namespace, string, ...netip.Prefix) error { return ErrNoNamespaces }

// TUN needs Linux.
type TUN struct{}

// NewTUN returns ErrNoNamespaces.
func NewTUN(*Namespace, TUNConfig) (*TUN, error) { return nil, ErrNoNamespaces }

// Name returns nothing.
func (*TUN) Name() string { return "" }

// Read returns ErrNoNamespaces.
func (*TUN) Read([]byte) (int, error) { return 0, ErrNoNamespaces }

// Write returns ErrNoNamespaces.
func (*TUN) Write([]byte) (int, error) { return 0, ErrNoNamespaces }

// Close does nothing.
func (*TUN) Close() error { return nil }

// Unreachable returns ErrNoNamespaces.
func (*Namespace) Unreachable(netip.Prefix) error { return ErrNoNamespaces }

// AddAddress returns ErrNoNamespaces.
func (*Namespace) AddAddress(string, netip.Prefix) error { return ErrNoNamespaces }

// NewApps returns Apps that use this system's stack: there is no namespace.
func NewApps(*Namespace) Apps { return SocketApps{} }

func setReuseAddress(uintptr) error { return nil }

// CanNetns returns ErrNoNamespaces.
func CanNetns() error { return ErrNoNamespaces }

// KernelESP reports false.
func KernelESP() (bool, error) { return false, ErrNoNamespaces }

// ReexecInUserNamespace returns ErrNoNamespaces.
func ReexecInUserNamespace([]string) (int, error) { return -1, ErrNoNamespaces }

// PrepareUserNamespace does nothing.
func PrepareUserNamespace() error { return nil }

// CanUserNamespace returns ErrNoNamespaces.
func CanUserNamespace() error { return ErrNoNamespaces }

// InUserNamespace reports false.
func InUserNamespace() bool { return false }

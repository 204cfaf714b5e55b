//go:build !linux

package peer

import "context"

func swanInstalled() error {
	return &UnavailableError{Peer: strongSwanName, Reason: "it is driven on Linux only"}
}

func carrierHere(Carrier) error { return swanInstalled() }

func reasonOf(err error) string { return err.Error() }

func swanVersion(context.Context) (string, error) { return "", swanInstalled() }

func startStrongSwan(context.Context, Env) (Instance, error) { return nil, swanInstalled() }

// GuestMain returns at once: guests are Linux's.
func GuestMain() {}

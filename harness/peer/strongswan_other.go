//go:build !linux

package peer

import "context"

func swanInstalled() error {
	return &UnavailableError{Peer: strongSwanName, Reason: "it is driven on Linux only"}
}

func swanCarrierHere(Carrier) error { return swanInstalled() }

func swanVersion(context.Context) (string, error) { return "", swanInstalled() }

func startStrongSwan(context.Context, Env) (Instance, error) { return nil, swanInstalled() }

// GuestMain returns at once: guests are Linux's.
func GuestMain() {}

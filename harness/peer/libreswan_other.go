//go:build !linux

package peer

import "context"

func plutoInstalled() (prefix string, err error) {
	return "", &UnavailableError{Peer: libreswanName, Reason: "it is driven on Linux only"}
}

func plutoCarrierHere(Carrier) error {
	_, err := plutoInstalled()
	return err
}

func plutoVersion(context.Context, string) (string, error) { return "", plutoCarrierHere(0) }

func startLibreswan(context.Context, Env, string) (Instance, error) {
	return nil, plutoCarrierHere(0)
}

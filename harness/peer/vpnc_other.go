//go:build !linux

package peer

import "context"

func vpncInstalled() error {
	return &UnavailableError{Peer: vpncName, Reason: "it is driven on Linux only"}
}

func vpncCarrierHere(Carrier) error { return vpncInstalled() }

func vpncVersion(context.Context) (string, error) { return "", vpncInstalled() }

func startVpnc(context.Context, Env) (Instance, error) { return nil, vpncInstalled() }

package peer

import (
	"context"
)

const (
	strongSwanName    = "strongswan"
	strongSwanInstall = "apt-get install charon-systemd strongswan-swanctl libcharon-extra-plugins libcharon-extauth-plugins" +
		" libstrongswan-extra-plugins libstrongswan-standard-plugins"
)

// StrongSwan drives strongSwan 5.9's charon-systemd with IKEv1.
//
// In a network namespace it carries ESP itself (plugin kernel-libipsec): tunnel
// mode only and always in UDP. The kernel's ESP is the host's where it has one,
// and otherwise that of a User-mode Linux guest.
type StrongSwan struct{}

var _ Driver = StrongSwan{}

// Name implements Driver.
func (StrongSwan) Name() string { return strongSwanName }

// Supports implements Driver.
func (StrongSwan) Supports(c Config) error { return swanSupports(c, CarrierAuto) }

// Carrier implements Driver: its own ESP for tunnels, the kernel's for the rest.
func (d StrongSwan) Carrier(c Config) (Carrier, error) {
	if err := d.Supports(c); err != nil {
		return 0, err
	}
	if err := swanInstalled(); err != nil {
		return 0, err
	}
	if swanSupports(c, CarrierNamespace) == nil && swanCarrierHere(CarrierNamespace) == nil {
		return CarrierNamespace, nil
	}
	if swanCarrierHere(CarrierKernel) == nil {
		return CarrierKernel, nil
	}
	if err := swanCarrierHere(CarrierGuest); err != nil {
		return 0, err
	}
	return CarrierGuest, nil
}

// Probe implements Driver.
func (d StrongSwan) Probe(ctx context.Context) (Info, error) {
	info := Info{Name: d.Name()}
	if err := swanInstalled(); err != nil {
		return info, err
	}
	if err := info.find(swanCarrierHere, CarrierNamespace, CarrierKernel, CarrierGuest); err != nil {
		return info, err
	}
	var err error
	info.Version, err = swanVersion(ctx)
	return info, err
}

// Start implements Driver.
func (d StrongSwan) Start(ctx context.Context, env Env) (Instance, error) {
	if err := swanInstalled(); err != nil {
		return nil, err
	}
	if env.Carrier == CarrierAuto {
		env.Carrier = CarrierNamespace
	}
	if err := swanCarrierHere(env.Carrier); err != nil {
		return nil, err
	}
	return startStrongSwan(ctx, env)
}

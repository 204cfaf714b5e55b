package peer

import (
	"context"
	"fmt"
)

const (
	strongSwanName     = "strongswan"
	strongSwanInstall  = "apt-get install charon-systemd strongswan-swanctl libcharon-extra-plugins libstrongswan-standard-plugins"
	strongSwanGuestApt = "apt-get install user-mode-linux"
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

// swanSupports asks what the peer and one carrier can be configured for.
func swanSupports(c Config, carrier Carrier) error {
	if m := c.IKE.Mode; m != "main" && m != "aggressive" {
		return unsupported("exchange mode "+m, "IKEv1 in strongSwan has main and aggressive mode")
	}
	if a := c.IKE.Authentication; a != "psk" {
		return unsupported("authentication "+a, "this driver configures pre-shared keys only")
	}
	if p := c.Child.Protocol; p != "esp" && p != "ah" {
		return unsupported("protocol "+p, "strongSwan negotiates ESP and AH")
	}
	if m := c.Child.Mode; m != "tunnel" && m != "transport" {
		return unsupported("mode "+m, "strongSwan negotiates tunnel and transport mode")
	}
	if carrier == CarrierNamespace {
		if c.Child.Mode == "transport" {
			return unsupported("transport mode in a namespace", "kernel-libipsec: unsupported mode")
		}
		if c.Child.Protocol == "ah" {
			return unsupported("AH in a namespace", "kernel-libipsec carries ESP only")
		}
	}
	_, _, err := swanProposals(c)
	return err
}

// Carrier implements Driver: its own ESP for tunnels, the kernel's for the rest.
func (d StrongSwan) Carrier(c Config) (Carrier, error) {
	if err := d.Supports(c); err != nil {
		return 0, err
	}
	if err := swanInstalled(); err != nil {
		return 0, err
	}
	if swanSupports(c, CarrierNamespace) == nil && carrierHere(CarrierNamespace) == nil {
		return CarrierNamespace, nil
	}
	if carrierHere(CarrierKernel) == nil {
		return CarrierKernel, nil
	}
	if err := carrierHere(CarrierGuest); err != nil {
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
	var missing error
	for c := CarrierNamespace; c <= CarrierGuest; c++ {
		if err := carrierHere(c); err != nil {
			missing = err
			if info.Detail != "" {
				info.Detail += "; "
			}
			info.Detail += fmt.Sprintf("no %s: %s", c, reasonOf(err))
			continue
		}
		info.Carriers = append(info.Carriers, c)
	}
	if len(info.Carriers) == 0 {
		return info, missing
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
	if err := carrierHere(env.Carrier); err != nil {
		return nil, err
	}
	if env.Name == "" {
		env.Name = d.Name()
	}
	return startStrongSwan(ctx, env)
}

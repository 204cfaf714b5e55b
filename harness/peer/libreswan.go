package peer

import "context"

const libreswanName = "libreswan"

// Libreswan drives libreswan 4's pluto with IKEv1.
//
// Pluto leaves ESP to the kernel: the host's where it has one, and otherwise that
// of a User-mode Linux guest. Debian's package conflicts with strongSwan's, so it
// need not be installed: it may lie unpacked in the directory that the environment
// variable USEIPSEC_LIBRESWAN names, or in useipsec/libreswan below the user's
// directory of caches, where .ci/libreswan puts it.
type Libreswan struct{}

var _ Driver = Libreswan{}

// Name implements Driver.
func (Libreswan) Name() string { return libreswanName }

// Supports implements Driver.
func (Libreswan) Supports(c Config) error { return plutoSupports(c) }

// Carrier implements Driver: the kernel's ESP, here or in a guest.
func (d Libreswan) Carrier(c Config) (Carrier, error) {
	if err := d.Supports(c); err != nil {
		return 0, err
	}
	if _, err := plutoInstalled(); err != nil {
		return 0, err
	}
	if plutoCarrierHere(CarrierKernel) == nil {
		return CarrierKernel, nil
	}
	if err := plutoCarrierHere(CarrierGuest); err != nil {
		return 0, err
	}
	return CarrierGuest, nil
}

// Probe implements Driver.
func (d Libreswan) Probe(ctx context.Context) (Info, error) {
	info := Info{Name: d.Name()}
	prefix, err := plutoInstalled()
	if err != nil {
		return info, err
	}
	if err := info.find(plutoCarrierHere, CarrierKernel, CarrierGuest); err != nil {
		return info, err
	}
	info.Version, err = plutoVersion(ctx, prefix)
	return info, err
}

// Start implements Driver.
func (d Libreswan) Start(ctx context.Context, env Env) (Instance, error) {
	prefix, err := plutoInstalled()
	if err != nil {
		return nil, err
	}
	if env.Carrier == CarrierAuto {
		env.Carrier = CarrierGuest
		if plutoCarrierHere(CarrierKernel) == nil {
			env.Carrier = CarrierKernel
		}
	}
	if err := plutoCarrierHere(env.Carrier); err != nil {
		return nil, err
	}
	return startLibreswan(ctx, env, prefix)
}

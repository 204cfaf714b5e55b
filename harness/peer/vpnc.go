package peer

import (
	"context"
)

const (
	vpncName    = "vpnc"
	vpncInstall = "apt-get install --no-install-recommends vpnc"
)

// Vpnc drives vpnc 0.5, the client of Cisco's remote access: it dials, in aggressive
// mode with a group's secret, and carries ESP itself over a TUN device.
//
// What it offers is its own and fixed but for the group: every cipher and hash it has,
// every NAT traversal, one long lifetime. It supports what is within that, since the
// responder chooses.
type Vpnc struct{}

var _ Driver = Vpnc{}

// Name implements Driver.
func (Vpnc) Name() string { return vpncName }

// Supports implements Driver.
func (Vpnc) Supports(c Config) error { return vpncSupports(c) }

// Carrier implements Driver: its own ESP.
func (d Vpnc) Carrier(c Config) (Carrier, error) {
	if err := d.Supports(c); err != nil {
		return 0, err
	}
	if err := vpncInstalled(); err != nil {
		return 0, err
	}
	return CarrierNamespace, vpncCarrierHere(CarrierNamespace)
}

// Probe implements Driver.
func (d Vpnc) Probe(ctx context.Context) (Info, error) {
	info := Info{Name: d.Name()}
	if err := vpncInstalled(); err != nil {
		return info, err
	}
	if err := info.find(vpncCarrierHere, CarrierNamespace); err != nil {
		return info, err
	}
	var err error
	info.Version, err = vpncVersion(ctx)
	return info, err
}

// Start implements Driver.
func (d Vpnc) Start(ctx context.Context, env Env) (Instance, error) {
	if err := vpncInstalled(); err != nil {
		return nil, err
	}
	if env.Carrier == CarrierAuto {
		env.Carrier = CarrierNamespace
	}
	if err := vpncCarrierHere(env.Carrier); err != nil {
		return nil, err
	}
	return startVpnc(ctx, env)
}

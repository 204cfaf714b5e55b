package peer

import (
	"context"
	"strconv"
)

// strongSwan is a running instance.
type strongSwan struct{ *instance }

var _ Instance = (*strongSwan)(nil)

// Configure implements Instance.
func (s *strongSwan) Configure(ctx context.Context, c Config) error {
	if err := swanSupports(c, s.env.Carrier); err != nil {
		return err
	}
	conf, err := swanctlFiles(c, s.env.Carrier)
	if err != nil {
		return err
	}
	s.remember(c, conf)
	if err := s.block(c); err != nil {
		return s.said("configure", err)
	}
	return s.said("configure", s.daemon.load(ctx, conf))
}

// block keeps traffic of a tunnel from leaving in clear while there is no SA, as trap policies
// do elsewhere: userspace ESP has none, and routes into its tunnel only once an SA is up.
func (s *strongSwan) block(c Config) error {
	if s.env.Carrier != CarrierNamespace || c.Child.Mode != "tunnel" || !c.RemoteInner.IsValid() {
		return nil
	}
	return s.ns.Unreachable(c.RemoteInner)
}

// Initiate implements Instance.
func (s *strongSwan) Initiate(ctx context.Context) error {
	return s.command(ctx, "initiate", "--initiate", "--child", swanChild, "--timeout", seconds(ctx))
}

// Rekey implements Instance.
func (s *strongSwan) Rekey(ctx context.Context, what SA) error {
	name, err := swanSA(what)
	if err != nil {
		return err
	}
	if c, _ := s.configured(); what == IKE {
		if err := swanReplaces(c); err != nil {
			return err
		}
	}
	return s.command(ctx, "rekey "+what.String(), append([]string{"--rekey"}, name...)...)
}

// Delete implements Instance.
func (s *strongSwan) Delete(ctx context.Context, what SA) error {
	name, err := swanSA(what)
	if err != nil {
		return err
	}
	return s.command(ctx, "delete "+what.String(), append([]string{"--terminate", "--timeout", seconds(ctx)}, name...)...)
}

func swanSA(what SA) ([]string, error) {
	switch what {
	case Child:
		return []string{"--child", swanChild}, nil
	case IKE:
		return []string{"--ike", swanConn}, nil
	}
	return nil, swanCannot(what.String(), "there is no such SA")
}

// seconds is limit as swanctl wants it.
func seconds(ctx context.Context) string { return strconv.Itoa(int(limit(ctx).Seconds())) }

// Artifacts implements Instance.
func (s *strongSwan) Artifacts(ctx context.Context) (map[string][]byte, error) {
	_, conf := s.configured()
	files, err := s.artifacts(ctx, "strongSwan")
	files["config"] = conf[swanctlFile]
	files["strongswan.conf"] = strongswanConf("(directory)", s.env.Carrier)
	return files, err
}

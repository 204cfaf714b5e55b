package peer

import (
	"fmt"
	"net/netip"
)

// Names of the one connection, its one child and its one pool in swanctl.conf.
const (
	swanConn  = "peer"
	swanChild = "child"
	swanPool  = "inner"
)

// Files that swanctl reads, below its directory.
const (
	swanctlFile = "swanctl.conf"
	swanKey     = "private/peer.pem"
	swanCert    = "peer.pem" // below x509
)

// swanConfig is c with what follows from it.
type swanConfig struct {
	Config
	auth                swanAuth
	ike, child          string // proposals
	localID, remoteID   string
	truncated           bool
	localNet, remoteNet string // traffic selectors without protocol and port
	kernel              bool   // the kernel's ESP carries traffic, not strongSwan's own
}

func newSwanConfig(c Config) (s swanConfig, err error) {
	s.Config = c
	if s.auth, err = swanAuthentication(c); err != nil {
		return s, err
	}
	if err := s.auth.check(c.IKE); err != nil {
		return s, err
	}
	if s.ike, s.child, err = swanProposals(c); err != nil {
		return s, err
	}
	if s.truncated, err = swanTruncates(c.Child); err != nil {
		return s, err
	}
	if s.localID, err = swanID(c.IKE.LocalID, c.Local); err != nil {
		return s, err
	}
	if s.remoteID, err = swanID(c.IKE.RemoteID, c.Remote); err != nil {
		return s, err
	}
	return s, s.selectors()
}

// swanDynamic is the end of the ISAKMP SA, or the address that mode config gave it.
const swanDynamic = "dynamic"

func (s *swanConfig) selectors() error {
	s.localNet, s.remoteNet = swanDynamic, swanDynamic
	if s.Child.Mode != "tunnel" {
		return nil
	}
	s.localNet, s.remoteNet = innerNet(s.LocalInner, s.Local).String(), innerNet(s.RemoteInner, s.Remote).String()
	if s.IKE.ModeConfig == ModeConfigNone {
		return nil
	}
	if !s.inner().IsValid() {
		return fmt.Errorf("harness/peer: mode config %s without an inner address of the client", s.IKE.ModeConfig)
	}
	if s.auth.client {
		s.localNet = swanDynamic
	} else {
		s.remoteNet = swanDynamic
	}
	return nil
}

// inner is the client's inner address.
func (s *swanConfig) inner() netip.Addr {
	if s.auth.client {
		return s.LocalInner.Addr()
	}
	return s.RemoteInner.Addr()
}

// swanctlFiles is c as swanctl reads it where that carrier is. They hold the secrets.
func swanctlFiles(c Config, carrier Carrier) (confFiles, error) {
	s, err := newSwanConfig(c)
	if err != nil {
		return nil, err
	}
	s.kernel = carrier != CarrierNamespace
	w := &confWriter{}
	w.block("connections", func() {
		w.block(swanConn, func() { s.connection(w) })
		if s.hidesNeighbours() {
			w.block("neighbours", func() { s.neighbours(w) })
		}
	})
	if c.IKE.ModeConfig != ModeConfigNone && !s.auth.client {
		w.block("pools", func() {
			w.block(swanPool, func() { w.line("addrs = %s", netip.PrefixFrom(s.inner(), s.inner().BitLen())) })
		})
	}
	w.block("secrets", func() { s.secretsBlock(w) })
	files := confFiles{swanctlFile: []byte(w.String())}
	if k := c.IKE.Credentials; k != nil {
		swanCredentials(files, k)
	}
	return files, nil
}

// swanCredentials puts keys and certificates where swanctl looks for them.
func swanCredentials(files confFiles, k *Credentials) {
	if len(k.Key) > 0 {
		files[swanKey] = k.Key
	}
	if len(k.Certificate) > 0 {
		files["x509/"+swanCert] = k.Certificate
	}
	for kind, list := range map[string][][]byte{"x509ca/root": k.Roots, "x509ca/intermediate": k.Intermediates, "x509crl/crl": k.CRLs} {
		for i, pem := range list {
			files[fmt.Sprintf("%s-%d.pem", kind, i+1)] = pem
		}
	}
}

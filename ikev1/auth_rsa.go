package ikev1

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"slices"

	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// Authentication with public key encryption (RFC 2409 5.2), in main mode
//
//	Initiator                        Responder
//	-----------                      -----------
//	HDR, SA                   -->
//	                          <--    HDR, SA
//	HDR, KE, [ HASH(1), ]
//	  <IDii_b>PubKey_r,
//	  <Ni_b>PubKey_r          -->
//	                          <--    HDR, KE, <IDir_b>PubKey_i,
//	                                      <Nr_b>PubKey_i
//	HDR*, HASH_I              -->
//	                          <--    HDR*, HASH_R
//
// and with the revised mode of it (5.3)
//
//	HDR, [ HASH(1), ]
//	  <Ni_b>Pubkey_r,
//	  <KE_b>Ke_i,
//	  <IDii_b>Ke_i,
//	  [ <Cert-I_b>Ke_i ]      -->
//	                          <--    HDR, <Nr_b>PubKey_i,
//	                                      <KE_b>Ke_r,
//	                                      <IDir_b>Ke_r
//
// In aggressive mode messages 1 and 2 carry the same payloads, 2 and 3 the hashes.

// noncePayloads are KE and nonce, with the identity where the method has it in the same message: encrypted to the peer's
// key, or behind a key that is.
func (s *Session) noncePayloads(side int, gx, nonce []byte) ([]wire.Payload, error) {
	if !s.cfg.Auth.Method.Encrypts() {
		return []wire.Payload{&wire.KE{Data: gx}, s.noncePayload(nonce)}, nil
	}
	pub, err := s.encryptTo()
	if err != nil {
		return nil, err
	}
	if _, err := s.identity(side); err != nil {
		return nil, err
	}
	sealed, err := pki.EncryptBody(s.rand, pub, nonce)
	if err != nil {
		return nil, err
	}
	no := &wire.Raw{PT: wire.PayloadNonce, Body: sealed}
	if s.cfg.Auth.Method.Revised() {
		return s.revisedPayloads(side, no, gx, nonce)
	}
	id, err := pki.EncryptBody(s.rand, pub, s.idBody[side])
	if err != nil {
		return nil, err
	}
	return []wire.Payload{&wire.KE{Data: gx}, &wire.Raw{PT: wire.PayloadID, Body: id}, no}, nil
}

// revisedPayloads are what follows the nonce under Ke_i or Ke_r.
func (s *Session) revisedPayloads(side int, no wire.Payload, gx, nonce []byte) ([]wire.Payload, error) {
	e, err := pki.NewEphemeral(s.suite, nonce, s.cookieOf(side))
	if err != nil {
		return nil, err
	}
	clear := []*wire.Raw{{PT: wire.PayloadKE, Body: gx}, {PT: wire.PayloadID, Body: s.idBody[side]}}
	if chain := s.cfg.Auth.Credentials[0].Chain; side == 0 && len(chain) > 0 && s.cfg.Auth.SendCertificate == SendAlways {
		b, err := body(pki.Payloads(chain[:1], wire.CertX509KeyExchange)[0])
		if err != nil {
			return nil, err
		}
		clear = append(clear, &wire.Raw{PT: wire.PayloadCert, Body: b})
	}
	ps := []wire.Payload{no}
	for _, p := range clear {
		sealed, err := e.Seal(p.Body)
		if err != nil {
			return nil, err
		}
		ps = append(ps, &wire.Raw{PT: p.PT, Body: sealed})
	}
	return ps, nil
}

func (s *Session) cookieOf(side int) [8]byte {
	if side == 0 {
		return s.cookieI
	}
	return s.cookieR
}

// encryptTo is the peer's public key.
func (s *Session) encryptTo() (*rsa.PublicKey, error) {
	cert := s.cfg.Auth.PeerCertificate
	if s.peerCert != nil {
		cert = s.peerCert
	}
	if cert == nil {
		return nil, refuse(wire.NotifyCertificateUnavailable, "the peer's public key is not known")
	}
	pub, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, refuse(wire.NotifyInvalidCertificate, "the peer's public key is not RSA")
	}
	return pub, nil
}

// decryptPayloads puts what was encrypted in a message into clear, and takes the identity that is in it.
func (s *Session) decryptPayloads(side int, m *wire.Message) error {
	if !s.cfg.Auth.Method.Encrypts() {
		return nil
	}
	key, err := s.decryptWith(m)
	if err != nil {
		return err
	}
	m.Payloads, m.Bodies = slices.Clone(m.Payloads), slices.Clone(m.Bodies)
	toKey := func(b []byte) ([]byte, error) { return pki.DecryptBody(key, b) }
	if err := openPayloads(m, toKey, wire.PayloadNonce); err != nil {
		return err
	}
	if !s.cfg.Auth.Method.Revised() {
		if err := openPayloads(m, toKey, wire.PayloadID); err != nil {
			return err
		}
		return s.noteIdentity(side, m.Payloads, m.Bodies)
	}
	no, _ := get[*wire.Nonce](m.Payloads, m.Bodies)
	if no == nil {
		return refuse(wire.NotifyPayloadMalformed, "no nonce payload")
	}
	e, err := pki.NewEphemeral(s.suite, no.Data, s.cookieOf(side))
	if err != nil {
		return err
	}
	if err := openPayloads(m, e.Open, wire.PayloadKE, wire.PayloadID, wire.PayloadCert); err != nil {
		return err
	}
	if err := s.noteIdentity(side, m.Payloads, m.Bodies); err != nil {
		return err
	}
	return s.noteCertificate(m)
}

// decryptWith is our key: the one that HASH(1) names, or else the first.
func (s *Session) decryptWith(m *wire.Message) (crypto.Decrypter, error) {
	creds := s.cfg.Auth.Credentials
	cred := creds[0]
	if h, raw := get[*wire.Hash](m.Payloads, m.Bodies); raw != nil && s.role == Responder {
		i := slices.IndexFunc(creds, func(c pki.Credential) bool {
			return c.Leaf() != nil && string(pki.CertHash(s.suite.Hash, c.Leaf().Raw)) == string(h.Data)
		})
		if i < 0 {
			return nil, refuse(wire.NotifyCertificateUnavailable, "HASH(1) is of no certificate of ours (RFC 2409 5.2)")
		}
		cred = creds[i]
	}
	key, ok := cred.Key.(crypto.Decrypter)
	if !ok {
		return nil, refuse(wire.NotifyInvalidKeyInformation, "our key does not decrypt")
	}
	return key, nil
}

// openPayloads decrypts the payloads of the given types in their order.
func openPayloads(m *wire.Message, open func([]byte) ([]byte, error), types ...wire.PayloadType) error {
	for i, p := range m.Payloads {
		if !slices.Contains(types, p.Type()) {
			continue
		}
		b, err := open(m.Bodies[i])
		if err != nil {
			return refuse(wire.NotifyPayloadMalformed, "%v payload: %v", p.Type(), err)
		}
		q, err := (&wire.Raw{PT: p.Type(), Body: b}).Typed()
		if err != nil {
			return refuse(wire.NotifyPayloadMalformed, "%v", err)
		}
		m.Payloads[i], m.Bodies[i] = q, b
	}
	return nil
}

// noteCertificate takes the certificate that the initiator sent with revised encryption.
func (s *Session) noteCertificate(m *wire.Message) error {
	c, raw := get[*wire.Cert](m.Payloads, m.Bodies)
	if raw == nil || s.cfg.Auth.PeerCertificate != nil {
		return nil
	}
	bundle, err := pki.Collect([]*wire.Cert{c})
	if err != nil {
		return refuse(wire.NotifyInvalidCertEncoding, "%v", err)
	}
	leaf, err := bundle.EndEntity(s.peerID)
	if leaf == nil {
		return refuse(wire.NotifyInvalidCertEncoding, "%v", err)
	}
	if err != nil {
		if err := s.tolerate(refuse(wire.NotifyAuthenticationFailed, "%v", err)); err != nil {
			return err
		}
	}
	policy := s.cfg.Auth.Trust
	policy.Purpose = pki.ForEncryption
	if _, err := policy.Verify(leaf, bundle, s.now); err != nil {
		if err := s.tolerate(refuse(certNotify(err), "%v", err)); err != nil {
			return err
		}
	}
	s.peerCert = leaf
	return nil
}

// certHash is HASH(1), which names the responder's key if it may have several.
func (s *Session) certHash() []wire.Payload {
	a := &s.cfg.Auth
	if !a.Method.Encrypts() || !a.NamePeerKey {
		return nil
	}
	return []wire.Payload{&wire.Hash{Data: hashOf(s.suite, a.PeerCertificate)}}
}

func hashOf(suite keymat.Suite, c *x509.Certificate) []byte { return pki.CertHash(suite.Hash, c.Raw) }

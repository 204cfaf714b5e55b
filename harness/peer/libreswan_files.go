package peer

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
)

// plutoConn is the name of the one connection in ipsec.conf, and of the peer's certificate.
const plutoConn = "peer"

// Files that pluto, addconn and the tools of NSS read.
const (
	plutoConfFile    = "ipsec.conf"
	plutoSecretsFile = "ipsec.secrets"
	plutoUsersFile   = plutoDir + "/passwd"
	plutoDir         = "ipsec.d"
	plutoBlockFile   = "block"                   // what must not leave in clear, as ip xfrm policy has it
	plutoImport      = "import"                  // directory of what goes into the NSS database
	plutoKeyFile     = plutoImport + "/peer.p12" // the peer's key and certificate
	plutoKeyPassword = "known to everybody"      // of that file, which must have one
	plutoRoots       = plutoImport + "/root-"    // whom the peer trusts
	plutoBetweens    = plutoImport + "/between-"
	plutoCRLs        = plutoImport + "/revoked-" // in DER
)

// plutoFiles are what pluto reads. They hold the secrets.
func plutoFiles(c Config) (confFiles, error) {
	a, err := plutoAuthentication(c)
	if err == nil {
		err = a.check(c.IKE)
	}
	if err != nil {
		return nil, err
	}
	conf, err := plutoConf(c)
	if err != nil {
		return nil, err
	}
	files := confFiles{plutoConfFile: conf, plutoSecretsFile: plutoSecrets(c, a)}
	if a.xauth && !a.client {
		hash, err := md5Crypt(c.IKE.XAUTH.Password)
		if err != nil {
			return nil, err
		}
		files[plutoUsersFile] = fmt.Appendf(nil, "%s:%s:%s\n", c.IKE.XAUTH.User, hash, plutoConn)
	}
	if plutoAuto(c) != plutoOnDemand {
		// From anywhere: pluto replaces, and in the end deletes, a policy of its own selector.
		files[plutoBlockFile] = fmt.Appendf(nil, "dst %s\n", c.RemoteInner.Masked())
	}
	if a.psk {
		return files, nil
	}
	k := c.IKE.Credentials
	if files[plutoKeyFile], err = pkcs12(k.Key, k.Certificate, plutoConn, plutoKeyPassword); err != nil {
		return nil, err
	}
	for i, root := range k.Roots {
		files[fmt.Sprint(plutoRoots, i)] = root
	}
	for i, cert := range k.Intermediates {
		// NSS has a certificate once.
		if !slices.ContainsFunc(k.Roots, func(root []byte) bool { return bytes.Equal(root, cert) }) {
			files[fmt.Sprint(plutoBetweens, i)] = cert
		}
	}
	for i, crl := range k.CRLs {
		block, _ := pem.Decode(crl)
		if block == nil {
			return nil, fmt.Errorf("harness/peer: revocation list %d is not in PEM", i+1)
		}
		files[fmt.Sprint(plutoCRLs, i)] = block.Bytes
	}
	return files, nil
}

// plutoSecrets is ipsec.secrets. The pre-shared key is for whoever is configured.
func plutoSecrets(c Config, a plutoAuth) []byte {
	w := &confWriter{}
	if a.psk {
		w.line(": PSK 0x%x", c.IKE.PSK)
	}
	if a.xauth && a.client {
		w.line(`@%s : XAUTH "%s"`, c.IKE.XAUTH.User, c.IKE.XAUTH.Password)
	}
	return []byte(w.String())
}

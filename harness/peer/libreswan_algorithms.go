package peer

import (
	"fmt"
	"strings"
)

// libreswan's names for the slugs: what pluto lists, when it starts, as IKEv1's.
var (
	plutoCiphers = map[string]string{
		"3des-cbc": "3des", "aes128-cbc": "aes128", "aes192-cbc": "aes192", "aes256-cbc": "aes256",
		"camellia128-cbc": "camellia128", "camellia192-cbc": "camellia192", "camellia256-cbc": "camellia256",
	}
	plutoESPCiphers = map[string]string{
		"null": "null", "aes128-ctr": "aes_ctr128", "aes192-ctr": "aes_ctr192", "aes256-ctr": "aes_ctr256",
	}
	// Combined modes: they bring their own integrity.
	plutoAEADs = func() map[string]string {
		names := map[string]string{}
		for _, bits := range []string{"128", "192", "256"} {
			for octets, suffix := range map[string]string{"8": "a", "12": "b", "16": "c"} {
				names["aes"+bits+"-gcm"+octets] = "aes_gcm_" + suffix + bits
				names["aes"+bits+"-ccm"+octets] = "aes_ccm_" + suffix + bits
			}
		}
		return names
	}()
	plutoHashes = map[string]string{
		"md5": "md5", "sha1": "sha1", "sha256": "sha2_256", "sha384": "sha2_384", "sha512": "sha2_512",
	}
	plutoGroups = map[string]string{
		"modp1536": "modp1536", "modp2048": "modp2048", "modp3072": "modp3072",
		"modp4096": "modp4096", "modp6144": "modp6144", "modp8192": "modp8192",
	}
	// Groups of phase 1 alone.
	plutoIKEGroups = map[string]string{"ecp256": "dh19", "ecp384": "dh20", "ecp521": "dh21"}
	plutoIntegrity = map[string]string{
		"hmac-md5-96": "md5", "hmac-sha1-96": "sha1", truncatedSHA256: "sha2_256", "hmac-sha256-128": "sha2_256",
		"hmac-sha384-192": "sha2_384", "hmac-sha512-256": "sha2_512", "aes-xcbc-96": "aes_xcbc",
	}
)

func plutoCannot(what, reason string) error {
	return &UnsupportedError{Peer: libreswanName, What: what, Reason: reason}
}

// plutoName answers as libreswan itself does to a name that it has not.
func plutoName(kind, slug string, names ...map[string]string) (string, error) {
	for _, some := range names {
		if n, ok := some[slug]; ok {
			return n, nil
		}
	}
	return "", plutoCannot(kind+" "+slug, fmt.Sprintf("%s algorithm '%s' is not supported", kind, slug))
}

// plutoProposals are the values of ike and phase2alg.
func plutoProposals(c Config) (ike, child string, err error) {
	var ikes, children []string
	for _, p := range c.IKE.Proposals {
		s, err := plutoProposal(p)
		if err != nil {
			return "", "", err
		}
		ikes = append(ikes, s)
	}
	for _, p := range c.Child.Proposals {
		s, err := plutoChildProposal(c.Child.Protocol, p)
		if err != nil {
			return "", "", err
		}
		children = append(children, s)
	}
	if c.Child.PFS != "" {
		g, err := plutoName(strings.ToUpper(c.Child.Protocol)+" DH", c.Child.PFS, plutoGroups)
		if err != nil {
			return "", "", err
		}
		for i := range children { // pluto refuses a list in which only some have it
			children[i] += ";" + g
		}
	}
	return strings.Join(ikes, ","), strings.Join(children, ","), nil
}

// plutoProposal is one IKE proposal: aes128-sha1-modp2048.
func plutoProposal(p IKEProposal) (string, error) {
	e, err := plutoName("IKE encryption", p.Encryption, plutoCiphers)
	if err != nil {
		return "", err
	}
	h, err := plutoName("IKE PRF", p.Hash, plutoHashes)
	if err != nil {
		return "", err
	}
	g, err := plutoName("IKE DH", p.Group, plutoGroups, plutoIKEGroups)
	return e + "-" + h + "-" + g, err
}

// plutoChildProposal is one ESP or AH proposal: aes128-sha1, aes_gcm_c256, sha1.
func plutoChildProposal(protocol string, p ChildProposal) (string, error) {
	kind := strings.ToUpper(protocol)
	if n := plutoAEADs[p.Encryption]; n != "" && protocol == "esp" {
		if p.Integrity != "" && p.Integrity != "none" {
			return "", plutoCannot(p.Encryption+" with "+p.Integrity, "AEAD ESP encryption algorithm must have 'NONE' as the integrity algorithm")
		}
		return n, nil
	}
	integrity, err := plutoName(kind+" integrity", p.Integrity, plutoIntegrity)
	if err != nil || protocol == "ah" {
		return integrity, err
	}
	cipher, err := plutoName(kind+" encryption", p.Encryption, plutoCiphers, plutoESPCiphers)
	return cipher + "-" + integrity, err
}

// plutoTruncates says whether the child is to have SHA-256 with 96 bits: all of its proposals, or none.
func plutoTruncates(c ChildConfig) (bool, error) {
	var short, long bool
	for _, p := range c.Proposals {
		short = short || p.Integrity == truncatedSHA256
		long = long || p.Integrity == "hmac-sha256-128"
	}
	if short && long {
		return false, plutoCannot(truncatedSHA256+" beside hmac-sha256-128", "sha2-truncbug holds for a whole connection")
	}
	return short, nil
}

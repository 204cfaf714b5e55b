package peer

import (
	"strings"
)

// strongSwan's names for the slugs (its proposal keywords). What IKEv1 has no number for in it
// is not here, such as AES-XCBC as a hash.
var (
	swanCiphers = map[string]string{
		"des-cbc": "des", "3des-cbc": "3des", "cast128-cbc": "cast128",
		"aes128-cbc": "aes128", "aes192-cbc": "aes192", "aes256-cbc": "aes256",
		"camellia128-cbc": "camellia128", "camellia192-cbc": "camellia192", "camellia256-cbc": "camellia256",
		"blowfish128-cbc": "blowfish128", "blowfish192-cbc": "blowfish192", "blowfish256-cbc": "blowfish256",
	}
	swanESPCiphers = map[string]string{
		"null": "null", "aes128-ctr": "aes128ctr", "aes192-ctr": "aes192ctr", "aes256-ctr": "aes256ctr",
	}
	// Combined modes: they bring their own integrity.
	swanAEADs = map[string]string{
		"aes128-gcm8": "aes128gcm8", "aes128-gcm12": "aes128gcm12", "aes128-gcm16": "aes128gcm16",
		"aes192-gcm8": "aes192gcm8", "aes192-gcm12": "aes192gcm12", "aes192-gcm16": "aes192gcm16",
		"aes256-gcm8": "aes256gcm8", "aes256-gcm12": "aes256gcm12", "aes256-gcm16": "aes256gcm16",
	}
	swanHashes = map[string]string{
		"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512",
	}
	swanGroups = map[string]string{
		"modp768": "modp768", "modp1024": "modp1024", "modp1536": "modp1536", "modp2048": "modp2048",
		"modp3072": "modp3072", "modp4096": "modp4096", "modp6144": "modp6144", "modp8192": "modp8192",
		"modp1024s160": "modp1024s160", "modp2048s224": "modp2048s224", "modp2048s256": "modp2048s256",
		"ecp256": "ecp256", "ecp384": "ecp384", "ecp521": "ecp521",
	}
	swanIntegrity = map[string]string{
		"hmac-md5-96": "md5", "hmac-sha1-96": "sha1", truncatedSHA256: "sha256", "hmac-sha256-128": "sha256",
		"hmac-sha384-192": "sha384", "hmac-sha512-256": "sha512", "aes-xcbc-96": "aesxcbc",
	}
)

// truncatedSHA256 is negotiated like hmac-sha256-128: an option of the child decides which it is.
const truncatedSHA256 = "hmac-sha256-96"

// swanReasons are strongSwan's for algorithms it has a name for and yet cannot be asked for.
var swanReasons = map[string]string{
	"blowfish-cbc": "it names Blowfish by its key length only, and always sends that",
	"aes-xcbc":     "it knows no value of the hash attribute for it",
}

func swanCannot(what, reason string) error {
	return &UnsupportedError{Peer: strongSwanName, What: what, Reason: reason}
}

func swanName(names map[string]string, kind, slug string) (string, error) {
	if n, ok := names[slug]; ok {
		return n, nil
	}
	reason := swanReasons[slug]
	if reason == "" {
		reason = "it has no proposal keyword for it"
	}
	return "", swanCannot(kind+" "+slug, reason)
}

// swanProposals are the values of proposals and of esp_proposals or ah_proposals.
func swanProposals(c Config) (ike, child string, err error) {
	var ikes, children []string
	for _, p := range c.IKE.Proposals {
		s, err := swanProposal(p)
		if err != nil {
			return "", "", err
		}
		ikes = append(ikes, s)
	}
	for _, p := range c.Child.Proposals {
		s, err := swanChildProposal(c.Child.Protocol, p, c.Child.PFS)
		if err != nil {
			return "", "", err
		}
		children = append(children, s)
	}
	return strings.Join(ikes, ","), strings.Join(children, ","), nil
}

// swanProposal is one IKE proposal in strongSwan's notation: aes128-sha1-modp1024.
func swanProposal(p IKEProposal) (string, error) {
	c, err := swanName(swanCiphers, "IKE encryption", p.Encryption)
	if err != nil {
		return "", err
	}
	h, err := swanName(swanHashes, "IKE hash", p.Hash)
	if err != nil {
		return "", err
	}
	g, err := swanName(swanGroups, "group", p.Group)
	if err != nil {
		return "", err
	}
	return c + "-" + h + "-" + g, nil
}

// swanChildProposal is one ESP or AH proposal; the group of PFS is part of it.
func swanChildProposal(protocol string, p ChildProposal, pfs string) (string, error) {
	var parts []string
	add := func(names map[string]string, kind, slug string) error {
		n, err := swanName(names, kind, slug)
		parts = append(parts, n)
		return err
	}
	aead := protocol == "esp" && swanAEADs[p.Encryption] != ""
	if protocol == "esp" {
		names := swanCiphers
		switch {
		case aead:
			names = swanAEADs
		case swanESPCiphers[p.Encryption] != "":
			names = swanESPCiphers
		}
		if err := add(names, "ESP encryption", p.Encryption); err != nil {
			return "", err
		}
	}
	switch {
	case !aead:
		if err := add(swanIntegrity, "integrity", p.Integrity); err != nil {
			return "", err
		}
	case p.Integrity != "" && p.Integrity != "none":
		return "", swanCannot(p.Encryption+" with "+p.Integrity, "it takes integrity out of proposals with a combined mode")
	}
	if pfs != "" {
		if err := add(swanGroups, "PFS group", pfs); err != nil {
			return "", err
		}
	}
	return strings.Join(parts, "-"), nil
}

// swanTruncates says whether the child is to have SHA-256 with 96 bits: all of its proposals, or none.
func swanTruncates(c ChildConfig) (bool, error) {
	var short, long bool
	for _, p := range c.Proposals {
		short = short || p.Integrity == truncatedSHA256
		long = long || p.Integrity == "hmac-sha256-128"
	}
	if short && long {
		return false, swanCannot(truncatedSHA256+" beside hmac-sha256-128", "its option sha256_96 holds for all proposals of a child")
	}
	return short, nil
}

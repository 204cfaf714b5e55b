package peer

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// vpncConfig is goldenConfig within what vpnc can.
func vpncConfig() Config {
	c := goldenConfig()
	c.Role, c.Local, c.Remote = Initiator, netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.1")
	c.IKE.Mode, c.IKE.Authentication, c.IKE.Lifetime = "aggressive", "xauth-init-psk", 0
	c.IKE.LocalID = Identity{"key_id", "a group"}
	c.IKE.XAUTH = &XAUTH{User: "carol", Password: []byte("carol's own")}
	c.IKE.ModeConfig = ModeConfigPull
	c.IKE.Proposals = []IKEProposal{{"aes256-cbc", "sha1", "modp1024"}, {"aes128-cbc", "sha1", "modp1024"}}
	c.Child = ChildConfig{
		Protocol: "esp", Mode: "tunnel",
		Proposals: []ChildProposal{{"aes256-cbc", "hmac-sha1-96"}, {"aes128-cbc", "hmac-sha1-96"}},
	}
	return c
}

func TestVpncConf(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"plain": func(*Config) {},
		"weak": func(c *Config) {
			c.IKE.Proposals = []IKEProposal{{"3des-cbc", "md5", "modp2048"}}
			c.Child.Proposals, c.Child.PFS = []ChildProposal{{"null", "hmac-md5-96"}}, "modp1536"
			c.IKE.NATTraversal, c.IKE.DPD = NATTForced, 30*time.Second
		},
		"hybrid": func(c *Config) {
			c.IKE.Authentication, c.IKE.PSK, c.IKE.NATTraversal = "hybrid-init-rsa", nil, NATTOff
			c.IKE.Credentials = &Credentials{Roots: [][]byte{[]byte("a root")}}
			c.RemoteInner = netip.MustParsePrefix("10.1.0.0/20")
		},
		"psk": func(c *Config) { c.IKE.Authentication, c.IKE.XAUTH = "psk", nil },
	} {
		t.Run(name, func(t *testing.T) {
			c := vpncConfig()
			change(&c)
			if err := (Vpnc{}).Supports(c); err != nil {
				t.Error(err)
			}
			files := vpncFiles(c).redacted(c.secrets())
			golden(t, "vpnc-"+name+".conf", append(files[vpncConfFile], files[vpncScriptFile]...))
			for name, content := range files {
				if bytes.Contains(content, []byte("not in the evidence")) || bytes.Contains(content, []byte("carol's own")) {
					t.Errorf("%s holds a secret:\n%s", name, content)
				}
			}
			if roots := files[vpncRootsFile]; (roots != nil) != (name == "hybrid") {
				t.Errorf("roots: %q", roots)
			}
		})
	}
}

func TestVpncSupports(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Config)
		want   string // part of the error; empty for none
	}{
		"plain":           {func(*Config) {}, ""},
		"any responder":   {func(c *Config) { c.IKE.RemoteID = Identity{"der_asn1_dn", "CN=gw"} }, ""},
		"its lifetime":    {func(c *Config) { c.IKE.Lifetime, c.Child.Lifetime = 2147483*time.Second, 2147483*time.Second }, ""},
		"draft-00":        {func(c *Config) { c.IKE.NATTVersions = []string{"draft-00", "rfc3947"} }, ""},
		"responder":       {func(c *Config) { c.Role = Responder }, "it is a client"},
		"main mode":       {func(c *Config) { c.IKE.Mode = "main" }, "exchange mode main"},
		"no mode config":  {func(c *Config) { c.IKE.ModeConfig = ModeConfigNone }, "mode config"},
		"push":            {func(c *Config) { c.IKE.ModeConfig = ModeConfigPush }, `mode config "push"`},
		"fragmentation":   {func(c *Config) { c.IKE.Fragmentation = true }, "IKE fragmentation"},
		"shorter":         {func(c *Config) { c.IKE.Lifetime, c.Child.Lifetime = 8*time.Hour, time.Hour }, ""},
		"lifetime":        {func(c *Config) { c.IKE.Lifetime = 600 * time.Hour }, "it offers 2147483 s"},
		"child lifetime":  {func(c *Config) { c.Child.Lifetime = 600 * time.Hour }, "it offers 2147483 s"},
		"hasty dpd":       {func(c *Config) { c.IKE.DPD = time.Second }, "DPD every 1s"},
		"natt of 2030":    {func(c *Config) { c.IKE.NATTVersions = []string{"rfc3947", "rfc9999"} }, "nat-traversal rfc9999"},
		"user_fqdn":       {func(c *Config) { c.IKE.LocalID = Identity{"user_fqdn", "a@b"} }, "Vendor netscreen"},
		"address":         {func(c *Config) { c.IKE.LocalID = Identity{} }, "identification by address"},
		"fqdn":            {func(c *Config) { c.IKE.LocalID = Identity{"fqdn", "a.b"} }, "identification fqdn"},
		"two lines":       {func(c *Config) { c.IKE.LocalID.Text = "a\nDebug 99" }, "of one line"},
		"empty secret":    {func(c *Config) { c.IKE.PSK = nil }, "IPSec secret of 0 octets"},
		"binary secret":   {func(c *Config) { c.IKE.PSK = []byte{1, 0, 2} }, "IPSec secret of 3 octets"},
		"endless user":    {func(c *Config) { c.IKE.XAUTH.User = strings.Repeat("x", 200) }, "Xauth username of 200 octets"},
		"no user":         {func(c *Config) { c.IKE.XAUTH = nil }, "missing Xauth username"},
		"rsa":             {func(c *Config) { c.IKE.Authentication = "xauth-init-rsa-sig" }, "Supported Auth-Methods"},
		"hybrid, no root": {func(c *Config) { c.IKE.Authentication = "hybrid-init-rsa" }, "CA-File"},
		"hybrid and CRL": {func(c *Config) {
			c.IKE.Authentication = "hybrid-init-rsa"
			c.IKE.Credentials = &Credentials{Roots: [][]byte{{1}}, CRLs: [][]byte{{2}}}
		}, "revocation lists"},
		"transport": {func(c *Config) { c.Child.Mode = "transport" }, "mode transport"},
		"ah":        {func(c *Config) { c.Child.Protocol = "ah" }, "protocol ah"},
		"ports":     {func(c *Config) { c.Child.Selector = Selector{Protocol: 6} }, "a selector of protocol and ports"},
		"IPv6": {func(c *Config) {
			c.Local, c.Remote = netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("2001:db8::1")
		}, "IPv6"},
		"a network":   {func(c *Config) { c.LocalInner = netip.MustParsePrefix("10.2.0.0/16") }, "selector 10.2.0.0/16"},
		"no network":  {func(c *Config) { c.RemoteInner = netip.Prefix{} }, "routing loop"},
		"two groups":  {func(c *Config) { c.IKE.Proposals[1].Group = "modp2048" }, "two groups"},
		"sha256":      {func(c *Config) { c.IKE.Proposals[1].Hash = "sha256" }, "IKE hash sha256"},
		"esp sha256":  {func(c *Config) { c.Child.Proposals[1].Integrity = "hmac-sha256-128" }, "integrity hmac-sha256-128"},
		"aes-gcm":     {func(c *Config) { c.Child.Proposals[0].Encryption = "aes128-gcm16" }, "ESP encryption aes128-gcm16"},
		"ike null":    {func(c *Config) { c.IKE.Proposals[0].Encryption = "null" }, "IKE encryption null"},
		"ecp256":      {func(c *Config) { c.IKE.Proposals[0].Group = "ecp256" }, "group ecp256"},
		"pfs ecp256":  {func(c *Config) { c.Child.PFS = "ecp256" }, "PFS group ecp256"},
		"no proposal": {func(c *Config) { c.Child.Proposals = nil }, "no proposal"},
	} {
		t.Run(name, func(t *testing.T) {
			c := vpncConfig()
			tt.change(&c)
			err := Vpnc{}.Supports(c)
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

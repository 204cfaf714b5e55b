package peer

import "testing"

// TestStrongSwanGuests is what takes a kernel's ESP and AH.
func TestStrongSwanGuests(t *testing.T) {
	t.Parallel()
	need(t, CarrierGuest)
	if testing.Short() {
		t.Skip("boots four guests")
	}
	for family, v6 := range map[string]bool{"ipv4": false, "ipv6": true} {
		t.Run(family, func(t *testing.T) {
			p := guestPair{startPairOn(t, v6, StrongSwan{}, CarrierGuest, StrongSwan{}, CarrierGuest)}
			p.features(t)
			if !v6 {
				p.algorithms(t)
			}
		})
	}
}

type guestPair struct{ *pair }

// What carries a conversation.
func inESP(c counts) int { return c.ESP }
func inAH(c counts) int  { return c.AH }
func inUDP(c counts) int { return c.UDPESP }

// try wants a conversation carried so and nothing of it in clear.
func (p guestPair) try(t *testing.T, name, mode string, carried func(counts) int, change func(*Config)) {
	t.Run(name, func(t *testing.T) {
		p.configure(t, change, mode)
		p.initiate(t)
		checkClient(t, p.pair)
		if c := p.talk(t, mode, 179); carried(c) < 5 || c.TCP != 0 {
			t.Errorf("%+v", c)
		}
	})
}

func (p guestPair) features(t *testing.T) {
	p.try(t, "certificates", "transport", inESP, func(c *Config) { authenticate(t, c, "rsa-sig") })
	p.try(t, "xauth", "transport", inESP, func(c *Config) { authenticate(t, c, "xauth-init-psk") })
	p.try(t, "mode config", "tunnel", inESP, func(c *Config) { c.IKE.ModeConfig = ModeConfigPull })
	p.try(t, "pushed mode config", "tunnel", inESP, func(c *Config) {
		authenticate(t, c, "hybrid-init-rsa")
		c.IKE.Mode, c.IKE.ModeConfig = "aggressive", ModeConfigPush
	})
	for _, mode := range []string{"transport", "tunnel"} {
		p.try(t, "forced nat-t in "+mode+" mode", mode, inUDP, func(c *Config) { c.IKE.NATTraversal = NATTForced })
		p.try(t, "ah in "+mode+" mode", mode, inAH, func(c *Config) {
			c.Child.Protocol, c.Child.Proposals = "ah", []ChildProposal{{"", "hmac-sha1-96"}}
		})
	}
}

// algorithms has one for every module of the kernel that the guest loads.
func (p guestPair) algorithms(t *testing.T) {
	for _, with := range []ChildProposal{
		{"null", "hmac-md5-96"},
		{"des-cbc", "hmac-sha1-96"},
		{"3des-cbc", "hmac-sha256-128"},
		{"aes192-cbc", truncatedSHA256},
		{"camellia256-cbc", "hmac-sha384-192"},
		{"cast128-cbc", "hmac-sha512-256"},
		{"blowfish256-cbc", "aes-xcbc-96"},
		{"aes256-ctr", "hmac-sha1-96"},
		{"aes128-gcm8", "none"},
		{"aes256-gcm16", "none"},
	} {
		p.try(t, with.Encryption+" "+with.Integrity, "transport", inESP, func(c *Config) { c.Child.Proposals[0] = with })
	}
	for _, with := range []string{"aes-xcbc-96", truncatedSHA256} {
		p.try(t, "ah "+with, "transport", inAH, func(c *Config) {
			c.Child.Protocol, c.Child.Proposals = "ah", []ChildProposal{{"", with}}
		})
	}
}

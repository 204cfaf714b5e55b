package e2e_test

import (
	"fmt"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/e2e"
	"github.com/useipsec/useipsec/scenarios"
)

// matrix is every exchange with every way of authentication, in transport and tunnel mode, IPv4 and IPv6.
func matrix() (all []*scenarios.Scenario) {
	methods := []string{
		"psk", "rsa-sig", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512", "rsa-enc", "rsa-rev-enc", "dss-sig",
		"xauth-init-psk", "xauth-init-rsa-sig", "hybrid-init-rsa",
	}
	for _, exchange := range []string{"main", "aggressive"} {
		for _, method := range methods {
			for _, place := range []struct {
				mode   string
				family scenarios.Family
			}{{"tunnel", scenarios.IPv4}, {"tunnel", scenarios.IPv6}, {"transport", scenarios.IPv4}} {
				s := &scenarios.Scenario{
					ID:    strings.Join([]string{"matrix", exchange, method, place.mode, place.family.String()}, "/"),
					Title: "one of all combinations", Why: "which of them do products have?",
					PeerPlays: []scenarios.Role{scenarios.Responder, scenarios.Initiator}, Family: place.family,
					IKE: scenarios.IKE{
						Mode: exchange, Authentication: method,
						Proposals: []scenarios.IKEProposal{{Encryption: "aes128-cbc", Hash: "sha1", Group: "modp2048"}},
					},
					Child: scenarios.Child{
						Mode: place.mode, Selector: &scenarios.Selector{},
						Proposals: []scenarios.ChildProposal{{Encryption: "aes128-cbc", Integrity: "hmac-sha1-96"}},
					},
					Script: []scenarios.Step{
						{Initiate: &scenarios.Initiate{}},
						{Exchange: &scenarios.Exchange{Protocol: 6, Port: 8179, Expect: scenarios.Protected}},
					},
					Expect: scenarios.Expect{Phase1: scenarios.Established, Phase2: scenarios.Established},
				}
				if method != "psk" || exchange == "aggressive" { // in main mode a pre-shared key is found by the address
					s.IKE.Identities = scenarios.Identities{Initiator: "fqdn", Responder: "fqdn"}
				}
				if exchange == "main" && method == "xauth-init-psk" {
					s.IKE.Identities = scenarios.Identities{}
				}
				all = append(all, s)
			}
		}
	}
	// What vpnc asks for: the key ID of a group, a password and an address.
	s := *all[0]
	s.ID = "matrix/client/xauth-init-psk"
	s.IKE.Mode, s.IKE.Authentication, s.IKE.ModeConfig = "aggressive", "xauth-init-psk", scenarios.Pull
	s.IKE.Identities = scenarios.Identities{Initiator: "key_id", Responder: "fqdn"}
	all = append(all, &s)
	return all
}

// combinations is how many combinations have to reach traffic, all peers together (an
// established quick mode with ESP both ways).
const combinations = 60

// reached and cannot are what became of the matrix: combinations with ESP both ways, and those that a peer
// says it cannot do.
var reached, cannot []string

// describeMatrix runs the matrix against a peer.
func describeMatrix(name string) bool {
	return e2e.Describe("matrix, "+name, e2e.Config{
		Again: again,
		Lab:   harness.Netns, Driver: driver(name), Scenarios: matrix(), MayLack: true, Jobs: 8,
		OnTrial: func(t *check.TrialResult) {
			text := fmt.Sprintf("%s as %s: %s", name, t.Trial, strings.TrimPrefix(t.Scenario, "matrix/"))
			switch {
			case t.Verdict == check.Pass && t.Packets.ESPDecrypted > 1:
				reached = append(reached, text)
			case t.Verdict == check.Unsupported:
				cannot = append(cannot, text+": "+t.Reason)
			}
		},
	})
}

var (
	_ = describeMatrix("strongswan")
	_ = describeMatrix("libreswan")
	_ = describeMatrix("vpnc")
)

var _ = ginkgo.ReportAfterSuite("combinations", func(ginkgo.Report) {
	if len(reached)+len(cannot) == 0 {
		return // no peer could run here, or other specs were asked for
	}
	ginkgo.GinkgoWriter.Printf("%d combinations of exchange, authentication and role with ESP both ways:\n  %s\n", len(reached), strings.Join(reached, "\n  "))
	ginkgo.GinkgoWriter.Printf("%d combinations that a peer cannot do:\n  %s\n", len(cannot), strings.Join(cannot, "\n  "))
	gomega.Expect(len(reached)).To(gomega.BeNumerically(">=", combinations))
})

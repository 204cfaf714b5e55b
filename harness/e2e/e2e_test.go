package e2e_test

import (
	"os"
	"testing"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/useipsec/useipsec/harness"
	"github.com/useipsec/useipsec/harness/e2e"
	"github.com/useipsec/useipsec/harness/peer"
)

// TestMain serves as the init process of guests, which are this very binary.
func TestMain(m *testing.M) {
	peer.GuestMain()
	os.Exit(m.Run())
}

func TestE2E(t *testing.T) {
	gomega.RegisterFailHandler(ginkgo.Fail)
	ginkgo.RunSpecs(t, "scenario library")
}

var (
	_ = e2e.Describe("reference peer, virtual lab", e2e.Config{Lab: harness.Virtual})
	_ = e2e.Describe("reference peer, netns lab", e2e.Config{Lab: harness.Netns})
	_ = e2e.Describe("strongSwan", e2e.Config{Lab: harness.Netns, Driver: driver("strongswan")})
	_ = e2e.Describe("libreswan", e2e.Config{Lab: harness.Netns, Driver: driver("libreswan"), Unsupported: []string{
		"main/psk/3des-sha1-modp1024/responder", // IKE DH algorithm 'modp1024' is not supported
		"main/psk/3des-sha1-modp1024/initiator",
		"main/psk/aes128-sha1-modp1024/responder",
		"main/psk/aes128-sha1-modp1024/initiator",
	}})
)

func driver(name string) peer.Driver {
	d, err := peer.Find(name)
	if err != nil {
		panic(err)
	}
	return d
}

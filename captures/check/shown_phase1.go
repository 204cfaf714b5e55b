package check

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"net/netip"
	"slices"

	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// showPhase1 shows what p, which is established, was made of and what came with
// it.
func (w *watcher) showPhase1(p *dissect.Phase1) {
	frames := frames(p.Messages)
	const established = "phase 1 established"
	if len(frames) == 0 {
		return
	}
	initiates := w.s.Judges(p.Initiator.Addr())
	role, id, signer := scenarios.Responder, p.IDir, p.SignerR
	if initiates {
		role, id, signer = scenarios.Initiator, p.IDii, p.SignerI
	}
	w.show(scenarios.CapRole, role.String(), established, frames...)
	w.show(scenarios.CapExchangeMode, exchangeSlug(p.Exchange), established, frames...)
	if p.SuiteErr == nil {
		w.showAuthentication(p, frames)
		w.show(scenarios.CapIKEEncryption, p.Suite.Cipher.Slug(p.Suite.KeyBits), established, frames...)
		w.show(scenarios.CapIKEHash, p.Suite.Hash.String(), established, frames...)
		w.show(scenarios.CapGroup, p.Suite.Group.String(), established, frames...)
	}
	if id != nil {
		w.show(scenarios.CapIdentification, id.IDType.String(), "asserted in a phase 1 that was established", w.sentID(p)...)
	}
	switch {
	case signer != nil:
		w.show(scenarios.CapCertificate, keyType(signer.PublicKey), "its key verifies the peer's signature", frames...)
	case p.Auth.Encrypts() && id != nil:
		w.showDecryption(*id, frames)
	}
	w.show(scenarios.CapFamily, family(p.Initiator.Addr()), established, frames...)
	w.showNATT(p, initiates)
	w.showConfig(p)
	w.showFragments(p)
	if w.deletes[p.Deleted] {
		w.show(scenarios.CapDelete, scenarios.WhatIKE.String(), "a Delete of the ISAKMP SA", p.Deleted)
	}
}

// showAuthentication: where the XAUTH drafts ask for more than phase 1, the client
// has to have answered, and that to have come to an OK.
func (w *watcher) showAuthentication(p *dissect.Phase1, frames []int) {
	switch required, _ := p.Auth.XAUTH(); {
	case !required:
		w.show(scenarios.CapAuthentication, p.Auth.String(), "phase 1 established", frames...)
	case p.XAUTH.OK && p.XAUTH.Reply != 0:
		w.show(scenarios.CapAuthentication, p.Auth.String(), "phase 1 established, and XAUTH came to an OK", append(frames, p.XAUTH.Status)...)
	}
}

// showDecryption: phase 1 was encrypted to the key of the certificate that the
// peer has in the trial, and established.
func (w *watcher) showDecryption(id wire.ID, frames []int) {
	for _, c := range w.s.Certificates {
		if !c.IsCA && pki.Match(c, id) == nil {
			w.show(scenarios.CapCertificate, keyType(c.PublicKey), "phase 1 was encrypted to its key, and established", frames...)
		}
	}
}

// showConfig: mode config gave an address. One of its two messages is the
// peer's.
func (w *watcher) showConfig(p *dissect.Phase1) {
	switch l := p.Lease; {
	case l.Assigned == 0:
	case !l.Pushed && l.Request != 0 && l.Request < l.Assigned:
		w.show(scenarios.CapModeConfig, scenarios.Pull.String(), "an address asked for, and given", l.Request, l.Assigned)
	case l.Pushed && l.Ack > l.Assigned:
		w.show(scenarios.CapModeConfig, scenarios.Push.String(), "an address set, and acknowledged", l.Assigned, l.Ack)
	}
}

// showFragments: a message of phase 1 that came in pieces, and phase 1 was
// established by it.
func (w *watcher) showFragments(p *dissect.Phase1) {
	for _, m := range p.Messages {
		if len(m.Fragments) > 1 {
			w.show(scenarios.CapFragmentation, "ike", fmt.Sprintf("message %d of %s in %d fragments, and phase 1 established", m.Index, w.s.Who(m.Src.Addr()), len(m.Fragments)), m.Fragments...)
		}
	}
}

// keyType is the slug of a public key's type, "" for none of ours.
func keyType(pub any) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("rsa%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return fmt.Sprintf("ecdsa%d", k.Curve.Params().BitSize)
	}
	return ""
}

// sentID are the frames in which the peer asserts its identity.
func (w *watcher) sentID(p *dissect.Phase1) []int {
	var out []int
	for _, m := range p.Messages {
		if _, ok := phase1ID(m); ok && w.s.Judges(m.Src.Addr()) {
			out = append(out, m.Frame)
		}
	}
	return out
}

func exchangeSlug(t wire.ExchangeType) string {
	switch t {
	case wire.ExchangeMain:
		return "main"
	case wire.ExchangeAggressive:
		return "aggressive"
	}
	return ""
}

func family(a netip.Addr) string {
	switch a = a.Unmap(); {
	case a.Is6():
		return "ipv6"
	case a.Is4():
		return "ipv4"
	}
	return ""
}

// nattVersionID is a version of NAT traversal, and the vendor ID that announces it.
type nattVersionID struct {
	slug   string
	vendor []byte
	draft  bool // its numbers are those of the drafts
}

// nattVersions are the versions of NAT traversal, the preferred one first.
var nattVersions = []nattVersionID{
	{ikev1.NATTRFC3947.String(), wire.VendorIDRFC3947, false},
	{ikev1.NATTDraft03.String(), wire.VendorIDDraft03, true},
	{ikev1.NATTDraft02n.String(), wire.VendorIDDraft02n, true},
	{ikev1.NATTDraft02.String(), wire.VendorIDDraft02, true},
	{ikev1.NATTDraft00.String(), wire.VendorIDDraft00, true},
}

// showNATT: the version that both ends announced is in use when the peer's
// NAT-D payloads have its number. A peer that announces none, and sends none of its
// payloads, is one that can do without.
func (w *watcher) showNATT(p *dissect.Phase1, initiates bool) {
	own := p.VendorsR
	if initiates {
		own = p.VendorsI
	}
	announced := false
	for _, v := range nattVersions {
		announced = announced || vendor(own, v.vendor)
		if !vendor(p.VendorsI, v.vendor) || !vendor(p.VendorsR, v.vendor) {
			continue
		}
		for _, m := range p.Messages {
			if m.FromInitiator == initiates && len(m.NATD) >= 2 && m.NATD[0].Draft == v.draft {
				w.show(scenarios.CapNATTraversal, v.slug, "both ends' vendor IDs, NAT-D payloads, and phase 1 established", m.Frame)
				break
			}
		}
		return
	}
	speaks := slices.ContainsFunc(p.Messages, func(m *dissect.ISAKMP) bool { return m.FromInitiator == initiates && len(m.NATD) > 0 })
	if !announced && !speaks {
		w.show(scenarios.CapNATTraversal, scenarios.NATOff.String(), "no vendor ID of it in a phase 1 that was established", frames(p.Messages)...)
	}
}

package check

import (
	"crypto/x509"
	"encoding/asn1"
	"net/netip"
	"slices"
	"time"

	"github.com/useipsec/useipsec/ikev1"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
	"github.com/useipsec/useipsec/scenarios"
)

// fault is a deviation in the payloads of a message.
func fault(text string) ikev1.Deviations {
	var f ikev1.PayloadFault
	if err := f.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return ikev1.Deviations{Payloads: []ikev1.PayloadFault{f}}
}

func both(edits ...func(*scenarios.Scenario)) func(*scenarios.Scenario) {
	return func(s *scenarios.Scenario) {
		for _, e := range edits {
			e(s)
		}
	}
}

func aggressively(s *scenarios.Scenario) { s.IKE.Mode = "aggressive" }

// certified gives the peer a certificate of its own from the trial's root.
func certified(tpl pki.Template) func(*scene) {
	return func(s *scene) {
		s.edit = func(c *ikev1.Config) {
			role := responder
			if s.peerInitiates() {
				role = initiator
			}
			tpl.Key = pki.ECDSAP256
			c.Auth.Credentials = []pki.Credential{papersFor(s.t, pki.ECDSAP256).issue(s.t, role, tpl)}
		}
	}
}

// probes has the peer, or else the harness, ask twice whether the other is there.
func probing(peer bool) func(*scene) {
	return func(s *scene) {
		s.talk(179, true).talk(8179, false)
		asker := s.ours
		if peer {
			asker = s.peer
		}
		for range 2 {
			s.now = s.now.Add(11 * time.Second)
			out, err := asker.Tick(s.now)
			s.ok(err)
			s.exchange(peer, out)
		}
		s.now = s.now.Add(2 * time.Second)
		s.quick().deletes()
	}
}

func withDPD(s *scenarios.Scenario) { s.IKE.DPD = scenarios.Duration(10 * time.Second) }

// ikeMutants are faults in what only some scenarios have: aggressive mode,
// certificates, transactions, dead peer detection, fragments, drafts.
func ikeMutants() []mutant {
	tunnelled := configured(scenarios.Pull)
	fragmented := both(signed, func(s *scenarios.Scenario) { s.IKE.Fragmentation = true })
	natted := func(s *scenarios.Scenario) { s.IKE.NATTraversal = scenarios.NATForced }
	return []mutant{
		{
			name: "quick mode in clear", role: initiator, want: []string{"ike.quick.encrypted", "ike.well-formed"},
			ike: bytesOf(ikev1.Quick1, func(b []byte) []byte { b[19] &^= byte(wire.FlagEncryption); return b }),
		},
		{name: "IV of informational messages", role: initiator, ike: ikev1.Deviations{WrongInfoIV: true}, want: []string{"ike.iv"}},
		{name: "ciphertext of informational messages", role: responder, ike: bytesOf(ikev1.Info, func(b []byte) []byte { b[wire.HeaderLen] ^= 0x55; return b }), want: []string{"ike.iv"}},
		{name: "payloads of an encrypted message", role: initiator, ike: edit(ikev1.Quick3, func(m *wire.Message) {
			m.Payloads = append(m.Payloads, &wire.Raw{PT: wire.PayloadID, Body: []byte{1}})
		}), want: []string{"ike.well-formed"}},
		{name: "another cookie in message 4", role: responder, ike: bytesOf(ikev1.Main4, func(b []byte) []byte { b[8] ^= 1; return b }), want: []string{"ike.main.responder-cookie"}},
		{name: "two nonces", role: initiator, ike: fault("main3 NONCE duplicate"), want: []string{"ike.main.six-messages"}},
		{name: "two public values in aggressive mode", role: responder, spec: aggressively, ike: fault("aggressive2 KE duplicate"), want: []string{"ike.aggressive.payloads", "ike.aggressive.psk-exposed"}},
		{name: "message 3 made anew", role: initiator, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			again := slices.Clone(s.packets[4].Data)
			again[70] ^= 1
			s.ip(peerAddr, harnessAddr, 17, again[20:])
		}, want: []string{"ike.retransmit-identical"}},
		{name: "leak by IP in IP", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			s.ip(peerAddr, harnessAddr, 4, ipv4Packet(peerAddr, harnessAddr, 6, tcpSegment(179, 40001, 0x18, "hello")))
		}, want: []string{"policy.no-cleartext"}},
		{name: "notify in clear", role: responder, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			s.inform(true, &wire.Notify{DOI: wire.DOIIPSEC, Protocol: wire.ProtoISAKMP, MsgType: wire.NotifyInvalidPayloadType})
		}, want: []string{"ike.info.hash"}},
		{name: "two proposals in the answer", role: responder, ike: edit(ikev1.Main2, func(m *wire.Message) {
			sa := m.Payloads[0].(*wire.SA)
			sa.Proposals = append(sa.Proposals, sa.Proposals[0])
		}), want: []string{"ike.sa.one-transform"}},
		{name: "half a bundle", role: responder, ike: edit(ikev1.Quick2, func(m *wire.Message) {
			sa := m.Payloads[1].(*wire.SA)
			ah := sa.Proposals[0]
			ah.Protocol = wire.ProtoAH
			sa.Proposals = append(sa.Proposals, ah)
		}), want: []string{"profile.protocol", "profile.algorithms-phase2", "ike.quick.hash", "ike.quick.one-transform"}},
		{
			name: "two groups with one public value", role: initiator, spec: func(s *scenarios.Scenario) { s.Child.PFS = "modp1024" },
			ike: edit(ikev1.Quick1, func(m *wire.Message) {
				for _, p := range m.Payloads {
					if sa, ok := p.(*wire.SA); ok {
						t := sa.Proposals[0].Transforms[0]
						t.Number, t.Attributes = 2, slices.Clone(t.Attributes)
						for i, a := range t.Attributes {
							if a.Type == wire.P2Group {
								t.Attributes[i] = wire.TV(a.Type, 14)
							}
						}
						sa.Proposals[0].Transforms = append(sa.Proposals[0].Transforms, t)
					}
				}
			}), want: []string{"ike.quick.hash", "ike.quick.pfs"},
		},
		{
			name: "numbers of NAT traversal that nobody announced", role: initiator, want: []string{"ike.quick.hash", "ike.natt.encapsulation-mode", "ike.natt.version", "ike.natt.nat-oa"},
			spec: func(s *scenarios.Scenario) { s.IKE.NATTraversal = scenarios.NATOff },
			set:  func(s *scene) { s.edit = func(c *ikev1.Config) { c.NATT.Disable = true } },
			ike:  edit(ikev1.Quick1, encapsulation(wire.EncapUDPTransport)),
		},
		{name: "a keepalive of another octet", role: initiator, set: forced, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			s.ip(peerAddr, harnessAddr, 17, udpHeader(4500, 4500, []byte{0xfe}))
		}, want: []string{"esp.keepalive"}},
		{name: "Delete of another ISAKMP SA", role: initiator, ike: ikev1.Deviations{DeleteOtherCookies: true}, rest: func(s *scene) {
			s.talk(179, true).talk(8179, false).quick().deletes()
			out, err := s.peer.Delete(s.now)
			s.ok(err)
			s.exchange(true, out)
		}, want: []string{"ike.delete"}},
		{name: "SA last", role: initiator, ike: fault("main1 SA last"), want: []string{"ike.sa.first"}},
		{name: "SA last in the answer", role: responder, ike: fault("main2 SA last"), want: []string{"ike.sa.first"}},
		{name: "no identity in aggressive mode", role: initiator, spec: aggressively, ike: fault("aggressive1 ID omit"), want: []string{"ike.aggressive.payloads"}},
		{name: "no hash in aggressive mode", role: initiator, spec: aggressively, ike: fault("aggressive3 HASH omit"), want: []string{"ike.aggressive.payloads"}},
		{
			name: "two groups in aggressive mode", role: initiator, spec: aggressively, want: []string{"ike.main.hash", "ike.aggressive.one-group"},
			ike: edit(ikev1.Aggressive1, func(m *wire.Message) {
				sa := m.Payloads[0].(*wire.SA)
				t := sa.Proposals[0].Transforms[0]
				t.Number, t.Attributes = 2, slices.Clone(t.Attributes)
				for i, a := range t.Attributes {
					if a.Type == wire.P1Group {
						t.Attributes[i] = wire.TV(a.Type, 14)
					}
				}
				sa.Proposals[0].Transforms = append(sa.Proposals[0].Transforms, t)
			}),
		},
		{name: "hash of aggressive mode", role: initiator, spec: aggressively, ike: ikev1.Deviations{WrongPhase1Hash: true}, want: []string{"ike.main.hash"}},
		{name: "a pre-shared key in aggressive mode", role: responder, spec: aggressively, want: []string{"ike.aggressive.psk-exposed"}},

		{name: "signature of the initiator", role: initiator, spec: signed, ike: ikev1.Deviations{WrongPhase1Hash: true}, want: []string{"ike.signature"}},
		{name: "signature of the responder", role: responder, spec: method("rsa-sig"), ike: ikev1.Deviations{WrongPhase1Hash: true}, want: []string{"ike.signature"}},
		{name: "signature in aggressive mode", role: responder, spec: both(signed, aggressively), ike: ikev1.Deviations{WrongPhase1Hash: true}, want: []string{"ike.signature"}},
		{name: "signature too long", role: initiator, spec: signed, ike: ikev1.Deviations{LongSignature: 3}, want: []string{"ike.signature"}},
		{name: "another name", role: responder, spec: signed, set: as(wire.ID{IDType: wire.IDFQDN, Data: []byte("else.example.com")}), want: []string{"ike.cert.identity"}},
		{name: "expired", role: responder, spec: signed, set: certified(pki.Template{NotBefore: sceneTime.Add(-48 * time.Hour), NotAfter: sceneTime.Add(-time.Hour)}), want: []string{"ike.cert.path"}},
		{name: "not yet valid", role: initiator, spec: signed, set: certified(pki.Template{NotBefore: sceneTime.Add(time.Hour)}), want: []string{"ike.cert.path"}},
		{name: "key usage", role: initiator, spec: signed, set: certified(pki.Template{KeyUsage: x509.KeyUsageKeyAgreement}), want: []string{"ike.cert.path"}},
		{name: "extended key usage", role: initiator, spec: signed, set: certified(pki.Template{EKU: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 3}}}), want: []string{"ike.cert.path"}},
		{name: "another authority", role: responder, spec: signed, set: stranger, want: []string{"ike.cert.path"}},

		{name: "hash of a transaction", role: initiator, spec: method("xauth-init-psk"), ike: fault("config-reply HASH fill=7"), want: []string{"ike.transaction.hash"}},
		{name: "hash of a transaction of the server", role: responder, spec: tunnelled, ike: fault("config-reply HASH omit"), want: []string{"ike.transaction.hash"}},
		{name: "no reply to XAUTH", role: initiator, spec: method("xauth-init-psk"), ike: ikev1.Deviations{WrongConfigType: true}, want: []string{"ike.xauth.exchange"}},
		{name: "quick mode before XAUTH", role: initiator, spec: method("xauth-init-psk"), ike: ikev1.Deviations{EarlyQuick: true}, set: func(s *scene) { s.impatient = true }, want: []string{"ike.xauth.before-quick"}},
		{name: "no address asked for", role: initiator, spec: tunnelled, ike: ikev1.Deviations{SkipConfig: true}, want: []string{"ike.config.client-address"}},
		{name: "not the address that was given", role: initiator, spec: tunnelled, set: func(s *scene) {
			s.edit = func(c *ikev1.Config) {
				c.Quick[0].Virtual = false
				c.Quick[0].Selector.Src = netip.MustParsePrefix("10.2.0.0/16")
			}
		}, want: []string{"profile.selectors", "ike.config.client-address"}},

		{name: "DPD answered by a short number", role: responder, spec: withDPD, ike: fault("info N truncate=1"), rest: probing(false), want: []string{"ike.dpd.ack"}},
		{name: "DPD not answered", role: responder, spec: withDPD, ike: ikev1.Deviations{DPDNoAck: true}, rest: probing(false), want: []string{"ike.dpd.ack"}},
		{name: "DPD with the same number", role: initiator, spec: withDPD, ike: ikev1.Deviations{DPDRepeat: true}, rest: probing(true), want: []string{"ike.dpd.request"}},
		{name: "DPD with numbers left out", role: responder, spec: withDPD, ike: ikev1.Deviations{DPDSkip: true}, rest: probing(true), want: []string{"ike.dpd.request"}},
		{name: "DPD unannounced", role: initiator, spec: withDPD, ike: ikev1.Deviations{DPDNoVendorID: true}, rest: probing(true), want: []string{"ike.dpd.request"}},

		{name: "fragment 0", role: initiator, spec: fragmented, ike: ikev1.Deviations{FragmentAll: true, FragmentNumberZero: true}, want: []string{"ike.fragments"}},
		{name: "no last fragment", role: responder, spec: fragmented, ike: ikev1.Deviations{FragmentAll: true, FragmentNoLast: true}, want: []string{"ike.fragments"}},
		{name: "fragments of many messages", role: initiator, spec: fragmented, ike: ikev1.Deviations{FragmentAll: true, FragmentMixedIDs: true}, want: []string{"ike.fragments"}},
		{name: "last fragment twice", role: initiator, spec: fragmented, ike: ikev1.Deviations{FragmentAll: true, FragmentTwiceLast: true}},
		{name: "last fragment first", role: responder, spec: fragmented, ike: ikev1.Deviations{FragmentAll: true, FragmentLastFirst: true}},

		{name: "NAT-D of the drafts", role: initiator, ike: ikev1.Deviations{NATDDraftPayloads: true}, want: []string{"ike.natt.version"}},
		{name: "encapsulation of the drafts", role: initiator, spec: natted, ike: ikev1.Deviations{DraftEncap: true}, want: []string{"ike.natt.version"}},
		{name: "two markers", role: initiator, spec: natted, ike: ikev1.Deviations{DoubleMarker: true}, want: []string{"ike.natt.marker"}},
		{ // without ESP, which would be taken for IKE on port 500
			name: "no change of ports", role: initiator, spec: natted, ike: ikev1.Deviations{NoFloat: true}, want: []string{"ike.natt.encapsulation-mode", "ike.natt.float"},
			rest: func(s *scene) { s.quick().deletes() },
		},
	}
}

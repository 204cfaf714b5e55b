package diagnose

import (
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/captures/check"
	"github.com/useipsec/useipsec/captures/dissect"
	"github.com/useipsec/useipsec/ikev1/pki"
	"github.com/useipsec/useipsec/ikev1/wire"
)

// authority is a CA at the time of the tales.
func authority(t *testing.T) *pki.CA {
	ca, err := pki.NewCA(nil, time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC), pki.Template{Subject: "CN=Root", Key: pki.ECDSAP256})
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

var gateway = wire.ID{IDType: wire.IDFQDN, Data: []byte("gw.example.com")}

// signedBy tells main mode up to message 5, in which the harness signs with a
// certificate of the template.
func signedBy(t *testing.T, ca *pki.CA, tpl pki.Template, trusted ...*x509.Certificate) *tale {
	tpl.Subject, tpl.Key, tpl.SAN = "CN=gw", pki.ECDSAP256, append(tpl.SAN, gateway)
	c, err := ca.Issue(tpl)
	if err != nil {
		t.Fatal(err)
	}
	x := tell(nil)
	x.subject.Certificates = trusted
	x.p.Auth, x.p.IDii, x.p.SignerI, x.p.HashI = wire.AuthECDSA256, &gateway, c.Leaf(), dissect.HashGood
	x.p.CertsI = pki.Payloads(c.Presented(), wire.CertX509Signature)
	return x.main(4).phase1(5, proves("SIG_I"))
}

func proves(name string) func(*dissect.ISAKMP) {
	return func(m *dissect.ISAKMP) {
		m.Hash.Name, m.FromInitiator, m.Decrypted = name, name[len(name)-1] == 'I', true
	}
}

// extended tells phase 1 by a method with XAUTH.
func extended(x dissect.XAUTH) *tale {
	t := tell(nil).main(6)
	t.p.Auth, t.p.XAUTH = wire.AuthXAUTHInitPSK, x
	return t
}

// initiators tells an informational message of the harness.
func (t *tale) initiators(ps ...wire.Payload) *tale {
	m := &dissect.ISAKMP{Src: ours, Dst: theirs, FromInitiator: true, Header: wire.Header{Exchange: wire.ExchangeInformational}, Encrypted: true, Message: &wire.Message{Payloads: ps}}
	return t.event(&dissect.Event{ISAKMP: m, Src: ours, Dst: theirs})
}

// leased tells a quick mode for ci, refused, after mode config gave lease.
func leased(lease, ci string) *tale {
	t := tell(nil).main(6)
	if lease != "" {
		t.p.Lease = dissect.Lease{Request: 6, Assigned: 6, Addresses: []netip.Addr{netip.MustParseAddr(lease)}, ClientInitiated: true}
	}
	t.quick(1)
	t.p.Quicks[0].IDci = &wire.ID{IDType: wire.IDIPv4Addr, Data: netip.MustParseAddr(ci).AsSlice()}
	t.p.Quicks[0].IDcr = &wire.ID{IDType: wire.IDIPv4Subnet, Data: []byte{10, 0, 0, 0, 255, 0, 0, 0}}
	return t.info(true, notify(wire.NotifyInvalidIDInformation))
}

// TestWho has what goes wrong about who the ends are.
func TestWho(t *testing.T) {
	ca, other := authority(t), authority(t)
	old := pki.Template{NotBefore: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC)}
	private := wire.ID{IDType: wire.IDIPv4Addr, Data: []byte{192, 168, 1, 7}}
	for _, tt := range []struct {
		name string
		tale *tale
		want []string
		says string
	}{
		{"expired", signedBy(t, ca, old, ca.Root()).info(false, notify(wire.NotifyInvalidCertificate)), []string{"ike.certificate certain"}, "has expired"},
		{"expired, nobody says who is trusted", signedBy(t, ca, old).info(false, notify(wire.NotifyAuthenticationFailed)), []string{"ike.certificate certain"}, "has expired"},
		{"another authority", signedBy(t, other, pki.Template{}, ca.Root()).info(true, notify(wire.NotifyInvalidCertAuthority)), []string{"ike.certificate certain"}, "no path to a trusted root"},
		{"another name", func() *tale {
			x := signedBy(t, ca, pki.Template{}, ca.Root())
			x.p.IDii = &wire.ID{IDType: wire.IDFQDN, Data: []byte("else.example.com")}
			return x.info(true, notify(wire.NotifyInvalidIDInformation))
		}(), []string{"ike.certificate certain", "ike.identity-refused likely"}, "does not speak for the identity"},
		{"a signature that does not verify", func() *tale {
			x := signedBy(t, ca, pki.Template{}, ca.Root())
			x.p.HashI, x.p.SignerI = dissect.HashBad, nil
			return x.info(true, notify(wire.NotifyInvalidSignature))
		}(), []string{"ike.certificate certain", "ike.hash-differs certain"}, "does not verify"},
		{"no certificate", func() *tale {
			x := signedBy(t, ca, pki.Template{})
			x.p.CertsI, x.p.SignerI, x.p.HashI = nil, nil, dissect.HashUnverifiable
			return x.info(true, notify(wire.NotifyCertificateUnavailable))
		}(), []string{"ike.certificate certain"}, "sends no certificate"},
		{"nothing wrong to be seen", func() *tale {
			x := signedBy(t, ca, pki.Template{}, ca.Root())
			x.p.Messages[3].Message = &wire.Message{Payloads: []wire.Payload{pki.Request(other.Root())}}
			return x.info(true, notify(wire.NotifyInvalidCertAuthority))
		}(), []string{"ike.certificate possible"}, "does not trust the authority"},
		{"refused by a Delete after message 6", func() *tale {
			x := signedBy(t, ca, pki.Template{}, ca.Root()).phase1(6, proves("SIG_R"))
			x.p.HashR, x.p.Keys = dissect.HashGood, dissect.KeysAll
			x.p.SignerR, x.p.CertsR, x.p.IDir = x.p.SignerI, x.p.CertsI, &wire.ID{IDType: wire.IDFQDN, Data: []byte("r.example.com")}
			return x.initiators(&wire.Delete{Protocol: wire.ProtoISAKMP})
		}(), []string{"ike.certificate certain", "ike.responder-identity likely"}, "does not speak for the identity"},

		{"an address behind a NAT", func() *tale {
			x := tell(nil).main(5)
			x.p.IDii = &private
			return x.info(true, notify(wire.NotifyInvalidIDInformation))
		}(), []string{"ike.private-identity likely", "ike.identity-refused likely"}, "asserts the address it has there, 192.168.1.7"},
		{"aggressive mode, another name", func() *tale {
			x := tell(nil)
			x.p.Exchange, x.p.IDii = wire.ExchangeAggressive, &gateway
			return x.phase1(1).info(false, notify(wire.NotifyInvalidIDInformation))
		}(), []string{"ike.identity-refused likely"}, "does not accept the identity"},
		{"INITIAL-CONTACT without cookies", tell(nil).main(4).phase1(5, func(m *dissect.ISAKMP) {
			m.Message = &wire.Message{Payloads: []wire.Payload{&wire.Notify{MsgType: wire.NotifyInitialContact}}}
		}).info(true, notify(wire.NotifyInvalidProtocolID)), []string{"ike.initial-contact certain"}, "an SPI of 0 octets"},

		{"wrong password", extended(dissect.XAUTH{Request: 7, Reply: 8, Status: 9, ClientInitiated: true}), []string{"xauth.refused likely"}, "does not accept the name and password"},
		{"a NUL behind the password", extended(dissect.XAUTH{Request: 7, Reply: 8, Status: 9, ClientInitiated: true, PasswordNUL: true}), []string{"xauth.password-nul certain"}, "ends in a NUL octet"},
		{"no answer to XAUTH", extended(dissect.XAUTH{Request: 7}), []string{"xauth.unanswered likely"}, "does not do extended authentication"},
		{"XAUTH never begins", extended(dissect.XAUTH{}), []string{"xauth.never-asked likely"}, "does not begin extended authentication"},
		{"phase 1 taken back before XAUTH", extended(dissect.XAUTH{}).initiators(notify(wire.NotifyPayloadMalformed)), nil, ""},
		{"INITIAL-CONTACT in XAUTH", extended(dissect.XAUTH{Request: 6, Reply: 6}).initiators(notify(wire.NotifyInitialContact)), []string{"xauth.initial-contact likely"}, "while it is asked who it is"},
		{"XAUTH done", func() *tale {
			return extended(dissect.XAUTH{Request: 7, Reply: 8, Status: 9, Ack: 10, OK: true}).quick(1, 2, 3)
		}(), nil, ""},

		{"not the address that was given", leased("10.9.0.7", "192.0.2.1"), []string{"config.address-not-used certain", "quick.selectors likely"}, "has not put the address to use"},
		{"another selector", leased("10.9.0.7", "10.9.0.7"), []string{"config.selector likely", "quick.selectors likely"}, "is not what the server has for it"},
		{"a lease that was forgotten", func() *tale {
			x := leased("", "10.9.0.7")
			before := &dissect.Phase1{Lease: dissect.Lease{Assigned: 3, Addresses: []netip.Addr{netip.MustParseAddr("10.9.0.7")}}}
			x.story.phase1 = append([]*negotiation{{Phase1: before}}, x.story.phase1...)
			return x
		}(), []string{"config.lease-forgotten likely", "quick.selectors likely"}, "no longer knows"},
		{"no mode config at all", leased("", "10.9.0.7"), []string{"quick.selectors likely"}, "has no policy"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ds := tt.tale.Explain([]check.Finding{{Rule: "scenario.outcome", Verdict: check.Fail}})
			var got []string
			for _, d := range ds {
				got = append(got, d.ID+" "+string(d.Confidence))
				if d.Symptom == "" || d.Fix == "" || len(d.Evidence) == 0 || len(d.Explains) == 0 || !slices.IsSorted(d.Frames) {
					t.Errorf("incomplete: %+v", d)
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("%s\n%+v", d, ds)
			}
			if len(ds) > 0 && !strings.Contains(ds[0].Cause, tt.says) {
				t.Errorf("cause %q does not say %q", ds[0].Cause, tt.says)
			}
		})
	}
}

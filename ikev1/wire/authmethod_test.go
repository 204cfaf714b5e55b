package wire_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/ikev1/wire"
)

func TestAuthMethod(t *testing.T) {
	for m, want := range map[wire.AuthMethod]string{
		wire.AuthPSK:                "psk",
		wire.AuthDSS:                "signs signed",
		wire.AuthRSASig:             "signs signed",
		wire.AuthECDSA521:           "signs signed",
		wire.AuthRSAEnc:             "encrypts",
		wire.AuthRSARevEnc:          "encrypts revised",
		wire.AuthXAUTHInitPSK:       "psk xauth-initiator",
		wire.AuthXAUTHRespPSK:       "psk xauth-responder",
		wire.AuthXAUTHRespRSASig:    "signs signed xauth-responder",
		wire.AuthXAUTHInitRSARevEnc: "encrypts revised xauth-initiator",
		wire.AuthHybridInitRSA:      "signed xauth-initiator",
		wire.AuthHybridRespDSS:      "signs xauth-responder",
		4711:                        "",
	} {
		got := ""
		add := func(is bool, word string) {
			if is && got != "" {
				got += " "
			}
			if is {
				got += word
			}
		}
		add(m.PSK(), "psk")
		add(m.Encrypts(), "encrypts")
		add(m.Revised(), "revised")
		add(m.Signs(true), "signs")
		add(m.Signs(false), "signed")
		if required, initiator := m.XAUTH(); required {
			add(initiator, "xauth-initiator")
			add(!initiator, "xauth-responder")
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", m, diff)
		}
	}
	for m, want := range map[wire.AuthMethod]wire.AuthMethod{
		wire.AuthXAUTHInitPSK: wire.AuthPSK, wire.AuthXAUTHRespDSS: wire.AuthDSS, wire.AuthXAUTHInitRSASig: wire.AuthRSASig,
		wire.AuthXAUTHRespRSAEnc: wire.AuthRSAEnc, wire.AuthXAUTHInitRSARevEnc: wire.AuthRSARevEnc,
		wire.AuthHybridInitRSA: wire.AuthHybridInitRSA, wire.AuthECDSA256: wire.AuthECDSA256,
	} {
		if got := fmt.Sprint(m.Base()); got != want.String() {
			t.Errorf("%v without XAUTH is %v, want %v", m, got, want)
		}
	}
}

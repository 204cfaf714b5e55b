package ikev1_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1"
)

// catalogue says for what goes wrong in practice, by groups, which fault does it on purpose: a field of Deviations, a fault
// in a payload as its text form, or a setting that needs no fault.
var catalogue = []struct {
	what  string
	fault []string
}{
	// Payloads of every type.
	{"omit", []string{"main3 NONCE omit"}},
	{"empty", []string{"main3 KE empty"}},
	{"duplicate", []string{"main1 SA duplicate"}},
	{"fill", []string{"main3 KE fill=255"}},
	{"truncate", []string{"main5 SIG truncate=1"}},
	{"extend", []string{"quick1 SA extend=4"}},
	{"reorder", []string{"quick1 HASH last", "main3 NONCE first"}},
	{"wrong next payload", []string{"aggressive1 SA wrong-next=99"}},
	{"reserved not 0", []string{"main6 ID reserved=1", "ReservedNotZero"}},
	// The header.
	{"initiator cookie", []string{"ZeroInitiatorCookie", "WrongInitiatorCookie"}},
	{"responder cookie", []string{"ZeroCookie", "WrongCookie", "MessageOneCookie"}},
	{"responder cookie in a resent message 1", []string{"ResentCookie"}},
	{"version", []string{"Version"}},
	{"flags", []string{"ReservedFlag", "SetEncryptionFlag", "ClearEncryptionFlag", "CommitPhase1", "CommitPhase2"}},
	{"message ID", []string{"Phase1MessageID", "MessageIDZero", "ReuseMessageID", "ShortMessageID"}},
	{"length", []string{"LengthPlus", "LengthMinus", "TrailingOctets"}},
	// What is sent when.
	{"drop", []string{"DropMessage"}},
	{"send twice", []string{"SendTwice"}},
	{"replay", []string{"ReplayMessageOne", "ReplayEncrypted"}},
	{"corrupt a ciphertext octet", []string{"CorruptMessage"}},
	{"retransmission", []string{"NoRetransmit", "FreshRetransmit"}},
	{"skip message 6", []string{"DropMessage"}},
	{"wrong exchange type", []string{"QuickExchange"}},
	{"quick mode before XAUTH", []string{"EarlyQuick"}},
	{"fourth quick mode message", []string{"QuickFourth"}},
	{"identity in clear", []string{"ClearIdentity"}},
	// Cryptography.
	{"Ka", []string{"WrongKa"}},
	{"IVs", []string{"WrongQuickIV", "WrongInfoIV", "StaleIV"}},
	{"KE", []string{"ShortKE", "ZeroKE"}},
	{"nonce", []string{"ShortNonce"}},
	{"hashes", []string{"WrongPhase1Hash", "WrongQuickHash", "WrongInfoHash", "TruncatedQuickHash", "OmitQuickHash", "QuickHashLast"}},
	{"signature", []string{"LongSignature", "ShortSignature", "LongSignedHash", "ShortSignedHash"}},
	{"HASH_I over another SA", []string{"ReencodedSA"}},
	{"PSK with NUL", []string{"PSKNUL"}},
	// The SA payload.
	{"key length", []string{"WrongKeyLength", "KeyLengthZero", "KeyLengthTwice", "KeyLengthFirst", "OmitESPKeyLength"}},
	{"lifetime", []string{"LifeOctets", "LifeSeconds", "LifeTypeAlone", "KilobytesFirst"}},
	{"attributes", []string{"DuplicateAttribute", "UnknownAttribute", "VariableGroup", "EncryptionAuth"}},
	{"numbers", []string{"SameTransformNumbers", "ZeroTransformNumbers", "ChosenNumberZero"}},
	{"proposals", []string{"TwoPhase1Proposals", "TwoTransforms", "ProposalSPI", "WrongDOI", "WrongSituation"}},
	{"the chosen transform", []string{"ModifyChosen", "ChangeAuth", "TunnelInstead"}},
	{"group", []string{"GroupInFirstOnly", "OmitGroup"}},
	{"SPI", []string{"ReuseSPI", "LowSPI"}},
	{"RESPONDER-LIFETIME of phase 2 in phase 1", []string{"ResponderLifetimePhase2"}},
	// Identities.
	{"phase 1", []string{"IDPort", "IDProtocol", "AddressAsFQDN", "IDTrailingNUL", "WrongID"}},
	{"quick mode", []string{"QuickFQDN", "OmitQuickIDs", "OneQuickID", "ThreeQuickIDs", "SwapQuickIDs", "WrongSelector"}},
	// Extended authentication and mode config.
	{"name and password", []string{"PasswordNUL", "UserCut"}},
	{"mode config", []string{"SkipConfig", "Address17", "DuplicateRequest", "WrongConfigType"}},
	{"INITIAL-CONTACT in XAUTH", []string{"ContactInXAUTH"}},
	// Informational messages.
	{"Delete", []string{"DeleteWrongSide", "DeleteBothSPIs", "DeleteOtherCookies", "DeleteTwice", "DeleteAndNotify", "DeleteInClear", "DeleteProtocolZero", "NeverDelete"}},
	{"INITIAL-CONTACT", []string{"ContactNoSPI"}},
	{"DPD", []string{"DPDRepeat", "DPDSkip", "DPDReversedCookies", "DPDNoVendorID", "DPDOldSA", "DPDNoAck", "DPDZero"}},
	// NAT traversal.
	{"payload numbers", []string{"NATDDraftPayloads", "DraftEncap"}},
	{"NAT-D", []string{"WrongNATD", "NATDHostOrder", "OneNATD", "ExtraNATD", "SwapNATD"}},
	{"NAT-D before HASH or vendor ID", []string{"aggressive3 NAT-D first", "aggressive2 NAT-D first"}},
	{"ports and markers", []string{"NoFloat", "NoMarker", "DoubleMarker", "MarkerOn500", "KeepaliveOn500"}},
	{"mappings", []string{"NoKeepalive", "NoRemap"}},
	{"NAT-OA", []string{"SameNATOA"}},
	{"encapsulation without NAT", []string{"EncapWithoutNAT"}},
	// Fragmentation.
	{"fragments", []string{
		"FragmentAll", "FragmentIDZero", "FragmentNumberZero", "FragmentNoLast", "FragmentTwiceLast", "FragmentLastFirst",
		"FragmentMixedIDs", "FragmentMany", "FragmentNoCapabilities",
	}},
}

// TestCatalogue holds the catalogue and Deviations against each other: nothing in one that is not in the other.
func TestCatalogue(t *testing.T) {
	listed := map[string]bool{}
	for _, c := range catalogue {
		for _, f := range c.fault {
			listed[f] = true
			if strings.Contains(f, " ") {
				var p ikev1.PayloadFault
				if err := p.UnmarshalText([]byte(f)); err != nil {
					t.Errorf("%s: %v", c.what, err)
				}
			}
		}
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[ikev1.Deviations]()) {
		if f.Type.Kind() == reflect.Func || f.Name == "Payloads" {
			continue
		}
		if !listed[f.Name] {
			t.Errorf("%s is not in the catalogue", f.Name)
		}
		delete(listed, f.Name)
	}
	for f := range listed {
		if !strings.Contains(f, " ") {
			t.Errorf("%s is in the catalogue and not in Deviations", f)
		}
	}
}

// reference is how a doc comment names what is broken; fragmentation has no RFC.
var reference = regexp.MustCompile(`(RFC \d+ (\d[\d.]*|appendix [A-Z])|draft-[a-z0-9-]+ \d[\d.]*)(, \d[\d.]*)*\.$`)

// TestDeviationComments: "X, if ..., causes ..." or "X, if not zero, is ...", and the section that is broken, or that it is legal.
func TestDeviationComments(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "deviations.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	fields := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Deviations" {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			if len(f.Names) != 1 || !strings.Contains(f.Tag.Value, "omitempty") || f.Names[0].Name == "Payloads" {
				continue
			}
			fields++
			name, doc := f.Names[0].Name, strings.Join(strings.Fields(f.Doc.Text()), " ")
			said := strings.HasPrefix(doc, name+", if true, causes ") || strings.HasPrefix(doc, name+", if not zero, is ")
			legal := strings.Contains(doc, "Legal") || strings.HasPrefix(name, "Fragment")
			if !said || !legal && !reference.MatchString(doc) {
				t.Errorf("%s: %q", name, doc)
			}
		}
		return false
	})
	if want := reflect.TypeFor[ikev1.Deviations]().NumField() - 3; fields < want {
		t.Errorf("%d fields with a comment of their own, want %d", fields, want)
	}
}

package profile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/profile"
)

// lintTests have, for every rule, changes of the base profile on which it fires
// and changes close by on which it does not. What fires is the path, and the
// excerpt up to the column has to end where the marked text begins.
var lintTests = []struct {
	rule  string
	fires edit
	path  string
	at    string // the text at the finding's column
	sev   profile.Severity
	quiet edit
}{
	{
		"answered",
		edit{"modes: {must: [transport]}", "modes: {}"},
		"protection.modes", "modes: {}", profile.Problem,
		edit{"modes: {must: [transport]}", "modes: {must-not: [tunnel], must: [transport]}"},
	},
	{
		"answered",
		edit{"    - {product: hosts, status: available}", "    []"},
		"availability.targets", "targets:", profile.Problem,
		edit{"{product: hosts, status: available}", "{product: hosts, status: partial}"},
	},
	{
		"answered",
		edit{"    hash: {must: [sha256]}\n", ""},
		"keying.phase1.hash", "phase1:", profile.Problem,
		edit{"method: ike", "method: manual", "    hash: {must: [sha256]}\n", "", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}", "replay_protection: required", "replay_protection: none"},
	},
	{
		"placeholder",
		edit{"product: hosts", "product: TBD"},
		"availability.targets[0].product", "TBD", profile.Problem,
		edit{"product: hosts", "product: Todorov's routers"},
	},
	{
		"mandatory-to-implement",
		edit{"protocols: {must: [esp]}", "protocols: {may: [esp, ah]}"},
		"protection.protocols", "protocols:", profile.Warning,
		edit{"protocols: {must: [esp]}", "protocols: {must: [esp], may: [ah]}"},
	},
	{
		"mandatory-to-implement",
		edit{"forms: {must: [fqdn]}", "forms: {should: [fqdn]}"},
		"identification.forms", "forms:", profile.Warning,
		edit{"groups: {must: [modp2048]}", "groups: {may: [modp2048]}"},
	},
	{
		"ike-version",
		edit{"  version: 1\n", ""},
		"ike.version", "ike:", profile.Problem,
		edit{"version: 1", "version: 2", "modes: {must: [main]}", "modes: {}"},
	},
	{
		"availability-open",
		edit{"status: available", "status: open"},
		"availability.targets[0].status", "open", profile.Note,
		edit{"status: available", "status: partial"},
	},
	{
		"availability-missing",
		edit{"status: available", "status: missing"},
		"availability.targets[0].status", "missing", profile.Warning,
		edit{"status: available", "status: partial"},
	},
	{
		"ah-behind-nat",
		edit{"nat: unlikely", "nat: likely", "nat_traversal: optional", "nat_traversal: required", "must: [esp]", "must: [esp], may: [ah]"},
		"protection.protocols.may[0]", "ah", profile.Warning,
		edit{"nat: unlikely", "nat: likely", "nat_traversal: optional", "nat_traversal: required", "must: [esp]", "must: [esp], must-not: [ah]"},
	},
	{
		"nat-traversal",
		edit{"nat: unlikely", "nat: likely"},
		"ike.nat_traversal", "optional", profile.Warning,
		edit{"nat: unlikely", "nat: likely", "nat_traversal: optional", "nat_traversal: required"},
	},
	{
		"confidentiality-only",
		edit{"integrity: required", "integrity: optional"},
		"protection.integrity", "optional", profile.Warning,
		edit{"confidentiality: optional", "confidentiality: required", "may: [null]", "must-not: [null]"},
	},
	{
		"tunnel-between-hosts",
		edit{"must: [transport]", "must: [tunnel]"},
		"protection.modes.must[0]", "tunnel", profile.Warning,
		edit{"must: [transport]", "must: [tunnel]", "host-to-host", "gateway-to-gateway"},
	},
	{
		"tunnel-between-hosts",
		edit{"must: [transport]", "must: [transport], may: [tunnel]"},
		"protection.modes.may[0]", "tunnel", profile.Note,
		edit{"must: [transport]", "must: [transport], must-not: [tunnel]"},
	},
	{
		"transport-through-gateway",
		edit{"host-to-host", "host-to-gateway"},
		"protection.modes.must[0]", "transport", profile.Warning,
		edit{"host-to-host", "host-to-gateway", "must: [transport]", "must: [tunnel]"},
	},
	{
		"manual-replay",
		edit{"method: ike", "method: manual", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}"},
		"protection.replay_protection", "required", profile.Problem,
		edit{"method: ike", "method: manual", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}", "replay_protection: required", "replay_protection: none"},
	},
	{
		"manual-scale",
		edit{"method: ike", "method: manual", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}", "replay_protection: required", "replay_protection: none", "relation: pairs", "relation: hub"},
		"keying.method", "manual", profile.Warning,
		edit{"relation: pairs", "relation: hub"},
	},
	{
		"kink",
		edit{"method: ike", "method: kink", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}"},
		"keying.method", "kink", profile.Note,
		nil,
	},
	{
		"shared-secret-scale",
		edit{"relation: pairs", "relation: many-to-many"},
		"authentication.methods.may[0]", "psk", profile.Warning,
		edit{"relation: pairs", "relation: many-to-many", "may: [psk]", "must-not: [psk]"},
	},
	{
		"global-pki",
		edit{"may: [psk]}", "may: [psk]}\n  certificates: global-pki"},
		"authentication.certificates", "global-pki", profile.Warning,
		edit{"may: [psk]}", "may: [psk]}\n  certificates: existing-pki"},
	},
	{
		"aggressive-psk",
		edit{"must: [main]", "must: [main], may: [aggressive]"},
		"ike.modes.may[0]", "aggressive", profile.Warning,
		edit{"must: [main]", "must: [main], may: [aggressive]", ", may: [psk]", ""},
	},
	{
		"sctp-ports",
		edit{"protocol: tcp", "protocol: sctp"},
		"selectors.policies[0].protocol", "sctp", profile.Note,
		edit{"protocol: tcp", "protocol: sctp", ", ports: [7]", ""},
	},
	{
		"dynamic-address-identity",
		edit{"addresses: static", "addresses: dynamic", "must: [fqdn]", "must: [ipv4_addr]"},
		"identification.forms.must[0]", "ipv4_addr", profile.Warning,
		edit{"must: [fqdn]", "must: [ipv4_addr]"},
	},
	{
		"multicast",
		edit{"[responder]", "[224.0.0.0/4]"},
		"selectors.policies[0].server.addresses[0]", "224.0.0.0/4", profile.Warning,
		edit{"[responder]", "[192.0.2.0/24, \"2001:db8::/32\", 192.0.2.1-192.0.2.9]"},
	},
	{
		"multicast",
		edit{"[responder]", `["ff02::1-ff02::5"]`},
		"selectors.policies[0].server.addresses[0]", `"ff02::1-ff02::5"`, profile.Warning,
		nil,
	},
	{
		"ikev1-deprecated", nil, "ike.version", "1", profile.Note,
		edit{"version: 1", "version: 2", "modes: {must: [main]}", "modes: {}"},
	},
	{
		"weak-esp",
		edit{"must: [aes128-cbc], may: [null]", "must: [aes128-cbc], may: [null, 3des-cbc]"},
		"protection.algorithms.encryption.may[1]", "3des-cbc", profile.Note,
		edit{"must: [aes128-cbc], may: [null]", "must: [aes128-cbc], must-not: [null, 3des-cbc]"},
	},
	{
		"weak-esp",
		edit{"must: [hmac-sha256-128]", "must: [hmac-md5-96]"},
		"protection.algorithms.integrity.must[0]", "hmac-md5-96", profile.Warning,
		edit{"must: [hmac-sha256-128]", "must: [hmac-sha1-96]"},
	},
	{
		"weak-ike",
		edit{"group: {must: [modp2048]}", "group: {must: [modp2048], should: [modp1024]}"},
		"keying.phase1.group.should[0]", "modp1024", profile.Warning,
		edit{"group: {must: [modp2048]}", "group: {must: [modp2048], should: [modp3072]}"},
	},
	{
		"weak-ike",
		edit{"hash: {must: [sha256]}", "hash: {must: [sha256], may: [md5]}"},
		"keying.phase1.hash.may[0]", "md5", profile.Warning,
		edit{"hash: {must: [sha256]}", "hash: {must: [sha256], may: [sha1]}"},
	},
}

func lint(t *testing.T, e edit) []profile.Finding {
	t.Helper()
	p, err := profile.Parse("base.yaml", []byte(base(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	return profile.Lint(p)
}

// without leaves out what every profile for IKE version 1 is told.
func without(found []profile.Finding, rule string) (rest []profile.Finding) {
	for _, f := range found {
		if f.Rule != rule {
			rest = append(rest, f)
		}
	}
	return rest
}

func TestLint(t *testing.T) {
	tested := map[string]bool{}
	for _, tt := range lintTests {
		t.Run(tt.rule+"/"+tt.path, func(t *testing.T) {
			tested[tt.rule] = true
			ignore := "ikev1-deprecated"
			if tt.rule == ignore {
				ignore = ""
			}
			found := without(lint(t, tt.fires), ignore)
			if len(found) != 1 {
				t.Fatalf("exactly one finding is meant, not %v", found)
			}
			f := found[0]
			if f.Rule != tt.rule || f.Path != tt.path || f.Severity != tt.sev {
				t.Errorf("got %s %s at %s, want %s %s at %s", f.Severity, f.Rule, f.Path, tt.sev, tt.rule, tt.path)
			}
			if f.Col < 1 || f.Col > len(f.Excerpt) || !strings.HasPrefix(f.Excerpt[f.Col-1:], tt.at) {
				t.Errorf("column %d of %q is not at %q", f.Col, f.Excerpt, tt.at)
			}
			if f.File != "base.yaml" || f.Line == 0 || f.Section == "" || f.Advice == "" || f.Instead == "" || f.Msg == "" || !f.Item.Valid() {
				t.Errorf("incomplete: %+v", f)
			}
			for _, f := range without(lint(t, tt.quiet), ignore) {
				if tt.quiet != nil {
					t.Errorf("not meant here: %v", f)
				}
			}
		})
	}
	for _, r := range profile.Rules() {
		if !tested[r.ID] {
			t.Errorf("rule %s has no test", r.ID)
		}
	}
}

// TestLintSeveral: the findings come in the order of the text.
func TestLintSeveral(t *testing.T) {
	var got []string
	for _, f := range lint(t, edit{"must: [main]", "may: [aggressive]", "nat: unlikely", "nat: likely", "must: [esp]", "should: [ah]"}) {
		got = append(got, f.Rule)
	}
	want := []string{"mandatory-to-implement", "ah-behind-nat", "ikev1-deprecated", "mandatory-to-implement", "aggressive-psk", "nat-traversal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestLintBGP: nothing but notes, and those are in the golden file because the
// comments of the profile argue them.
func TestLintBGP(t *testing.T) {
	p, err := profile.Builtin("bgp")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, f := range profile.Lint(p) {
		if f.Severity != profile.Note {
			t.Errorf("%v", f)
		}
		out.WriteString(f.Detail() + "\n")
	}
	golden(t, "bgp.lint", out.String())
}

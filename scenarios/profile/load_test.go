package profile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios/profile"
)

func TestBuiltins(t *testing.T) {
	names := profile.Builtins()
	if diff := cmp.Diff([]string{"bgp", "bgp-isp", "host-to-host", "l2tp", "road-warrior", "site-to-site"}, names); diff != "" {
		t.Error(diff)
	}
	for _, name := range names {
		p, err := profile.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != name || p.File() != name+".yaml" {
			t.Errorf("profile %s is in %s", p.Name, p.File())
		}
		again, err := profile.Parse("copy.yaml", p.Source())
		if err != nil {
			t.Fatal(err)
		}
		one, err1 := json.Marshal(p)
		two, err2 := json.Marshal(again)
		if err1 != nil || err2 != nil || string(one) != string(two) {
			t.Errorf("the source does not give the same profile: %v, %v", err1, err2)
		}
	}
}

func TestBuiltinUnknown(t *testing.T) {
	_, err := profile.Builtin("bpg")
	if !errors.Is(err, profile.ErrUnknown) || !strings.Contains(err.Error(), `did you mean "bgp"?`) {
		t.Errorf("got %v", err)
	}
	_, err = profile.Builtin("../profiles/bgp")
	if !errors.Is(err, profile.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestLoad(t *testing.T) {
	files := fstest.MapFS{"p/base.yaml": {Data: []byte(base(t, nil))}}
	p, err := profile.Load(files, "p/base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if line, col, excerpt := p.At("keying.phase1.lifetime.max"); line != 28 || col != 21 || excerpt != "    lifetime: {max: 24h}" {
		t.Errorf("%d:%d %q", line, col, excerpt)
	}
	if _, err := profile.Load(files, "p/none.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestMemory: a profile that was never text can be linted and judged by.
func TestMemory(t *testing.T) {
	p := &profile.Profile{Name: "memory"}
	if p.File() != "" || p.Source() != nil {
		t.Error("a profile without a text has one")
	}
	if found := profile.Lint(p); len(found) == 0 || found[0].Line != 1 {
		t.Errorf("%v", found)
	}
}

// TestMistakes: mistakes of many kinds in one file, all of them in one go.
func TestMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/mistakes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ golden, text string }{
		{"mistakes.golden", strings.ReplaceAll(string(data), `"routers`, "routers")},
		{"mistakes-and-syntax.golden", string(data)}, // the unterminated text costs its own line only
	} {
		p, err := profile.Parse("mistakes.yaml", []byte(tt.text))
		var found profile.Errors
		if !errors.As(err, &found) || p != nil {
			t.Fatalf("got %v, %v", p, err)
		}
		golden(t, tt.golden, found.Error()+"\n")
	}
}

// policy is a line for one, in brackets.
func policy(name, action, protocol, client, server string) string {
	return fmt.Sprintf("    - {name: %s, action: %s, protocol: %s, client: {addresses: %s}, server: {addresses: %s}}\n", name, action, protocol, client, server)
}

// TestNoConsequences: what follows from a mistake is not a mistake of its own.
func TestNoConsequences(t *testing.T) {
	for _, e := range []edit{
		{"  policies:", "  networks: {branch: 10.0.0.0/8}\n  policies:", "[initiator]", "[branch]"},
		{"  policies:", "  networks: [{nmae: branch, addresses: 10.0.0.0/8}]\n  policies:", "[initiator]", "[branch]"},
		{"  policies:", "  networks: [{name: branch, addresses: 10.0.0.0/33}]\n  policies:", "[initiator]", "[branch]"},
		{"- name: service", "- nmae: service", "address_match: false", "address_match: false\n  rules: [{policies: [service], accept: any-authenticated}]"},
		{"[initiator]", "[{}]", "  otherwise", policy("again", "discard", "tcp", "[peers]", "[peers], ports: [7]") + "  otherwise"},
		{"forms: {must: [fqdn]}", "forms: {must: [user-fqdn]}", "switches_user: false", "switches_user: true", "sa: never", "sa: on-login\n  when: at login"},
		{"{must: [esp]}", "{must: [esp], may: [ha]}\n  combined: required"},
		{"{must: [aes128-cbc], may: [null]}", "{must: [aes128gcm]}", "{must: [hmac-sha256-128]}", "{must: [none]}"},
		{"{must: [aes128-cbc], may: [null]}", "{should: [nul]}", "confidentiality: optional", "confidentiality: none"},
		{"{must: [rsa-sig], may: [dss-sig]}\n  certificates: local", "{must: [pks]}\n  secrets: pair"},
		{"{must: [rsa-sig], may: [dss-sig]}", "{must: [rsasig]}", "accept: designated-peers", "accept: issued-by\n  issuers: [CN=ca]"},
	} {
		_, err := profile.Parse("base.yaml", []byte(base(t, e)))
		var found profile.Errors
		if !errors.As(err, &found) || len(found) != 1 {
			t.Errorf("%q: %v", e[1], err)
		}
	}
}

// TestConsistent: what looks like a contradiction and is none.
func TestConsistent(t *testing.T) {
	for _, e := range []edit{
		// Ciphers that have their integrity built in.
		{"{must: [aes128-cbc], may: [null]}", "{must: [aes128-gcm16]}", "{must: [hmac-sha256-128]}", "{must: [none]}"},
		{"{must: [aes128-cbc], may: [null]}", "{must: [aes128-cbc], may: [aes128-gcm16]}", "{must: [hmac-sha256-128]}", "{must: [hmac-sha256-128], may: [none]}"},
		// Policies of which each has packets that the ones before do not.
		{"  otherwise", policy("other-port", "discard", "tcp", "[initiator]", "[responder], ports: [7-8]") + "  otherwise"},
		{"  otherwise", policy("other-side", "discard", "tcp", "[responder]", "[initiator], ports: [7]") + "  otherwise"},
		{"  otherwise", policy("other-protocol", "discard", "any", "[initiator]", "[responder]") + "  otherwise"},
		{"  otherwise", policy("host", "discard", "tcp", "[192.0.2.4-192.0.2.9]", "[any]") + policy("net", "bypass", "tcp", "[192.0.2.0/24]", "[any]") + policy("v6", "bypass", "tcp", "[\"::/0\"]", "[any]") + "  otherwise"},
		// The same segment by itself, and within another.
		{"modes: {must: [transport]}", "modes: {must: [transport]}\n  segments:\n    - {segment: host-to-host, inside: host-to-gateway, modes: {must: [transport]}}\n    - {segment: host-to-host, modes: {must: [transport]}}"},
	} {
		if _, err := profile.Parse("base.yaml", []byte(base(t, e))); err != nil {
			t.Errorf("%q: %v", e[1], err)
		}
	}
}

// TestContradictions: each is the only mistake, at its place.
func TestContradictions(t *testing.T) {
	tests := []struct {
		edit edit
		want string
	}{
		{edit{"modes: {must: [transport]}", "modes: {must: [transport], must-not: [transport]}"}, `15:41: contradiction: "transport" is under "must" and under "must-not"`},
		{edit{"  otherwise", "    - name: service\n      action: bypass\n      client: {addresses: [any]}\n      server: {addresses: [any]}\n  otherwise"}, `12:13: a policy named "service" is there already, in line 7`},
		{edit{"protocol: tcp", "protocol: 47"}, `11:40: contradiction: protocol 47 has no ports to select by`},
		{edit{"      protocol: tcp\n", ""}, `10:40: contradiction: protocol any has no ports to select by`},
		{edit{"integrity: required", "integrity: none", "confidentiality: optional", "confidentiality: none", "{must: [aes128-cbc], may: [null]}", "{must: [null]}"}, `17:20: contradiction: neither integrity nor confidentiality leaves nothing to protect`},
		{edit{"confidentiality: optional", "confidentiality: required"}, `20:44: contradiction: confidentiality is required, and the null cipher is under "may"`},
		{edit{"protocols: {must: [esp]}", "protocols: {must: [ah]}", "confidentiality: optional", "confidentiality: required", ", may: [null]", ""}, `17:20: contradiction: confidentiality is required, and AH, the only protocol, has none (section 3.1)`},
		{edit{"confidentiality: optional", "confidentiality: none"}, `20:25: contradiction: there is to be no confidentiality, and aes128-cbc must be implemented`},
		{edit{"must: [hmac-sha256-128]", "must: [hmac-sha256-128], may: [none]"}, `21:48: contradiction: integrity is required, and "none" is under "may"`},
		{edit{"protocols: {must: [esp]}", "protocols: {must: [ah]}", "nat_traversal: optional", "nat_traversal: required"}, `46:18: contradiction: NAT traversal is required, and it cannot carry AH, the only protocol (section 3.1)`},
		{edit{"version: 1", "version: none", "modes: {must: [main]}", "modes: {}"}, `44:12: contradiction: keys are managed by IKE, and the version is none`},
		{edit{"method: ike", "method: manual"}, `44:12: contradiction: key management is manual, and IKE version 1 is asked for`},
		{edit{"method: ike", "method: manual", "version: 1", "version: none", "modes: {must: [main]}", "modes: {}", "nat_traversal: optional", "nat_traversal: required"}, `46:18: contradiction: it is required, and without IKE nothing negotiates it`},
		{edit{"version: 1", "version: 2"}, `45:18: contradiction: main mode belongs to IKE version 1, not to version 2`},
		{edit{"pfs: optional", "pfs: none"}, `31:21: contradiction: there is to be no perfect forward secrecy, and modp2048 is listed for it`},
		{edit{"sa: never", "sa: on-login\n  when: at login", "must: [fqdn]", "must: [user_fqdn]"}, `36:7: contradiction: the server does not switch users, and there is an SA for a user on-login`},
		{edit{"sa: never", "sa: on-login\n  when: at login", "switches_user: false", "switches_user: true"}, `36:7: contradiction: there is an SA for a user, and no form of identification can name one`},
		{edit{"sa: never", "sa: on-login", "switches_user: false", "switches_user: true", "must: [fqdn]", "must: [user_fqdn]"}, `34:1: question e asks when the SA for a user is negotiated: missing key "when"`},
		{edit{"may: [dss-sig]}", "must-not: [psk]}\n  contexts: [{where: here, methods: {may: [psk]}}]"}, `39:44: contradiction: "psk" is admitted here, and must not be used at all`},
		{edit{"accept: designated-peers", "accept: issued-by"}, `41:11: "issued-by" needs the key "issuers"`},
		{edit{"accept: designated-peers", "accept: issued-by\n  issuers: [CN=ca]", "{must: [rsa-sig], may: [dss-sig]}\n  certificates: local", "{must: [psk]}"}, `40:11: contradiction: participants are known by the issuer of their certificate, and no method uses certificates`},
		{edit{"accept: designated-peers", "accept: identity-list"}, `41:11: "identity-list" needs the key "identities"`},
		{edit{"accept: designated-peers", "accept: designated-peers\n  issuers: [CN=ca]"}, `42:3: contradiction: issuers are listed, and "designated-peers" does not ask for them`},
		{edit{"accept: designated-peers", "accept: designated-peers\n  identities: [a]"}, `42:3: contradiction: identities are listed, and "designated-peers" does not ask for them`},
		{edit{"{must: [rsa-sig], may: [dss-sig]}", "{must: [psk]}"}, `39:17: contradiction: certificates have an issuer, and no method uses them`},
		{edit{"certificates: local", "secrets: pair"}, `39:12: contradiction: secrets are shared, and no method uses them`},
		{edit{"modes: {must: [transport]}", "modes: {must: [transport], must-not: [tunnel]}\n  segments: [{segment: host-to-gateway, modes: {must: [tunnel]}}]"}, `16:56: contradiction: "tunnel" is admitted here, and must not be used at all`},
		{edit{"modes: {must: [transport]}", "modes: {must: [transport]}\n  segments: [{segment: host-to-host, inside: host-to-host, modes: {must: [transport]}}]"}, `16:46: contradiction: host-to-host is inside itself`},
		{edit{"protocols: {must: [esp]}", "protocols: {must: [esp]}\n  combined: required"}, `15:13: contradiction: AH and ESP are to be used together, and one of them is not admitted`},
		{edit{"forms: {must: [fqdn]}", "forms: {must: [fqdn], must-not: [key_id]}\n  responder: {may: [key_id]}"}, `34:21: contradiction: "key_id" is admitted here, and must not be used at all`},
		{edit{"address_match: false", "address_match: false\n  rules: [{policies: [server], accept: any-authenticated}]"}, `43:23: no policy is named "server"`},
		{edit{"address_match: false", "address_match: false\n  rules: [{policies: [service], accept: identity-list}]"}, `43:41: "identity-list" needs the key "identities"`},
		{edit{"[responder]", "[branch]"}, `11:28: unknown value "branch"; one of any, peers, initiator, responder`},
		{edit{"[responder]", "[brunch]", "  policies:", "  networks: [{name: branch, addresses: 192.0.2.0/24}]\n  policies:"}, `12:28: unknown value "brunch"; did you mean "branch"? (one of any, peers, initiator, responder, branch)`},
		{edit{"  policies:", "  networks: [{name: peers, addresses: 192.0.2.0/24}]\n  policies:"}, `6:21: there are addresses named "peers" already`},
		{edit{"  policies:", "  networks: [{name: Branch, addresses: 192.0.2.0/24}]\n  policies:"}, `6:21: "Branch" is not a name: small letters, digits and dashes`},
		{edit{"  policies:", "  networks: [{name: branch, addresses: any}]\n  policies:"}, `6:40: takes an address, a prefix or a range, not the name "any"`},
		{edit{"[responder]", "[]"}, `11:16: no addresses, so that nothing matches; any stands for all`},
		{edit{"  otherwise", policy("again", "discard", "tcp", "[responder], ports: [7]", "[initiator]") + "  otherwise"}, `12:7: contradiction: no packet comes to this policy: "service", in line 7, has all of them`},
		{edit{"  otherwise", policy("all", "bypass", "any", "[any]", "[any]") + policy("web", "protect", "tcp", "[192.0.2.1]", "[peers], ports: [80]") + "  otherwise"}, `13:7: contradiction: no packet comes to this policy: "all", in line 12, has all of them`},
		{edit{"  otherwise", policy("net", "bypass", "tcp", "[192.0.2.0/24]", "[peers], ports: [80-90]") + policy("host", "protect", "tcp", "[192.0.2.4-192.0.2.9, 192.0.2.64/26]", "[initiator], ports: [80, 85-90]") + "  otherwise"}, `13:7: contradiction: no packet comes to this policy: "net", in line 12, has all of them`},
		{edit{"integrity: required", "integrity: none", "replay_protection: required", "replay_protection: none"}, `21:24: contradiction: there is to be no integrity, and hmac-sha256-128 must be implemented`},
		{edit{"integrity: required", "integrity: none", "{must: [hmac-sha256-128]}", "{must: [none]}"}, `18:22: contradiction: replay protection is required, and without integrity there is none (RFC 2406 1)`},
		{edit{"protocols: {must: [esp]}", "protocols: {must: [esp], may: [ah]}", "integrity: required", "integrity: none", "replay_protection: required", "replay_protection: none", "{must: [hmac-sha256-128]}", "{must: [none]}"}, `14:34: contradiction: there is to be no integrity, and AH, which has nothing else, is under "may"`},
		{edit{"confidentiality: optional", "confidentiality: none", "{must: [aes128-cbc], may: [null]}", "{should: [aes128-cbc]}"}, `20:5: contradiction: there is to be no confidentiality, and the null cipher is not admitted`},
		{edit{"modes: {must: [transport]}", "modes: {must: [transport]}\n  segments:\n    - {segment: host-to-host, inside: host-to-gateway, modes: {must: [transport]}}\n    - {segment: host-to-gateway, modes: {must: [tunnel]}}\n    - {segment: host-to-gateway, modes: {may: [tunnel]}}"}, `19:17: contradiction: host-to-gateway is there already, in line 18`},
		{edit{"may: [dss-sig]}", "may: [psk]}\n  contexts: [{where: here, methods: {may: [psk]}, certificates: local}]"}, `39:65: contradiction: certificates have an issuer here, and no method here uses them`},
		{edit{"may: [dss-sig]}", "may: [psk]}\n  contexts: [{where: here, methods: {may: [psk]}}, {where: here, methods: {may: [rsa-sig]}}]"}, `39:60: a context "here" is there already, in line 39`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			_, err := profile.Parse("base.yaml", []byte(base(t, tt.edit)))
			var found profile.Errors
			if !errors.As(err, &found) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff("base.yaml:"+tt.want, found[0].Error()); diff != "" || len(found) != 1 {
				t.Errorf("%d: %v\n%s", len(found), found, diff)
			}
		})
	}
}

// TestMissingAnswers: each of the nine, by its letter; and a misspelt answer is
// one mistake, not two.
func TestMissingAnswers(t *testing.T) {
	_, err := profile.Parse("p.yaml", []byte("name: p\ntitle: nothing\n"))
	var found profile.Errors
	if !errors.As(err, &found) || len(found) != 9 {
		t.Fatalf("got %v", err)
	}
	for i, item := range profile.Items() {
		if found[i].Path != item.Key() || !strings.Contains(found[i].Msg, "missing answer "+item.String()+", ") || !strings.Contains(found[i].Msg, item.Question()) {
			t.Errorf("%s: %v", item, found[i])
		}
	}
	_, err = profile.Parse("p.yaml", []byte(base(t, edit{"\nprotection:", "\nprotectoin:"})))
	if !errors.As(err, &found) || len(found) != 1 || found[0].Msg != `unknown key "protectoin"; did you mean "protection"?` {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"- a\n- b\n", "text", ""} {
		if _, err = profile.Parse("p.yaml", []byte(text)); !errors.As(err, &found) || len(found) != 1 {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEveryLine spoils every line of two profiles in several ways. Whatever comes
// of it, there is no panic, and mistakes lie in the text.
func TestEveryLine(t *testing.T) {
	for _, name := range []string{"bgp", "road-warrior"} {
		p, err := profile.Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		spoilLines(t, p.File(), strings.Split(string(p.Source()), "\n"))
	}
}

func spoilLines(t *testing.T, file string, lines []string) {
	t.Helper()
	for i, line := range lines {
		key, _, isKey := strings.Cut(line, ":")
		if strings.HasPrefix(strings.TrimSpace(line), "#") || !isKey {
			continue
		}
		for _, spoilt := range []string{"", line + "\n" + line, key, key + ":", key + ": 5", key + ": null", key + ": []", key + ": {}", key + ": [x, {y: z}]", key + ": {x: y}", key + ": |\n  text", "  " + line, "- " + line, key + ": 'x"} {
			text := strings.Join(append(append(append([]string{}, lines[:i]...), spoilt), lines[i+1:]...), "\n")
			p, err := profile.Parse(file, []byte(text))
			if err == nil {
				profile.Lint(p)
				continue
			}
			var found profile.Errors
			if !errors.As(err, &found) {
				t.Fatal(err)
			}
			for _, e := range found {
				if e.Line < 1 || e.Line > len(lines)+2 || e.Col < 1 || e.Col > len([]rune(e.Excerpt))+1 {
					t.Errorf("%s: line %d as %q: %v", file, i+1, spoilt, e)
				}
			}
		}
	}
}

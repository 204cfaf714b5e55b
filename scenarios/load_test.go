package scenarios_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/useipsec/useipsec/scenarios"
	"github.com/useipsec/useipsec/scenarios/profile"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Error(diff)
	}
}

// minimal is a scenario with nothing that could be left out. The tests replace
// parts of it.
const minimal = `id: test/minimal
title: Minimal
why: because
items: [c]
refs: [RFC2409]
peer_plays: [responder]
ike:
  proposals: [{encryption: aes128-cbc, hash: sha1, group: modp2048}]
child:
  mode: transport
  proposals: [{encryption: aes128-cbc, integrity: hmac-sha1-96}]
expect: {phase1: established, phase2: established}
`

// spoil returns minimal with changes: old text, new text, old text, …
func spoil(t *testing.T, e ...string) string {
	t.Helper()
	text := minimal
	for i := 0; i+1 < len(e); i += 2 {
		if n := strings.Count(text, e[i]); n != 1 {
			t.Fatalf("%q is there %d times", e[i], n)
		}
		text = strings.Replace(text, e[i], e[i+1], 1)
	}
	return text
}

func parse(t *testing.T, e ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("t.yaml", []byte(spoil(t, e...)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMistakes(t *testing.T) {
	data, err := os.ReadFile("testdata/mistakes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Parse("mistakes.yaml", data)
	var found scenarios.Errors
	if !errors.As(err, &found) || s != nil {
		t.Fatalf("got %v, %v", s, err)
	}
	golden(t, "mistakes.golden", found.Error()+"\n")
}

// TestMistake: each is the only one, at its place.
func TestMistake(t *testing.T) {
	tests := []struct {
		edit []string
		want string
	}{
		{[]string{"test/minimal", "minimal"}, `1:5: id "minimal" is not a path such as main/psk/aes128-sha1-modp1024: small letters, digits and single dashes`},
		{[]string{"why: because\n", ""}, `1:1: missing key "why"`},
		{[]string{"[c]", "[]"}, `4:1: items is an empty list`},
		{[]string{"[c]", "[cd]"}, `4:9: unknown question "cd"; the letters are a to i`},
		{[]string{"[responder]", "[]"}, `6:1: peer_plays is an empty list`},
		{[]string{"[responder]", "[responder, responder]"}, `6:25: peer_plays[1] "responder" is in the list twice`},
		{[]string{"  mode: transport\n", ""}, `9:1: missing key "mode" in child: transport or tunnel`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash: sha1, group: modp2048}]", "  mode: main"}, `7:1: missing key "proposals" in ike`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash: sha1, group: modp2048}]", "  proposals: []"}, `8:3: ike.proposals is an empty list`},
		{[]string{"mode: transport", "mode: transport\n  protocol: ah"}, `12:28: contradiction: AH does not encrypt`},
		{[]string{"mode: transport", "mode: transport\n  protocol: ah", "{encryption: aes128-cbc, integrity: hmac-sha1-96}", "{integrity: none}"}, `12:27: contradiction: AH is nothing but integrity`},
		{[]string{"{encryption: aes128-cbc, integrity: hmac-sha1-96}", "{integrity: hmac-sha1-96}"}, `11:15: missing key "encryption" in child.proposals[0]; with ESP it is there, be it "null"`},
		{[]string{"mode: transport", "mode: transport\n  selector: {server_port: 179}"}, `11:27: contradiction: protocol any has no ports to select by`},
		{[]string{"mode: transport", "mode: transport\n  selector: {protocol: tcp, client_port: 0}"}, `11:42: port 0 is none; leave the key out for any port`},
		{[]string{"expect:", "peer: {psk: other, ike: {authentication: rsa-sig}}\nexpect:"}, `12:13: contradiction: the authentication has no pre-shared key`},
		{[]string{"expect:", "peer: {ike: {proposals: []}}\nexpect:"}, `12:14: peer.ike.proposals is an empty list`},
		{[]string{"expect:", "script: []\nexpect:"}, `12:1: script is an empty list`},
		{[]string{"expect:", "script: [{}]\nexpect:"}, `12:10: a step is one of initiate, exchange, rekey, delete, wait and rebind; here are 0`},
		{[]string{"expect:", "script: [{initiate: {}, rekey: {}}]\nexpect:"}, `12:10: a step is one of initiate, exchange, rekey, delete, wait and rebind; here are 2`},
		{[]string{"expect:", "script: [initiate]\nexpect:"}, `12:10: script[0] takes a mapping with the keys initiate, exchange, rekey, delete, wait, rebind, not text`},
		{[]string{"expect:", "script:\n  - initiate:\nexpect:"}, `13:5: script[0].initiate takes {}, not nothing`},
		{[]string{"expect:", "script: [{delete: {by: peer, what: child}}]\nexpect:"}, `12:10: contradiction: nothing has been initiated that could be rekeyed or deleted`},
		{[]string{"expect:", "script: [{exchange: {protocol: tcp, port: 179, size: 2MB, expect: clear}}]\nexpect:"}, `12:54: the size of a TCP exchange is from 1 to 1048576 octets`},
		{[]string{"expect:", "script: [{exchange: {protocol: tcp, port: 179, expect: proteced or blocked}}]\nexpect:"}, `12:56: unknown value "proteced"; did you mean "protected"? (one of protected, clear, blocked), or alternatives joined by " or "`},
		{[]string{"phase2: established", "phase2: refused, silence: true", "expect:", "script: [{exchange: {protocol: tcp, port: 179, expect: protected}}]\nexpect:"}, `12:56: contradiction: no SA is expected that could protect it`},
		{[]string{", phase2: established", ""}, `12:1: missing key "phase2" in expect`},
		{[]string{"phase1: established", "phase1: refused, silence: true"}, `12:50: contradiction: phase 1 is refused, so there is no phase 2`},
		{[]string{"phase2: established", "phase2: refused"}, `12:1: a refusal needs notifies, or silence, or both: by what is it to be known?`},
		{[]string{"phase2: established", "phase2: established, silence: true"}, `12:1: contradiction: notifies and silence belong to a refusal, and none is acceptable`},
		{[]string{"phase2: established", "phase2: refused, notifies: [NO-PROPOSAL]"}, `12:59: unknown value "NO-PROPOSAL"; did you mean "NO-PROPOSAL-CHOSEN"?`},
		{[]string{"expect:", "deviations: [ike.none]\nexpect:"}, `12:14: scenarios: "ike.none": not a deviation; list them with: useipsec list deviations`},
		{[]string{"expect:", "script: [{wait: {for: 2h}}]\nexpect:"}, `12:23: a wait is longer than 0 and no longer than 1m`},
		{[]string{"expect:", "peer: {password: other}\nexpect:"}, `12:18: contradiction: the authentication has no password`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash", "  certificate: {intermediate: true}\n  proposals: [{encryption: aes128-cbc, hash"}, `8:3: contradiction: the authentication has no certificates`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash", "  mode_config: pull\n  proposals: [{encryption: aes128-cbc, hash"}, `8:16: contradiction: an address inside needs tunnel mode`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash", "  identities: {initiator: der_asn1_gn}\n  proposals: [{encryption: aes128-cbc, hash"}, `8:27: scenarios have no names of the form der_asn1_gn; leave the key out for the address`},
		{[]string{"expect:", "wire: {}\nexpect:"}, `12:1: a wire with neither nat nor faults is a cable; leave the key out`},
		{[]string{"expect:", "wire: {faults: []}\nexpect:"}, `12:8: wire.faults is an empty list`},
		{[]string{"expect:", "wire: {nat: {}}\nexpect:"}, `12:8: missing key "kind" in wire.nat`},
		{[]string{"expect:", "wire: {nat: {kind: symetric}}\nexpect:"}, `12:20: unknown value "symetric"; did you mean "symmetric"? (one of full-cone, port-preserving, symmetric)`},
		{[]string{"expect:", "family: ipv6\nwire: {nat: {kind: symmetric}}\nexpect:"}, `13:8: contradiction: addresses of IPv6 are not translated; take family ipv4`},
		{[]string{"  proposals: [{encryption: aes128-cbc, hash", "  nat_traversal: forced\n  proposals: [{encryption: aes128-cbc, hash", "expect:", "wire: {nat: {kind: symmetric}}\nexpect:"}, `13:8: contradiction: nat_traversal forced is for a path without a NAT; leave one of the two out`},
		{[]string{"expect:", "wire: {faults: [{fault: drop, message: 3}]}\nexpect:"}, `12:40: a message has its number within an exchange; say which`},
		{[]string{"expect:", "wire: {faults: [{fault: drop, exchange: quik}]}\nexpect:"}, `12:41: unknown value "quik"; did you mean "quick"? (one of main, aggressive, informational, transaction, quick)`},
		{[]string{"expect:", "wire: {faults: [{fault: drop, packet: esp, exchange: quick}]}\nexpect:"}, `12:54: contradiction: packets of esp belong to no exchange of IKE`},
		{[]string{"expect:", "wire: {faults: [{fault: drop, packet: esp, nth: 0}]}\nexpect:"}, `12:49: counts begin with 1`},
		{[]string{"expect:", "wire: {faults: [{fault: delay, packet: esp}]}\nexpect:"}, `12:17: missing key "by" in wire.faults[0]: how much later?`},
		{[]string{"expect:", "wire: {faults: [{fault: drop, by: 1s}]}\nexpect:"}, `12:35: contradiction: drop says nothing about time`},
		{[]string{"expect:", "wire: {faults: [{fault: replay, by: 2h}]}\nexpect:"}, `12:37: a packet comes later by more than 0 and no more than 1m`},
		{[]string{"expect:", "script: [{rebind: {}}]\nexpect:"}, `12:11: contradiction: there is no NAT that could; wire.nat makes one`},
		{[]string{"phase2: established", "phase2: established, tolerated: [{why: w, peers: [p]}]"}, `12:64: a tolerated behaviour is an outcome, by phase1, or a rule that may fail`},
		{[]string{"phase2: established", "phase2: established, tolerated: [{why: w, peers: [], rule: esp.icv}]"}, `12:73: expect.tolerated[0].peers is an empty list`},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			_, err := scenarios.Parse("t.yaml", []byte(spoil(t, tt.edit...)))
			var found scenarios.Errors
			if !errors.As(err, &found) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff("t.yaml:"+tt.want, found[0].Error()); diff != "" || len(found) != 1 {
				t.Errorf("%d: %v\n%s", len(found), found, diff)
			}
		})
	}
}

func TestLoadTree(t *testing.T) {
	files := fstest.MapFS{
		"lib/test/minimal.yaml": {Data: []byte(minimal)},
		"lib/test/b.yaml":       {Data: []byte(spoil(t, "test/minimal", "test/b"))},
		"lib/README":            {Data: []byte("not a scenario")},
	}
	all, err := scenarios.LoadTree(files, "lib")
	if err != nil || len(all) != 2 || all[0].ID != "test/b" {
		t.Fatalf("got %v, %v", all, err)
	}
	files["lib/moved.yaml"] = files["lib/test/b.yaml"]
	files["lib/bad.yaml"] = &fstest.MapFile{Data: []byte("id: x\n")}
	_, err = scenarios.LoadTree(files, "lib")
	var found scenarios.Errors
	if !errors.As(err, &found) {
		t.Fatalf("got %v", err)
	}
	if got, want := found[len(found)-1].Error(), `lib/moved.yaml:1:5: the file's place in the library makes the id "moved"`; got != want || found[0].File != "lib/bad.yaml" {
		t.Errorf("got %v", found)
	}
	if _, err := scenarios.LoadTree(files, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := scenarios.Load(files, "none.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if s, err := scenarios.Load(files, "lib/test/b.yaml"); err != nil || s.ID != "test/b" {
		t.Errorf("got %v, %v", s, err)
	}
}

// TestJSON: evidence holds the scenario as JSON; it has to come back the same.
func TestJSON(t *testing.T) {
	all, err := scenarios.Builtins()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again scenarios.Scenario
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(*s, again); diff != "" {
			t.Errorf("%s: %s", s.ID, diff)
		}
	}
	s := parse(t)
	s.Items = []profile.Item{'z'}
	if _, err := json.Marshal(s); err == nil {
		t.Error("there is no question z")
	}
}

package profile_test

import (
	"encoding"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/esp"
	"github.com/useipsec/useipsec/ikev1/keymat"
	"github.com/useipsec/useipsec/scenarios/profile"
)

// TestVocabularies: there is a word for everything that the engine can do.
func TestVocabularies(t *testing.T) {
	v := profile.Vocabularies()
	has := func(vocabulary, slug string) {
		t.Helper()
		if !slices.Contains(v[vocabulary], slug) {
			t.Errorf("%s has no %q", vocabulary, slug)
		}
	}
	for n := range 256 {
		for _, c := range []struct {
			vocabulary string
			value      fmt.Stringer
		}{
			{"esp-encryption", esp.Cipher(n)},
			{"esp-integrity", esp.Integrity(n)},
			{"protocol", esp.Proto(n)},
			{"mode", esp.Mode(n)},
			{"ike-hash", keymat.Hash(n)},
			{"group", keymat.Group(n)},
			{"pfs", keymat.Group(n)},
		} {
			if slug := c.value.String(); !strings.HasPrefix(slug, "Unknown(") {
				has(c.vocabulary, slug)
			}
		}
	}
	for _, slug := range []string{"des-cbc", "3des-cbc", "aes128-cbc", "aes192-cbc", "aes256-cbc"} {
		if _, _, err := keymat.ParseCipher(slug); err != nil {
			t.Error(err)
		}
		has("ike-encryption", slug)
	}
	for _, slug := range []string{"psk", "rsa-sig", "xauth-init-psk"} {
		has("auth", slug)
	}
	has("id-type", "ipv4_addr")
	has("id-type", "key_id")
	has("notify", "NO-PROPOSAL-CHOSEN")
	has("notify", "INVALID-HASH-INFORMATION")
}

// TestTags: every vocabulary that the types name is there.
func TestTags(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(ty reflect.Type) {
		switch ty.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(ty.Elem())
		case reflect.Struct:
			for i := range ty.NumField() {
				f := ty.Field(i)
				for option := range strings.SplitSeq(f.Tag.Get("strict"), ",") {
					if name, ok := strings.CutPrefix(option, "vocab="); ok && profile.Vocabularies()[name] == nil {
						t.Errorf("%s.%s: no vocabulary %q", ty, f.Name, name)
					} else if !ok && option != "" && option != "required" && option != "one" {
						t.Errorf("%s.%s: unknown option %q", ty, f.Name, option)
					}
				}
				if f.Tag.Get("yaml") != "" {
					walk(f.Type)
				}
			}
		}
	}
	walk(reflect.TypeFor[profile.Profile]())
}

// TestEnums: what String writes UnmarshalText reads, for every value.
func TestEnums(t *testing.T) {
	type enum interface {
		fmt.Stringer
		encoding.TextMarshaler
	}
	for _, e := range []enum{
		new(profile.Level), new(profile.Need), new(profile.Action), new(profile.Method), new(profile.IKEVersion), new(profile.Accept), new(profile.UserSA),
		new(profile.Status), new(profile.Segment), new(profile.Relation), new(profile.Likelihood), new(profile.Addressing), new(profile.Issuer), new(profile.Sharing), new(profile.Class), new(profile.Severity),
	} {
		v := reflect.ValueOf(e).Elem()
		var texts []string
		for n := range 256 {
			v.SetUint(uint64(n))
			text := e.String()
			if text == fmt.Sprintf("Unknown(%d)", n) {
				continue
			}
			texts = append(texts, text)
			if err := e.(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil || v.Uint() != uint64(n) {
				t.Errorf("%s %q reads as %d, %v", v.Type(), text, v.Uint(), err)
			}
		}
		if l, ok := e.(interface{ Values() []string }); ok {
			if want := slices.DeleteFunc(texts, func(s string) bool { return s == "" }); !slices.Equal(want, l.Values()) {
				t.Errorf("%s: Values are %q, not %q", v.Type(), l.Values(), want)
			}
		}
	}
	for _, i := range profile.Items() {
		text, err := i.MarshalText()
		var again profile.Item
		if err != nil || again.UnmarshalText(text) != nil || again != i {
			t.Errorf("%v", i)
		}
	}
	if profile.Item('j').String() != "Unknown(106)" || profile.Item('j').Key() != "" || profile.Item(0).Question() != "" {
		t.Error("there is no tenth question")
	}
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// TestQuotations: what the rules and the built-in profiles quote of the draft
// is there, word for word.
func TestQuotations(t *testing.T) {
	draft, err := os.ReadFile("../../../shared/seed-draft-bellovin-useipsec-10.txt")
	if err != nil {
		t.Skip("the draft is not beside this repository: ", err)
	}
	normal := func(s string) string {
		return strings.ToLower(strings.Join(strings.Fields(strings.NewReplacer("'", "", `"`, "", "*", "").Replace(s)), " "))
	}
	text := normal(string(draft))
	check := func(where, s string) {
		for _, q := range quoted.FindAllStringSubmatch(s, -1) {
			for part := range strings.SplitSeq(q[1], "…") {
				part = strings.TrimRight(normal(part), ".:, ")
				if strings.Contains(part, " ") && !strings.Contains(text, part) {
					t.Errorf("%s: not in the draft: %q", where, part)
				}
			}
		}
	}
	for _, r := range profile.Rules() {
		check("rule "+r.ID, r.Advice)
	}
	files, err := filepath.Glob("../profiles/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no profiles", err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var comments strings.Builder
		for line := range strings.Lines(string(data)) {
			if c, ok := strings.CutPrefix(strings.TrimSpace(line), "#"); ok {
				comments.WriteString(c + " ")
			} else {
				comments.WriteString("\n")
			}
		}
		check(f, comments.String())
	}
}

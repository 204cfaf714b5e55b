package keymat_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// The corpus lies beside the repository where people develop, and nowhere else.
const corpus = "../../../shared/corpus"

// readCorpus reads a JSON file of the corpus, compressed or not, into v. It skips the test when there is no such file.
func readCorpus(t *testing.T, name string, v any) {
	t.Helper()
	if err := json.Unmarshal(corpusFile(t, name), v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

func corpusFile(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(corpus, name))
	if err != nil {
		t.Skipf("without the corpus: %v", err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCorpusKDF(t *testing.T) {
	var vectors []struct {
		Auth, Hash, CkyInit, CkyResp, NInit, NResp, Gxy, PreSharedKey, SKeyID, SKeyIDD, SKeyIDA, SKeyIDE string
	}
	readCorpus(t, "crypto-vectors/ikev1_kdf_nist.dev.json", &vectors)
	hashes := map[string]keymat.Hash{
		"SHA-1": keymat.SHA1, "SHA2-256": keymat.SHA256, "SHA2-384": keymat.SHA384, "SHA2-512": keymat.SHA512,
	}
	seen := map[string]int{}
	for _, v := range vectors {
		if v.Auth == "dsa" {
			v.Auth = "signature"
		}
		seen[v.Auth]++
		checkKDF(t, kdfVector{
			auth: v.Auth, hash: hashes[v.Hash], cookieI: v.CkyInit, cookieR: v.CkyResp, ni: v.NInit, nr: v.NResp,
			gxy: v.Gxy, psk: v.PreSharedKey, skeyid: v.SKeyID, skeyD: v.SKeyIDD, skeyA: v.SKeyIDA, skeyE: v.SKeyIDE,
		})
	}
	if seen["psk"] == 0 || seen["signature"] == 0 || seen["pke"] == 0 {
		t.Errorf("checked %v: every method of authentication should be there", seen)
	}
}

func TestCorpusStrongSwanLogs(t *testing.T) {
	var vectors []struct {
		Hash, Gxy, SKEYID, Ka, IV, ICookie, RCookie, Gxi, Gxr string

		SKEYIDd string `json:"skeyid_d"`
		SKEYIDa string `json:"skeyid_a"`
		SKEYIDe string `json:"skeyid_e"`
		HashI   string `json:"hash_i"`
		HashR   string `json:"hash_r"`
		DataI   string `json:"hash_i_data"`
		DataR   string `json:"hash_r_data"`
	}
	readCorpus(t, "psk-handshakes/strongswan_sa_vectors.dev.json", &vectors)
	for _, v := range vectors {
		s := suite(t, "aes128-cbc", v.Hash, "modp1024")
		in := keymat.Exchange{
			CookieI: uncookie(t, v.ICookie), CookieR: uncookie(t, v.RCookie),
			GXi: unhex(t, v.Gxi), GXr: unhex(t, v.Gxr), GXY: unhex(t, v.Gxy),
		}
		p, err := keymat.Derive(s, unhex(t, v.SKEYID), in) // the nonces and the pre-shared key of most are not known
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "SKEYID_d", p.D, v.SKEYIDd)
		equal(t, "SKEYID_a", p.A, v.SKEYIDa)
		equal(t, "SKEYID_e", p.E, v.SKEYIDe)
		equal(t, "Ka", p.Key, v.Ka)
		equal(t, "IV", p.IV, v.IV)
		const before = 128 + 128 + 8 + 8 // octets in front of SAi_b; the identity has 8
		dataI, dataR := unhex(t, v.DataI)[before:], unhex(t, v.DataR)[before:]
		id := len(dataI) - 8
		equal(t, "HASH_I", keymat.HashI(s, p.SKEYID, in, dataI[:id], dataI[id:]), v.HashI)
		equal(t, "HASH_R", keymat.HashR(s, p.SKEYID, in, dataR[:id], dataR[id:]), v.HashR)
	}
}

func TestCorpusAggressive(t *testing.T) {
	var vectors []struct {
		Hash string
		PSK  *string

		NortelUser string `json:"nortel_user"`
		GXr        string `json:"g_xr"`
		GXi        string `json:"g_xi"`
		CookieR    string `json:"cky_r"`
		CookieI    string `json:"cky_i"`
		SAi        string `json:"sai_b"`
		IDir       string `json:"idir_b"`
		Ni         string `json:"ni_b"`
		Nr         string `json:"nr_b"`
		HashR      string `json:"hash_r"`
	}
	readCorpus(t, "psk-hash-vectors/aggressive_psk_hash_r.dev.json", &vectors)
	for _, v := range vectors {
		if v.PSK == nil {
			continue // nobody knows it
		}
		h, err := keymat.ParseHash(v.Hash)
		if err != nil {
			t.Fatal(err)
		}
		checkAggressive(t, aggressiveVector{
			hash: h, psk: *v.PSK, nortelUser: v.NortelUser, cookieI: v.CookieI, cookieR: v.CookieR,
			ni: v.Ni, nr: v.Nr, gxi: v.GXi, gxr: v.GXr, sai: v.SAi, idir: v.IDir, hashR: v.HashR,
		})
	}
}

func TestCorpusDH(t *testing.T) {
	var facts struct {
		MODP []struct {
			Name, Shared string

			PubI  string `json:"pub_i"`
			PubR  string `json:"pub_r"`
			PrivI string `json:"priv_i"`
			PrivR string `json:"priv_r"`
		}
		Params []struct{ Method, Prime, Generator, Subgroup string } `json:"modp_group_params"`
	}
	readCorpus(t, "crypto-vectors/strongswan_facts.dev.json.gz", &facts)
	for _, v := range facts.MODP {
		g, err := keymat.ParseGroup(v.Name)
		if err != nil {
			t.Fatal(err)
		}
		i, r := privateKey(t, g, unhex(t, v.PrivI)), privateKey(t, g, unhex(t, v.PrivR))
		equal(t, v.Name+" g^xi", i.Public(), v.PubI)
		equal(t, v.Name+" g^xr", r.Public(), v.PubR)
		equal(t, v.Name+" g^xy of the initiator", shared(t, i, r.Public()), v.Shared)
		equal(t, v.Name+" g^xy of the responder", shared(t, r, i.Public()), v.Shared)
	}
	for _, v := range facts.Params {
		slug := strings.ToLower(strings.TrimSuffix(strings.Replace(v.Method, "_", "", 1), "_BIT"))
		g, err := keymat.ParseGroup(strings.Replace(slug, "_", "s", 1))
		if err != nil {
			t.Fatal(err)
		}
		p, generator, order := keymat.Params(g)
		equal(t, slug+" prime", p.Bytes(), v.Prime)
		equal(t, slug+" generator", generator.Bytes(), v.Generator)
		if order != nil {
			equal(t, slug+" order", order.Bytes(), v.Subgroup)
		}
	}
	if want := len(safePrimeGroups) + len(subgroups); len(facts.Params) != want {
		t.Errorf("%d primes checked, want %d", len(facts.Params), want)
	}
}

func TestCorpusCBC(t *testing.T) {
	type vector struct {
		Name, Alg, Key, IV, Plain, Cipher string
	}
	var facts map[string][]json.RawMessage
	readCorpus(t, "crypto-vectors/strongswan_facts.dev.json.gz", &facts)
	for list, prefix := range map[string]string{"des": "des-cbc", "3des_cbc": "3des-cbc", "aes_cbc": "aes"} {
		for _, raw := range facts[list] {
			var v vector
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			if v.Alg == "ENCR_DES_ECB" {
				continue
			}
			slug := prefix
			if prefix == "aes" {
				slug = keymat.AESCBC.Slug(4 * len(v.Key))
			}
			got, err := newCBC(t, slug, unhex(t, v.Key), unhex(t, v.IV)).Encrypt(nil, unhex(t, v.Plain))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, v.Name, got, v.Cipher)
		}
	}
}

// Every file of keys in the corpus that has enough of them must derive its own Ka.
func TestCorpusHandshakeKeys(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "expected/psk-handshakes/*.keys.json"))
	if err != nil || len(files) == 0 {
		t.Skip("without the corpus")
	}
	v := mainMode
	for _, file := range files {
		var keys struct{ PSK, ICookie, Gxy, Ka string }
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &keys); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if keys.Gxy == "" || keys.ICookie != v.cookieI {
			continue
		}
		in := keymat.Exchange{
			CookieI: uncookie(t, keys.ICookie), CookieR: uncookie(t, v.cookieR),
			Ni: unhex(t, v.ni), Nr: unhex(t, v.nr), GXi: unhex(t, v.gxi), GXr: unhex(t, v.gxr), GXY: unhex(t, keys.Gxy),
		}
		p, err := keymat.DerivePSK(suite(t, "aes128-cbc", "sha1", "modp1024"), []byte(keys.PSK), in)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, filepath.Base(file), p.Key, keys.Ka)
	}
}

package keymat_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/useipsec/useipsec/ikev1/keymat"
)

// macVector is a vector of HMAC, its tag perhaps cut.
type macVector struct {
	Key, Msg, Tag, Result string
}

func (v macVector) check(t *testing.T, what string, h keymat.Hash) {
	t.Helper()
	got := hex.EncodeToString(keymat.PRF(h, unhex(t, v.Key), unhex(t, v.Msg)))
	if good := strings.HasPrefix(got, strings.ToLower(v.Tag)); good != (v.Result != "invalid") {
		t.Errorf("%s: prf %s for the tag %s, which is %s", what, got, v.Tag, v.Result)
	}
}

func TestCorpusPRF(t *testing.T) {
	for h, file := range map[keymat.Hash]string{
		keymat.SHA1: "hmac_sha1", keymat.SHA256: "hmac_sha256", keymat.SHA512: "hmac_sha512",
	} {
		var facts struct {
			TestGroups []struct{ Tests []macVector }
		}
		readCorpus(t, "crypto-vectors/wycheproof/"+file+"_test.json.gz", &facts)
		for _, group := range facts.TestGroups {
			for _, v := range group.Tests {
				v.check(t, file, h)
			}
		}
	}

	var facts struct {
		MD5  []struct{ Kind, Name, Key, Seed, Out string } `json:"md5_hmac"`
		SHA1 []struct{ Kind, Name, Key, Seed, Out string } `json:"sha1_hmac"`
	}
	readCorpus(t, "crypto-vectors/strongswan_facts.dev.json.gz", &facts)
	for h, list := range map[keymat.Hash][]struct{ Kind, Name, Key, Seed, Out string }{
		keymat.MD5: facts.MD5, keymat.SHA1: facts.SHA1,
	} {
		for _, v := range list {
			if v.Kind == "prf" {
				macVector{Key: v.Key, Msg: v.Seed, Tag: v.Out}.check(t, v.Name, h)
			}
		}
	}
}

// acvpCase is a question or an answer of NIST's validation protocol.
type acvpCase struct {
	TcID                      int
	Key, IV, PT, CT, Msg, Mac string
	ResultsArray              []struct{}
}

// readACVP joins the questions of a file with their answers, group by group.
func readACVP(t *testing.T, name string, use func(direction string, keyLen int, question, answer acvpCase)) {
	t.Helper()
	type file struct {
		TestGroups []struct {
			Direction string
			KeyLen    int
			Tests     []acvpCase
		}
	}
	var questions, answers file
	readCorpus(t, "crypto-vectors/acvp/"+name+".prompt.json.gz", &questions)
	readCorpus(t, "crypto-vectors/acvp/"+name+".expectedResults.json.gz", &answers)
	byID := map[int]acvpCase{}
	for _, group := range answers.TestGroups {
		for _, c := range group.Tests {
			byID[c.TcID] = c
		}
	}
	for _, group := range questions.TestGroups {
		for _, c := range group.Tests {
			use(group.Direction, group.KeyLen, c, byID[c.TcID])
		}
	}
}

func TestCorpusACVPHMAC(t *testing.T) {
	checked := 0
	readACVP(t, "HMAC-SHA-1-2.0", func(_ string, _ int, q, a acvpCase) {
		macVector{Key: q.Key, Msg: q.Msg, Tag: a.Mac}.check(t, "HMAC-SHA-1", keymat.SHA1)
		checked++
	})
	if checked == 0 {
		t.Error("nothing checked")
	}
}

func TestCorpusACVPCBC(t *testing.T) {
	checked := 0
	readACVP(t, "ACVP-AES-CBC-1.0", func(direction string, keyLen int, q, a acvpCase) {
		if a.ResultsArray != nil {
			return // the Monte Carlo tests chain in a way of their own
		}
		c := newCBC(t, keymat.AESCBC.Slug(keyLen), unhex(t, q.Key), unhex(t, q.IV))
		way, in, want := c.Encrypt, q.PT, a.CT
		if direction == "decrypt" {
			way, in, want = c.Decrypt, q.CT, a.PT
		}
		got, err := way(nil, unhex(t, in))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, direction, got, want)
		checked++
	})
	if checked == 0 {
		t.Error("nothing checked")
	}
}

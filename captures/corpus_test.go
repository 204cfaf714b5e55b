package captures

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// corpus is a collection of foreign captures that may lie beside the repository.
const corpus = "../../shared/corpus"

func corpusFiles(t testing.TB) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(corpus, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch filepath.Ext(path) {
		case ".pcap", ".cap", ".pcapng":
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Skipf("no captures in %s", corpus)
	}
	return files
}

// TestCorpus holds number and length of frames against what tshark says of them.
func TestCorpus(t *testing.T) {
	compared := 0
	for _, path := range corpusFiles(t) {
		name, _ := filepath.Rel(corpus, path)
		t.Run(name, func(t *testing.T) {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			packets, _, err := readAll(f, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range packets {
				if ip, err := p.IP(); err == nil && ip[0]>>4 != 4 && ip[0]>>4 != 6 {
					t.Errorf("frame %d: IP version %d", p.Number, ip[0]>>4)
				}
			}
			tsv, err := os.ReadFile(filepath.Join(corpus, "expected", name+".tshark.tsv"))
			if err != nil {
				t.Logf("%d frames, nothing to compare them with", len(packets))
				return
			}
			compared++
			compareTSV(t, packets, string(tsv))
		})
	}
	t.Logf("%d captures compared with tshark", compared)
}

// compareTSV reads columns frame.number, frame.len, ip.src and ipv6.src.
func compareTSV(t *testing.T, packets []Packet, tsv string) {
	t.Helper()
	lines := strings.Split(strings.TrimRight(tsv, "\n"), "\n")
	columns := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		columns[name] = i
	}
	lines = lines[1:]
	if len(lines) != len(packets) {
		t.Fatalf("%d frames, tshark has %d", len(packets), len(lines))
	}
	for i, line := range lines {
		f := strings.Split(line, "\t")
		p := packets[i]
		if want := f[columns["frame.number"]]; strconv.Itoa(p.Number) != want {
			t.Errorf("frame %d, tshark has %s", p.Number, want)
		}
		if want := f[columns["frame.len"]]; strconv.Itoa(p.OrigLen) != want {
			t.Errorf("frame %d: length %d, tshark has %s", p.Number, p.OrigLen, want)
		}
		_, err := p.IP()
		if want := f[columns["ip.src"]] != "" || f[columns["ipv6.src"]] != ""; want && err != nil {
			t.Errorf("frame %d: %v, tshark finds IP", p.Number, err)
		}
	}
}

// TestCorpusCut cuts real captures at many places: never a panic, always an error
// that tells so unless the cut is between packets.
func TestCorpusCut(t *testing.T) {
	for _, path := range corpusFiles(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		whole, _, err := readAll(bytes.NewReader(b), Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < len(b); n += 1 + len(b)/50 {
			got, _, err := readAll(bytes.NewReader(b[:n]), Limits{})
			if err == nil && len(got) == len(whole) && filepath.Ext(path) != ".pcapng" {
				t.Errorf("%s cut at %d: all %d packets and no error", path, n, len(got))
			}
			if err != nil {
				checkError(t, err)
			}
		}
	}
}

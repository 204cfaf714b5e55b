package peer

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Directories of NSS databases: pluto's, and one that is empty.
const (
	plutoNSS      = "nss"
	plutoEmptyNSS = "nss.empty"
)

// nss runs a tool of NSS on pluto's database, in pluto's directory.
func (d *pluto) nss(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join("/", d.program.Prefix, "usr/bin", name), append(args, "-d", "sql:"+d.path(plutoNSS))...)
	cmd.Env, cmd.Dir = d.environ, d.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s %s: %w: %s", ErrCommand, name, strings.Join(args, " "), err, lastLines(out, 3))
	}
	return nil
}

// newNSS makes a database, and puts what conf has for it into it.
func (d *pluto) newNSS(ctx context.Context, conf confFiles) error {
	if err := d.emptyNSS(ctx); err != nil {
		return err
	}
	var own []byte
	own, d.trusted = imports(conf)
	if len(d.trusted) > 0 {
		if err := d.addCertificates(ctx); err != nil {
			return err
		}
	}
	d.own = nil
	return d.replaceKey(ctx, own)
}

// addCertificates puts what is trusted, and what is known beside it, into the database.
func (d *pluto) addCertificates(ctx context.Context) error {
	var batch strings.Builder
	var lists []string
	for _, name := range slices.Sorted(maps.Keys(d.trusted)) {
		switch {
		case strings.HasPrefix(name, plutoRoots): // trusted to issue certificates to both ends
			fmt.Fprintf(&batch, "-A -n %s -t CT,, -i %s\n", filepath.Base(name), name)
		case strings.HasPrefix(name, plutoBetweens):
			fmt.Fprintf(&batch, "-A -n %s -t ,, -i %s\n", filepath.Base(name), name)
		case strings.HasPrefix(name, plutoCRLs):
			lists = append(lists, name)
		}
	}
	const file = plutoImport + "/batch"
	if err := (confFiles{file: []byte(batch.String())}).write(d.dir); err != nil {
		return err
	}
	if err := d.nss(ctx, "certutil", "-B", "-i", file); err != nil {
		return err
	}
	for _, name := range lists {
		if err := d.nss(ctx, "crlutil", "-I", "-B", "-i", name); err != nil {
			return err
		}
	}
	return nil
}

// replaceKey puts a key and its certificate in the place of those that are there.
func (d *pluto) replaceKey(ctx context.Context, own []byte) error {
	if bytes.Equal(d.own, own) {
		return nil
	}
	if d.own != nil {
		if err := d.nss(ctx, "certutil", "-F", "-n", plutoConn); err != nil {
			return err
		}
	}
	d.own = own
	return d.nss(ctx, "pk12util", "-i", plutoKeyFile, "-W", plutoKeyPassword)
}

// emptyNSS makes an empty database; a copy of the first, since programs take their time to start in a guest.
func (d *pluto) emptyNSS(ctx context.Context) error {
	if err := os.RemoveAll(d.path(plutoNSS)); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	copied := func(from, to string) error {
		if err := os.CopyFS(d.path(to), os.DirFS(d.path(from))); err != nil {
			return fmt.Errorf("harness/peer: NSS database: %w", err)
		}
		return nil
	}
	if _, err := os.Stat(d.path(plutoEmptyNSS)); err == nil {
		return copied(plutoEmptyNSS, plutoNSS)
	}
	if err := os.Mkdir(d.path(plutoNSS), 0o700); err != nil {
		return fmt.Errorf("harness/peer: %w", err)
	}
	if err := d.nss(ctx, "certutil", "-N", "--empty-password"); err != nil {
		return err
	}
	return copied(plutoNSS, plutoEmptyNSS)
}

// imports are the files that go into the database: the peer's key with its certificate, nil for none, and
// the others.
func imports(conf confFiles) (own []byte, others confFiles) {
	others = confFiles{}
	for name, content := range conf {
		if strings.HasPrefix(name, plutoImport+"/") && name != plutoKeyFile {
			others[name] = content
		}
	}
	return conf[plutoKeyFile], others
}

package provenance

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Beside is what lies beside the archive of a package: the path of the archive or of the
// package's folder, without an ending.
type Beside string

// BesideOf finds it from the path of a package, a folder or an archive. A link stands for what
// it leads to, and "." for the folder's name.
func BesideOf(path string) Beside {
	path = filepath.Clean(path)
	if target, err := filepath.EvalSymlinks(path); err == nil && isLink(path) {
		path = target
	}
	if base := filepath.Base(path); base == "." || base == ".." {
		if whole, err := filepath.Abs(path); err == nil {
			path = whole
		}
	}
	return Beside(strings.TrimSuffix(path, archiveSuffix))
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// The files.
func (b Beside) archive() string    { return string(b) + archiveSuffix }
func (b Beside) sidecar() string    { return b.archive() + ".sha256" }
func (b Beside) bill() string       { return string(b) + ".cdx.json" }
func (b Beside) statements() string { return string(b) + ".intoto.jsonl" }
func (b Beside) model() string      { return string(b) + ".model.sig" }

// Files are the files that there are besides the archive, in a fixed order: what is
// published with it.
func (b Beside) Files() []string {
	var there []string
	for _, path := range b.all() {
		if fileio.Exists(path) {
			there = append(there, path)
		}
	}
	return there
}

func (b Beside) all() []string {
	return []string{b.sidecar(), b.bill(), b.statements(), b.model()}
}

// Written says whether everything is there that Write writes.
func (b Beside) Written() bool {
	return fileio.Exists(b.sidecar()) && fileio.Exists(b.bill()) && fileio.Exists(b.statements())
}

// Remove removes them, but not the archive.
func (b Beside) Remove() error { return fileio.Remove(b.all()...) }

// Write writes what lies beside a package that was just made: everything but signatures.
// Signed files that are of this package, to the byte, stay.
func (b Beside) Write(folder string) error {
	digest, err := fileio.SHA256(b.archive())
	if err != nil {
		return err
	}
	c, err := readContents(folder, digest)
	if err != nil {
		return err
	}
	payloads, err := c.statements()
	if err != nil {
		return err
	}
	if err := b.writePlain(c); err != nil {
		return err
	}
	if err := c.checkSignedModel(b.model()); err != nil {
		if err := fileio.Remove(b.model()); err != nil {
			return err
		}
	}
	if there, err := readStatements(b.statements()); err == nil && there.begin(payloads) {
		return nil
	}
	return b.writeStatements(payloads, nil)
}

// writePlain writes what is not signed itself.
func (b Beside) writePlain(c *contents) error {
	bill, err := c.billText()
	if err != nil {
		return err
	}
	return errors.Join(fileio.WriteBytes(b.sidecar(), c.sidecarText()), fileio.WriteBytes(b.bill(), bill))
}

func (b Beside) writeStatements(payloads [][]byte, s *Signer) error {
	var envelopes []*envelope
	for _, payload := range payloads {
		e, err := seal(payload, s)
		if err != nil {
			return err
		}
		envelopes = append(envelopes, e)
	}
	text, err := writeEnvelopes(envelopes)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(b.statements(), text)
}

// sidecarText is the archive's digest as sha256sum writes it.
func (c *contents) sidecarText() []byte {
	return []byte(c.archive + "  " + c.name + archiveSuffix + "\n")
}

func (c *contents) billText() ([]byte, error) {
	bill, err := c.bill()
	if err != nil {
		return nil, err
	}
	return fileio.MarshalJSON(bill)
}

// statements are what a file of them holds.
type statements struct {
	envelopes []*envelope
	payloads  [][]byte // one of each
}

// readStatements reads a file of statements. No signature is checked.
func readStatements(path string) (*statements, error) {
	b, err := fileio.ReadFile(path, maxStatements)
	if err != nil {
		return nil, err
	}
	s := &statements{}
	if s.envelopes, err = readEnvelopes(b); err != nil {
		return nil, err
	}
	for i, e := range s.envelopes {
		payload, err := e.open()
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		s.payloads = append(s.payloads, payload)
	}
	return s, nil
}

// begin says whether these are the first statements.
func (s *statements) begin(payloads [][]byte) bool {
	for i, payload := range payloads {
		if i >= len(s.payloads) || !bytes.Equal(s.payloads[i], payload) {
			return false
		}
	}
	return true
}

// Signing is how a package is signed. At least one of the signers is there.
type Signing struct {
	Statements *Signer // Ed25519
	Model      *Signer // ECDSA P-256
	// Review, if there is one, is the verdict of a review as JSON. It becomes a further
	// statement, of ReviewType.
	Review []byte
}

// Sign signs the package at path, an archive or a folder with its archive beside it, which
// somebody has verified before; its files are in folder. It writes the files anew that lie
// beside the archive. A signature that was there and is not made again goes, unless it is of
// the other kind and of this package.
func Sign(path, folder string, s Signing) ([]string, error) {
	b := BesideOf(path)
	digest, err := fileio.SHA256(b.archive())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("%s is not there, and signatures are of the archive too: put it beside the folder, or give the archive; blocktrain package writes both", b.archive())
	}
	if err != nil {
		return nil, err
	}
	if err := b.Write(folder); err != nil {
		return nil, err
	}
	c, err := readContents(folder, digest)
	if err != nil {
		return nil, err
	}
	err = b.sign(c, s)
	return b.Files(), err
}

func (b Beside) sign(c *contents, s Signing) error {
	if s.Statements != nil {
		payloads, err := c.statements()
		if err != nil {
			return err
		}
		if s.Review != nil {
			payload, err := c.review(s.Review)
			if err != nil {
				return config.Usagef("the verdict of the review: %w", err)
			}
			payloads = append(payloads, payload)
		}
		if err := b.writeStatements(payloads, s.Statements); err != nil {
			return err
		}
	}
	if s.Model == nil {
		return nil
	}
	bundle, err := c.signModel(s.Model)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(b.model(), bundle)
}

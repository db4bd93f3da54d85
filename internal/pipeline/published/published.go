// Package published reads weights that others published, as a training may begin with them:
// files of PyTorch and safetensors whose names a table knows, and what the store of weights
// keeps under a name of the catalogue.
package published

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/store"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Weights are published ones, under our names.
type Weights struct {
	Tensors []weights.Tensor
	Digest  string // over them: tables.Fit.Digest
	How     string // they were read, in words
	Note    notes.Published
	LeftOut []string // names of the file that no tensor of ours has
}

// IsName says whether what --init-from gives is a name of the catalogue, and no path. A run in a
// folder without a dot or separator in its name is named so too, unless the catalogue has it.
func IsName(word string) bool {
	return word != "" && !catalogue.IsPath(word) && (isKnown(word) || !fileio.Exists(word))
}

// isKnown says whether the catalogue has a name.
func isKnown(name string) bool {
	_, err := catalogue.Get(name)
	return err == nil
}

// Found says whether the file at path has weights that others published, and reads them. It is
// given the error of reading it as weights of ours. Refused is the error of a file that is
// none of ours and cannot be read as others' either.
func Found(path, network string, unread error) (w *Weights, found bool, refused error) {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || unread == nil && len(tables.Of(network)) == 0 {
		return nil, false, nil //nolint:nilerr // said of it as of a file of ours
	}
	w, err = Read(path, network)
	switch {
	case err == nil:
		return w, true, nil
	case unread == nil, !errors.Is(err, tables.ErrNoTable) && !isTorch(path):
		return nil, false, nil // more is said of it as of a file of ours
	}
	return nil, false, err
}

// Named reads the weights that are kept under a name of the catalogue, for a network.
func Named(name, network string) (*Weights, error) {
	e, err := catalogue.Get(name)
	if err != nil {
		return nil, config.Usagef("--init-from %s: %w, and there is no file or folder of that name", name, err)
	}
	if e.Network != network {
		return nil, config.Usagef("--init-from %s: these are weights of %s: want --model %s with them", name, e.Network, e.Network)
	}
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	opened, err := store.Open(dir, name, network)
	if err != nil {
		return nil, config.Usagef("--init-from %s: %w", name, err)
	}
	return of(opened), nil
}

// Again reads the weights that a record notes, whose tensors have a digest, from where weights
// are kept.
func Again(note *notes.Published, digest string) (*Weights, error) {
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	opened, err := store.Reopen(dir, note.SHA256, digest, note.Network)
	if err != nil {
		return nil, err
	}
	return of(opened), nil
}

// Read reads a file of weights of a network. Its error wraps tables.ErrNoTable where the file
// has tensors of something else.
func Read(path, network string) (*Weights, error) {
	opened, err := store.Open("", path, network)
	if err != nil && len(tables.Of(network)) == 0 {
		if held, other := store.Open("", path, ""); other == nil {
			return nil, fmt.Errorf("%w of %s: it holds %s", tables.ErrNoTable, network, held.Fit.Table.Network)
		}
	}
	if err != nil {
		return nil, err
	}
	return of(opened), nil
}

// isTorch says whether a file is meant to be one of PyTorch, or an archive that holds one.
func isTorch(path string) bool {
	return slices.Contains([]string{".pth", ".pt", ".whl", ".zip", ".bin"}, filepath.Ext(path))
}

func of(o *store.Opened) *Weights {
	w := &Weights{Tensors: o.Fit.Tensors(true), How: o.File.How() + "; names of " + o.Fit.Table.Family, LeftOut: o.Fit.Extra}
	w.Digest = weights.Digest(w.Tensors)
	w.Note = notes.Published{File: filepath.Base(o.Path), SHA256: o.File.SHA256, Network: o.Fit.Table.Network, Family: o.Fit.Table.Family, Classes: o.Fit.Classes}
	w.Note = Told(w.Note, o.Fit.Digest())
	return w
}

// Told is a note with what the catalogue tells of weights whose tensors have a digest, which is
// nothing of weights that it does not have.
func Told(n notes.Published, digest string) notes.Published {
	told := notes.Published{File: n.File, SHA256: n.SHA256, Network: n.Network, Family: n.Family, Classes: n.Classes}
	if e, known := catalogue.ByDigest(digest); known {
		told.Name, told.Package, told.Version = e.Name, e.Package, e.Version
		told.Licence, told.LicenceMetadata = e.Licence.File, e.Licence.Metadata
		told.Converter, told.Origin, told.TrainedOn, told.DataTerms = e.Converter, e.Origin, e.TrainedOn, e.DataTerms
	}
	return told
}

// PreparationOf is how the network of a model wants its images, if it says so.
func PreparationOf(m model.Model) (model.Preparation, bool) {
	p, is := m.(model.Published)
	if !is {
		return model.Preparation{}, false
	}
	return p.Preparation(), true
}

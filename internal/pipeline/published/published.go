// Package published reads weights that others published, as a training may begin with them:
// files of PyTorch and safetensors whose names a table knows, and what the store of weights
// keeps under a name of the catalogue.
package published

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/pretrained"
	"github.com/blocktrain/blocktrain/internal/pretrained/catalogue"
	"github.com/blocktrain/blocktrain/internal/pretrained/store"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// Weights are published ones, under our names.
type Weights struct {
	Tensors []weights.Tensor
	Digest  string // over them: tables.Fit.Digest
	How     string // they were read, in words
	Note    rundir.PublishedNote
	LeftOut []string // names of the file that no tensor of ours has
}

// IsName says whether what --init-from gives is a name of the catalogue, and no path.
func IsName(word string) bool { return word != "" && !catalogue.IsPath(word) }

// IsKnown says whether the catalogue has a name.
func IsKnown(name string) bool {
	_, err := catalogue.Get(name)
	return err == nil
}

// Found says whether the file at path has weights that others published, and reads them. It is
// given the error of reading it as weights of ours. Refused is the error of a file that is
// none of ours and cannot be read as others' either.
func Found(path, network string, unread error) (w *Weights, found bool, refused error) {
	if errors.Is(unread, fs.ErrNotExist) || unread == nil && len(tables.Of(network)) == 0 {
		return nil, false, nil
	}
	ours := unread == nil || strings.HasSuffix(path, ".safetensors") // of which more is said as of one of ours
	w, err := Read(path, network)
	switch {
	case err == nil:
		return w, true, nil
	case unread == nil, ours && (len(tables.Of(network)) == 0 || !errors.Is(err, tables.ErrNoTable)):
		return nil, false, nil
	}
	return nil, false, err
}

// Named reads the weights that the store keeps under a name of the catalogue, for a network.
func Named(name, network string) (*Weights, error) {
	e, err := catalogue.Get(name)
	if err != nil {
		return nil, config.Usagef("--init-from %s: %w; a file or folder of that name is ./%s", name, err, name)
	}
	if e.Network != network {
		return nil, config.Usagef("--init-from %s: these are weights of %s: want --model %s with them", name, e.Network, e.Network)
	}
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	kept, err := store.Named(dir, name)
	if err != nil {
		return nil, config.Usagef("--init-from %s: %w", name, err)
	}
	return ofKept(kept)
}

// Kept reads the weights whose tensors have a digest, from the store.
func Kept(digest string) (*Weights, error) {
	dir, err := store.Dir()
	if err != nil {
		return nil, err
	}
	kept, err := store.Find(dir, digest)
	if err != nil {
		return nil, err
	}
	return ofKept(kept)
}

func ofKept(kept *store.Kept) (*Weights, error) {
	file, fit, err := kept.Read()
	if err != nil {
		return nil, err
	}
	return of(file, fit, kept.File), nil
}

// Read reads a file of weights of a network. Its error wraps tables.ErrNoTable where the file
// has tensors of something else.
func Read(path, network string) (*Weights, error) {
	if len(tables.Of(network)) == 0 {
		return nil, fmt.Errorf("%w: there is none for %s", tables.ErrNoTable, network)
	}
	file, err := pretrained.Read(path, "")
	if err != nil {
		return nil, err
	}
	fit, err := tables.Choose(network, file.Tensors)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return of(file, fit, path), nil
}

func of(file *pretrained.File, fit tables.Fit, name string) *Weights {
	w := &Weights{Tensors: fit.Tensors(true), How: file.How() + "; names of " + fit.Table.Family, LeftOut: fit.Extra}
	w.Digest = weights.Digest(w.Tensors)
	w.Note = rundir.PublishedNote{File: name, SHA256: file.SHA256, Network: fit.Table.Network, Family: fit.Table.Family, Classes: fit.Classes}
	if e, known := catalogue.ByDigest(w.Digest); known {
		w.Note.Name, w.Note.Package, w.Note.Version = e.Name, e.Package, e.Version
		w.Note.Licence, w.Note.LicenceMetadata = e.Licence.File, e.Licence.Metadata
		w.Note.Converter, w.Note.Origin, w.Note.TrainedOn, w.Note.DataTerms = e.Converter, e.Origin, e.TrainedOn, e.DataTerms
	}
	return w
}

// PreparationOf is how the network of a model wants its images, if it says so.
func PreparationOf(m model.Model) (model.Preparation, bool) {
	p, is := m.(model.Published)
	if !is {
		return model.Preparation{}, false
	}
	return p.Preparation(), true
}

// Package notes has parts of a run's record that are plain data.
package notes

import (
	"cmp"
	"slices"
	"strings"
)

// Phases is how a training goes from the last layer to all of the network.
type Phases struct {
	Head           string    `json:"head" schema:"2"` // none, sgd or solver
	Penalties      []float64 `json:"penalties,omitempty" schema:"2"`
	Views          int       `json:"views" schema:"2"`
	FinetuneEpochs int       `json:"finetune_epochs" schema:"2"`
	LayerDecay     float64   `json:"layer_decay" schema:"2"`
	BatchNorm      string    `json:"batch_norm" schema:"2"` // shard or fixed
}

// Published is what is known of weights that others published.
type Published struct {
	File    string `json:"file" schema:"2"`
	SHA256  string `json:"sha256" schema:"2"` // of the file
	Network string `json:"network" schema:"2"`
	Family  string `json:"family" schema:"2"`            // of the names in the file
	Classes int    `json:"classes,omitempty" schema:"2"` // that they tell apart

	// Of weights that are in the catalogue, by their digest.
	Name            string `json:"name,omitempty" schema:"2"`
	Package         string `json:"package,omitempty" schema:"2"`
	Version         string `json:"version,omitempty" schema:"2"`
	Licence         string `json:"licence,omitempty" schema:"2"`          // as the file in the package says
	LicenceMetadata string `json:"licence_metadata,omitempty" schema:"2"` // as the package's metadata say
	Converter       string `json:"converter,omitempty" schema:"2"`
	Origin          string `json:"origin,omitempty" schema:"2"` // who trained them
	TrainedOn       string `json:"trained_on,omitempty" schema:"2"`
	DataTerms       string `json:"data_terms,omitempty" schema:"2"`
}

// Dataset is a dataset that a model was trained on, as people call it.
type Dataset struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Examples int    `json:"examples"`
}

// About is what people are told of a released model besides what was measured.
type About struct {
	License     string `json:"license,omitempty" schema:"2"`
	Contact     string `json:"contact,omitempty" schema:"2"`
	IntendedUse string `json:"intended_use,omitempty" schema:"2"`
}

// Fact is one thing that is known of something, for people: what it is about, and the words.
type Fact struct{ Name, Words string }

// Facts are what is known of published weights, in the order in which documents tell it.
// Digest is that of their tensors (weights.Digest). What is not known is said to be so where
// somebody who passes a model on has to know it, and else left out.
func (p *Published) Facts(digest string) []Fact {
	unknown := "not known: these weights are not in the catalogue"
	if p.Name != "" {
		unknown = "not known"
	}
	facts := []Fact{
		{"name in the catalogue", p.Name}, {"network", p.Network}, {"package", p.PackageText()},
		{"file", p.File}, {"SHA-256 of the file", p.SHA256}, {"digest of the tensors", digest}, {"names of the tensors in the file", p.Family},
		{"licence, as the file in the package says", cmp.Or(p.Licence, unknown)},
		{"licence, as the package's metadata say", cmp.Or(p.LicenceMetadata, unknown)},
		{"trained by", cmp.Or(p.Origin, unknown)}, {"converted by", cmp.Or(p.Converter, unknown)},
		{"trained on", cmp.Or(p.TrainedOn, unknown)}, {"terms of that data", cmp.Or(p.DataTerms, unknown)},
	}
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Words == "" })
}

// PackageText is the package with its version; empty of weights that are in none.
func (p *Published) PackageText() string { return strings.TrimSpace(p.Package + " " + p.Version) }

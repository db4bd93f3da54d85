// Package smoke holds what a released model answers for the test images of its package, and
// asks a server whether it gives these answers.
package smoke

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/preprocess"
)

// File is the file of a package that has its answers.
const File = "smoke.json"

const schema = 1

// MaxValues is how many values of an output of one image are recorded: of longer ones, the
// first.
const MaxValues = 1024

const maxBytes = 1 << 20

// maxImage bounds the file of a test image.
const maxImage = 64 << 20

// Record is the content of File: what the model must answer for each test image of
// preprocessing.json, as the engine computed it when the package was made.
type Record struct {
	Schema  int      `json:"schema"`
	Weights string   `json:"weights_sha256"`   // of the network
	Outputs []Output `json:"outputs"`          // in the order of the model's
	Labels  []string `json:"labels,omitempty"` // of the values of the first output; none where they are not of classes
	Tests   []Test   `json:"tests"`            // in the order of preprocessing.json
}

// Output is an output of the model.
type Output struct {
	Name string `json:"name"`
	Size int    `json:"size"` // values of one image
}

// Test is a test image with its answers.
type Test struct {
	Image        string      `json:"image"`           // as in preprocessing.json
	TensorSHA256 string      `json:"tensor_sha256"`   // of the bytes that the model takes
	Class        *int        `json:"class,omitempty"` // the number of the largest value, where they are of classes
	Values       [][]float32 `json:"values"`          // of each output, MaxValues at most
}

// New runs a classifier on the test images of its rule.
func New(c *classifier.Classifier) (*Record, error) {
	p, err := preprocess.New(c.Rule)
	if err != nil {
		return nil, err
	}
	files, err := preprocess.Files(c.Rule)
	if err != nil {
		return nil, err
	}
	plan, err := c.NewPlan(1, 1)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	r := &Record{Schema: schema, Weights: c.Params.Digest(), Labels: c.Labels}
	for _, o := range c.Graph.Outputs {
		r.Outputs = append(r.Outputs, Output{o.Name, o.Node.Shape.Elements()})
	}
	for _, test := range p.Tests {
		pixels, err := p.TensorOf(frames(p, contentOf(files, test.Image))...)
		if err != nil {
			return nil, err
		}
		made := Test{Image: test.Image, TensorSHA256: test.TensorSHA256}
		outputs := plan.Run(1, pixels)
		for _, o := range outputs {
			made.Values = append(made.Values, slices.Clone(o[:min(len(o), MaxValues)]))
		}
		if c.Labels != nil {
			best := kernel.ArgMax(outputs[0])
			made.Class = &best
		}
		r.Tests = append(r.Tests, made)
	}
	return r, r.check()
}

func contentOf(files []preprocess.File, name string) []byte {
	for _, f := range files {
		if f.Name == name {
			return f.Content
		}
	}
	return nil
}

// frames is a file for every frame, which is how test images are prepared.
func frames(p *preprocess.Preprocessing, content []byte) []io.Reader {
	var all []io.Reader
	for range p.FrameCount() {
		all = append(all, bytes.NewReader(content))
	}
	return all
}

// Write writes the file of a package.
func (r *Record) Write(folder string) error { return fileio.WriteJSON(filepath.Join(folder, File), r) }

// Package is a package to compare a server with.
type Package struct {
	*Record
	Model   string    // its name
	Tensors [][]uint8 // of each test
	Height  int       // of the input, in pixels
	Width   int
	Channel int
	Batch   int // the most images of a request
}

// Read reads the answers in the folder of a package, and prepares its test images. It
// refuses a file that does not belong to the images, and images that give other bytes than
// they must.
func Read(folder string) (*Package, error) {
	path := filepath.Join(folder, File)
	r := &Record{}
	err := fileio.ReadJSON(path, r, fileio.Form{MaxBytes: maxBytes, Schemas: fileio.UpTo(schema)})
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s has no %s, so that nobody knows what the model must answer: want a package that version 3 of the contract or a later one made: %w", folder, File, err)
	}
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	p, err := preprocess.Read(filepath.Join(folder, preprocess.RuleFile))
	if err != nil {
		return nil, err
	}
	made := &Package{Record: r, Height: p.Input.Height, Width: p.Input.Width, Channel: p.Input.Channels, Batch: 1}
	if err := made.prepare(folder, p); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return made, nil
}

func (p *Package) prepare(folder string, rule *preprocess.Preprocessing) error {
	if len(rule.Tests) != len(p.Tests) {
		return fmt.Errorf("%d tests for the %d test images of %s", len(p.Tests), len(rule.Tests), preprocess.RuleFile)
	}
	for i, test := range p.Tests {
		if test.Image != rule.Tests[i].Image || test.TensorSHA256 != rule.Tests[i].TensorSHA256 {
			return fmt.Errorf("test %d is of %s, and that of %s of another image or with other bytes: %s", i, test.Image, preprocess.RuleFile, rule.Tests[i].Image)
		}
		content, err := fileio.ReadFile(filepath.Join(folder, filepath.FromSlash(test.Image)), maxImage)
		if err != nil {
			return err
		}
		pixels, err := rule.TensorOf(frames(rule, content)...)
		if err != nil {
			return fmt.Errorf("%s: %w", test.Image, err)
		}
		if fileio.SHA256Of(pixels) != test.TensorSHA256 {
			return fmt.Errorf("%s is not prepared to the bytes that the record has: the file was changed", test.Image)
		}
		p.Tensors = append(p.Tensors, pixels)
	}
	return nil
}

// check refuses a record that says nothing, or what no model answers.
func (r *Record) check() error {
	if len(r.Outputs) == 0 || len(r.Tests) == 0 {
		return errors.New("no outputs or no tests: want both")
	}
	if len(r.Labels) > 0 && len(r.Labels) != r.Outputs[0].Size {
		return fmt.Errorf("%d labels for %d values", len(r.Labels), r.Outputs[0].Size)
	}
	for _, test := range r.Tests {
		if len(test.Values) != len(r.Outputs) {
			return fmt.Errorf("%s: %d outputs, want %d", test.Image, len(test.Values), len(r.Outputs))
		}
		if (test.Class != nil) != (len(r.Labels) > 0) || test.Class != nil && (*test.Class < 0 || *test.Class >= len(r.Labels)) {
			return fmt.Errorf("%s: there is no such class among the %d labels", test.Image, len(r.Labels))
		}
		for k, o := range r.Outputs {
			values := test.Values[k]
			if o.Name == "" || o.Size < 1 || len(values) != min(o.Size, MaxValues) {
				return fmt.Errorf("%s: output %q has %d values of %d, want the first %d of 1 or more", test.Image, o.Name, len(values), o.Size, MaxValues)
			}
			if slices.ContainsFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
				return fmt.Errorf("%s: output %q has a value that is no number", test.Image, o.Name)
			}
		}
	}
	return nil
}

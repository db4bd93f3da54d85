// Package exporter writes trained models in the forms that others load: ONNX,
// safetensors and a model repository for NVIDIA Triton.
package exporter

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Exporter writes an artifact into a folder in one form.
type Exporter interface {
	// Check reports what Export would refuse. It looks at everything but the
	// parameters' values, so that it can be asked before training.
	Check(a Artifact) error
	// Export writes the artifact's files under dir, which it creates where
	// needed, each atomically. The same artifact gives the same bytes.
	Export(a Artifact, dir string) error
}

// Artifact is a model together with what is needed to use it.
type Artifact struct {
	Name           string // of the model: letters, digits, '.', '_' and '-'
	Version        string // of the release: "0.1.0"
	ProgramVersion string // of the program that made it; may be empty
	Target         string // what the network was trained for; empty means class
	// Graph serves its outputs under their names. That of a classifier need not: its
	// last node is then taken for the logits or probabilities.
	Graph      *nn.Graph
	Parameters *nn.Parameters
	Labels     []string // names of the classes in the order of the output; none for other targets
	Rule       imaging.Rule
	// ForceReason says why a model that failed its criteria is released all the
	// same; every file that can say so does. It is empty for any other model.
	ForceReason string
	// Metadata goes into the files as it is, beside the keys of this package.
	Metadata map[string]string
	// Memo keeps the model as it was last encoded, for artifacts whose parameters do not
	// change; nil for others.
	Memo *Memo
}

// Memo is a model in ONNX format with what it was encoded of besides graph and parameters.
type Memo struct {
	key   string
	model []byte
}

var modules = map[string]config.Module[Exporter]{
	"onnx":        {Doc: "one ONNX file that takes raw pixels", New: newONNX},
	"safetensors": {Doc: "weights and running statistics by name", New: newSafetensors},
	"triton":      {Doc: "a model repository that NVIDIA Triton serves", New: newTriton},
}

// MakeExporter builds the exporter called name with options in the form
// "key=value,key=value". The second result holds every option as resolved.
func MakeExporter(name, options string) (Exporter, map[string]string, error) {
	return config.Make("exporter", modules, name, options)
}

// Modules documents every exporter, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// modelName is what can be a folder, a metric's label and part of a URL alike.
var modelName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]*$`)

// releaseVersion is what can end a folder's name and be a metric's label:
// semantic versions, among others.
var releaseVersion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+_-]*$`)

// check reports what every exporter refuses.
func (a Artifact) check() error {
	if err := a.Graph.Err(); err != nil {
		return err
	}
	in := a.Graph.Input().Shape
	rule := nn.Shape{H: a.Rule.Height, W: a.Rule.Width, C: a.Rule.Channels}
	switch {
	case !modelName.MatchString(a.Name):
		return fmt.Errorf("model name %q: want letters, digits, '.', '_' and '-', not beginning with '.' or '-'; choose another with --name", a.Name)
	case !releaseVersion.MatchString(a.Version):
		return fmt.Errorf("release version %q: want letters, digits, '.', '+', '_' and '-', such as 1.0.0; choose another with --release-version", a.Version)
	case rule != in:
		return fmt.Errorf("the resize rule makes %v of an image, the model takes %v", rule, in)
	}
	if err := a.checkOutputs(); err != nil {
		return err
	}
	if !utf8.ValidString(a.ForceReason) {
		return fmt.Errorf("the reason %q is not valid UTF-8: write it anew", a.ForceReason)
	}
	for i, label := range a.Labels {
		if !utf8.ValidString(label) {
			return fmt.Errorf("label %d, %q, is not valid UTF-8: rename the class", i, label)
		}
	}
	return nil
}

// labelled says whether the outputs are those of classes.
func (a Artifact) labelled() bool { return a.Target == "" || a.Target == metric.TargetClass }

// served is the graph with its outputs.
func (a Artifact) served() *nn.Graph {
	if len(a.Graph.Outputs) == 0 && a.labelled() {
		return nn.WithSoftmax(a.Graph)
	}
	return a.Graph
}

// checkOutputs compares outputs and labels with the target.
func (a Artifact) checkOutputs() error {
	outputs := a.served().Outputs
	if !a.labelled() {
		switch {
		case len(outputs) == 0:
			return fmt.Errorf("the graph serves no outputs, of which target %s has some: export what the target serves", a.Target)
		case len(a.Labels) > 0:
			return fmt.Errorf("%d labels for a model of target %s, whose outputs are not those of classes: leave them out", len(a.Labels), a.Target)
		}
		return nil
	}
	if len(outputs) != 1 || outputs[0].Name != nn.Probabilities {
		return fmt.Errorf("target class is served as %s alone, but the graph serves %s: name the target that it was trained for", nn.Probabilities, outputNames(outputs))
	}
	if n := outputs[0].Node.Shape.Elements(); len(a.Labels) != n {
		return fmt.Errorf("%d labels for a model with %d outputs", len(a.Labels), n)
	}
	return nil
}

func outputNames(outputs []nn.Output) string {
	var names []string
	for _, o := range outputs {
		names = append(names, fmt.Sprintf("%s %v", o.Name, o.Node.Shape))
	}
	return strings.Join(names, ", ")
}

// write puts b into a file, atomically, and makes the folders that lead to it.
func write(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return fileio.WriteBytes(path, b)
}

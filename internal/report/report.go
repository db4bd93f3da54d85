// Package report writes what a person reads before a release: the model card,
// in the form that Hugging Face and GitHub show, and one HTML file that holds
// the whole run. Labels, file names and settings come from users and are
// escaped for the format they go into.
package report

import (
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Report is all that the documents say of a run. What is not known is left
// empty and then not mentioned, or said to be missing where it matters.
type Report struct {
	Name    string // of the model
	Version string // of the release
	Program string // "blocktrain 0.1.0"
	notes.About
	NoCommit bool // nobody can tell from which source the model was made

	Datasets []Dataset
	Parts    []Part   // training, validation, test
	Tracked  []string // sentences on clips in which the model finds the targets itself
	Divided  []string // a sentence for each dataset: which parts came with it, and what was done with the rest
	ByScene  bool     // the parts were drawn by scenes, which the backgrounds of clips tell
	LeftOut  []string // a sentence for each dataset that leaves out damaged files
	Classes  []string
	Input    string // "28x28 pixels, grey"
	Resize   string // how other images are brought to that: the rule in words
	OpenCV   string // by how much OpenCV's resize differs; empty for models whose package does not have the rule in full

	Target        string   // what the network was trained for; empty: that of the results, or class
	Model         string   // name of the module: "lenet5"
	Initial       *Initial // what training began with, nil for weights that it drew
	Parameters    int      // trainable numbers
	Frozen        int      // those of them that kept the values that training began with
	ModelBytes    int64    // size of model.onnx, 0 when it was not exported
	Configuration []Setting
	Digests       []Setting // what the reproducibility promise is about
	Environment   []Setting // machine, versions: what may differ when rebuilt
	Started       string
	Stopped       string // why training ended early

	Phases           *Phases // of a training that has them, else nil
	History          []metric.Epoch
	Validation, Test metric.Result
	Controls         *metric.Controls    // nil where no clips were evaluated
	Sensor           *metric.SensorCurve // through the run's sensor; nil where there is none
	ProfileFile      string              // with its profile; empty where the run has no such file
	Detection        []*detection.Result // of clips, how well targets are found: that of the test part first
	Release          *criterion.Release  // nil before the gate has judged
	Figures          []visualization.Figure

	Reproduce []string // commands, one a line
	Limits    []string // of the data or the model, besides those that follow from the figures
}

// Initial are weights that training began with, instead of drawn ones.
type Initial struct {
	Weights  string    // what they are: "the weights of NAME"
	Datasets []Dataset // that those were trained on
	Unknown  bool      // there may be others
	// Of weights that others published: what is known of them, what that means for whoever passes
	// the model on, and what they were trained on, if that is known.
	Published         []notes.Fact
	Advice, TrainedOn string
}

// Dataset is one source of examples.
type Dataset struct {
	Name     string
	Examples int
	Digest   string // hexadecimal SHA-256
}

// Part is one part of the split.
type Part struct {
	Name     string
	Examples int
}

// Setting is one line of a table of keys and values.
type Setting struct{ Key, Value string }

// Decision is "approved", "refused", "forced", or "not judged" where the gate
// has not run.
func (r *Report) Decision() string {
	if r.Release == nil {
		return "not judged"
	}
	return r.Release.Decision()
}

// Subtitle is what the line under the title consists of.
func (r *Report) Subtitle() []string {
	parts := []string{r.Program, r.DatasetName(), r.Model}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// DatasetName is what the datasets together are called for people.
func (r *Report) DatasetName() string { return strings.Join(names(r.Datasets), ", ") }

// LearntFrom names the datasets that set the weights, once each: those of the run,
// and those that the weights which it began with were trained on.
func (r *Report) LearntFrom() []string {
	all := names(r.Datasets)
	if r.Initial == nil {
		return all
	}
	for _, name := range names(r.Initial.Datasets) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func names(datasets []Dataset) []string {
	var all []string
	for _, d := range datasets {
		all = append(all, d.Name)
	}
	return all
}

// Trained is how many numbers training changed.
func (r *Report) Trained() int { return r.Parameters - r.Frozen }

// MegaBytes is the size of model.onnx in units of 1,000,000 bytes.
func (r *Report) MegaBytes() float64 { return float64(r.ModelBytes) / 1e6 }

// Figure returns the figure of that name, nil where there is none.
func (r *Report) Figure(name string) *visualization.Figure {
	i := slices.IndexFunc(r.Figures, func(f visualization.Figure) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Figures[i]
}

// ResultFigures are those of the section of results. The list of confused pairs, which is
// drawn in the place of a large confusion matrix, is a table of the page already.
func (r *Report) ResultFigures() []visualization.Figure {
	elsewhere := []string{"training-loss", "accuracy", "learning-curve", "sample-grid", "worst-mistakes", "reconstructions", "sensor-accuracy", "sensor-images"}
	if r.manyClasses() {
		elsewhere = append(elsewhere, "confusion-matrix")
	}
	var figures []visualization.Figure
	for _, f := range r.Figures {
		if !slices.Contains(elsewhere, f.Name) {
			figures = append(figures, f)
		}
	}
	return figures
}

// Wide says whether a figure needs the whole width of the page.
func (r *Report) Wide(figure string) bool {
	e := r.Judged().Evaluation
	return figure == "per-class-accuracy" || figure == "confusion-matrix" && e != nil && len(e.PerClass) > 25
}

// Package serve is a server for one released model over HTTP, by the Open Inference
// Protocol, version 2, with the extensions of NVIDIA Triton that clients of such a model
// use. The model runs on this program's own engine.
package serve

import (
	"fmt"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// version is the only version that the repository of a package has.
const version = "1"

// inputName and inputType are those of every model that this program exports.
const (
	inputName = "image"
	inputType = "UINT8"
)

// Model is what a server answers for.
type Model struct {
	Name       string // as in the package's model repository
	Classifier *classifier.Classifier
	Batch      int               // the most images of a request, and of a run of the network
	DelayUS    int               // microseconds that a request waits at most for others
	Warmup     []int             // batch sizes to run before the model is ready
	Tags       map[string]string // labels of the metrics
	options    map[string]string // of the Triton exporter
}

// Open reads the model of a run or package, with the options of the server that its package
// was made with. Of several networks that need each other, only the last could be asked: such
// a model is refused.
func Open(source *rundir.Source) (*Model, *rundir.Record, error) {
	c, record, err := classifier.Open(source, "")
	if err != nil {
		return nil, nil, err
	}
	if len(c.First) > 0 {
		return nil, nil, fmt.Errorf("%s has %d networks that work one after the other, and a server runs one: use blocktrain predict", source.Path, len(c.All()))
	}
	options, err := tritonOptions(record)
	if err != nil {
		return nil, nil, source.Named(err)
	}
	m, err := NewModel(record.Name, c, options)
	if err != nil {
		return nil, nil, source.Named(err)
	}
	m.Tags["release_version"] = record.ReleaseVersion
	if record.ForceReason != "" {
		m.Tags["release"] = "forced"
	}
	return m, record, nil
}

// tritonOptions are those of the Triton exporter of the package, the defaults where the run
// has none.
func tritonOptions(record *rundir.Record) (map[string]string, error) {
	text := ""
	if record.Package != nil {
		for _, note := range record.Package.Exporters {
			if note.Name == "triton" {
				text = note.Text()
			}
		}
	}
	_, options, err := exporter.MakeExporter("triton", text)
	return options, err
}

// NewModel is a classifier under a name, with options of the Triton exporter.
func NewModel(name string, c *classifier.Classifier, options map[string]string) (*Model, error) {
	m := &Model{Name: name, Classifier: c, Tags: map[string]string{"weights_sha256": c.Params.Digest()}, options: options}
	var err error
	if m.Batch, err = strconv.Atoi(options["max-batch-size"]); err != nil || m.Batch < 1 {
		return nil, config.Usagef("max-batch-size %q of the Triton exporter is no number from 1 on", options["max-batch-size"])
	}
	if m.DelayUS, err = strconv.Atoi(options["queue-delay-us"]); err != nil {
		return nil, config.Usagef("queue-delay-us %q of the Triton exporter is no number", options["queue-delay-us"])
	}
	if options["warmup"] == "true" {
		m.Warmup = []int{1}
		if m.Batch > 1 {
			m.Warmup = append(m.Warmup, m.Batch)
		}
	}
	return m, nil
}

// dims are the dimensions of the input without the batch.
func (m *Model) dims() []int {
	in := m.Classifier.Graph.Input().Shape
	return []int{in.H, in.W, in.C}
}

// outputDims are those of output k: a vector by its length, any other by [H,W,C].
func (m *Model) outputDims(k int) []int {
	s := m.Classifier.Graph.Outputs[k].Node.Shape
	if s.H == 1 && s.W == 1 {
		return []int{s.C}
	}
	return []int{s.H, s.W, s.C}
}

// outputNamed is the number of the output of that name, -1 where there is none.
func (m *Model) outputNamed(name string) int {
	for k, o := range m.Classifier.Graph.Outputs {
		if o.Name == name {
			return k
		}
	}
	return -1
}

// labels names the values of the outputs; nil where they are not of classes.
func (m *Model) labels() []string { return m.Classifier.Labels }

// Package agreement runs the exported model from its file on the test part, and holds what
// comes out against the trained model. The file is run by a reader of its own and, where
// its library is given, by ONNX Runtime.
package agreement

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/onnx/interpreter"
	"github.com/blocktrain/blocktrain/internal/onnx/ort"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Request is what is to be compared.
type Request struct {
	Record  *rundir.Record
	Trained *rundir.Trained
	Opset   int    // of the package's files
	Program string // the version that writes them
	// Library is the file of ONNX Runtime; empty where the file is run by the own reader alone.
	Library string
	Workers int

	Loader  *dataset.Loader
	Indexes []int // of the test part
	// Tracks are the images [n,H,W,C] that the network which decides on tracks sees of the
	// test part; it is not called where there is no such network.
	Tracks func(ctx context.Context) ([]uint8, error)
	Known  *classifier.Known     // what the trained model has made of images before, or nil
	Seen   func(done, total int) // may be nil
}

// batch is how many examples are compared at a time. It affects no result.
const batch = 128

// File is the ONNX file of a network as a version of the program writes it into a package,
// before anybody has judged the model.
func File(record *rundir.Record, t *rundir.Trained, opset int, program string) ([]byte, error) {
	a := record.Artifact(t)
	a.ForceReason, a.ProgramVersion = "", program
	return exporter.EncodeONNX(a, opset)
}

// Computation is the digest of what a file computes, without what it only says.
func Computation(file []byte) (string, error) {
	m, err := interpreter.Read(file)
	if err != nil {
		return "", err
	}
	return m.Digest(), nil
}

// PackageOpset is the operator set of the file in the package that the settings ask for.
func PackageOpset(s *settings.Settings) (int, error) {
	formats, err := s.PackageExporters()
	return formats.Opset(), err
}

// Measure runs the files of all networks of a model on the test part, and compares them as
// the verdict wants.
func Measure(ctx context.Context, r *Request, v *criterion.Verdict) (_ *criterion.Agreement, err error) {
	var all []*network
	defer func() {
		for _, n := range all {
			err = errors.Join(err, n.close())
		}
	}()
	for _, t := range r.Trained.Exported() {
		n, err := r.open(t)
		if err != nil {
			return nil, fmt.Errorf("model.onnx: %w", err)
		}
		all = append(all, n)
	}
	if err := r.runPart(ctx, all); err != nil {
		return nil, err
	}
	if last := all[len(all)-1]; r.Trained.Decision != nil {
		if err := r.runTracks(ctx, last); err != nil {
			return nil, err
		}
	}
	a := criterion.NewAgreement(dataset.PartTest.String(), v)
	for _, n := range all {
		a.Networks = append(a.Networks, n.result())
	}
	a.Judge()
	return a, nil
}

// runPart runs the networks on the examples of the part, one on what the one before it
// makes.
func (r *Request) runPart(ctx context.Context, all []*network) error {
	plan, err := classifier.Of(r.Record, r.Trained).NewPlan(batch, r.Workers)
	if err != nil {
		return err
	}
	defer plan.Close()
	plan.Keep(r.Known)
	for b, err := range r.Loader.Batches(ctx, r.Indexes, 0, 0, plan.BatchSize()) {
		if err != nil {
			return err
		}
		var failed error
		plan.RunEach(b.N, b.Images, func(k int, images []uint8, outputs [][]float32) {
			if failed == nil {
				failed = all[k].compare(ctx, b.N, images, outputs)
			}
		})
		if failed != nil {
			return failed
		}
		if r.Seen != nil {
			r.Seen(b.Position+b.N, len(r.Indexes))
		}
	}
	return context.Cause(ctx)
}

// runTracks runs the network that decides on tracks.
func (r *Request) runTracks(ctx context.Context, n *network) error {
	if r.Tracks == nil {
		return errors.New("the network that decides on tracks has no tracks to be compared on")
	}
	images, err := r.Tracks(ctx)
	if err != nil {
		return err
	}
	plan, err := classifier.Of(r.Record, r.Trained.Decision).NewPlan(batch, r.Workers)
	if err != nil {
		return err
	}
	defer plan.Close()
	size := r.Trained.Decision.Graph.Input().Shape.Elements()
	for some := range slices.Chunk(images, size*plan.BatchSize()) {
		if err := n.compare(ctx, len(some)/size, some, plan.Run(len(some)/size, some)); err != nil {
			return err
		}
	}
	return nil
}

// network is a network of the model with its file.
type network struct {
	note     criterion.NetworkAgreement
	served   []nn.Output
	labelled bool
	runs     []*run
	lowest   []float64 // value of each output of the trained model, or 0
	highest  []float64
}

// run is a file in a runtime, with what came of it so far.
type run struct {
	note    criterion.RuntimeAgreement
	run     func(ctx context.Context, n int, images []uint8) ([][]float32, error)
	close   func() error
	order   []int // of the outputs that are served, among those of the file
	largest []float64
	same    int
}

// open writes the file of a network in memory and reads it again.
func (r *Request) open(t *rundir.Trained) (*network, error) {
	file, err := File(r.Record, t, r.Opset, r.Program)
	if err != nil {
		return nil, err
	}
	m, err := interpreter.Read(file)
	if err != nil {
		return nil, err
	}
	n := &network{served: t.Graph.Outputs, labelled: t.Target.Properties().Labelled}
	n.note = criterion.NetworkAgreement{Name: t.Name, WeightsSHA256: t.Params.Digest(), FileSHA256: fileio.SHA256Of(file), ComputationSHA256: m.Digest(), Opset: int(m.Opset)}
	n.lowest, n.highest = make([]float64, len(n.served)), make([]float64, len(n.served))
	// The file is the program's own, and images may be large. As few of them at a time as a
	// cache has room for are the fastest, and take less memory beside the data.
	const (
		layers    = 8 // whose values are kept at a time, for one example
		most      = 16
		batchSize = 4 << 20 // bytes of the largest layer's values for a batch
	)
	layer := t.Graph.LayerBytes()
	x, err := interpreter.New(m, interpreter.Options{
		Workers: r.Workers, Batch: min(most, max(1, batchSize/(2*max(1, layer)))), Memory: max(interpreter.DefaultMemory, layers*layer),
	})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range m.Outputs {
		names = append(names, o.Name)
	}
	own := &run{note: criterion.RuntimeAgreement{Runtime: criterion.OwnRuntime}, run: x.Run, close: func() error { return nil }}
	if err := n.add(own, names); err != nil || r.Library == "" {
		return n, err
	}
	s, err := ort.Open(r.Library, file, r.Workers)
	if err != nil {
		return nil, err
	}
	err = n.add(&run{note: criterion.RuntimeAgreement{Runtime: criterion.ONNXRuntime, Version: s.Version}, run: s.Run, close: s.Close}, s.Outputs)
	return n, err
}

// add adds a run whose outputs have these names.
func (n *network) add(r *run, names []string) error {
	n.runs = append(n.runs, r)
	for _, o := range n.served {
		at := slices.Index(names, o.Name)
		if at < 0 || len(names) != len(n.served) {
			return fmt.Errorf("the file has the outputs %q, and the model serves %d, %q among them", names, len(n.served), o.Name)
		}
		r.order = append(r.order, at)
	}
	r.largest = make([]float64, len(names))
	return nil
}

// compare runs the file on n images and takes note of how far the outputs are from those
// of the trained model.
func (n *network) compare(ctx context.Context, count int, images []uint8, outputs [][]float32) error {
	n.note.Examples += count
	for k, values := range outputs {
		for _, v := range values {
			n.lowest[k], n.highest[k] = min(n.lowest[k], float64(v)), max(n.highest[k], float64(v))
		}
	}
	for _, r := range n.runs {
		found, err := r.run(ctx, count, images)
		if err != nil {
			return fmt.Errorf("model.onnx, run by %s: %w", r.note.Runtime, err)
		}
		for k, want := range outputs {
			got := found[r.order[k]]
			if len(got) != len(want) {
				return fmt.Errorf("model.onnx, run by %s: output %s has %d values for %d images, want %d", r.note.Runtime, n.served[k].Name, len(got), count, len(want))
			}
			r.measure(k, got, want)
			if n.labelled && n.served[k].Name == nn.Probabilities {
				r.same += sameLabels(got, want, len(want)/count)
			}
		}
	}
	return nil
}

// measure notes the largest difference, and counts what is no number.
func (r *run) measure(k int, got, want []float32) {
	for i, v := range got {
		difference := math.Abs(float64(v) - float64(want[i]))
		if math.IsNaN(difference) || math.IsInf(difference, 0) {
			r.note.NotFinite++
			continue
		}
		r.largest[k] = max(r.largest[k], difference)
	}
}

// sameLabels counts the rows of so many columns with the largest value, the first of
// equals, in the same place.
func sameLabels(got, want []float32, columns int) int {
	same := 0
	for row := 0; row < len(got); row += columns {
		if kernel.ArgMax(got[row:row+columns]) == kernel.ArgMax(want[row:row+columns]) {
			same++
		}
	}
	return same
}

// result is the comparison of a network.
func (n *network) result() criterion.NetworkAgreement {
	for _, r := range n.runs {
		if n.labelled {
			r.note.SameLabel = &r.same
		}
		for k, o := range n.served {
			span := 1.0
			if !n.labelled {
				span = n.highest[k] - n.lowest[k]
			}
			if math.IsInf(span, 0) || math.IsNaN(span) { // counted as not finite already
				span = 0
			}
			r.note.Outputs = append(r.note.Outputs, criterion.OutputAgreement{Name: o.Name, Difference: r.largest[k], Range: span})
		}
		n.note.Runtimes = append(n.note.Runtimes, r.note)
	}
	return n.note
}

func (n *network) close() error {
	var all []error
	for _, r := range n.runs {
		all = append(all, r.close())
	}
	return errors.Join(all...)
}

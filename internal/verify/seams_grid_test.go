package verify

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/target"
)

// A target of the shape [2,2,3]: for each cell of an image, whether an object of the one or
// the other class has its centre there, and how far right in the cell.

const (
	cells      = 2 // a side
	cellValues = 3
)

type cellTarget struct{}

var cellProperties = target.Properties{
	Name: "cells", Figure: metric.Figure{Name: "found", Unit: "share", LargerIsBetter: true}, Kind: loss.Values, Loss: "mse",
	Measurements: []criterion.Measurement{criterion.InferenceTime, criterion.ModelSize}, Criteria: []string{"max_inference_time_ms", "max_model_size_mb"},
	Prose: target.Prose{Task: "object-detection", Metric: "recall", What: "A detector of objects", Gives: "gives a grid of cells"},
}

func (cellTarget) Properties() target.Properties { return cellProperties }
func (cellTarget) Blank() metric.Result          { return new(cellResult) }

func (cellTarget) Task(input nn.Shape, _ []string) (target.Task, error) {
	return &cellTask{input}, nil
}

type cellTask struct{ input nn.Shape }

func (t *cellTask) Size() int { return cells * cells * cellValues }

func (t *cellTask) Encode(dst []float32, e dataset.Example) error {
	clear(dst)
	objects, is := e.Info.Annotation.(dataset.Objects)
	if !is {
		return errors.New("it has no objects")
	}
	width, height := t.input.W*imaging.PointsPerPixel/cells, t.input.H*imaging.PointsPerPixel/cells
	for _, o := range objects {
		x, y := o.Box.X+o.Box.W/2, o.Box.Y+o.Box.H/2
		cell := dst[(y/height*cells+x/width)*cellValues:][:cellValues]
		cell[o.Label], cell[2] = 1, float32(x%width)/float32(width)
	}
	return nil
}

func (t *cellTask) Check(g *nn.Graph) error {
	if want, got := (nn.Shape{H: cells, W: cells, C: cellValues}), g.Output().Shape; got != want {
		return fmt.Errorf("the network's output is %v, but target cells has the shape %v", got, want)
	}
	return g.Err()
}

func (t *cellTask) Trained(g *nn.Graph, _ loss.Loss) (*nn.Graph, error) { return g, nil }

func (t *cellTask) Served(g *nn.Graph) *nn.Graph {
	served := g.Extend()
	served.Serve("cells", g.Output())
	return served
}

// Figure is the share of cells that have the right object, or rightly none.
func (t *cellTask) Figure(output, want []float32) float64 {
	right := 0
	for i := 0; i < len(output); i += cellValues {
		if output[i] >= 0.5 == (want[i] >= 0.5) && output[i+1] >= 0.5 == (want[i+1] >= 0.5) {
			right++
		}
	}
	return float64(right) / (cells * cells)
}

func (t *cellTask) NewTally(int) target.Tally { return &cellTally{task: t} }

type cellTally struct {
	task       *cellTask
	examples   int
	found, sum float64
}

func (t *cellTally) Add(b target.Batch) error {
	size := t.task.Size()
	for n := range b.Infos {
		got, want := b.Outputs[0][n*size:][:size], b.Targets[n*size:][:size]
		t.found += t.task.Figure(got, want)
		for i := range got {
			d := float64(got[i] - want[i])
			t.sum += float64(d*d) / float64(size)
		}
		t.examples++
	}
	return nil
}

func (t *cellTally) Result() (metric.Result, error) {
	n := float64(t.examples)
	return &cellResult{Head: metric.Head{Schema: metric.Schema, Target: "cells", Examples: t.examples}, Found: t.found / n, Error: t.sum / n}, nil
}

type cellResult struct {
	metric.Head
	Found   float64         `json:"found"`
	Error   float64         `json:"error"`
	Latency *metric.Latency `json:"latency_ms,omitempty"`
}

func (r *cellResult) MeanLoss() float64                  { return r.Error }
func (r *cellResult) Measured() (metric.Figure, float64) { return cellProperties.Figure, r.Found }
func (r *cellResult) Facts() []metric.Fact {
	return []metric.Fact{{Name: "cells found", Value: metric.Percent(r.Found) + " %"}}
}
func (r *cellResult) Table() string                    { return "cells found  " + metric.Percent(r.Found) + " %\n" }
func (r *cellResult) ShortTable() string               { return r.Table() }
func (r *cellResult) Tables() []metric.CSVTable        { return nil }
func (r *cellResult) OutputsSHA256() string            { return "" }
func (r *cellResult) MeasuredLatency() *metric.Latency { return r.Latency }
func (r *cellResult) SetLatency(l *metric.Latency)     { r.Latency = l }
func (r *cellResult) Check() error {
	if !(r.Found >= 0 && r.Found <= 1) || !(r.Error >= 0) || math.IsInf(r.Error, 1) {
		return fmt.Errorf("found is %v and error %v, want 0 to 1 and a finite number", r.Found, r.Error)
	}
	return nil
}

// cellModel is a small network whose output is a grid.
type cellModel struct{}

func (cellModel) Target() string { return "cells" }

func (cellModel) Build(input nn.Shape, _ int) (*nn.Graph, error) {
	g := nn.NewGraph(input)
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	x = g.Add("conv1", nn.Conv2D{Out: 12, Kernel: 3, Padding: 1}, x)
	x = g.Add("relu1", nn.Activation{Function: nn.ReLU}, x)
	x = g.Add("conv2", nn.Conv2D{Out: 12, Kernel: input.H / cells, Stride: input.H / cells}, x)
	x = g.Add("relu2", nn.Activation{Function: nn.ReLU}, x)
	g.Add("cells", nn.Conv2D{Out: cellValues, Kernel: 1}, x)
	return g, g.Err()
}

// drawObjects draws a bar, which stands or lies, in a cell of the left half.
func drawObjects(count int) *drawn {
	const side = 8
	d := &drawn{}
	for i := range count {
		label := i % 2
		x, y, w, h := (i/2)%3, (i/6)%2, 1, 3
		if label == 1 {
			x, w, h = (i/2)%2, 3, 1
		}
		if i/12%2 == 1 {
			y += side / cells
		}
		img := imaging.New(side, side, 1)
		for row := y; row < y+h && row < side; row++ {
			for column := x; column < x+w; column++ {
				img.Pix[row*side+column] = uint8(150 + i)
			}
		}
		const points = imaging.PointsPerPixel
		box := imaging.Box{X: x * points, Y: y * points, W: w * points, H: min(h, side-y) * points}
		d.images = append(d.images, img)
		d.infos = append(d.infos, dataset.Info{Label: label, Annotation: dataset.Objects{{Label: label, Box: box}}})
	}
	return d
}

// TestSeamGrid trains a detector on objects in the left half of images, which are
// mirrored half of the time, and wants it to find objects on the right, which it can have
// learnt only if their places moved with the pixels.
func TestSeamGrid(t *testing.T) {
	target.AddForTest(t, "cells", config.Module[target.Target]{Doc: "objects by cells", New: func(*config.Options) (target.Target, error) { return cellTarget{}, nil }})
	model.AddForTest(t, "cells", config.Module[model.Model]{Doc: "a grid of cells", New: func(*config.Options) (model.Model, error) { return cellModel{}, nil }})
	d := drawObjects(96)
	addDrawn(t, d)
	c := carry(t, "dataset=drawn", "model=cells", "augment=flip", "epochs=30", "batch-size=8", "learning-rate=0.01")
	var result cellResult
	if err := fileio.ReadJSON(c.dir.File("evaluation", "test.json"), &result, fileio.Form{MaxBytes: 1 << 20, Schemas: []int{1}}); err != nil {
		t.Fatal(err)
	}
	if result.Found < 0.95 || c.record.Decision != "approved" {
		t.Errorf("cells found %v, decision %q", result.Found, c.record.Decision)
	}
	c.checkModel(t, []string{"cells"})
	checkFlipped(t, d)
}

// checkFlipped compares the targets of training batches with where their images are bright.
func checkFlipped(t *testing.T, d *drawn) {
	t.Helper()
	flip, err := augment.Parse("flip")
	if err != nil {
		t.Fatal(err)
	}
	input := nn.Shape{H: 8, W: 8, C: 1}
	l := &dataset.Loader{Dataset: d, Rule: imaging.InputRule(8, 8, 1), Encoder: &cellTask{input}, Augment: flip, Workers: 1}
	order := make([]int, d.Len())
	for i := range order {
		order[i] = i
	}
	right := 0
	for batch, err := range l.Batches(t.Context(), order, 0, 0, 8) {
		if err != nil {
			t.Fatal(err)
		}
		for n := range batch.N {
			image, target := batch.Images[n*64:][:64], batch.Targets[n*cells*cells*cellValues:]
			onRight := false
			for at, v := range image {
				onRight = onRight || v > 0 && at%8 >= 4
			}
			for cell := range cells * cells {
				marked := target[cell*cellValues] > 0 || target[cell*cellValues+1] > 0
				if marked && cell%2 == 1 != onRight {
					t.Errorf("example %d: the pixels are on the right: %v, but cell %d is marked", batch.Indexes[n], onRight, cell)
				}
			}
			if onRight {
				right++
			}
		}
	}
	if right < d.Len()/4 || right > 3*d.Len()/4 {
		t.Errorf("%d of %d images are mirrored, want about half", right, d.Len())
	}
}

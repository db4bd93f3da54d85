package target

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// What follows, up to the tests, is all that a target of another shape needs: a grid of
// cells, each of which says whether a box has its centre there, and where in the cell.

// boxes is an annotation: rectangles by two opposite corners.
type boxes [][2]imaging.Point

// Moved implements dataset.Annotation.
func (b boxes) Moved(m imaging.Motion, _, _ int) dataset.Annotation {
	moved := make(boxes, len(b))
	for i, corners := range b {
		moved[i] = [2]imaging.Point{m.Move(corners[0]), m.Move(corners[1])}
	}
	return moved
}

// AppendBinary implements dataset.Annotation.
func (b boxes) AppendBinary(dst []byte) []byte {
	for _, corners := range b {
		for _, p := range corners {
			dst = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(dst, uint64(p.X)), uint64(p.Y))
		}
	}
	return dst
}

type grid struct{ side int }

func newGrid(*config.Options) (Target, error) { return grid{2}, nil }

var gridProperties = Properties{
	Name: "grid", Figure: metric.Figure{Name: "found", Unit: "share", LargerIsBetter: true}, Kind: loss.Values, Loss: "mse",
	Measurements: []criterion.Measurement{criterion.InferenceTime, criterion.ModelSize},
	Criteria:     []string{"max_inference_time_ms"},
	Prose:        Prose{Task: "object-detection", Metric: "recall", What: "A detector of boxes", Gives: "gives a grid of cells"},
}

func (grid) Properties() Properties { return gridProperties }

func (grid) Blank() metric.Result { return new(gridResult) }

func (t grid) Task(input nn.Shape, _ []string) (Task, error) {
	if input.H%t.side != 0 || input.W%t.side != 0 {
		return nil, fmt.Errorf("images of %v cannot be cut into a grid of %d by %d", input, t.side, t.side)
	}
	return &gridTask{t.side, input}, nil
}

// gridValues are those of a cell: 1 where a box has its centre there, and its place.
const gridValues = 3

type gridTask struct {
	side  int
	input nn.Shape
}

func (t *gridTask) shape() nn.Shape { return nn.Shape{H: t.side, W: t.side, C: gridValues} }

func (t *gridTask) Size() int { return t.shape().Elements() }

func (t *gridTask) Encode(dst []float32, e dataset.Example) error {
	clear(dst)
	all, ok := e.Info.Annotation.(boxes)
	if !ok {
		return errors.New("it has no boxes")
	}
	width, height := t.input.W*imaging.PointsPerPixel/t.side, t.input.H*imaging.PointsPerPixel/t.side
	for _, corners := range all {
		x, y := (corners[0].X+corners[1].X)/2, (corners[0].Y+corners[1].Y)/2
		if x < 0 || y < 0 || x >= width*t.side || y >= height*t.side {
			continue
		}
		cell := dst[(y/height*t.side+x/width)*gridValues:][:gridValues]
		cell[0], cell[1], cell[2] = 1, float32(x%width)/float32(width), float32(y%height)/float32(height)
	}
	return nil
}

func (t *gridTask) Check(g *nn.Graph) error {
	return gridProperties.checkOutput(g, t.shape(), "three values for each cell")
}

func (t *gridTask) Trained(g *nn.Graph, l loss.Loss) (*nn.Graph, error) {
	return g, gridProperties.checkLoss(l)
}

func (t *gridTask) Served(g *nn.Graph) *nn.Graph {
	served := g.Extend()
	served.Serve("cells", g.Output())
	return served
}

func (t *gridTask) Figure(output, target []float32) float64 {
	right := 0
	for i := 0; i < len(output); i += gridValues {
		if output[i] >= 0.5 == (target[i] >= 0.5) {
			right++
		}
	}
	return float64(right*gridValues) / float64(len(output))
}

func (t *gridTask) NewTally(int) Tally { return &gridTally{task: t} }

type gridTally struct {
	task     *gridTask
	examples int
	found    float64
}

func (t *gridTally) Add(b Batch) error {
	cells, err := b.output(0, "cells", t.task.Size())
	if err != nil {
		return err
	}
	for n := range b.Infos {
		row := func(x []float32) []float32 { return x[n*t.task.Size():][:t.task.Size()] }
		t.found += t.task.Figure(row(cells), row(b.Targets))
		t.examples++
	}
	return nil
}

func (t *gridTally) Result() (metric.Result, error) {
	return &gridResult{
		Head: metric.Head{Schema: metric.Schema, Target: "grid", Examples: t.examples}, Found: t.found / float64(t.examples),
	}, nil
}

type gridResult struct {
	metric.Head
	Found   float64         `json:"found"`
	Latency *metric.Latency `json:"latency_ms,omitempty"`
}

func (r *gridResult) MeanLoss() float64                  { return 1 - r.Found }
func (r *gridResult) Measured() (metric.Figure, float64) { return gridProperties.Figure, r.Found }
func (r *gridResult) Facts() []metric.Fact {
	return []metric.Fact{{Name: "cells found", Value: metric.Percent(r.Found) + " %"}}
}
func (r *gridResult) Table() string                    { return "cells found  " + metric.Percent(r.Found) + " %\n" }
func (r *gridResult) ShortTable() string               { return r.Table() }
func (r *gridResult) Tables() []metric.CSVTable        { return nil }
func (r *gridResult) OutputsSHA256() string            { return "" }
func (r *gridResult) MeasuredLatency() *metric.Latency { return r.Latency }
func (r *gridResult) SetLatency(l *metric.Latency)     { r.Latency = l }
func (r *gridResult) Check() error {
	if !(r.Found >= 0 && r.Found <= 1) {
		return fmt.Errorf("found is %v, want 0 to 1", r.Found)
	}
	return nil
}

// mirror is a flip of an image that is 4 pixels wide.
type mirror struct{}

func (mirror) Move(p imaging.Point) imaging.Point {
	return imaging.Point{X: 4*imaging.PointsPerPixel - p.X, Y: p.Y}
}

func addGrid(t *testing.T) (Target, Task) {
	t.Helper()
	AddForTest(t, "grid", config.Module[Target]{Doc: "boxes by cells of a grid", New: newGrid})
	made, err := MakeTarget("grid")
	if err != nil {
		t.Fatal(err)
	}
	task, err := made.Task(nn.Shape{H: 4, W: 4, C: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return made, task
}

func detector(out int) *nn.Graph {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	g.Add("cells", nn.Conv2D{Out: out, Kernel: 2, Stride: 2}, g.Input())
	return g
}

// TestGrid takes a target that is in no other file than this one, and in one line of the
// table, from the annotation to the file of its result.
func TestGrid(t *testing.T) {
	_, task := addGrid(t)
	marked := boxes{{{X: 0, Y: 512}, {X: 256, Y: 1024}}} // centre 0.5, 3: lower left cell
	images := []dataset.Example{{Info: dataset.Info{Annotation: marked}}, {Info: dataset.Info{Annotation: marked.Moved(mirror{}, 4, 4)}}}
	want := [][]float32{
		{0, 0, 0, 0, 0, 0, 1, 0.25, 0.5, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0.75, 0.5},
	}
	for i, e := range images {
		got := make([]float32, task.Size())
		if err := task.Encode(got, e); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], got); diff != "" {
			t.Errorf("example %d: %s", i, diff)
		}
	}
	served := task.Served(detector(gridValues))
	if err := task.Check(detector(gridValues)); err != nil || len(served.Outputs) != 1 || served.Outputs[0].Name != "cells" {
		t.Fatalf("outputs %v, %v", served.Outputs, err)
	}

	tally := task.NewTally(2)
	half := slices.Concat(want[0], want[0]) // of the second image, two cells are wrong
	for n := range images {
		b := Batch{
			Infos: []dataset.Info{images[n].Info}, Targets: want[n],
			Outputs: [][]float32{half[n*task.Size():][:task.Size()]},
		}
		if err := tally.Add(b); err != nil {
			t.Fatal(err)
		}
	}
	result, err := tally.Result()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.json")
	if err := fileio.WriteJSON(path, result); err != nil {
		t.Fatal(err)
	}
	read, err := ReadResult(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(metric.Result(&gridResult{Head: metric.Head{Schema: 1, Target: "grid", Examples: 2}, Found: 0.75}), read); diff != "" {
		t.Error(diff)
	}
	checkGridRefuses(t, path)
}

func checkGridRefuses(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for old, test := range map[string]struct{ new, want string }{
		`0.75`:   {`7.5`, "found is 7.5"},
		`"grid"`: {`"gird"`, `unknown target "gird": did you mean grid?`},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, test.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadResult(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error is %v, want one with %q", err, test.want)
		}
	}
}

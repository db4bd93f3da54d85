package classifier

import (
	"slices"
	"testing"

	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// small is an untrained network for images [8,8,1].
func small(t *testing.T) *Classifier {
	t.Helper()
	m, _, err := model.MakeModel("mlp", "")
	if err != nil {
		t.Fatal(err)
	}
	built, err := rundir.Build(m, nn.Shape{H: 8, W: 8, C: 1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	p := built[0].Graph.NewParameters(1)
	p.Of(built[0].Graph.Params[0])[0] = 1.0 / 255
	trained, err := rundir.NewTrained(built[0], p, []string{"a", "b", "c"})
	if err != nil {
		t.Fatal(err)
	}
	return &Classifier{Trained: trained}
}

// draw returns n images, of which each number is another image.
func draw(numbers ...int) []uint8 {
	var images []uint8
	for _, number := range numbers {
		for i := range 64 {
			images = append(images, uint8(number*31+i*i*(number+3)))
		}
	}
	return images
}

func (c *Classifier) outputs(t *testing.T, k *Known, numbers ...int) []float32 {
	t.Helper()
	plan, err := c.NewPlan(8, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	plan.Keep(k)
	var all []float32
	for _, values := range plan.Run(len(numbers), draw(numbers...)) {
		all = append(all, values...)
	}
	return all
}

// TestKnown checks that what was computed before gives the bits of what is computed, for images
// that are all, partly or not known, and twice in a call.
func TestKnown(t *testing.T) {
	c, k := small(t), &Known{}
	for _, numbers := range [][]int{{1, 2, 3}, {3, 1, 2}, {4, 2, 5, 1}, {6, 6}, {6}, {1, 2, 3, 4, 5, 6}} {
		if got, want := c.outputs(t, k, numbers...), c.outputs(t, nil, numbers...); !slices.Equal(got, want) {
			t.Errorf("images %v: %v, want %v", numbers, got, want)
		}
	}
	if len(k.places) != 6 {
		t.Errorf("%d images are known, want 6", len(k.places))
	}
	for i := range k.values { // so that a look-up shows
		k.values[i] = 7
	}
	if got := c.outputs(t, k, 2)[0]; got != 7 {
		t.Errorf("an image that is known was computed: %v", got)
	}
}

// TestKnownOfOtherWeights checks that weights that have changed are another network, for a plan
// that is told of it and for a new one.
func TestKnownOfOtherWeights(t *testing.T) {
	c, k := small(t), &Known{}
	plan, err := c.NewPlan(8, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	plan.Keep(k)
	before := slices.Clone(plan.Run(1, draw(1))[0])
	params := c.Graph.Params
	c.Params.Of(params[len(params)-1])[0]++
	plan.Refresh()
	after := slices.Clone(plan.Run(1, draw(1))[0])
	if slices.Equal(before, after) {
		t.Error("other weights give the same outputs")
	}
	if got := c.outputs(t, k, 1); !slices.Equal(got[:len(after)], after) {
		t.Errorf("a new plan gives %v, want %v", got, after)
	}
}

// TestKnownIsBounded checks that no more values are kept than there may be.
func TestKnownIsBounded(t *testing.T) {
	c, k := small(t), &Known{}
	c.outputs(t, k, 1)
	k.values = make([]float32, mostKnown)
	want := c.outputs(t, nil, 2, 3)
	if got := c.outputs(t, k, 2, 3); !slices.Equal(got, want) || len(k.places) != 2 || len(k.values) > len(want) {
		t.Errorf("%v with %d images and %d values kept, want %v", got, len(k.places), len(k.values), want)
	}
}

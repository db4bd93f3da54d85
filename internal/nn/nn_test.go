package nn

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/weights"
)

func TestShapes(t *testing.T) {
	image := Shape{28, 20, 3}
	tests := []struct {
		layer Layer
		in    []Shape
		want  Shape
	}{
		{Normalize{}, []Shape{image}, image},
		{Conv2D{Out: 8, Kernel: 3}, []Shape{image}, Shape{26, 18, 8}},
		{Conv2D{Out: 8, Kernel: 3, Padding: 1, Stride: 2}, []Shape{image}, Shape{14, 10, 8}},
		{Conv2D{Out: 6, Kernel: 5, Groups: 3}, []Shape{image}, Shape{24, 16, 6}},
		{Conv2D{Out: 8, Kernel: 3, Stride: 2, Same: true}, []Shape{{224, 7, 3}}, Shape{112, 4, 8}},
		{Conv2D{Out: 8, Kernel: 5, Same: true}, []Shape{{1, 2, 3}}, Shape{1, 2, 8}},
		{MaxPool{Kernel: 3, Stride: 2, Same: true}, []Shape{{6, 5, 4}}, Shape{3, 3, 4}},
		{AvgPool{Kernel: 1, Stride: 3, Same: true}, []Shape{{6, 7, 4}}, Shape{2, 3, 4}},
		{MaxPool{Kernel: 2}, []Shape{{5, 5, 4}}, Shape{2, 2, 4}},
		{MaxPool{Kernel: 3, Stride: 2, Padding: 1}, []Shape{{5, 5, 4}}, Shape{3, 3, 4}},
		{AvgPool{Kernel: 2}, []Shape{{6, 4, 1}}, Shape{3, 2, 1}},
		{GlobalAvgPool{}, []Shape{image}, Shape{1, 1, 3}},
		{Flatten{}, []Shape{image}, Shape{1, 1, 28 * 20 * 3}},
		{Linear{Out: 7}, []Shape{{1, 1, 5}}, Shape{1, 1, 7}},
		{Add{}, []Shape{image, image}, image},
		{Concat{}, []Shape{image, {28, 20, 5}}, Shape{28, 20, 8}},
		{Softmax{}, []Shape{{1, 1, 9}}, Shape{1, 1, 9}},
		{Upsample{Factor: 2}, []Shape{{7, 5, 4}}, Shape{14, 10, 4}},
		{Upsample{Factor: 2, H: 13}, []Shape{{7, 5, 4}}, Shape{13, 10, 4}},
		{Upsample{Factor: 3, H: 1, W: 14}, []Shape{{7, 5, 4}}, Shape{1, 14, 4}},
		{Reshape{To: Shape{7, 5, 4}}, []Shape{{1, 1, 140}}, Shape{7, 5, 4}},
		{Scale{Factor: 2}, []Shape{image}, image},
		{MeanSquaredError{}, []Shape{image, image}, Shape{1, 1, 1}},
		{Dropout{Rate: 0.5}, []Shape{image}, image},
	}
	for _, test := range tests {
		got, err := test.layer.Output(test.in)
		if err != nil || got != test.want {
			t.Errorf("%s of %v: %v, %v; want %v", test.layer.Kind(), test.in, got, err, test.want)
		}
	}
}

// TestPads has the padding that TensorFlow documents for its convolutions and pooling.
func TestPads(t *testing.T) {
	tests := []struct {
		kernel, stride int
		in             Shape
		want           Pads
	}{
		{3, 2, Shape{224, 224, 1}, Pads{0, 0, 1, 1}},
		{5, 2, Shape{224, 112, 1}, Pads{1, 1, 2, 2}},
		{3, 2, Shape{75, 38, 1}, Pads{1, 0, 1, 1}},
		{5, 2, Shape{7, 8, 1}, Pads{2, 1, 2, 2}},
		{3, 1, Shape{7, 8, 1}, Pads{1, 1, 1, 1}},
		{5, 1, Shape{1, 1, 1}, Pads{2, 2, 2, 2}},
		{2, 1, Shape{5, 5, 1}, Pads{0, 0, 1, 1}},
		{1, 2, Shape{5, 6, 1}, Pads{0, 0, 0, 0}},
	}
	for _, test := range tests {
		for _, got := range []Pads{
			Conv2D{Kernel: test.kernel, Stride: test.stride, Same: true}.Pads(test.in),
			MaxPool{Kernel: test.kernel, Stride: test.stride, Same: true}.Pads(test.in),
			AvgPool{Kernel: test.kernel, Stride: test.stride, Same: true}.Pads(test.in),
		} {
			if got != test.want {
				t.Errorf("kernel %d, stride %d on %v: %v, want %v", test.kernel, test.stride, test.in, got, test.want)
			}
		}
	}
	if got := (Conv2D{Kernel: 5, Padding: 2}).Pads(Shape{8, 8, 1}); got != (Pads{2, 2, 2, 2}) {
		t.Errorf("padding 2 is %v", got)
	}
}

func TestShapesThatDoNotFit(t *testing.T) {
	image := Shape{4, 4, 3}
	tests := []struct {
		layer Layer
		in    []Shape
		want  string
	}{
		{Conv2D{Out: 8, Kernel: 5}, []Shape{image}, "larger than the input"},
		{Conv2D{Out: 8, Kernel: 3, Groups: 2}, []Shape{image}, "do not divide into 2 groups"},
		{Conv2D{Out: 0, Kernel: 3}, []Shape{image}, "do not divide"},
		{Conv2D{Out: 3, Kernel: 3, Padding: 3}, []Shape{image}, "not smaller than kernel"},
		{Conv2D{Out: 3, Kernel: 3, Padding: 1, Same: true}, []Shape{image}, "want one of them"},
		{MaxPool{Kernel: 17}, []Shape{{40, 40, 1}}, "at most 16"},
		{MaxPool{}, []Shape{image}, "want at least 1"},
		{Linear{Out: 3}, []Shape{image}, "put a Flatten"},
		{Linear{}, []Shape{{1, 1, 3}}, "want at least 1"},
		{Add{}, []Shape{image}, "two or more inputs"},
		{Add{}, []Shape{image, {4, 4, 2}}, "inputs differ"},
		{Concat{}, []Shape{image, {4, 3, 3}}, "differ in height or width"},
		{Softmax{}, []Shape{image}, "takes a vector"},
		{Dropout{Rate: 1}, []Shape{image}, "want 0 to less than 1"},
		{Flatten{}, []Shape{image, image}, "takes one input"},
		{Upsample{}, []Shape{image}, "want 1 to 64"},
		{Upsample{Factor: 65}, []Shape{image}, "want 1 to 64"},
		{Upsample{Factor: 2, H: 9}, []Shape{image}, "factor 2 makes at most 8x8x3 of 4x4x3"},
		{Upsample{Factor: 2, W: -1}, []Shape{image}, "output 8x-1x3"},
		{Reshape{To: Shape{4, 4, 3}}, []Shape{image}, "put a Flatten"},
		{Reshape{To: Shape{4, 4, 3}}, []Shape{{1, 1, 47}}, "47 values do not make an image of 4x4x3"},
		{Reshape{To: Shape{-4, -4, 3}}, []Shape{{1, 1, 48}}, "48 values do not make an image"},
		{Scale{}, []Shape{image, image}, "takes one input"},
		{MeanSquaredError{}, []Shape{image}, "takes two inputs, has 1"},
		{MeanSquaredError{}, []Shape{image, {4, 4, 2}}, "inputs differ"},
	}
	for _, test := range tests {
		g := NewGraph(image)
		if _, err := test.layer.Output(test.in); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s of %v: error %v, want %q", test.layer.Kind(), test.in, err, test.want)
		}
		g.Add("bad", test.layer)
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), "layer bad ("+test.layer.Kind()+")") {
			t.Errorf("%s without inputs: error %v, want one that names the layer", test.layer.Kind(), err)
		}
	}
}

func testGraph(t *testing.T, classes int) *Graph {
	t.Helper()
	g := NewGraph(Shape{8, 8, 1})
	x := g.Add("conv", Conv2D{Out: 4, Kernel: 3}, g.Input())
	x = g.Add("norm", BatchNorm{}, x)
	g.Add("head", Linear{Out: classes}, g.Add("flatten", Flatten{}, x))
	if err := g.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestParametersAreLaidOutTrainableFirst(t *testing.T) {
	g := testGraph(t, 3)
	p := g.NewParameters(1)
	for _, param := range g.Params {
		if inFront := param.Offset < p.Trainable; inFront != param.Trainable || param.Offset%paramAlign != 0 {
			t.Errorf("%s: offset %d of %d trainable, trainable %v", param.Name, param.Offset, p.Trainable, param.Trainable)
		}
	}
	if got := p.Of(p.Lookup("norm.running_variance"))[0]; got != 1 {
		t.Errorf("running variance begins at %v, want 1", got)
	}
}

func TestFirstValuesDependOnSeedAndNameAlone(t *testing.T) {
	small, large := testGraph(t, 3), testGraph(t, 5)
	a, b := small.NewParameters(1), large.NewParameters(1)
	conv := func(p *Parameters) weights.Tensor {
		param := p.Lookup("conv.weight")
		return weights.Tensor{Name: "x", Shape: param.Shape, Data: p.Of(param)}
	}
	digest := func(p *Parameters) string { return weights.Digest([]weights.Tensor{conv(p)}) }
	if digest(a) != digest(b) {
		t.Error("another head changes the first layer's weights")
	}
	if digest(a) == digest(small.NewParameters(2)) {
		t.Error("another seed gives the same weights")
	}
	// The seed of everything after it: a change is a change of the contract.
	const want = "70fc0cd48669db6842c2eb5176faad63926b51936495d26ee4e13b6af50bd367"
	if got := digest(a); got != want {
		t.Errorf("first weights have digest %s, want %s", got, want)
	}
}

func TestLoad(t *testing.T) {
	g := testGraph(t, 3)
	p, q := g.NewParameters(1), g.NewParameters(2)
	if err := q.Load(p.Tensors()); err != nil || q.Digest() != p.Digest() {
		t.Errorf("loading all tensors: %v, digests %s and %s", err, q.Digest(), p.Digest())
	}
	if err := q.Load(p.Tensors()[1:]); err == nil || !strings.Contains(err.Error(), "conv.bias is missing") {
		t.Errorf("a missing tensor: error %v", err)
	}
	other := testGraph(t, 5).NewParameters(1)
	if err := q.Load(other.Tensors()); err == nil || !strings.Contains(err.Error(), "this model wants [144 3]") {
		t.Errorf("a tensor of another shape: error %v", err)
	}
	extra := append(p.Tensors(), weights.Tensor{Name: "z", Shape: []int{1}, Data: []float32{0}})
	if err := q.Load(extra); err == nil || !strings.Contains(err.Error(), "z is not part") {
		t.Errorf("an unknown tensor: error %v", err)
	}
}

func TestLoadMatchingKeepsANewHead(t *testing.T) {
	from, to := testGraph(t, 3).NewParameters(1), testGraph(t, 5).NewParameters(2)
	kept, err := to.LoadMatching(from.Tensors())
	if err != nil || len(kept) != 2 || kept[0] != "head.weight" || kept[1] != "head.bias" {
		t.Errorf("kept %v, %v; want the head's two tensors", kept, err)
	}
	if to.Of(to.Lookup("conv.weight"))[0] != from.Of(from.Lookup("conv.weight"))[0] {
		t.Error("conv.weight was not loaded")
	}
	if _, err := to.LoadMatching(nil); err == nil {
		t.Error("a file without any matching tensor is accepted")
	}
}

func TestSummaryAndMultiplyAdds(t *testing.T) {
	g := testGraph(t, 3)
	want := 6*6*4*9 + 6*6*4*3
	if got := g.MultiplyAdds(); got != want {
		t.Errorf("MultiplyAdds = %d, want %d", got, want)
	}
	if s := g.Summary(); !strings.Contains(s, "conv") || !strings.Contains(s, "6x6x4") {
		t.Errorf("summary lacks a layer:\n%s", s)
	}
}

// TestSummaryOfLongNames checks that long names leave the columns where they are.
func TestSummaryOfLongNames(t *testing.T) {
	g := NewGraph(Shape{6, 6, 3})
	g.Add("stage1.block1.conv1.norm.relu", Activation{Function: ReLU}, g.Input())
	lines := strings.Split(strings.TrimSpace(g.Summary()), "\n")
	kind := strings.Index(lines[0], "kind")
	if !strings.HasPrefix(lines[1][kind:], "Input") || !strings.HasPrefix(lines[2][kind:], "ReLU") || len(lines[3]) != len(lines[0]) {
		t.Errorf("the columns are shifted:\n%s", g.Summary())
	}
}

package loss

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func mustMake(t *testing.T, name, options string, counts []int) Loss {
	t.Helper()
	l, _, err := MakeLoss(name, options)
	if err == nil {
		err = l.Prepare(counts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAgainstPyTorch(t *testing.T) {
	var golden struct {
		Losses []struct {
			Name, Options              string
			Outputs, Targets, Gradient [][]float32
			Values                     []float32
		}
	}
	data, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(data, &golden)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range golden.Losses {
		outputs, targets := slices.Concat(c.Outputs...), slices.Concat(c.Targets...)
		values, gradient := make([]float32, len(c.Values)), make([]float32, len(outputs))
		mustMake(t, c.Name, c.Options, make([]int, 3)).Evaluate(values, gradient, outputs, targets, 3, 1)
		if diff := cmp.Diff(c.Values, values, cmpopts.EquateApprox(1e-5, 1e-6)); diff != "" {
			t.Errorf("%s %s: values (-PyTorch +got):\n%s", c.Name, c.Options, diff)
		}
		if diff := cmp.Diff(slices.Concat(c.Gradient...), gradient, cmpopts.EquateApprox(1e-5, 1e-6)); diff != "" {
			t.Errorf("%s %s: gradient (-PyTorch +got):\n%s", c.Name, c.Options, diff)
		}
	}
}

// The losses again, in float64 and by their definitions.

func softmax(x []float64) []float64 {
	p, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		p[i] = math.Exp(v - slices.Max(x))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

var counts = []int{10, 30, 0, 20}

// perClass are the balanced weights of counts.
var perClass = []float64{2, 2.0 / 3, 0, 1}

type reference func(outputs, targets []float64) float64

func crossEntropyReference(smoothing float64, weights []float64) reference {
	return func(x, t []float64) float64 {
		value := 0.0
		for i, p := range softmax(x) {
			value -= weights[i] * (t[i]*(1-smoothing) + smoothing/float64(len(x))) * math.Log(p)
		}
		return value
	}
}

func focalReference(gamma float64, weights []float64) reference {
	return func(x, t []float64) float64 {
		value := 0.0
		for i, p := range softmax(x) {
			value -= weights[i] * t[i] * math.Pow(1-p, gamma) * math.Log(p)
		}
		return value
	}
}

func nllReference(weights []float64) reference {
	return func(p, t []float64) float64 {
		value := 0.0
		for i, v := range p {
			value -= weights[i] * t[i] * math.Log(v)
		}
		return value
	}
}

func mseReference(p, t []float64) float64 {
	value := 0.0
	for i, v := range p {
		value += (v - t[i]) * (v - t[i]) / float64(len(p))
	}
	return value
}

var ones = []float64{1, 1, 1, 1}

var cases = []struct {
	name, options string
	reference     reference
}{
	{"cross-entropy", "", crossEntropyReference(0, ones)},
	{"cross-entropy", "label-smoothing=0.2", crossEntropyReference(0.2, ones)},
	{"cross-entropy", "label-smoothing=0.2,class-weights=balanced", crossEntropyReference(0.2, perClass)},
	{"cross-entropy", "class-weights=1/2/3/4", crossEntropyReference(0, []float64{1, 2, 3, 4})},
	{"nll", "", nllReference(ones)},
	{"nll", "class-weights=balanced", nllReference(perClass)},
	{"mse", "", mseReference},
	{"focal", "", focalReference(2, ones)},
	{"focal", "gamma=0", crossEntropyReference(0, ones)},
	{"focal", "gamma=0.5", focalReference(0.5, ones)},
	{"focal", "gamma=3.5,class-weights=balanced", focalReference(3.5, perClass)},
}

// rows are logits and targets of four classes, one-hot and soft.
var rows = []struct{ logits, targets []float64 }{
	{[]float64{0, 0, 0, 0}, []float64{1, 0, 0, 0}},
	{[]float64{1.5, -0.25, 3, 0.75}, []float64{0, 0, 1, 0}},
	{[]float64{-2, 4, 1, 0.5}, []float64{0, 1, 0, 0}},
	{[]float64{0.5, 1, -1, 2}, []float64{0.25, 0, 0.125, 0.625}},
	{[]float64{5, -5, 2, 1}, []float64{0, 0, 0, 1}},
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// TestDifferences compares values with the definitions and gradients with
// their central differences.
func TestDifferences(t *testing.T) {
	const h, scale = 1e-6, 0.25
	for _, c := range cases {
		l := mustMake(t, c.name, c.options, counts)
		for n, r := range rows {
			outputs := narrow(r.logits)
			if l.WantsProbabilities() {
				outputs = narrow(softmax(r.logits))
			}
			x := widen(outputs)
			value, gradient := make([]float32, 1), make([]float32, 4)
			l.Evaluate(value, gradient, outputs, narrow(r.targets), 4, scale)
			if want := c.reference(x, r.targets); math.Abs(float64(value[0])-want) > 3e-6*(1+want) {
				t.Errorf("%s %s, example %d: value %v, want %v", c.name, c.options, n, value[0], want)
			}
			for i := range x {
				high, low := slices.Clone(x), slices.Clone(x)
				high[i] += h
				low[i] -= h
				want := scale * (c.reference(high, r.targets) - c.reference(low, r.targets)) / (2 * h)
				if math.Abs(float64(gradient[i])-want) > 3e-6*(1+math.Abs(want)) {
					t.Errorf("%s %s, example %d: derivative %d is %v, want %v", c.name, c.options, n, i, gradient[i], want)
				}
			}
		}
	}
}

func TestExtremes(t *testing.T) {
	for _, c := range cases {
		l := mustMake(t, c.name, c.options, counts)
		inputs := [][]float32{{100, -100, 0, 1}, {-100, 100, 100, -100}, {1e30, -1e30, 0, 0}}
		if l.WantsProbabilities() {
			inputs = [][]float32{{1, 0, 0, 0}, {0, 0.5, 0.5, 0}, {1, 1e-45, 1e-30, 0}}
		}
		for _, x := range inputs {
			for class := range 4 {
				targets := make([]float32, 4)
				targets[class] = 1
				value, gradient := make([]float32, 1), make([]float32, 4)
				l.Evaluate(value, gradient, x, targets, 4, 1)
				for _, v := range append(gradient, value...) {
					if v-v != 0 {
						t.Fatalf("%s %s of %v, class %d: value %v, gradient %v", c.name, c.options, x, class, value, gradient)
					}
				}
			}
		}
	}
}

// TestNilGradient checks that the values of several rows are those of each row
// alone and do not depend on the gradient being wanted.
func TestNilGradient(t *testing.T) {
	for _, c := range cases {
		l := mustMake(t, c.name, c.options, counts)
		var outputs, targets, want []float32
		for _, r := range rows {
			x, y := narrow(softmax(r.logits)), narrow(r.targets)
			value := make([]float32, 1)
			l.Evaluate(value, make([]float32, 4), x, y, 4, 1)
			outputs, targets, want = append(outputs, x...), append(targets, y...), append(want, value...)
		}
		got := make([]float32, len(rows))
		l.Evaluate(got, nil, outputs, targets, 4, 1)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %s: %s", c.name, c.options, diff)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	values, gradient := make([]float32, 2), make([]float32, 8)
	outputs, targets := []float32{.1, .2, .3, .4, .4, .3, .2, .1}, []float32{0, 1, 0, 0, 1, 0, 0, 0}
	for _, c := range cases {
		l := mustMake(t, c.name, c.options, counts)
		if n := testing.AllocsPerRun(10, func() { l.Evaluate(values, gradient, outputs, targets, 4, 1) }); n != 0 {
			t.Errorf("%s %s allocates %v times", c.name, c.options, n)
		}
	}
}

// TestDigest pins the bits of every loss: they are the same on every architecture.
func TestDigest(t *testing.T) {
	want := map[string]string{
		"cross-entropy ":                                           "d437b60ba36161a1",
		"cross-entropy label-smoothing=0.2":                        "2a5e16add5acbd26",
		"cross-entropy label-smoothing=0.2,class-weights=balanced": "7154a6b2c9a06f7d",
		"cross-entropy class-weights=1/2/3/4":                      "e7a8048d8dabcadc",
		"nll ":                                                     "7ddc9ea8101eb37a",
		"nll class-weights=balanced":                               "6416e9552b5b28e0",
		"mse ":                                                     "ac1ecb107e6d3115",
		"focal ":                                                   "7e927069a015c1f8",
		"focal gamma=0":                                            "d437b60ba36161a1",
		"focal gamma=0.5":                                          "c23a59a13908266a",
		"focal gamma=3.5,class-weights=balanced":                   "fca8c2263f5a1678",
	}
	for _, c := range cases {
		l := mustMake(t, c.name, c.options, counts)
		hash := sha256.New()
		for _, r := range rows {
			value, gradient := make([]float32, 1), make([]float32, 4)
			outputs := []float32{0.1, 0.2, 0.3, 0.4}
			if !l.WantsProbabilities() {
				outputs = narrow(r.logits)
			}
			l.Evaluate(value, gradient, outputs, narrow(r.targets), 4, 0.3)
			for _, v := range append(value, gradient...) {
				hash.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
		if got := hex.EncodeToString(hash.Sum(nil)[:8]); got != want[c.name+" "+c.options] {
			t.Errorf("%q: digest %q, want %q", c.name+" "+c.options, got, want[c.name+" "+c.options])
		}
	}
}

func TestMakeErrors(t *testing.T) {
	for _, c := range []struct{ name, options, want string }{
		{"cross_entropy", "", `unknown loss "cross_entropy": did you mean cross-entropy?`},
		{"cross-entropy", "label-smoothing=1", "want 0 to 0.99"},
		{"cross-entropy", "class-weights=1/x", "separated by slashes"},
		{"cross-entropy", "class-weights=1/-1", "separated by slashes"},
		{"cross-entropy", "class-weights=nan/1", "separated by slashes"},
		{"nll", "class-weights=0/0", "at least one class weight above 0"},
		{"focal", "gamma=-1", "want 0 to 10"},
		{"mse", "gamma=1", `unknown option "gamma"`},
	} {
		_, _, err := MakeLoss(c.name, c.options)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %q", c.name, c.options, err, c.want)
		}
	}
}

func TestPrepare(t *testing.T) {
	l, _, err := MakeLoss("focal", "class-weights=1/2")
	if err != nil {
		t.Fatal(err)
	}
	const want = "class-weights=1/2: 2 weights for 3 classes"
	if err := l.Prepare([]int{1, 2, 3}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if diff := cmp.Diff(narrow(perClass), balanced(counts), cmpopts.EquateApprox(1e-7, 0)); diff != "" {
		t.Errorf("balanced weights: %s", diff)
	}
}

func TestMixup(t *testing.T) {
	for name := range modules {
		if got := mustMake(t, name, "", counts).MixupAllowed(); got != (name == "cross-entropy") {
			t.Errorf("%s: mixup allowed: %v", name, got)
		}
	}
	if got := len(Modules()); got != len(modules) {
		t.Errorf("%d losses described, want %d", got, len(modules))
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		name, target string
		kind         Kind
		want         string
	}{
		{"cross-entropy", "class", Distribution, ""},
		{"focal", "class", Distribution, ""},
		{"nll", "class", Distribution, ""},
		{"mse", "class", Distribution, ""},
		{"mse", "image", Values, ""},
		{"cross-entropy", "image", Values, "loss cross-entropy does not fit target image: want mse"},
		{"focal", "image", Values, "loss focal does not fit target image: want mse"},
		{"nll", "image", Values, "loss nll does not fit target image: want mse"},
		{"mse", "sound", "waves", "loss mse does not fit target sound, which has waves: no loss does"},
	} {
		got := ""
		if err := CheckFit(c.name, mustMake(t, c.name, "", counts), c.target, c.kind); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s for %s: %q, want %q", c.name, c.target, got, c.want)
		}
	}
	if diff := cmp.Diff([]string{"cross-entropy", "focal", "mse", "nll"}, Fitting(Distribution)); diff != "" {
		t.Error(diff)
	}
}

// TestMSEOfImages checks that the mean is over all values of an image, without Prepare.
func TestMSEOfImages(t *testing.T) {
	l, _, err := MakeLoss("mse", "")
	if err != nil {
		t.Fatal(err)
	}
	const width = 48
	outputs, targets := make([]float32, 2*width), make([]float32, 2*width)
	for i := range outputs {
		outputs[i] = float32(i%7)/8 - 1 // no probabilities
	}
	values, gradient := make([]float32, 2), make([]float32, 2*width)
	l.Evaluate(values, gradient, outputs, targets, width, 1)
	for n, got := range values {
		want := 0.0
		for i, v := range outputs[n*width:][:width] {
			want += float64(v) * float64(v) / width
			if d := 2 * float64(v) / width; math.Abs(float64(gradient[n*width+i])-d) > 1e-7 {
				t.Fatalf("derivative %d of image %d is %v, want %v", i, n, gradient[n*width+i], d)
			}
		}
		if math.Abs(float64(got)-want) > 1e-6 {
			t.Errorf("image %d: %v, want %v", n, got, want)
		}
	}
}

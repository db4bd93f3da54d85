package head

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
)

// contractDigest is what heads on made-up data come to: the SHA-256 over weights, biases
// and figures of every penalty, over a learning curve, and over
// distances to the training features. It is one value for any number
// of workers, on every machine and instruction set; .ci/simd tests the sets. A change of
// it is a change of the reproducibility contract.
const contractDigest = "a64c7641b8db9648a7a92895724b665f25299295c298bee043feaeee4e5efbff"

// TestContract trains on more rows than one block and, with five workers, than two for
// each, from several views of images, with weights.
func TestContract(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 5} {
		if got := digestOf(t, workers); got != contractDigest {
			t.Errorf("%d workers: digest %s, want %s", workers, got, contractDigest)
		}
	}
}

func digestOf(t *testing.T, workers int) string {
	t.Helper()
	h := sha256.New()
	for _, c := range []struct {
		rows, features, classes int
		weighted                bool
	}{{1500, 37, 3, false}, {300, 24, 10, true}, {260, 5, 2, false}} {
		train, validation := made(c.rows, c.features, c.classes, c.weighted), made(c.rows/3, c.features, c.classes, false)
		for i := range train.Labels {
			train.Images = append(train.Images, i/c.classes/2*c.classes+i%c.classes)
		}
		o := Options{Classes: c.classes, Penalties: []float64{1, 0.01}, Tolerance: 1e-4, Workers: workers}
		r, err := Train(t.Context(), train, validation, o)
		if err != nil {
			t.Fatal(err)
		}
		points, err := LearningCurve(t.Context(), train, validation, o, Curve{Percents: []int{25, 100}, Seed: 3, Full: r})
		if err != nil {
			t.Fatal(err)
		}
		for _, values := range [][]float32{r.Weights, r.Bias} {
			for _, v := range values {
				h.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		}
		reference, err := NewReference(t.Context(), train.Features, c.features, workers)
		if err != nil {
			t.Fatal(err)
		}
		distances, err := reference.Distances(t.Context(), validation.Features, workers)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(map[string]any{"chosen": r.Chosen, "fits": r.Fits, "curve": points, "distances": distances})
		if err != nil {
			t.Fatal(err)
		}
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestScaledAgain: features that are scaled at each evaluation give the bits of those that
// are kept.
func TestScaledAgain(t *testing.T) {
	e := made(200, 12, 3, true)
	p := part{Examples: e, d: 12, rows: []int32{3}}
	for i := range 150 {
		p.rows = append(p.rows, int32(i+50))
	}
	s, err := measureScaling(t.Context(), p, 1)
	if err != nil {
		t.Fatal(err)
	}
	kept, again := newObjective(p, 3, s, 1), newObjective(p, 3, s, 1)
	again.scaled = nil
	again.workers[0].x = make([]float32, blockRows*12)
	w := make([]float32, kept.parameters())
	for i := range w {
		w[i] = float32(uniform(i, 5))
	}
	a, b := make([]float64, len(w)), make([]float64, len(w))
	lossA, errA := kept.at(t.Context(), w, a)
	lossB, errB := again.at(t.Context(), w, b)
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if lossA != lossB || !slices.Equal(a, b) || norm(a) == 0 {
		t.Errorf("loss %v and gradient %v, then %v and %v", lossA, a, lossB, b)
	}
}

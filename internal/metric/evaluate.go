package metric

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

const (
	// smallestProbability is what a probability of 0 counts as in the loss
	// (the smallest normal float32), so that one example of which the network
	// is wrongly certain costs 87.3 and not infinity.
	smallestProbability = 0x1p-126
	// sumTolerance is how far from 1 the probabilities of an example may add
	// up; float32 rounding stays far below it.
	sumTolerance = 1e-3
)

// Evaluate computes all figures from probabilities, [N,K] row-major with one
// row per example, and the true class of each example. Among equal
// probabilities the lowest class index wins. Labels out of range and rows that
// are no probabilities are errors that name the example.
func Evaluate(probabilities []float32, labels []int, classes []string) (*Evaluation, error) {
	k := len(classes)
	if err := checkShape(probabilities, labels, k); err != nil {
		return nil, err
	}
	t := &tally{}
	for i, label := range labels {
		row := probabilities[i*k : (i+1)*k]
		if err := checkRow(row, label); err != nil {
			return nil, fmt.Errorf("cannot evaluate example %d: %w", i, err)
		}
		t.add(row, label)
	}
	e := t.evaluation(classes)
	e.ProbabilitiesSHA256 = digest(probabilities)
	return e, nil
}

func checkShape(probabilities []float32, labels []int, classes int) error {
	if classes == 0 {
		return errors.New("cannot evaluate: there are no classes")
	}
	if len(labels) == 0 {
		return errors.New("cannot evaluate: there are no examples")
	}
	if len(probabilities) != len(labels)*classes {
		return fmt.Errorf("cannot evaluate: %d probabilities for %d examples of %d classes, want %d",
			len(probabilities), len(labels), classes, len(labels)*classes)
	}
	return nil
}

func checkRow(row []float32, label int) error {
	if label < 0 || label >= len(row) {
		return fmt.Errorf("its label is %d, want 0 to %d", label, len(row)-1)
	}
	var total kernel.Lanes64
	for i, p := range row {
		if !(p >= 0 && p <= 1+sumTolerance) { // NaN fails too
			return fmt.Errorf("the probability of class %d is %v, want 0 to 1", i, p)
		}
		total.Add(i, float64(p))
	}
	if s := total.Total(); math.Abs(s-1) > sumTolerance {
		return fmt.Errorf("its probabilities add up to %.6g, want 1", s)
	}
	return nil
}

// tally collects the counts that all figures are made of.
type tally struct {
	cells    []Cell // of the confusion matrix, in any order and any number of parts
	examples int
	topFive  int
	loss     kernel.Lanes64
	bins     [calibrationBins]binCount
}

func (t *tally) add(row []float32, label int) {
	predicted := kernel.ArgMax(row)
	t.cells = append(t.cells, Cell{label, predicted, 1})
	if rank(row, label) < 5 {
		t.topFive++
	}
	t.loss.Add(t.examples, -float64(kernel.Log(max(row[label], smallestProbability))))
	t.bins[binOf(row[predicted])].add(row[predicted], predicted == label)
	t.examples++
}

// rank counts the classes that come before label in the order of falling
// probability, ties in the order of index.
func rank(row []float32, label int) int {
	before := 0
	for i, p := range row {
		if p > row[label] || p == row[label] && i < label {
			before++
		}
	}
	return before
}

func (t *tally) evaluation(classes []string) *Evaluation {
	e := &Evaluation{Head: Head{Schema: Schema, Examples: t.examples}}
	cells := merged(t.cells)
	e.setConfusion(cells, len(classes))
	sums := sumsOf(cells, len(classes))
	for i, label := range classes {
		e.Correct += sums[i].correct
		e.PerClass = append(e.PerClass, newClass(label, sums[i].support, sums[i].predicted, sums[i].correct))
	}
	e.Accuracy = ratio(e.Correct, e.Examples)
	e.AccuracyInterval = Wilson(e.Correct, e.Examples)
	e.Loss = t.loss.Total() / float64(t.examples)
	e.TopK = TopK{One: e.Accuracy, Five: ratio(t.topFive, t.examples)}
	e.Macro, e.Weighted = averages(e.PerClass)
	e.WorstClass = worstClass(e.PerClass)
	e.CalibrationBins, e.CalibrationError = calibration(&t.bins, t.examples)
	return e
}

// newClass needs the examples of the class, its predictions, and how many of
// both are the same.
func newClass(label string, support, predicted, correct int) Class {
	c := Class{Label: label, Support: support}
	if support > 0 {
		accuracy, interval := ratio(correct, support), Wilson(correct, support)
		c.Accuracy, c.Recall, c.Interval = &accuracy, &accuracy, &interval
	}
	if predicted > 0 {
		precision := ratio(correct, predicted)
		c.Precision = &precision
	}
	if support+predicted > 0 { // 2 TP + FP + FN
		f1 := ratio(2*correct, support+predicted)
		c.F1 = &f1
	}
	return c
}

func averages(classes []Class) (macro, weighted Average) {
	var m, w [3]kernel.Lanes64
	present, examples, at := 0, 0, 0
	for _, c := range classes {
		if c.Support == 0 {
			continue
		}
		for j, v := range [3]*float64{c.Precision, c.Recall, c.F1} {
			if v != nil {
				m[j].Add(at, *v)
				w[j].Add(at, float64(*v*float64(c.Support)))
			}
		}
		present++
		examples += c.Support
		at++
	}
	mean := func(l *[3]kernel.Lanes64, n int) Average {
		return Average{l[0].Total() / float64(n), l[1].Total() / float64(n), l[2].Total() / float64(n)}
	}
	return mean(&m, present), mean(&w, examples)
}

func worstClass(classes []Class) *WorstClass {
	var worst *WorstClass
	for i, c := range classes {
		if c.Support > 0 && (worst == nil || *c.Accuracy < worst.Accuracy) {
			worst = &WorstClass{Label: c.Label, Index: i, Support: c.Support, Accuracy: *c.Accuracy, Interval: *c.Interval}
		}
	}
	return worst
}

func digest(values []float32) string {
	h := sha256.New()
	buffer := make([]byte, 0, 1<<14)
	for i, v := range values {
		buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		if len(buffer) == cap(buffer) || i == len(values)-1 {
			h.Write(buffer)
			buffer = buffer[:0]
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func ratio(part, whole int) float64 { return float64(part) / float64(whole) }

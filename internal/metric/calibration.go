package metric

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// calibrationBins is the number of bins that the confidence is divided into
// (Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks,
// 2017).
const calibrationBins = 15

// Bin holds the examples whose confidence, the probability of the predicted
// class, is above Lower and at most Upper. A calibrated classifier is as often
// right as it is confident. Accuracy and Confidence are nil for an empty bin.
type Bin struct {
	Lower      float64  `json:"lower"`
	Upper      float64  `json:"upper"`
	Count      int      `json:"count"`
	Correct    int      `json:"correct"`
	Accuracy   *float64 `json:"accuracy"`
	Confidence *float64 `json:"confidence"` // mean
}

// binCount adds up confidences as whole multiples of 2^-36: exact for up to
// 4096 classes, and in any case the same in every order.
type binCount struct {
	count, correct int
	confidence     int64
}

const confidenceUnit = 0x1p-36

func (b *binCount) add(confidence float32, correct bool) {
	b.count++
	b.confidence += int64(float64(confidence) / confidenceUnit)
	if correct {
		b.correct++
	}
}

// binOf is the index of the bin of a confidence: bin i is (i/15, (i+1)/15].
// The product is exact in float64.
func binOf(confidence float32) int {
	above := -math.Floor(-float64(confidence) * calibrationBins) // ceiling
	return min(max(int(above)-1, 0), calibrationBins-1)
}

// calibration returns the bins and the expected calibration error: the mean,
// over the examples, of the distance between accuracy and confidence of their
// bin.
func calibration(counts *[calibrationBins]binCount, examples int) ([]Bin, float64) {
	bins := make([]Bin, calibrationBins)
	var distance kernel.Lanes64
	for i, c := range counts {
		bins[i] = Bin{Lower: ratio(i, calibrationBins), Upper: ratio(i+1, calibrationBins), Count: c.count, Correct: c.correct}
		if c.count == 0 {
			continue
		}
		total := float64(float64(c.confidence) * confidenceUnit)
		accuracy, confidence := ratio(c.correct, c.count), total/float64(c.count)
		bins[i].Accuracy, bins[i].Confidence = &accuracy, &confidence
		distance.Add(i, math.Abs(float64(c.correct)-total))
	}
	return bins, distance.Total() / float64(examples)
}

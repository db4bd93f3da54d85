package metric

import (
	"fmt"
	"math"
	"slices"
)

// Recomputed is the evaluation with every figure that follows from others of it
// computed again: all that follow from the confusion matrix, and the calibration from
// the counts and mean confidences of its bins. What only the outputs of the network
// tell is as it was: the loss, the top-five accuracy, the digest, and which bin an
// example is in. It refuses counts that do not fit together.
func (e *Evaluation) Recomputed() (*Evaluation, error) {
	if err := e.checkBins(); err != nil {
		return nil, err
	}
	t := &tally{examples: e.Examples, cells: slices.Collect(e.Cells())}
	for i, b := range e.CalibrationBins {
		t.bins[i] = b.counts()
	}
	classes := make([]string, len(e.PerClass))
	for i, c := range e.PerClass {
		classes[i] = c.Label
	}
	made, _ := InSchema(t.evaluation(classes), e.Schema).(*Evaluation)
	made.Head, made.Loss, made.TopK.Five = e.Head, e.Loss, e.TopK.Five
	made.ProbabilitiesSHA256, made.Latency = e.ProbabilitiesSHA256, e.Latency
	if e.Grouped() {
		if err := e.checkGroups(sumsOf(e.Cells(), len(e.PerClass))); err != nil {
			return nil, err
		}
		made.GroupCounts = e.GroupCounts
		made.setIntervals()
	}
	if e.Clips != nil {
		if err := e.checkClips(); err != nil {
			return nil, err
		}
		made.Clips = figuresOfClips(e.Clips.Each)
	}
	return made, e.checkTopFive()
}

// counts are those that the bin was made of. The sum of confidences, a whole multiple
// of confidenceUnit, is the one whose mean is recorded.
func (b Bin) counts() binCount {
	c := binCount{count: b.Count, correct: b.Correct}
	if b.Count > 0 && b.Confidence != nil {
		c.confidence = int64(math.RoundToEven(float64(*b.Confidence*float64(b.Count)) / confidenceUnit))
	}
	return c
}

// checkBins refuses bins that do not hold the examples of the evaluation.
func (e *Evaluation) checkBins() error {
	if len(e.CalibrationBins) != calibrationBins {
		return fmt.Errorf("there are %d calibration bins, want %d", len(e.CalibrationBins), calibrationBins)
	}
	examples, correct := 0, 0
	for i, b := range e.CalibrationBins {
		if b.Count < 0 || b.Correct < 0 || b.Correct > b.Count || (b.Count > 0) != (b.Confidence != nil) {
			return fmt.Errorf("calibration bin %d counts %d examples, %d of them right, which cannot be", i, b.Count, b.Correct)
		}
		// Confidences are rounded down, and may exceed 1 by rounding.
		if c := b.Confidence; c != nil && !(*c >= b.Lower-confidenceUnit && *c <= b.Upper+sumTolerance) {
			return fmt.Errorf("calibration bin %d has the mean confidence %v, which is outside of it", i, *c)
		}
		examples, correct = examples+b.Count, correct+b.Correct
	}
	if examples != e.Examples || correct != e.Correct {
		return fmt.Errorf("the calibration bins hold %d examples, %d of them right, the confusion matrix %d and %d", examples, correct, e.Examples, e.Correct)
	}
	return nil
}

// checkTopFive refuses a top-five accuracy that no count of examples gives.
func (e *Evaluation) checkTopFive() error {
	count := math.RoundToEven(float64(e.TopK.Five * float64(e.Examples)))
	if !(count >= float64(e.Correct) && count <= float64(e.Examples)) || e.TopK.Five != ratio(int(count), e.Examples) ||
		!e.TellsTopFive() && e.TopK.Five != 1 {
		return fmt.Errorf("the top-five accuracy, %v, is that of no count of %d examples", e.TopK.Five, e.Examples)
	}
	return nil
}

// Check refuses times that no measurement of at least one sample gives.
func (l *Latency) Check() error {
	if !(l.P50 >= 0 && l.P50 <= l.P95 && l.P95 <= l.Max) || math.IsInf(l.Max, 0) {
		return fmt.Errorf("the percentiles of the latency do not rise: %v, %v, %v", l.P50, l.P95, l.Max)
	}
	if l.Batch < 1 || l.Workers < 1 || l.Samples < 1 {
		return fmt.Errorf("the latency was measured with batch %d, %d workers and %d samples, want at least 1 each", l.Batch, l.Workers, l.Samples)
	}
	return l.checkCalibration()
}

// checkCalibration refuses times of a calibration network that no measurement gives, and a
// ratio that does not follow from them.
func (l *Latency) checkCalibration() error {
	c := l.Calibration
	switch {
	case c == nil:
		return nil
	case !(c.P50 > 0 && c.P50 <= c.P95 && c.P95 <= c.Max) || math.IsInf(c.Max, 0):
		return fmt.Errorf("the percentiles of the calibration network do not rise from above 0: %v, %v, %v", c.P50, c.P95, c.Max)
	case c.Samples != l.Samples || c.Network == "":
		return fmt.Errorf("the calibration network %q was timed %d times, the model %d times: want the same", c.Network, c.Samples, l.Samples)
	case c.Ratio != l.P50/c.P50:
		return fmt.Errorf("the ratio to the calibration network is %v, want %v", c.Ratio, l.P50/c.P50)
	}
	return nil
}

package metric

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Reconstruction is how well one set of weights reconstructs the images of one part
// of a dataset: the result of the target image. Errors are mean squared errors over
// the values of an image in the range 0 to 1.
type Reconstruction struct {
	Head

	// Error is the mean of the examples' scores, and is the loss too.
	Error float64 `json:"error"`
	// ErrorInterval is of the error: 1.96 standard errors to each side, not below 0.
	// It is nil for a single example.
	ErrorInterval *Interval `json:"error_interval"`
	// ErrorGroups is the number of groups that the interval is by, where the data is
	// grouped; a single one has no interval.
	ErrorGroups int `json:"error_groups,omitempty" schema:"3"`
	// Score describes how the errors of single images are distributed.
	Score Percentiles `json:"score"`
	// ScoresSHA256 is over the scores as little-endian float32: equal weights and data
	// give an equal digest.
	ScoresSHA256 string `json:"scores_sha256"`

	Latency *Latency `json:"latency_ms,omitempty"`
}

// Percentiles are by nearest rank: the p-th one is the smallest value that at least
// p % of the values do not exceed.
type Percentiles struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// EvaluateScores computes all figures from the scores of the examples, each the mean
// squared error of one image. A score that is negative or not finite is an error that
// names the example.
func EvaluateScores(scores []float32) (*Reconstruction, error) {
	if len(scores) == 0 {
		return nil, errors.New("cannot evaluate: there are no examples")
	}
	var total kernel.Lanes64
	for i, s := range scores {
		if !(s >= 0) || math.IsInf(float64(s), 0) { // NaN fails too
			return nil, fmt.Errorf("cannot evaluate example %d: its score is %v, want a finite number of at least 0", i, s)
		}
		total.Add(i, float64(s))
	}
	sorted := slices.Clone(scores)
	slices.Sort(sorted)
	r := &Reconstruction{
		Head:         Head{Schema: Schema, Target: TargetImage, Examples: len(scores)},
		Score:        percentilesOf(sorted),
		ScoresSHA256: digest(scores),
	}
	r.Error = min(total.Total()/float64(len(scores)), r.Score.Max)
	if len(scores) > 1 {
		interval := meanInterval(scores, r.Error)
		r.ErrorInterval = &interval
	}
	return r, nil
}

func percentilesOf(sorted []float32) Percentiles {
	at := func(percent int) float64 { return float64(nearestRank(sorted, percent)) }
	return Percentiles{P50: at(50), P95: at(95), P99: at(99), Max: at(100)}
}

// SquaredError is the mean of the squared differences of a and b, which have the same
// length: one image's error. It is summed in 16 lanes of float64.
func SquaredError(a, b []float32) float64 {
	var total kernel.Lanes64
	for i, v := range a {
		d := float64(v) - float64(b[i])
		total.Add(i, float64(d*d))
	}
	return total.Total() / float64(len(a))
}

// Worst returns the indexes of up to limit examples, those with the highest scores
// first and equal ones in the order of their index.
func Worst(scores []float32, limit int) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return order[:min(max(limit, 0), len(order))]
}

// ReadReconstruction reads the result of an auto-encoder and refuses one whose figures
// do not fit together.
func ReadReconstruction(path string) (*Reconstruction, error) {
	r := new(Reconstruction)
	if _, err := ReadResult(path, only(TargetImage, r)); err != nil {
		return nil, err
	}
	return r, nil
}

// Check implements Result.
func (r *Reconstruction) Check() error {
	if err := r.Head.check(TargetImage, Schema, GroupedSchema); err != nil {
		return err
	}
	if r.Examples < 1 {
		return fmt.Errorf("it has %d examples, want at least 1", r.Examples)
	}
	s := r.Score
	for _, v := range []struct {
		name  string
		value float64
	}{{"the error", r.Error}, {"percentile 50 of the scores", s.P50}, {"percentile 95 of the scores", s.P95}, {"percentile 99 of the scores", s.P99}, {"the largest score", s.Max}} {
		if !(v.value >= 0) || math.IsInf(v.value, 0) {
			return fmt.Errorf("%s is %v, want a finite number of at least 0", v.name, v.value)
		}
	}
	if s.P50 > s.P95 || s.P95 > s.P99 || s.P99 > s.Max {
		return fmt.Errorf("the percentiles of the scores fall: %v, %v, %v, %v", s.P50, s.P95, s.P99, s.Max)
	}
	if r.Error > s.Max {
		return fmt.Errorf("the error, %v, is above the largest score, %v", r.Error, s.Max)
	}
	return errors.Join(r.checkInterval(), checkDigest("scores_sha256", r.ScoresSHA256))
}

// checkInterval compares the interval, and of a single example the score, with the error.
func (r *Reconstruction) checkInterval() error {
	i := r.ErrorInterval
	switch {
	case (r.Schema == GroupedSchema) != (r.ErrorGroups > 0) || r.ErrorGroups < 0 || r.ErrorGroups > r.Examples:
		return fmt.Errorf("error_groups is %d: evaluations of schema %d have it, of 1 group to one for each of the %d examples", r.ErrorGroups, GroupedSchema, r.Examples)
	case r.ErrorGroups == 1 && i != nil:
		return errors.New("there is an interval of a single group")
	case r.ErrorGroups == 1:
		return nil
	case r.Examples == 1 && (i != nil || r.Score != Percentiles{r.Error, r.Error, r.Error, r.Error}):
		return errors.New("it has a single example, and the score of that is not the error, or there is an interval")
	case r.Examples > 1 && (i == nil || !(i.Low >= 0 && i.Low <= r.Error && r.Error <= i.High) || math.IsInf(i.High, 0)):
		return fmt.Errorf("the interval of the error does not hold the error, %v", r.Error)
	}
	return nil
}

// MeanLoss implements Result. The error is the loss of training with mse.
func (r *Reconstruction) MeanLoss() float64 { return r.Error }

// Measured implements Result.
func (r *Reconstruction) Measured() (Figure, float64) { return MeanSquaredError, r.Error }

// Facts implements Result.
func (r *Reconstruction) Facts() []Fact {
	return []Fact{
		{"mean squared error", short(r.Error)}, {r.intervalWords(), r.ErrorInterval.number()},
		{"median score", short(r.Score.P50)}, {"95th percentile", short(r.Score.P95)},
		{"99th percentile", short(r.Score.P99)}, {"largest score", short(r.Score.Max)},
	}
}

func (r *Reconstruction) intervalWords() string {
	if r.ErrorGroups == 0 {
		return "95 % interval"
	}
	return fmt.Sprintf("95 %% interval by %s", counted(r.ErrorGroups))
}

// number writes the interval as "0.01214 to 0.0131", and a dash for none.
func (i *Interval) number() string {
	if i == nil {
		return "–"
	}
	return short(i.Low) + " to " + short(i.High)
}

// Tables implements Result: the figures are few enough for the JSON alone.
func (r *Reconstruction) Tables() []CSVTable { return nil }

// OutputsSHA256 implements Result.
func (r *Reconstruction) OutputsSHA256() string { return r.ScoresSHA256 }

// MeasuredLatency implements Result.
func (r *Reconstruction) MeasuredLatency() *Latency { return r.Latency }

// SetLatency implements Result.
func (r *Reconstruction) SetLatency(l *Latency) { r.Latency = l }

// Table implements Result.
func (r *Reconstruction) Table() string {
	var b strings.Builder
	r.writePart(&b)
	fmt.Fprintf(&b, "%s images reconstructed\n", Count(r.Examples))
	fmt.Fprintf(&b, "error        %s mean squared error (%s %s)\n", short(r.Error), r.intervalWords(), r.ErrorInterval.number())
	fmt.Fprintf(&b, "score        p50 %s, p95 %s, p99 %s, largest %s\n", short(r.Score.P50), short(r.Score.P95), short(r.Score.P99), short(r.Score.Max))
	writeLatency(&b, r.Latency)
	return b.String()
}

// ShortTable implements Result.
func (r *Reconstruction) ShortTable() string { return r.Table() }

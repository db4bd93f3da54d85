package watch

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/track"
)

// A Decider says what a whole track shows. It is used for one track, and takes memory that does
// not grow with it.
type Decider interface {
	// Add takes the next frame of the track: where the target is, nil where whole frames are
	// classified; and the probabilities of the classes, nil where the frame was not classified.
	// They are valid until the call returns.
	Add(point *track.Point, probabilities []float32)
	// Decide returns the probabilities of the classes by the frames so far; nil where none was
	// classified.
	Decide() []float32
	// Name says in words how it decides.
	Name() string
}

// NewMean returns the Decider that takes the mean of log probabilities over all frames that were
// classified.
func NewMean() Decider { return &mean{} }

type mean struct {
	sums []float64
	n    int
}

// Name implements Decider.
func (m *mean) Name() string { return "mean of log probabilities" }

// Add implements Decider.
func (m *mean) Add(_ *track.Point, probabilities []float32) {
	if probabilities == nil {
		return
	}
	if m.sums == nil {
		m.sums = make([]float64, len(probabilities))
	}
	for i, p := range probabilities {
		m.sums[i] += float64(logOf(p))
	}
	m.n++
}

// Decide implements Decider.
func (m *mean) Decide() []float32 {
	if m.n == 0 {
		return nil
	}
	return normalized(m.sums, m.n)
}

// least is the probability that smaller ones are taken for, so that one frame cannot rule a
// class out.
const least = 0x1p-20

func logOf(p float32) float32 { return kernel.Log(max(p, least)) }

// normalized are the probabilities whose logarithms are sums/n but for a constant.
func normalized(sums []float64, n int) []float32 {
	top := sums[0]
	for _, v := range sums {
		top = max(top, v)
	}
	probabilities, total := make([]float32, len(sums)), float32(0)
	for i, v := range sums {
		probabilities[i] = kernel.Exp(float32((v - top) / float64(n)))
		total += probabilities[i]
	}
	for i := range probabilities {
		probabilities[i] /= total
	}
	return probabilities
}

// SmoothWindow is how many frames of a track, the present one and those before it, the smoothed
// label is of.
const SmoothWindow = 30

// smoother takes the mean of log probabilities over the last SmoothWindow frames of a track, of
// those that were classified.
type smoother struct {
	frames []int
	logs   [][]float32
}

// add takes a frame that was classified, by its number, and returns the smoothed probabilities.
func (s *smoother) add(frame int, probabilities []float32) []float32 {
	for len(s.frames) > 0 && s.frames[0] <= frame-SmoothWindow {
		s.frames, s.logs = s.frames[1:], s.logs[1:]
	}
	logs := make([]float32, len(probabilities))
	for i, p := range probabilities {
		logs[i] = logOf(p)
	}
	s.frames, s.logs = append(s.frames, frame), append(s.logs, logs)
	sums := make([]float64, len(logs))
	for _, logs := range s.logs {
		for i, v := range logs {
			sums[i] += float64(v)
		}
	}
	return normalized(sums, len(s.logs))
}

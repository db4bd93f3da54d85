package watch

import (
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/track"
)

// A Decision says what whole tracks show.
type Decision interface {
	// Name says in words how it decides.
	Name() string
	// Asks says whether a frame of that number is to be classified for the decision, line or not.
	Asks(frame int) bool
	// Begin begins with a track.
	Begin() (Decider, error)
}

// A Decider decides on one track, and takes memory that does not grow with it.
type Decider interface {
	// Add takes the next frame of the track: where the target is, nil where whole frames are
	// classified; and the probabilities of the classes, nil where the frame was not classified.
	// They are valid until the call returns.
	Add(point *track.Point, probabilities []float32)
	// Decide ends the track and returns the probabilities of the classes; nil where no frame was
	// classified.
	Decide() []float32
	// Close ends its workers.
	Close()
}

// byTrack is the Decision of a model that finds targets.
type byTrack struct{ *decision.Model }

// Name implements Decision.
func (d byTrack) Name() string { return d.Method() }

// Asks implements Decision.
func (byTrack) Asks(frame int) bool { return frame%postprocess.AskedEvery == 0 }

// Begin implements Decision.
func (d byTrack) Begin() (Decider, error) { return d.NewDecider() }

// Mean is the Decision that takes the mean of log probabilities over all lines.
type Mean struct{}

// Name implements Decision.
func (Mean) Name() string { return postprocess.ByMean }

// Asks implements Decision.
func (Mean) Asks(int) bool { return false }

// Begin implements Decision.
func (Mean) Begin() (Decider, error) { return &mean{}, nil }

type mean struct {
	sums []float64
	n    int
}

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

// Close implements Decider.
func (m *mean) Close() {}

// Decide implements Decider.
func (m *mean) Decide() []float32 {
	if m.n == 0 {
		return nil
	}
	return normalized(m.sums, m.n)
}

func logOf(p float32) float32 { return kernel.Log(max(p, postprocess.Least)) }

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

// smoother takes the mean of log probabilities over the lines of the last
// [postprocess.SmoothWindow] frames of a track.
type smoother struct {
	frames []int
	logs   [][]float32
}

// add takes a frame that was classified, by its number, and returns the smoothed probabilities.
func (s *smoother) add(frame int, probabilities []float32) []float32 {
	for len(s.frames) > 0 && s.frames[0] <= frame-postprocess.SmoothWindow {
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

package decision

import (
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Window describes a stretch of a track.
type Window struct {
	// Logs are the means of the logarithms of the crop network's probabilities, over the frames
	// that it was asked about, [classes].
	Logs     []float32
	Features []float32 // of track.Features
	Found    int       // frames in which the target was found
}

// Collector cuts a track into windows of track.FeatureWindow frames, which begin
// track.FeatureHop frames one after the other. A track that is shorter is one window. What is
// left at the end is in no window. A cut of the stream begins a new track.
type Collector struct {
	Classes int
	Emit    func(Window)

	track  int
	points []track.Observation
	logs   [][]float64 // of the probabilities of each point; nil where none were asked for
	any    bool        // the track has given a window
}

// Add takes the next point, with the crop network's probabilities [Classes] if it was asked.
func (c *Collector) Add(p *track.Point, probabilities []float32) {
	if p.Track != c.track {
		c.End()
		c.track = p.Track
	}
	c.points = append(c.points, p.Observation())
	c.logs = append(c.logs, logsOf(probabilities))
	if len(c.points) == track.FeatureWindow {
		c.emit()
		c.points = append(c.points[:0], c.points[track.FeatureHop:]...)
		c.logs = append(c.logs[:0], c.logs[track.FeatureHop:]...)
	}
}

// End ends the track.
func (c *Collector) End() {
	if !c.any && len(c.points) > 0 {
		c.emit()
	}
	c.points, c.logs, c.any = c.points[:0], c.logs[:0], false
}

func (c *Collector) emit() {
	c.any = true
	c.Emit(c.present())
}

// present is the window of the points that there are.
func (c *Collector) present() Window {
	w := Window{Logs: meanOf(c.logs, c.Classes), Features: track.Features(c.points)}
	for _, p := range c.points {
		if !p.Missed {
			w.Found++
		}
	}
	return w
}

// logsOf are the logarithms of probabilities; nil of none.
func logsOf(probabilities []float32) []float64 {
	if probabilities == nil {
		return nil
	}
	logs := make([]float64, len(probabilities))
	for k, p := range probabilities {
		logs[k] = float64(kernel.Log(max(p, postprocess.LeastAsked)))
	}
	return logs
}

// meanOf is the mean of logarithms over the points that have some, [classes]; where none has,
// all classes are equally probable.
func meanOf(logs [][]float64, classes int) []float32 {
	sums, n := make([]float64, classes), 0
	for _, l := range logs {
		if l == nil {
			continue
		}
		n++
		for k := range sums {
			sums[k] += l[k]
		}
	}
	mean := make([]float32, classes)
	for k := range mean {
		mean[k] = float32(sums[k] / float64(max(n, 1)))
		if n == 0 {
			mean[k] = kernel.Log(1 / float32(classes))
		}
	}
	return mean
}

// Chosen are the windows that count: those in which the target was found often enough, or all
// if there is none.
func Chosen(windows []Window) []Window {
	var chosen []Window
	for _, w := range windows {
		if w.Found >= postprocess.LeastFound {
			chosen = append(chosen, w)
		}
	}
	if len(chosen) == 0 {
		return windows
	}
	return chosen
}

package watch

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

// Summary is what is said of a whole clip.
type Summary struct {
	Kind     string  `json:"kind"`
	Source   string  `json:"source"`
	Frames   int     `json:"frames"`     // that were read
	Lines    int     `json:"lines"`      // frames that have a line
	Duration Seconds `json:"duration_s"` // from the first frame to the last
	Width    int     `json:"width"`      // pixels
	Height   int     `json:"height"`
	Tracks   int     `json:"tracks"`

	// The decision, and how it was made. A clip without lines has none.
	Label       string              `json:"label,omitempty"`
	Index       *int                `json:"index,omitempty"`
	Probability *float32            `json:"probability,omitempty"`
	Top         []predict.Candidate `json:"top,omitempty"`
	DecidedBy   string              `json:"decided_by"`

	// Shares are those of each label among the lines.
	Shares map[string]float64 `json:"shares"`
	// Flips say how often a minute the label changes from one line to the next, the smoothed one
	// in SmoothedFlips.
	Flips         float64 `json:"flips_per_minute"`
	SmoothedFlips float64 `json:"smoothed_flips_per_minute"`
	// Ranges are the times in which the smoothed label stays the same, the first maxRanges.
	Ranges        []Range `json:"ranges"`
	RangesLeftOut int     `json:"ranges_left_out,omitempty"`

	// What the lines depend on besides the model.
	Every  string `json:"every"`
	Lag    *int   `json:"lag,omitempty"` // frames; of models of targets
	Smooth int    `json:"smoothed_over"` // frames

	// Damage says why the clip was not read to its end.
	Damage string `json:"damage,omitempty"`
}

// Range is a time in which the smoothed label stays the same.
type Range struct {
	Label string  `json:"label"`
	From  Seconds `json:"from_s"` // of the first line
	To    Seconds `json:"to_s"`   // of the last
	Lines int     `json:"lines"`
}

// maxRanges bounds the memory of a summary.
const maxRanges = 1000

// tally collects the summary of a clip from its lines.
type tally struct {
	Summary
	counts               []int
	last                 *Line
	flips, smoothedFlips int
	first                Seconds
	sums                 []float64 // of log probabilities of the decisions on tracks, each times its frames
	decidedOn            int       // frames
	one                  []float32 // the decision on the first track that has one
}

// add takes the next line.
func (t *tally) add(l *Line) {
	t.counts[l.Index]++
	t.Lines++
	if t.last == nil {
		t.first = l.Time
	} else if l.Index != t.last.Index {
		t.flips++
	}
	if t.last == nil || l.smoothed != t.last.smoothed {
		if t.last != nil {
			t.smoothedFlips++
		}
		t.begin(l)
	}
	if t.RangesLeftOut == 0 {
		r := &t.Ranges[len(t.Ranges)-1]
		r.To = l.Time
		r.Lines++
	}
	t.last = l
}

// begin begins a range of time.
func (t *tally) begin(l *Line) {
	if len(t.Ranges) == maxRanges {
		t.RangesLeftOut++
		return
	}
	t.Ranges = append(t.Ranges, Range{Label: l.Smoothed, From: l.Time})
}

// decided takes the decision on a track of so many frames.
func (t *tally) decided(probabilities []float32, frames int) {
	t.Tracks++
	if probabilities == nil {
		return
	}
	if t.sums == nil {
		t.one = probabilities
		t.sums = make([]float64, len(probabilities))
	}
	for i, p := range probabilities {
		product := float64(float64(frames) * float64(logOf(p)))
		t.sums[i] += product
	}
	t.decidedOn += frames
}

// finish completes the summary.
func (t *tally) finish(labels []string, top int) *Summary {
	t.Shares = map[string]float64{}
	for i, label := range labels {
		t.Shares[label] = rounded(float64(t.counts[i])/float64(max(1, t.Lines)), 10_000)
	}
	if t.decidedOn > 0 {
		decision := t.one
		if t.Tracks > 1 {
			decision = normalized(t.sums, t.decidedOn)
		}
		t.Top = predict.Ranked(decision, labels, top)
		best := t.Top[0]
		t.Label, t.Index, t.Probability = best.Label, &best.Index, &best.Probability
	}
	if t.last != nil {
		from, to := video.Rational(t.first), video.Rational(t.last.Time)
		if seconds := to.Float() - from.Float(); seconds > 0 {
			t.Flips = rounded(float64(60*float64(t.flips))/seconds, 100)
			t.SmoothedFlips = rounded(float64(60*float64(t.smoothedFlips))/seconds, 100)
		}
	}
	if t.Ranges == nil {
		t.Ranges = []Range{}
	}
	return &t.Summary
}

// rounded is a number to the nearest of so many to one.
func rounded(v, unit float64) float64 { return math.RoundToEven(float64(v*unit)) / unit }

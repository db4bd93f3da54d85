package metric

import (
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TrackedClips is what a model says of whole clips in which it finds the target itself.
type TrackedClips struct {
	Schema int    `json:"schema"`
	Part   string `json:"part"`
	Method string `json:"method"` // how it is decided on a clip
	// WeightsSHA256 are those of the crop network, DecisionSHA256 those of the network that
	// decides on tracks, where there is one.
	WeightsSHA256  string         `json:"weights_sha256"`
	DecisionSHA256 string         `json:"decision_sha256,omitempty"`
	Clips          int            `json:"clips"`
	Correct        int            `json:"correct"`
	Accuracy       float64        `json:"accuracy"`          // 0 where there are no clips
	Interval       Interval       `json:"accuracy_interval"` // Wilson's, by clips
	Confusion      [][]int        `json:"confusion"`         // rows: true class, columns: decision
	Each           []*TrackedClip `json:"each"`
}

// TrackedClip is one of them.
type TrackedClip struct {
	Clip          string    `json:"clip"` // path from the folder of the data
	Class         string    `json:"class"`
	Decision      string    `json:"decision"`
	Probabilities []float32 `json:"probabilities"` // in the order of the classes
	Frames        int       `json:"frames"`
	Found         int       `json:"found"` // frames in which the target was found
}

const trackedSchema = 1

var trackedForm = fileio.Form{MaxBytes: 48 << 20, Schemas: []int{trackedSchema}}

// SumUp counts what was decided on each clip.
func (t *TrackedClips) SumUp(classes []string) {
	t.Schema, t.Clips, t.Correct, t.Accuracy = trackedSchema, len(t.Each), 0, 0
	number := map[string]int{}
	t.Confusion = make([][]int, len(classes))
	for k, class := range classes {
		number[class], t.Confusion[k] = k, make([]int, len(classes))
	}
	for _, c := range t.Each {
		t.Confusion[number[c.Class]][number[c.Decision]]++
		if c.Class == c.Decision {
			t.Correct++
		}
	}
	if t.Interval = (Interval{0, 1}); t.Clips > 0 {
		t.Accuracy, t.Interval = float64(t.Correct)/float64(t.Clips), Wilson(t.Correct, t.Clips)
	}
}

// Text is the result for people, in one line.
func (t *TrackedClips) Text() string {
	return fmt.Sprintf("%s %% of %d clips (95 %% interval by clips: %s to %s)", Percent(t.Accuracy), t.Clips, Percent(t.Interval.Low), Percent(t.Interval.High))
}

// ReadTracked reads such a file, of a model for the given classes, and refuses one that does
// not count right.
func ReadTracked(path string, classes []string) (*TrackedClips, error) {
	t := &TrackedClips{}
	if err := fileio.ReadJSON(path, t, trackedForm); err != nil {
		return nil, err
	}
	for at, c := range t.Each {
		if !slices.Contains(classes, c.Class) {
			return nil, fmt.Errorf("%s: each[%d].class: %q is none of %q", path, at, c.Class, classes)
		}
		if len(c.Probabilities) != len(classes) {
			return nil, fmt.Errorf("%s: each[%d].probabilities: there are %d, want %d", path, at, len(c.Probabilities), len(classes))
		}
		if best := classes[largest(c.Probabilities)]; c.Decision != best {
			return nil, fmt.Errorf("%s: each[%d].decision: it is %q, and the most probable class %q", path, at, c.Decision, best)
		}
	}
	return t, nil
}

// largest is the index of the largest value, the first of equals.
func largest(values []float32) int {
	best := 0
	for k, v := range values {
		if v > values[best] {
			best = k
		}
	}
	return best
}

// Decide enters the most probable class of a clip.
func (c *TrackedClip) Decide(classes []string, probabilities []float32) {
	c.Probabilities, c.Decision = probabilities, classes[largest(probabilities)]
}

package metric

import (
	"errors"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// TrackedClips is what a model says of whole clips in which it finds the target itself, and of
// the same clips where the boxes of their labels are given.
type TrackedClips struct {
	Schema int    `json:"schema"`
	Part   string `json:"part"`
	Method string `json:"method"` // how it is decided on a clip
	// WeightsSHA256 are those of the crop network, DecisionSHA256 those of the network that
	// decides on tracks, where there is one.
	WeightsSHA256  string `json:"weights_sha256"`
	DecisionSHA256 string `json:"decision_sha256,omitempty"`
	TrackedFigures
	BoxesGiven TrackedFigures `json:"boxes_given"`
	Each       []*TrackedClip `json:"each"`
}

// TrackedFigures say on how many clips the decision is right.
type TrackedFigures struct {
	Clips    int     `json:"clips"`
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"` // 0 where there are no clips
	// Groups is how many groups the interval is by, where some group has several clips. It is
	// absent where none has: the interval then is Wilson's, by clips.
	Groups    int      `json:"groups,omitempty"`
	Interval  Interval `json:"accuracy_interval"`
	Confusion [][]int  `json:"confusion"` // rows: true class, columns: decision
	// Undecided is how many of the clips have no decision. They count as wrong, and are in no
	// column of the confusion.
	Undecided int `json:"undecided,omitempty"`
}

// TrackedClip is one of them.
type TrackedClip struct {
	Clip  string `json:"clip"`  // path from the folder of the data
	Group int    `json:"group"` // of the data, such as a scene, from 0 in the order of clips
	Class string `json:"class"`
	Decided
	BoxesGiven Decided `json:"boxes_given"`
	Frames     int     `json:"frames"`
	Found      int     `json:"found"` // frames in which the target was found
}

// Decided is what is decided on a clip. There is no decision, and there are no probabilities, where
// the target was found in no frame that decides.
type Decided struct {
	Decision      string    `json:"decision"`      // empty where there is none
	Probabilities []float32 `json:"probabilities"` // in the order of the classes
}

// Decide decides for the most probable class. Without probabilities nothing is decided.
func Decide(classes []string, probabilities []float32) Decided {
	if len(probabilities) == 0 {
		return Decided{"", []float32{}}
	}
	return Decided{classes[kernel.ArgMax(probabilities)], probabilities}
}

const trackedSchema = 2

var trackedForm = fileio.Form{MaxBytes: 48 << 20, Schemas: []int{trackedSchema}}

// SumUp counts what was decided on each clip.
func (t *TrackedClips) SumUp(classes []string) {
	t.Schema = trackedSchema
	t.TrackedFigures = t.figures(classes, func(c *TrackedClip) string { return c.Decision })
	t.BoxesGiven = t.figures(classes, func(c *TrackedClip) string { return c.BoxesGiven.Decision })
}

// figures say on how many clips a decision is right.
func (t *TrackedClips) figures(classes []string, decided func(*TrackedClip) string) TrackedFigures {
	f := TrackedFigures{Clips: len(t.Each), Interval: Interval{0, 1}, Confusion: make([][]int, len(classes))}
	number := map[string]int{}
	for k, class := range classes {
		number[class], f.Confusion[k] = k, make([]int, len(classes))
	}
	var groups []share
	for _, c := range t.Each {
		if decided(c) == "" {
			f.Undecided++
		} else {
			f.Confusion[number[c.Class]][number[decided(c)]]++
		}
		right := 0
		if c.Class == decided(c) {
			right = 1
		}
		f.Correct += right
		if c.Group == len(groups) {
			groups = append(groups, share{})
		}
		groups[c.Group].add(1, right)
	}
	if f.Clips == 0 {
		return f
	}
	f.Accuracy, f.Interval = float64(f.Correct)/float64(f.Clips), Wilson(f.Correct, f.Clips)
	if len(groups) < f.Clips {
		f.Groups, f.Interval = len(groups), intervalByGroups(groups, useOfClips)
	}
	return f
}

// groups is how many groups the clips are of.
func (t *TrackedClips) groups() int {
	n := 0
	for _, c := range t.Each {
		n = max(n, c.Group+1)
	}
	return n
}

// PoolTracked is what is decided on the clips of several, which have no clip and no group in
// common, by models for the same classes. The method is that of the first.
func PoolTracked(parts []*TrackedClips, classes []string) *TrackedClips {
	pooled, groups := &TrackedClips{Part: "pooled", Method: parts[0].Method}, 0
	for _, part := range parts {
		for _, c := range part.Each {
			own := *c
			own.Group += groups
			pooled.Each = append(pooled.Each, &own)
		}
		groups += part.groups()
	}
	pooled.SumUp(classes)
	return pooled
}

// Text is the result for people, in one line.
func (t *TrackedFigures) Text() string {
	by := "clips"
	if t.Groups > 0 {
		by = counted(t.Groups)
	}
	return fmt.Sprintf("%s %% of %d clips (95 %% interval by %s: %s)", Percent(t.Accuracy), t.Clips, by, t.Interval.Percent())
}

// UndecidedText says for people how many clips have no decision; empty where all have one.
func (t *TrackedFigures) UndecidedText() string {
	if t.Undecided == 0 {
		return ""
	}
	return fmt.Sprintf("clips without a decision, which count as wrong: %d", t.Undecided)
}

// Confused are the counts of clips that are taken for another class.
func (t *TrackedFigures) Confused() []Cell {
	var cells []Cell
	for class, row := range t.Confusion {
		for decided, count := range row {
			if class != decided && count > 0 {
				cells = append(cells, Cell{class, decided, count})
			}
		}
	}
	return cells
}

// ReadTracked reads such a file, of a model for the given classes, and refuses one that does
// not count right.
func ReadTracked(path string, classes []string) (*TrackedClips, error) {
	t := &TrackedClips{}
	if err := fileio.ReadJSON(path, t, trackedForm); err != nil {
		return nil, err
	}
	groups := 0
	for at, c := range t.Each {
		if c.Group < 0 || c.Group > groups {
			return nil, fmt.Errorf("%s: each[%d].group is %d, want 0 to %d: groups are numbered in the order of clips", path, at, c.Group, groups)
		}
		groups = max(groups, c.Group+1)
		if !slices.Contains(classes, c.Class) {
			return nil, fmt.Errorf("%s: each[%d].class: %q is none of %q", path, at, c.Class, classes)
		}
		if err := c.Decided.check(classes); err != nil {
			return nil, fmt.Errorf("%s: each[%d].%w", path, at, err)
		}
		if err := c.BoxesGiven.check(classes); err != nil {
			return nil, fmt.Errorf("%s: each[%d].boxes_given.%w", path, at, err)
		}
		if err := t.checkFound(c); err != nil {
			return nil, fmt.Errorf("%s: each[%d].%w", path, at, err)
		}
	}
	return t, nil
}

// checkFound refuses a decision on a clip in which there was nothing to decide by, and a clip
// without one where a network decides, which always does.
func (t *TrackedClips) checkFound(c *TrackedClip) error {
	switch network := t.DecisionSHA256 != ""; {
	case !network && c.Found == 0 && c.Decision != "":
		return fmt.Errorf("decision: it is %q, and the target was found in no frame: want none; evaluate the run again", c.Decision)
	case network && (c.Decision == "" || c.BoxesGiven.Decision == ""):
		return errors.New("decision: there is none, and a network decides on every clip; evaluate the run again")
	}
	return nil
}

// check refuses another decision than that for the most probable class, or none.
func (d Decided) check(classes []string) error {
	if d.Decision == "" && len(d.Probabilities) == 0 {
		return nil
	}
	if len(d.Probabilities) != len(classes) {
		return fmt.Errorf("probabilities: there are %d, want %d", len(d.Probabilities), len(classes))
	}
	if best := classes[kernel.ArgMax(d.Probabilities)]; d.Decision != best {
		return fmt.Errorf("decision: it is %q, and the most probable class %q", d.Decision, best)
	}
	return nil
}

package detection

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// form is that of the files of results.
var form = fileio.Form{MaxBytes: 48 << 20, Schemas: fileio.UpTo(schema)}

// Read reads a result and refuses counts that cannot be.
func Read(path string) (*Result, error) {
	var r Result
	if err := fileio.ReadJSON(path, &r, form); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &r, nil
}

// Recomputed is the result with every figure that follows from thresholds and clips made
// again; labels are the names of the classes by their numbers.
func (r *Result) Recomputed(labels []string) (*Result, error) {
	for at, l := range r.Each {
		if l.Class >= len(labels) {
			return nil, fmt.Errorf("each[%d].class is %d, and there are %d classes", at, l.Class, len(labels))
		}
	}
	made := *r
	made.sum(labels)
	return &made, nil
}

// SameThresholds says whether both count at the same thresholds.
func (r *Result) SameThresholds(o *Result) bool { return reflect.DeepEqual(r.Thresholds, o.Thresholds) }

// ChosenHere is what the thresholds would say of themselves if they had been chosen by the
// clips of r, as those of the validation part are.
func (r *Result) ChosenHere() (chosen int, enough bool) {
	for at := range r.Thresholds.Scores {
		found := 0
		for _, l := range r.Each {
			found += l.Found[at]
		}
		if chosen = at; steps*found >= wanted*r.All.Targets {
			return at, true
		}
	}
	return chosen, false
}

// check refuses counts that cannot be.
func (r *Result) check() error {
	t := r.Thresholds
	switch {
	case r.Quiet.On != OnEmpty && r.Quiet.On != OnPainted:
		return fmt.Errorf("quiet.on is %.40q, want %s or %s", r.Quiet.On, OnEmpty, OnPainted)
	case len(t.Scores) > steps || t.Chosen < 0 || t.Chosen >= max(1, len(t.Scores)):
		return fmt.Errorf("thresholds: %d scores, of which number %d is chosen: want at most %d, and one of them", len(t.Scores), t.Chosen, steps)
	case t.Enough && len(t.Scores) == 0:
		return fmt.Errorf("thresholds.reached is true without a score")
	}
	for at, score := range t.Scores {
		if !(score > 0) || math.IsInf(score, 0) || at > 0 && score >= t.Scores[at-1] {
			return fmt.Errorf("thresholds.scores[%d] is %g: want numbers over 0, from the highest on", at, score)
		}
	}
	groups := 0
	for at := range r.Each {
		l := &r.Each[at]
		if err := l.check(len(t.Scores)); err != nil {
			return fmt.Errorf("each[%d]: %w", at, err)
		}
		if l.Group > groups {
			return fmt.Errorf("each[%d].group is %d, want at most %d: groups are numbered in the order of clips", at, l.Group, groups)
		}
		groups = max(groups, l.Group+1)
	}
	if r.Speed != nil {
		return r.Speed.check()
	}
	return nil
}

// largest bounds counts, so that sums cannot overflow.
const largest = 1 << 40

func (l *Line) check(thresholds int) error {
	for _, c := range []struct {
		name      string
		count, of int
	}{
		{"targets", l.Targets, largest}, {"first", l.First, min(l.Targets, l.Best)}, {"among_five", l.Best, l.Targets}, {"track", l.Track, l.Targets},
		{"iou_over_30", l.Over30, l.Targets}, {"iou_over_50", l.Over50, l.Over30}, {"iou_millionths", l.Overlap, min(l.Targets, largest) * whole},
		{"quiet_frames", l.QuietFrames, largest}, {"quiet_microseconds", l.Microseconds, largest}, {"class", l.Class, largest}, {"dataset", l.Dataset, largest}, {"group", l.Group, largest},
	} {
		if c.count < 0 || c.count > c.of {
			return fmt.Errorf("%s is %d, want 0 to %d", c.name, c.count, c.of)
		}
	}
	for _, c := range []struct {
		name   string
		counts []int
		of     int
	}{{"found", l.Found, l.Track}, {"alarms", l.Alarms, l.QuietFrames}} {
		if len(c.counts) != thresholds || !slices.IsSorted(c.counts) || thresholds > 0 && (c.counts[0] < 0 || c.counts[thresholds-1] > c.of) {
			return fmt.Errorf("%s: want %d counts from 0 to %d, none less than the one before it", c.name, thresholds, c.of)
		}
	}
	return nil
}

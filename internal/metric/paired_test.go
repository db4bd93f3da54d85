package metric

import (
	"errors"
	"testing"
)

// TestPairs pairs two parts by hand: the interval of groups that differ all alike is a point, and
// others have one around the difference.
func TestPairs(t *testing.T) {
	var p Pairs
	candidate, baseline := [][]int{{0, 0, 4, 4}, {0, 1, 2, 1}, {1, 1, 6, 3}}, [][]int{{0, 0, 4, 2}, {0, 1, 2, 0}, {1, 1, 6, 3}}
	for range 2 {
		if err := p.Add(candidate, baseline, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	e := p.Examples()
	if e.Count != 24 || e.Groups != 4 || e.Candidate != 16 || e.Baseline != 10 || e.Difference != 0.25 || e.Interval != (Interval{0, 0.5}) || p.Clips() != nil {
		t.Errorf("%+v", e)
	}
	for name, other := range map[string][][]int{
		"examples": {{0, 0, 4, 2}, {0, 1, 3, 0}, {1, 1, 6, 3}}, "class": {{0, 0, 4, 2}, {0, 2, 2, 0}, {1, 1, 6, 3}}, "fewer": {{0, 0, 4, 2}}, "none": nil,
	} {
		if err := new(Pairs).Add(candidate, other, nil, nil); !errors.Is(err, ErrPairs) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPairsOfClips wants the same clips in both, in the same groups.
func TestPairsOfClips(t *testing.T) {
	e, worse := ofClips(t), ofClips(t)
	worse.Clips.Each[5].Decided = 0
	var p Pairs
	if err := p.Add(worse.GroupCounts, e.GroupCounts, worse.Clips, e.Clips); err != nil {
		t.Fatal(err)
	}
	c := p.Clips()
	if c.Count != 6 || c.Groups != 6 || c.Candidate != c.Baseline-1 || c.Difference >= 0 || c.Interval.Low >= c.Difference || c.Interval.High != 0 {
		t.Errorf("%+v", c)
	}
	worse.Clips.Each[5].Clip = "g"
	if err := p.Add(worse.GroupCounts, e.GroupCounts, worse.Clips, e.Clips); !errors.Is(err, ErrPairs) {
		t.Errorf("another clip: %v", err)
	}
	if err := p.Add(worse.GroupCounts, e.GroupCounts, nil, e.Clips); !errors.Is(err, ErrPairs) {
		t.Errorf("no clips: %v", err)
	}
}

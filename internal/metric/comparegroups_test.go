package metric

import (
	"math"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rng"
)

// comparison is of groups, each of ten examples.
func comparison(groups ...[2]int) *Comparison {
	c := &Comparison{}
	for _, g := range groups {
		c.Groups = append(c.Groups, []int{10, g[0], g[1]})
		c.OnlyCandidate, c.OnlyBaseline = c.OnlyCandidate+g[0], c.OnlyBaseline+g[1]
		c.BothRight += 10 - g[0] - g[1]
	}
	return c
}

func TestCompareByGroups(t *testing.T) {
	// One clip that the baseline has right as a whole is one outcome, and not ten.
	c := comparison([2]int{0, 10}, [2]int{0, 0}, [2]int{1, 1})
	if p := c.PValueWorse(); p != 0.5 {
		t.Errorf("p is %v, want 0.5", p)
	}
	c.Groups = nil
	if p := c.PValueWorse(); p > 0.01 {
		t.Errorf("as if examples were independent, p is %v, want less than 0.01", p)
	}
	// Six groups, all worse: one outcome in 64.
	worse := comparison([2]int{0, 1}, [2]int{0, 2}, [2]int{0, 3}, [2]int{1, 5}, [2]int{2, 7}, [2]int{0, 1})
	if p := worse.PValueWorse(); p != 1.0/64 {
		t.Errorf("p is %v, want 1/64", p)
	}
	if p := comparison([2]int{3, 3}).PValueWorse(); p != 1 {
		t.Errorf("without a difference p is %v, want 1", p)
	}
	if in := worse.DifferenceInterval(); in.High >= 0 || in.Low < -0.5 || worse.IntervalWords() != "95 % interval by 6 groups" {
		t.Errorf("interval %v, %s", in, worse.IntervalWords())
	}
	if in := comparison([2]int{0, 3}).DifferenceInterval(); in != (Interval{-1, 1}) {
		t.Errorf("of one group the interval is %v", in)
	}
}

// TestGroupsOfOne are McNemar's test.
func TestGroupsOfOne(t *testing.T) {
	for _, counts := range [][2]int{{4, 9}, {0, 5}, {7, 7}, {20, 3}} {
		c := Comparison{BothWrong: 3, OnlyCandidate: counts[0], OnlyBaseline: counts[1]}
		want := c.PValueWorse()
		for i := range c.Examples() {
			g := []int{1, 0, 0}
			switch {
			case i < counts[0]:
				g[1] = 1
			case i < counts[0]+counts[1]:
				g[2] = 1
			}
			c.Groups = append(c.Groups, g)
		}
		if err := c.CheckGroups(); err != nil {
			t.Fatal(err)
		}
		if got := c.PValueWorse(); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: p is %v, want %v", counts, got, want)
		}
	}
}

// TestDrawsAgree compares the test by draws with the exact one.
func TestDrawsAgree(t *testing.T) {
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	for range 5 {
		var groups [][2]int
		var differences []int
		found := 0
		for range 40 {
			g := [2]int{s.IntN(5), s.IntN(6)}
			groups = append(groups, g)
			if d := g[0] - g[1]; d != 0 {
				differences, found = append(differences, max(d, -d)), found+d
			}
		}
		exact, drawn := comparison(groups...).PValueWorse(), worseByDraws(differences, found)
		if math.Abs(exact-drawn) > 0.04 {
			t.Errorf("exact %v, by draws %v", exact, drawn)
		}
	}
}

func TestGroupsOfComparisonsRefused(t *testing.T) {
	for name, groups := range map[string][][]int{
		"two numbers": {{10, 1}}, "more right than examples": {{10, 6, 5}}, "others": {{10, 1, 1}, {10, 0, 2}}, "none": {{0, 0, 0}}, "empty": {},
	} {
		c := comparison([2]int{1, 2}, [2]int{0, 0})
		c.Groups = groups
		if err := c.CheckGroups(); err == nil || !strings.HasPrefix(err.Error(), "groups") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

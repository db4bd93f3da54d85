package digits

import "testing"

func TestFormsAreWellFormed(t *testing.T) {
	for digit, family := range forms {
		for number, f := range family {
			if f.weight < 1 || len(f.poses) < 2 {
				t.Errorf("digit %d, form %d: weight %d and %d poses, want at least 1 and 2", digit, number, f.weight, len(f.poses))
			}
			for i, p := range f.poses {
				if problem := check(p, f.poses[0]); problem != "" {
					t.Errorf("digit %d, form %d, pose %d: %s", digit, number, i, problem)
				}
			}
		}
	}
}

// check says what is wrong with a pose of a form whose first pose is given.
func check(p, first pose) string {
	if len(p) != len(first) {
		return "has another number of strokes than the first pose"
	}
	for i, s := range p {
		if len(s) < 2 || len(s) != len(first[i]) {
			return "has a stroke with another number of points than the first pose, or under two"
		}
		for j, q := range s {
			if q.x < -10 || q.x > 115 || q.y < -10 || q.y > 110 {
				return "has a point far outside the unit square"
			}
			if j > 1 && q == s[j-1] && q == s[j-2] {
				return "has three equal points in a row"
			}
		}
	}
	return ""
}

func TestCornersStayCorners(t *testing.T) {
	for index := range 50 {
		h := testHand(index)
		s := stroke{{0, 0}, {one, 0}, {one, 0}, {one, one}}
		s.jitter(one/20, h)
		if s[1] != s[2] {
			t.Fatalf("the points of a corner were torn apart: %v", s)
		}
	}
}

func TestFormsAreChosenByWeight(t *testing.T) {
	family := []form{{weight: 1}, {weight: 3}}
	counts := map[int]int{}
	for index := range 4000 {
		counts[choose(family, testHand(index)).weight]++
	}
	if counts[1] < 900 || counts[1] > 1100 {
		t.Errorf("a form with a quarter of the weight was chosen %d times of 4000", counts[1])
	}
}

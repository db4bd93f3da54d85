package digits

import "testing"

func TestPathIsEvenAndMeetsItsPoints(t *testing.T) {
	s := stroke{{0, 0}, {one, 0}, {one, 0}, {one, one / 2}, {one / 2, one}}
	dots := s.follow(nil)
	for _, p := range s {
		if least := nearestDot(dots, p); least > 2 {
			t.Errorf("the path misses (%d, %d) by %d", p.x, p.y, least)
		}
	}
	for i := 1; i < len(dots); i++ {
		if d := distance(dots[i-1].point, dots[i].point); d > step*3/2 {
			t.Errorf("dots %d and %d are %d apart, want about %d", i-1, i, d, step)
		}
	}
}

func nearestDot(dots []dot, p point) int64 {
	least := int64(one)
	for _, d := range dots {
		least = min(least, distance(d.point, p))
	}
	return least
}

// At a corner the pen turns at once: a path along two sides of a square leaves
// neither side.
func TestCornerIsSharp(t *testing.T) {
	for _, d := range (stroke{{0, 0}, {one, 0}, {one, 0}, {one, one}}).follow(nil) {
		if d.y != 0 && d.x != one {
			t.Errorf("dot at (%d, %d) cuts the corner", d.x, d.y)
		}
	}
}

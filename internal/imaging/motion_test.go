package imaging

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRuleMotionFindsTheDot moves an image with one bright block and looks for the
// middle of its light where the motion says.
func TestRuleMotionFindsTheDot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := New(rapid.IntRange(8, 60).Draw(t, "w"), rapid.IntRange(8, 60).Draw(t, "h"), 1)
		rule := ruleOf(rapid.IntRange(8, 60).Draw(t, "W"), rapid.IntRange(8, 60).Draw(t, "H"), 1, rapid.SampledFrom(Modes()).Draw(t, "mode"))
		// A block at least as large as a pixel of the result, so that none is missed.
		side := 1 + max(src.Width/rule.Width, src.Height/rule.Height)
		x, y := rapid.IntRange(0, src.Width-side).Draw(t, "x"), rapid.IntRange(0, src.Height-side).Draw(t, "y")
		for row := y; row < y+side; row++ {
			for column := x; column < x+side; column++ {
				src.Row(row)[column] = 255
			}
		}
		got, err := rule.Apply(src)
		if err != nil {
			t.Fatal(err)
		}
		want := Point{256*x + 128*side, 256*y + 128*side}
		if m := rule.Motion(src.Width, src.Height); m != nil {
			want = m.Move(want)
		} else if src.Width != rule.Width || src.Height != rule.Height {
			t.Fatal("no motion although the size differs")
		}
		margin := 256 * 2 * max(1, (rule.Width+src.Width-1)/src.Width, (rule.Height+src.Height-1)/src.Height)
		if want.X < margin || want.Y < margin || want.X > 256*rule.Width-margin || want.Y > 256*rule.Height-margin {
			return // its light is cut off, or bent by the edge
		}
		if at, found := brightest(got); !found || abs(at.X-want.X) > 256 || abs(at.Y-want.Y) > 256 {
			t.Fatalf("%dx%d by %v: the dot is at %v, want %v", src.Width, src.Height, rule, at, want)
		}
	})
}

// brightest is the middle of an image's light.
func brightest(m Image) (Point, bool) {
	var sum, x, y int
	for i, v := range m.Pix {
		sum += int(v)
		x += int(v) * (256*(i%m.Width) + 128)
		y += int(v) * (256*(i/m.Width) + 128)
	}
	if sum == 0 {
		return Point{}, false
	}
	return Point{x / sum, y / sum}, true
}

func TestRuleMotionByHand(t *testing.T) {
	tests := []struct {
		rule          Rule
		width, height int
		p, want       Point
	}{
		{ruleOf(20, 5, 1, Stretch), 10, 10, Point{256, 512}, Point{512, 256}},
		{ruleOf(20, 20, 1, Letterbox), 10, 5, Point{0, 0}, Point{0, 5 * 256}},
		{ruleOf(20, 20, 1, Letterbox), 10, 5, Point{2560, 1280}, Point{20 * 256, 15 * 256}},
		{ruleOf(5, 5, 1, Crop), 20, 10, Point{5 * 256, 0}, Point{0, 0}},
		{ruleOf(5, 5, 1, Crop), 20, 10, Point{0, 256}, Point{-640, 128}},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Crop, CropFraction: 8750}, 28, 56, Point{14 * 256, 28 * 256}, Point{14 * 256, 14 * 256}},
		{Rule{Width: 28, Height: 28, Channels: 1, Mode: Crop, CropFraction: 8750}, 28, 28, Point{0, 0}, Point{-512, -512}},
		{ruleOf(3, 3, 1, Stretch), 9, 9, Point{-1, -2}, Point{0, -1}},
	}
	for _, test := range tests {
		if got := test.rule.Motion(test.width, test.height).Move(test.p); got != test.want {
			t.Errorf("%v of %dx%d: %v goes to %v, want %v", test.rule, test.width, test.height, test.p, got, test.want)
		}
	}
	if m := ruleOf(9, 8, 1, Crop).Motion(9, 8); m != nil {
		t.Errorf("an image of the right size is moved by %v", m)
	}
}

func TestRoundedQuotient(t *testing.T) {
	for _, test := range [][3]int{{3, 2, 2}, {-3, 2, -1}, {-1, 2, 0}, {1, 3, 0}, {-4, 3, -1}, {5, 3, 2}, {-5, 3, -2}, {0, 7, 0}} {
		if got := RoundedQuotient(test[0], test[1]); got != test[2] {
			t.Errorf("%d/%d is %d, want %d", test[0], test[1], got, test[2])
		}
	}
}

// byPixels moves by whole pixels.
type byPixels struct{ x, y int }

func (m byPixels) Move(p Point) Point { return Point{p.X + 256*m.x, p.Y + 256*m.y} }

func TestCompose(t *testing.T) {
	double := ruleOf(8, 8, 1, Stretch).Motion(4, 4)
	if Compose() != nil || Compose(nil, nil) != nil || Compose(nil, double) != double {
		t.Error("nothing composed is something")
	}
	m := Compose(byPixels{1, 0}, nil, Compose(double, byPixels{0, 2}))
	if got, want := m.Move(Point{0, 256}), (Point{512, 1024}); got != want {
		t.Errorf("moved to %v, want %v", got, want)
	}
}

func TestBoxMoved(t *testing.T) {
	tests := []struct {
		box    Box
		m      Motion
		want   Box
		inside bool
	}{
		{Box{256, 256, 512, 256}, byPixels{1, 2}, Box{512, 768, 512, 256}, true},
		{Box{256, 256, 512, 256}, byPixels{-2, 0}, Box{0, 256, 256, 256}, true},
		{Box{256, 256, 512, 256}, byPixels{8, 8}, Box{9 * 256, 9 * 256, 256, 256}, true},
		{Box{256, 256, 512, 256}, byPixels{-3, 0}, Box{}, false},
		{Box{256, 256, 512, 256}, byPixels{0, 10}, Box{}, false},
	}
	for _, test := range tests {
		got, inside := test.box.Moved(test.m, 10, 10)
		if inside != test.inside || inside && got != test.want {
			t.Errorf("%v by %v is %v, %v, want %v", test.box, test.m, got, inside, test.want)
		}
	}
}

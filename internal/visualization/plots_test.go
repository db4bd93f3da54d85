package visualization

import (
	"errors"
	"strings"
	"testing"
)

// TestPlots draws the figures that are no modules and looks for what they must show.
func TestPlots(t *testing.T) {
	labels := Labels{Name: "a-plot", Title: "Title & more", Alt: "in words, what the figure shows of the data"}
	for name, c := range map[string]result{
		"bars":      drawn(DrawBars(labels, []Bar{{"cat", 12000}, {"a <b>", 0}})).with(">12,000<", ">a &lt;b&gt;<"),
		"histogram": drawn(DrawHistogram(Histogram{Labels: labels, Axis: "level", High: 256, Counts: []int{1, 0, 3, 7}})).with(">level<", "<title>128 to 192: 3</title>"),
		"axes":      drawn(DrawMap(DensityMap{Labels: labels, Columns: 1, Counts: []int{3}, AxisX: "width", AxisY: "height", EdgesX: []string{"1", "2"}, EdgesY: []string{"", "4"}})).with(">width<", ">height<", ">2<", ">4<"),
		"boxes":     drawn(DrawHistogram(Histogram{Labels: labels, Of: "boxes", High: 1, Counts: []int{1}})).with(">boxes<"),
		"map":       drawn(DrawMap(DensityMap{Labels: labels, Columns: 2, Counts: []int{0, 1, 5, 2}})).with("<title>5</title>", `fill-opacity="0.28"`),
		"pictures":  drawn(DrawPictures(labels, 3, pictures(4))).with("<desc>in words, what the figure shows of the data</desc>", ">truth: 3<"),
	} {
		if c.err != nil {
			t.Fatalf("%s: %v", name, c.err)
		}
		checkFigure(t, c.f)
		for _, want := range c.want {
			if !strings.Contains(string(c.f.SVG), want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

// result is what drawing gives, and what the figure must have.
type result struct {
	f    Figure
	err  error
	want []string
}

func drawn(f Figure, err error) result { return result{f: f, err: err} }

func (r result) with(want ...string) result {
	r.want = want
	return r
}

// TestNothingToPlot wants no figure of nothing.
func TestNothingToPlot(t *testing.T) {
	for name, r := range map[string]result{
		"bars":      drawn(DrawBars(Labels{}, nil)),
		"histogram": drawn(DrawHistogram(Histogram{High: 1, Counts: []int{0, 0}})),
		"no width":  drawn(DrawHistogram(Histogram{Counts: []int{1}})),
		"map":       drawn(DrawMap(DensityMap{Columns: 2, Counts: []int{0}})),
		"pictures":  drawn(DrawPictures(Labels{}, 3, nil)),
	} {
		if !errors.Is(r.err, ErrNothingToDraw) {
			t.Errorf("%s: the error is %v", name, r.err)
		}
	}
}

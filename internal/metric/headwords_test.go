package metric

import (
	"strings"
	"testing"
)

// TestMoreImages: what the last step of a curve gained is held against the standard error.
func TestMoreImages(t *testing.T) {
	for _, c := range []struct {
		before, last float64
		examples     int
		want         string
	}{
		{0.80, 0.87, 341, "more images like these would probably help."},
		{0.86, 0.87, 341, "would probably help little."}, // one standard error is 1.82 points
		{0.86, 0.87, 5000, "more images like these would probably help."},
		{0.84, 0.87, 341, "more images like these may help."},
		{0.90, 0.80, 341, "look at the labels"},
		{0.80, 0.87, 0, ""},
		{0.86, 0.83, 30, "has too few images to tell"}, // 6.86 points
		{1, 1, 24, "has too few images to tell"},
		{0.9836, 0.9508, 61, "has too few images to tell"},
		{0.87, 0.845, 341, "would probably not help."},
	} {
		h := &HeadNote{Curve: []HeadPoint{{Images: 1300, HeadSolution: HeadSolution{ValidationAccuracy: c.before}}, {Images: 2600, HeadSolution: HeadSolution{ValidationAccuracy: c.last}}}}
		if got := h.MoreImages(c.examples); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("from %v to %v on %d: %q, want %q", c.before, c.last, c.examples, got, c.want)
		}
	}
	same := []HeadPoint{{Images: 200}, {Images: 200, HeadSolution: HeadSolution{ValidationAccuracy: 0.5}}}
	if got := (&HeadNote{Curve: same}).MoreImages(100); got != "" {
		t.Errorf("%q of two points of the same images, want nothing", got)
	}
	if got := (&HeadNote{Curve: make([]HeadPoint, 1)}).MoreImages(100); got != "" {
		t.Errorf("%q of one point, want nothing", got)
	}
}

// TestBestOfPhase: the first of equal epochs, and none of a phase that is not there.
func TestBestOfPhase(t *testing.T) {
	all := []Epoch{
		{Epoch: 1, Phase: PhaseHead, ValidationAccuracy: 0.9}, {Epoch: 2, Phase: PhaseFinetune, ValidationAccuracy: 0.8, ValidationLoss: 0.1},
		{Epoch: 3, Phase: PhaseFinetune, ValidationAccuracy: 0.85, ValidationLoss: 0.2}, {Epoch: 4, Phase: PhaseFinetune, ValidationAccuracy: 0.85, ValidationLoss: 0.3},
	}
	if got := BestOfPhase(all, PhaseFinetune, false); got.Epoch != 3 {
		t.Errorf("epoch %d, want 3", got.Epoch)
	}
	if got := BestOfPhase(all, PhaseFinetune, true); got.Epoch != 2 {
		t.Errorf("epoch %d for the loss, want 2", got.Epoch)
	}
	if BestOfPhase(all[:1], PhaseFinetune, true) != nil {
		t.Error("an epoch of a phase that is not there")
	}
}

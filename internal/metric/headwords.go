package metric

import (
	"fmt"
	"math"
)

// HeadOf is the note of the epoch in which a solver found the last layer; nil where none did.
func HeadOf(history []Epoch) *HeadNote {
	for i := range history {
		if history[i].Head != nil {
			return history[i].Head
		}
	}
	return nil
}

// PhaseWords says in words what learns in a phase.
func PhaseWords(phase string) string {
	switch phase {
	case PhaseHead:
		return "last layer"
	case PhaseFinetune:
		return "all layers"
	}
	return "one phase"
}

// BestOfPhase is the epoch of a phase with the lowest loss on the validation part, or with the
// highest accuracy; the first of equal ones. It is nil where the phase has no epoch.
func BestOfPhase(history []Epoch, phase string, byLoss bool) *Epoch {
	var best *Epoch
	for i := range history {
		switch e := &history[i]; {
		case e.Phase != phase:
		case best == nil, byLoss && e.ValidationLoss < best.ValidationLoss, !byLoss && e.ValidationAccuracy > best.ValidationAccuracy:
			best = e
		}
	}
	return best
}

// tellingError is the largest standard error that leaves something to be said of a step that is not
// larger: what twice as many images usually gain is 2 or 3 points.
const tellingError = 0.03

// Compares says that the learning curve has two points at least, and that the last two are not of
// the same images, as where each class has one.
func (h *HeadNote) Compares() bool {
	n := len(h.Curve)
	return n > 1 && h.Curve[n-2].Images != h.Curve[n-1].Images
}

// MoreImages says in a sentence whether more training images would help: by what the last step of
// the learning curve gained on the validation part, beside the standard error of an accuracy on
// its examples, sqrt(p(1-p)/examples). There p counts one success and one failure more than there
// were (Laplace), since all of a few examples right say little. A loss has to be two standard errors
// large, because it blames the labels. It is empty of a curve that compares nothing.
func (h *HeadNote) MoreImages(examples int) string {
	n := len(h.Curve)
	if !h.Compares() || examples < 1 {
		return ""
	}
	before, last := h.Curve[n-2], h.Curve[n-1]
	gain := last.ValidationAccuracy - before.ValidationAccuracy
	p := (float64(last.ValidationAccuracy*float64(examples)) + 1) / float64(examples+2)
	uncertain := math.Sqrt(p * (1 - p) / float64(examples))
	what := fmt.Sprintf("From %s to %s training images the accuracy on the validation part went from %s to %s %%", Count(before.Images), Count(last.Images), Percent(before.ValidationAccuracy), Percent(last.ValidationAccuracy))
	switch {
	case gain > 2*uncertain:
		return fmt.Sprintf("%s, by more than two standard errors (of %s points): more images like these would probably help.", what, Percent(uncertain))
	case gain > uncertain:
		return fmt.Sprintf("%s, by more than one standard error (%s points): more images like these may help.", what, Percent(uncertain))
	case gain < -2*uncertain:
		return fmt.Sprintf("%s, down by more than two standard errors (of %s points): look at the labels of the images before you collect more.", what, Percent(uncertain))
	case uncertain > tellingError:
		return fmt.Sprintf("%s, beside a standard error of %s points: the validation part has too few images to tell whether more would help.", what, Percent(uncertain))
	case gain < -uncertain:
		return fmt.Sprintf("%s, down by one to two standard errors (of %s points): more images like these would probably not help.", what, Percent(uncertain))
	}
	return fmt.Sprintf("%s, by no more than one standard error (%s points): more images like these would probably help little.", what, Percent(uncertain))
}

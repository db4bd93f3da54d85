package rundata

import (
	"reflect"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// formsOf are the forms in which RAM mode keeps images: that of everything but training, and,
// where they differ, that of training. In parts says that training takes random parts of images;
// what it sees through a sensor it sees in the size that images have.
func formsOf(s *settings.Settings, rule, testRule imaging.Rule, inParts bool) []dataset.Form {
	forms := []dataset.Form{{Rule: testRule}}
	if s.SensorTrains() {
		return append(forms, dataset.Form{Native: true})
	}
	if inParts {
		return append(forms, dataset.Form{Rule: rule, Reduced: s.ReducedSide(rule)})
	}
	if !reflect.DeepEqual(rule, testRule) {
		forms = append(forms, dataset.Form{Rule: rule})
	}
	return forms
}

// foreseen is what images will be used for, as far as it does not depend on the others.
func foreseen(s *settings.Settings) *dataset.Foreseen {
	rule := func(img imaging.Image) imaging.Rule { return s.InputRule(img, nil) }
	f := &dataset.Foreseen{}
	if s.Mode() == dataset.ModeRAM {
		f.Memory = memoryFor(s)
		f.Forms = func(img imaging.Image) []dataset.Form {
			of := rule(img)
			return formsOf(s, of, s.TestRule(of), s.TakesParts())
		}
	}
	if f.Forms == nil || s.TakesParts() && s.TestImageSize != "" { // else a form is kept that is measured
		f.Measured = rule
	}
	return f
}

package sensorfit

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
)

// Training says how far training data are from what was measured.
type Training struct {
	Of          string       `json:"of"` // what the figures are over: "clips" or "images"
	Count       int          `json:"count"`
	Differences []Difference `json:"differences"`
	// Note says why level, contrast and detail cannot be compared, where they cannot.
	Note string `json:"note,omitempty"`
}

// Difference compares a figure.
type Difference struct {
	What string `json:"what"`
	// Here is the camera's figure, nil where it was not measured; Low and High are those between
	// which nine tenths of the training data lie, Median that in the middle. Nil: they have none.
	Here   *float64 `json:"here"`
	Low    *float64 `json:"low"`
	Median *float64 `json:"median"`
	High   *float64 `json:"high"`
	// Outside says that Here is not between Low and High.
	Outside bool   `json:"outside"`
	Text    string `json:"text"`
}

const (
	maxImages = 300 // of data that are looked at
	maxBlur   = 24  // clips whose blur is measured, by their first frame
)

// looks are figures of training data, one for each clip or image.
type looks struct {
	level, contrast, sharpness, blur, target []float64
}

// Compare looks at the examples of data at indexes, those of the training part, and compares
// them with what was measured. It reads no pixels of others.
func (r *Result) Compare(ctx context.Context, d dataset.Dataset, indexes []int) error {
	found := dataset.ClipsOf(d, indexes)
	t := &Training{Of: "clips", Count: len(found)}
	var of looks
	here, note, err := r.looksHere(ctx, found)
	if err != nil {
		return err
	}
	t.Note = note
	if len(found) > 0 {
		err = of.clips(ctx, found)
	} else {
		t.Of = "images"
		t.Count, err = of.images(ctx, d, indexes)
	}
	if err != nil {
		return err
	}
	s := &r.Summary
	t.Differences = []Difference{
		t.compare("level", here.level, of.level, "darker", "brighter"),
		t.compare("contrast", here.contrast, of.contrast, "flatter", "richer in contrast"),
		t.compare("blur", s.Blur, of.blur, "sharper", "more blurred"),
		t.compare("detail", here.sharpness, of.sharpness, "poorer in detail and noise", "richer in detail or noise"),
		t.compare("target", s.Target, of.target, "smaller", "larger"),
	}
	r.Training = t
	return nil
}

// clips takes the figures that were measured when the clips were opened, and the blur of the
// first frame of some.
func (l *looks) clips(ctx context.Context, list []*dataset.Clip) error {
	const fine = 256 // of the figures
	for _, c := range list {
		m := &c.Measures
		if m.Frames > 0 {
			n := float64(m.Frames) * fine
			l.level, l.contrast, l.sharpness = append(l.level, float64(m.Level)/n), append(l.contrast, float64(m.Contrast)/n), append(l.sharpness, float64(m.Sharpness)/n)
		}
		var sides []int
		for _, t := range m.Targets {
			sides = append(sides, max(t.Box.W, t.Box.H))
		}
		if len(sides) > 0 {
			l.target = append(l.target, middle(sides))
		}
	}
	for i := range min(maxBlur, len(list)) {
		for frame, err := range list[i*len(list)/min(maxBlur, len(list))].Decode(ctx) {
			if err != nil {
				return err
			}
			l.addBlur(measure.BlurOf(frame.Image))
			break
		}
	}
	return nil
}

// images looks at images, evenly taken from all.
func (l *looks) images(ctx context.Context, d dataset.Dataset, indexes []int) (int, error) {
	count := min(maxImages, len(indexes))
	for i := range count {
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		img, err := d.Image(indexes[i*len(indexes)/count])
		if err != nil {
			return 0, err
		}
		look := measure.LookOf(img.Picture())
		l.level, l.contrast, l.sharpness = append(l.level, look.Level), append(l.contrast, look.Contrast), append(l.sharpness, look.Sharpness)
		l.addBlur(measure.BlurOf(img.Picture()))
	}
	return count, nil
}

func (l *looks) addBlur(f *measure.Figure) {
	if f != nil {
		l.blur = append(l.blur, f.Value)
	}
}

// compare compares one figure, and says so in a sentence.
func (t *Training) compare(what string, here *Spread, training []float64, less, more string) Difference {
	d := Difference{What: what}
	if here != nil {
		d.Here = &here.Value
	}
	if len(training) > 0 {
		slices.Sort(training)
		n := len(training) - 1
		d.Low, d.Median, d.High = &training[n*5/100], &training[n/2], &training[n*95/100]
	}
	unit := map[string]string{"level": " of 255", "contrast": " levels", "blur": " px", "detail": " levels", "target": " px"}[what]
	switch {
	case here == nil && len(training) == 0:
		d.Text = fmt.Sprintf("%s: measured neither here nor in the training data.", what)
	case here == nil:
		d.Text = fmt.Sprintf("%s: not measured here; the training %s have %.3g%s in the median.", what, t.Of, *d.Median, unit)
	case len(training) == 0:
		d.Text = fmt.Sprintf("%s: %.3g%s here; the training %s have no such figure.", what, *d.Here, unit, t.Of)
	default:
		d.judge(what, unit, t.Of, less, more)
	}
	return d
}

func (d *Difference) judge(what, unit, of, less, more string) {
	verdict := "within what was trained on"
	switch {
	case *d.Here < *d.Low:
		d.Outside, verdict = true, "the camera is "+less+" than what was trained on"
	case *d.Here > *d.High:
		d.Outside, verdict = true, "the camera is "+more+" than what was trained on"
	}
	if d.Outside && what == "target" {
		verdict = "targets are " + map[bool]string{true: less, false: more}[*d.Here < *d.Low] + " than what was trained on"
	}
	d.Text = fmt.Sprintf("%s: %.3g%s here, %.3g in the median of the training %s, nine tenths of which lie between %.3g and %.3g: %s.", what, *d.Here, unit, *d.Median, of, *d.Low, *d.High, verdict)
	if more := float64(*d.Here**d.Here) - float64(*d.Median**d.Median); what == "blur" && more > 0 {
		d.Text += fmt.Sprintf(" Blurs add up by their squares: a psf_sigma_px of %.2g brings the median of the training %s to the camera's.", math.Sqrt(more), of)
	}
}

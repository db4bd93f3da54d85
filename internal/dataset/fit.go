package dataset

import (
	"context"
	"fmt"
	"math"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// forgetful is a dataset that can give up what it keeps of an image, to decode it
// again when it is asked for.
type forgetful interface {
	forget(i int)
	remember(i int, img imaging.Image) // keeps an image that is not kept, once
	complete() bool                    // every image that takes work to load is kept, or there is room for it
	held() bool                        // every one is kept: none was looked up in an index
}

// Form is a form in which images are used and can be kept.
type Form struct {
	Rule imaging.Rule
	// Reduced is to what the shorter side is brought for the first stage of an augmentation,
	// in pixels; 0: images are as the rule makes them.
	Reduced int
	Native  bool  // images are as they are, and Rule has no meaning
	Of      []int // indexes of the examples that are used so; nil: all
}

// make brings an image to the form. What it has made it gives back as it is.
func (f Form) make(img imaging.Image) (imaging.Image, error) {
	if f.Native {
		return img, nil
	}
	if f.Reduced > 0 {
		return f.Rule.Reduce(img, f.Reduced)
	}
	return f.Rule.Apply(img)
}

// serves says whether the other form makes the same of an image of the given shape, and of what
// f has made of that image.
func (f Form) serves(other Form, s shape) bool {
	switch {
	case f.Native != other.Native || !leadsTo(f.Rule, other.Rule):
		return false
	case f.Reduced == other.Reduced:
		return true
	}
	return !f.Native && other.Reduced == 0 && other.Rule.ReduceServes(int(s.width), int(s.height), f.Reduced)
}

// bytes is the memory that an image of the given shape takes in the form.
func (f Form) bytes(s shape) int64 {
	if f.Native {
		return s.bytes()
	}
	if f.Reduced == 0 {
		return int64(f.Rule.Width * f.Rule.Height * f.Rule.Channels)
	}
	width, height := imaging.Reduced(int(s.width), int(s.height), f.Reduced)
	return int64(width) * int64(height) * int64(min(int(s.channels), f.Rule.Channels))
}

// MemoryError says that images take more memory than there may be.
type MemoryError struct{ Need, Budget int64 } // bytes

// Error implements error.
func (e *MemoryError) Error() string {
	const unit = 1e6
	return fmt.Sprintf("the images take %.1f MB of memory, where %.1f MB are set aside for them", float64(e.Need)/unit, float64(e.Budget)/unit)
}

// Fit returns d once for each form, with its images in memory in that form, and lets d give
// up those that it keeps itself: photographs in full size take much more than what a
// network sees of them. Where a form would save nothing, and d keeps all its images, d
// itself is returned for it. A form changes nothing of what it has made, so that either
// serves with it, with the same bits; the digest is that of d. Images that would take more
// than budget bytes are a [MemoryError], before the first of them is decoded.
func Fit(ctx context.Context, d Dataset, budget int64, forms ...Form) ([]Dataset, error) {
	f, err := planFit(d, budget, forms)
	if err != nil {
		return nil, err
	}
	if f.keeps() || f.asIs && f.original != nil && !f.original.held() {
		return f.fitted, f.fill(ctx)
	}
	return f.fitted, nil
}

// FitBytes is the memory that a [Fit] would take. It decodes nothing.
func FitBytes(d Dataset, forms ...Form) (int64, error) {
	f, err := planFit(d, math.MaxInt64, forms)
	if err != nil {
		return 0, err
	}
	return f.need, nil
}

// Release gives up the images that d keeps itself. Each is decoded when it is used again. It
// must not be called beside anything that uses d.
func Release(d Dataset) {
	if f, keeps := d.(forgetful); keeps {
		for i := range d.Len() {
			f.forget(i)
		}
	}
}

func planFit(d Dataset, budget int64, forms []Form) (*fitting, error) {
	f := &fitting{detailed: detail(d), given: d, budget: budget}
	f.original, _ = d.(forgetful)
	f.fitted = make([]Dataset, len(forms))
	for _, reduced := range []bool{true, false} { // those first that may serve others
		for at, form := range forms {
			if (form.Reduced > 0) != reduced {
				continue
			}
			var err error
			if f.fitted[at], err = f.plan(form); err != nil {
				return nil, err
			}
		}
	}
	if f.need > budget {
		return nil, &MemoryError{f.need, budget}
	}
	return f, nil
}

// fitting is what Fit does.
type fitting struct {
	detailed
	given    Dataset
	original forgetful // the same; nil where it is not
	budget   int64     // bytes
	need     int64
	fitted   []Dataset
	kept     []fittedForm
	asIs     bool // the dataset serves for some form
}

// fittedForm is a form whose images are kept.
type fittedForm struct {
	Form
	keeper *keeper
	member []bool    // whether each example is used so; nil: all are
	server []*keeper // of each example, keeps it in a form that serves; nil: its own keeper does
}

// uses says whether image i is used in the form, and has whether it is kept in it.
func (f *fittedForm) uses(i int) bool { return f.member == nil || f.member[i] }
func (f *fittedForm) has(i int) bool  { return f.uses(i) && f.server[i] == nil }

// plan decides whether a form needs memory of its own, and how much, and returns the dataset in
// it. Images that another form serves take none: they are made of those of that form.
func (f *fitting) plan(form Form) (Dataset, error) {
	own := fittedForm{Form: form, server: make([]*keeper, f.Len())}
	if form.Of != nil {
		own.member = make([]bool, f.Len())
		for _, i := range form.Of {
			own.member[i] = true
		}
	}
	var have, want int64
	for i := range f.Len() {
		if !own.uses(i) {
			continue
		}
		s, err := f.shape(i)
		if err != nil {
			return nil, err
		}
		have += s.bytes()
		if own.server[i] = f.server(form, i, s); own.server[i] == nil {
			want += form.bytes(s)
		}
	}
	if have <= want && (f.original == nil || f.original.complete()) {
		if !f.asIs {
			f.asIs, f.need = true, f.need+have
		}
		return f.given, nil
	}
	f.need += want
	own.keeper = newKeeper(f.Len(), f.budget, func(i int, buffer []uint8) (imaging.Image, error) {
		if server := own.server[i]; server != nil && server.images[i] != nil {
			img, err := form.make(*server.images[i])
			return img, ofExample(f, i, err)
		}
		img, err := f.imageIn(i, buffer)
		defer img.Release()
		if err == nil {
			img, err = form.make(img)
		}
		return img, ofExample(f, i, err)
	})
	f.kept = append(f.kept, own)
	return ram{f.detailed, own.keeper}, nil
}

// server keeps image i, of shape s, in a form that serves the given one; nil: none does.
func (f *fitting) server(form Form, i int, s shape) *keeper {
	for _, kept := range f.kept {
		if kept.has(i) && kept.serves(form, s) {
			return kept.keeper
		}
	}
	return nil
}

func (f *fitting) keeps() bool { return len(f.kept) > 0 }

// fill makes and keeps the images in all forms, each decoded once.
func (f *fitting) fill(ctx context.Context) error {
	progress := newProgress("images brought to the size of the input", f.Len())
	return eachImage(ctx, f.Len(), func(i int) error {
		defer progress.step(ctx)
		return ofExample(f, i, f.fillOne(i))
	})
}

func (f *fitting) fillOne(i int) error {
	source, whole, err := f.sources(i)
	if err != nil {
		return err
	}
	defer whole.Release()
	for at, form := range f.kept {
		if !form.has(i) {
			continue
		}
		made, err := form.make(source[at])
		if err != nil {
			return err
		}
		form.keeper.keep(i, made)
	}
	switch {
	case f.original == nil:
	case f.asIs:
		f.original.remember(i, whole)
	default:
		f.original.forget(i)
	}
	return nil
}

// sources are the images that each form of image i is made from: what was made early, or the
// image itself. Whole is the image, if it is needed.
func (f *fitting) sources(i int) (of []imaging.Image, whole imaging.Image, err error) {
	of = make([]imaging.Image, len(f.kept))
	early, at := earlyOf(f.given, i)
	if early != nil && !f.asIs {
		s, err := f.shape(i)
		if err != nil {
			return nil, whole, err
		}
		found := true
		for n, form := range f.kept {
			if found && form.has(i) {
				of[n], found = early.in(form.Form, at, s)
			}
		}
		if found {
			return of, whole, nil
		}
	}
	if whole, err = f.imageIn(i, nil); err != nil {
		return nil, whole, err
	}
	early.measure(at, whole)
	for n := range of {
		of[n] = whole
	}
	return of, whole, nil
}

func (s *set) forget(i int) {
	if s.kept != nil {
		s.kept.images[i] = nil
	}
	s.made.drop(i)
}

func (s *set) remember(i int, img imaging.Image) {
	if s.kept != nil && s.kept.images[i] == nil {
		s.kept.keep(i, img)
	}
	s.made.drop(i)
}

func (s *set) held() bool { return s.kept == nil || s.kept.count() == len(s.kept.images) }

// complete does not depend on what an index knew or was kept in other forms: those images have
// the room that they would have taken when the dataset was opened.
func (s *set) complete() bool {
	if s.kept == nil {
		return true
	}
	var bytes int64
	for i := range s.Len() {
		bytes += s.shapes[min(i, len(s.shapes)-1)].bytes()
	}
	return bytes <= s.kept.budget
}

func (c *concat) held() bool {
	for _, member := range c.members {
		if m, keeps := member.(forgetful); keeps && !m.held() {
			return false
		}
	}
	return true
}

func (c *concat) remember(i int, img imaging.Image) {
	member, index := c.locate(i)
	if m, keeps := c.members[member].(forgetful); keeps {
		m.remember(index, img)
	}
}

func (c *concat) complete() bool {
	for _, member := range c.members {
		if m, keeps := member.(forgetful); keeps && !m.complete() {
			return false
		}
	}
	return true
}

func (c *concat) forget(i int) {
	member, index := c.locate(i)
	if m, keeps := c.members[member].(forgetful); keeps {
		m.forget(index)
	}
}

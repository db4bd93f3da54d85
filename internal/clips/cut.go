package clips

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Frame is a picture of a clip.
type Frame struct {
	Time  time.Duration // of the frame since the beginning of the clip
	Image imaging.Image // grey or in colour, 8 or 16 bits
	// Cut says that the frames before it are not its neighbours, as where a stream was opened
	// again. Clips of a dataset have none.
	Cut bool
}

// Decoder reads the frames of clips in their order.
type Decoder interface {
	// Frames yields all frames of a clip, or an error, which ends them and names the file; in
	// colour, or grey, where the first frame that is not is [ErrColour]. A frame's pixels are
	// not changed afterwards. What there is to say of the clip is in end behind the last frame.
	Frames(ctx context.Context, c Clip, colour bool, end *Ending) iter.Seq2[Frame, error]
	// Name is what the pixels of clips may depend on: the program and its version.
	Name() string
}

// Ending is what is known of a clip when all its frames were read.
type Ending struct {
	Digest   string // SHA-256 of the frames as they were stored
	Warnings []string
	Shown    bool // a sensor profile brought the frames to 8 bits
}

// ErrColour says that a clip that was to be read as grey has colours.
var ErrColour = errors.New("the clip has colours")

// Cutting says what examples are taken from clips.
type Cutting struct {
	Stride     int    // every so many frames, from frame Stride/2 on
	Whole      bool   // the whole frame is the example; else a square around each target
	Square     Square // unless Whole
	Offsets    []int  // frames of an example, by how much they come after the one it is about; the first and last frame of a clip are repeated
	Window     int    // frames of the background that is subtracted; 0: none is
	Background bool   // examples of background are taken too, of clips that show a target somewhere
	Refuse     bool   // labels that do not match are refused
}

// Kind is what an example shows.
type Kind string

// The kinds.
const (
	KindTarget     Kind = "target"
	KindBackground Kind = "background"
)

// Example is taken from a clip.
type Example struct {
	Kind  Kind          `json:"kind"`
	Frame int           `json:"frame"` // from 0 on
	Time  time.Duration `json:"time"`  // of the frame since the beginning of the clip, in nanoseconds
	Track int           `json:"track"` // which of several targets it shows
	Box   Box           `json:"box"`   // of the target; of background, and of a whole frame, what is cut out
	Area  Box           `json:"area"`  // that is cut out
}

// Summary is what is known of a clip after it was read.
type Summary struct {
	Frames int    `json:"frames"`
	Width  int    `json:"width"` // pixels
	Height int    `json:"height"`
	Digest string `json:"digest"` // SHA-256 of the frames as they were stored
	Colour bool   `json:"colour"` // frames have red, green and blue
	// Shown says that a sensor profile brought the frames to 8 bits.
	Shown    bool     `json:"shown,omitempty"`
	Backdrop Backdrop `json:"backdrop"` // of the frames as they are
	Warnings []string `json:"warnings"` // which name files from the folder that the clip is in
	Boxes    int      `json:"boxes"`    // in the frames that are labelled
	// Unlabelled says that no example was taken since the labels hold no box at all.
	Unlabelled bool     `json:"unlabelled"`
	Measures   Measures `json:"measures"`
}

// Cut reads a clip and calls emit for each of its examples, in the order of frames; those of
// one frame in the order of its targets, and background behind them. labels may be nil where
// whole frames are the examples: each then shows what its clip shows. emit is called anew
// from the first example on, after begin, where the number of frames turns out to be another
// one than the labels let expect, or the clip has colours.
func (c *Cutting) Cut(ctx context.Context, d Decoder, clip Clip, labels *Labels, begin func() error, emit func(Example, imaging.Image) error) (*Summary, error) {
	if labels == nil && !c.Whole {
		return nil, config.Usagef("%s has no labels: want a file such as %s.json of the form %s beside it, or the option crop=frame, with which a clip shows its class in every frame", clip.Path, clip.name(), JSONForm)
	}
	expected := len(clip.Frames)
	if labels != nil && expected == 0 {
		expected = len(labels.Entries)
		if !labels.Sparse && len(labels.Entries[0].Targets) == 0 { // the spare one, most likely
			expected--
		}
	}
	colour := false
	for {
		p := &pass{Cutting: c, clip: clip, labels: labels, emit: emit}
		if labels != nil {
			p.lies = labels.Align(expected)
		}
		if err := begin(); err != nil {
			return nil, err
		}
		err := p.run(ctx, d.Frames(ctx, clip, colour, &p.ending))
		if errors.Is(err, ErrColour) && !colour {
			colour = true
			continue
		}
		if err != nil {
			return nil, err
		}
		if labels == nil || labels.Align(p.seen).sameEntries(p.lies, p.seen) {
			return p.finish()
		}
		expected = p.seen
	}
}

// sameEntries says whether both alignments give each of so many frames the same entry.
func (a Alignment) sameEntries(b Alignment, frames int) bool {
	return a.Shift == b.Shift && min(a.Labelled, frames) == min(b.Labelled, frames)
}

// pass is one reading of a clip.
type pass struct {
	*Cutting
	clip      Clip
	labels    *Labels
	lies      Alignment
	emit      func(Example, imaging.Image) error
	ending    Ending
	backdrops backdrops
	measures  Measures
	previous  imaging.Image // the frame before, as it was
	subtract  *Background
	shape     imaging.Image // of the first frame
	summary   Summary
	recent    []imaging.Image // the last frames, levelled
	times     []time.Duration // of the same
	seen      int             // frames so far
	boxed     bool            // some frame has a target
}

func (p *pass) run(ctx context.Context, frames iter.Seq2[Frame, error]) error {
	_, ahead := Reach(p.Offsets)
	if p.Window > 0 {
		p.subtract = NewBackground(p.Window)
	}
	for frame, err := range frames {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = p.take(frame)
		}
		if err == nil {
			err = p.cutFrame(p.seen - 1 - ahead)
		}
		if err != nil {
			return err
		}
	}
	if p.seen == 0 {
		return fmt.Errorf("%s: no frame could be read: remove the clip, or replace it by one that is whole", p.clip.Path)
	}
	for at := max(0, p.seen-ahead); at < p.seen; at++ {
		if err := p.cutFrame(at); err != nil {
			return err
		}
	}
	return nil
}

// take adds the next frame.
func (p *pass) take(frame Frame) error {
	img := frame.Image
	if p.seen == 0 {
		p.shape = img
		if err := p.fit(); err != nil {
			return err
		}
	}
	if !p.shape.SameShape(img) || (p.shape.Wide != nil) != (img.Wide != nil) {
		return fmt.Errorf("%s: frame %d is %dx%dx%d, and those before it are %dx%dx%d: want frames of one size, depth and colour; cut the clip where they change",
			p.clip.Path, p.seen, img.Width, img.Height, img.Channels, p.shape.Width, p.shape.Height, p.shape.Channels)
	}
	p.backdrops.add(p.seen, img)
	p.measure(p.seen, img)
	if p.subtract != nil {
		levelled, err := p.subtract.Subtract(img)
		if err != nil {
			return err
		}
		img = levelled
	}
	p.recent, p.times = append(p.recent, img), append(p.times, frame.Time)
	p.seen++
	if keep := p.reach(); len(p.recent) > 2*keep {
		p.recent = append([]imaging.Image(nil), p.recent[len(p.recent)-keep:]...)
		p.times = append([]time.Duration(nil), p.times[len(p.times)-keep:]...)
	}
	return nil
}

// reach is how many frames are kept, so that those of an example are among them.
func (p *pass) reach() int {
	low, high := Reach(p.Offsets)
	return high - low + 1
}

// Reach is how many frames before and after the present one offsets look at: low is at most
// 0 and high at least 0.
func Reach(offsets []int) (low, high int) {
	for _, offset := range offsets {
		low, high = min(low, offset), max(high, offset)
	}
	return low, high
}

// fit brings the labels to the size of the frames.
func (p *pass) fit() error {
	if p.labels == nil {
		return nil
	}
	cut, err := p.labels.Fit(p.shape.Width, p.shape.Height)
	if cut > 0 {
		p.warn(fmt.Sprintf("%s: %d boxes reach beyond the frame of %dx%d pixels, and are cut off at its edges", p.labels.File, cut, p.shape.Width, p.shape.Height))
	}
	p.boxed = p.labels.HasBox()
	p.summary.Unlabelled = !p.Whole && !p.boxed
	return err
}

// warn adds a warning, with paths from the folder that the clip is in: a summary is kept, and
// the same clip may lie elsewhere the next time.
func (p *pass) warn(text string) {
	folder := filepath.Dir(p.clip.Path)
	if own, err := filepath.Rel(folder, p.labels.File); err == nil { // which may lie beside that folder
		text = strings.ReplaceAll(text, p.labels.File, own)
	}
	folder += string(filepath.Separator)
	p.summary.Warnings = append(p.summary.Warnings, filepath.ToSlash(strings.ReplaceAll(text, folder, "")))
}

// frame is a frame by its number, the first or last one where there is none. It is among
// those that are kept.
func (p *pass) frame(number int) (imaging.Image, time.Duration) {
	at := min(max(number, 0), p.seen-1) - (p.seen - len(p.recent))
	return p.recent[at], p.times[at]
}

// cutFrame cuts out the examples of a frame, if there is one of that number and it has any.
func (p *pass) cutFrame(at int) error {
	if at < 0 || at%p.Stride != p.Stride/2 || p.summary.Unlabelled {
		return nil
	}
	entry := Entry{}
	if p.labels != nil {
		entry = p.labels.Entry(p.lies, at)
	}
	if entry.Unknown {
		return nil
	}
	for _, e := range p.examples(at, entry) {
		var frames []imaging.Image
		for _, offset := range p.Offsets {
			img, _ := p.frame(at + offset)
			frames = append(frames, img)
		}
		_, e.Time = p.frame(at)
		e.Frame = at
		if err := p.emit(e, CutOut(frames, e.Area)); err != nil {
			return err
		}
	}
	return nil
}

// examples lists what is taken from a frame.
func (p *pass) examples(at int, entry Entry) []Example {
	if p.Whole {
		area := wholeOf(p.shape)
		switch {
		case p.labels == nil || len(entry.Targets) > 0:
			return []Example{{Kind: KindTarget, Box: area, Area: area}}
		case p.Background && p.boxed:
			return []Example{{Kind: KindBackground, Box: area, Area: area}}
		}
		return nil
	}
	var list []Example
	for _, t := range entry.Targets {
		list = append(list, Example{Kind: KindTarget, Track: t.Track, Box: t.Box, Area: p.Square.Around(t.Box)})
	}
	if p.Background {
		if area, found := p.away(at, entry); found {
			list = append(list, Example{Kind: KindBackground, Box: area, Area: area})
		}
	}
	return list
}

// tries is how many places are drawn for a square of background.
const tries = 64

// away draws a square of background in a frame: as large as that around its first target, or
// in an empty frame around the first target of the nearest frame that has one; it lies
// inside the frame and has no pixel of a target.
func (p *pass) away(at int, entry Entry) (Box, bool) {
	like, found := p.nearest(at)
	if !found {
		return Box{}, false
	}
	side := p.Square.Around(like).W
	if side > min(p.shape.Width, p.shape.Height) {
		return Box{}, false
	}
	draws := rng.NewKey(0, rng.BackgroundPlace).Stream(uint32(at), uint32(like.X)<<16^uint32(like.Y), uint32(like.W)<<16^uint32(like.H))
next:
	for range tries {
		area := Box{draws.IntN(p.shape.Width - side + 1), draws.IntN(p.shape.Height - side + 1), side, side}
		for _, t := range entry.Targets {
			if area.Overlaps(t.Box) {
				continue next
			}
		}
		return area, true
	}
	return Box{}, false
}

// nearest is the box of the first target of the frame, or of the nearest one that has any,
// the earlier of two.
func (p *pass) nearest(at int) (Box, bool) {
	for distance := 0; distance <= len(p.labels.Entries)+at; distance++ {
		for _, frame := range []int{at - distance, at + distance} {
			if frame < 0 || frame >= p.lies.Labelled {
				continue
			}
			if e := p.labels.Entry(p.lies, frame); len(e.Targets) > 0 {
				return e.Targets[0].Box, true
			}
		}
	}
	return Box{}, false
}

// finish is the summary of the clip.
func (p *pass) finish() (*Summary, error) {
	s := &p.summary
	s.Frames, s.Width, s.Height = p.seen, p.shape.Width, p.shape.Height
	s.Digest, s.Colour, s.Backdrop = p.ending.Digest, p.shape.Colour(), p.backdrops.median()
	s.Shown = p.ending.Shown
	for _, warning := range p.ending.Warnings {
		p.warn(warning)
	}
	if p.labels == nil {
		s.Measures = p.measures
		return s, nil
	}
	lies := p.labels.Align(p.seen)
	if lies.Unmatched && p.Refuse {
		return nil, p.labels.Refuse(p.clip.Path, p.seen)
	}
	if p.labels.Sparse && len(p.labels.Entries)*20 > p.seen*21 {
		return nil, config.Usagef("%s has a line for frame %d, and %s has %d frames: give the labels of this clip", p.labels.File, len(p.labels.Entries), p.clip.Path, p.seen)
	}
	if lies.Warning != "" {
		p.warn(lies.Warning)
	}
	p.measures.finish(p.labels, lies, p.seen)
	s.Measures = p.measures
	for at := range p.seen {
		s.Boxes += len(p.labels.Entry(lies, at).Targets)
	}
	return s, nil
}

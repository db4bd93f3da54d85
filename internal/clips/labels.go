// Package clips knows recordings with labelled targets: it reads files of labels, lays them
// against the frames of a clip, cuts examples out of frames, and compares the backgrounds
// of clips. What it does to pixels is integer arithmetic, the same in training, on files and
// on streams.
package clips

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
)

// Box is a rectangle in a frame, in whole pixels: its top left corner and its size.
type Box struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Overlaps says whether the boxes have a pixel in common.
func (b Box) Overlaps(o Box) bool {
	return b.X < o.X+o.W && o.X < b.X+b.W && b.Y < o.Y+o.H && o.Y < b.Y+b.H
}

// Within is the part of b in another box; it has no area, and W or H may be negative, where b
// lies outside.
func (b Box) Within(o Box) Box {
	x, y := max(b.X, o.X), max(b.Y, o.Y)
	return Box{x, y, min(b.X+b.W, o.X+o.W) - x, min(b.Y+b.H, o.Y+o.H) - y}
}

// Common is how many pixels the boxes have in common.
func (b Box) Common(o Box) int {
	c := b.Within(o)
	return max(0, c.W) * max(0, c.H)
}

// Hull is the smallest box that holds both.
func (b Box) Hull(o Box) Box {
	x, y := min(b.X, o.X), min(b.Y, o.Y)
	return Box{x, y, max(b.X+b.W, o.X+o.W) - x, max(b.Y+b.H, o.Y+o.H) - y}
}

// Target is something that a frame shows, and where.
type Target struct {
	Track int // which of several targets of the clip it is; 0 where the labels do not say
	Box   Box
}

// Entry is what labels say of one frame.
type Entry struct {
	// Unknown says that it is not known what the frame shows: it is neither a target nor
	// background.
	Unknown bool
	Targets []Target // none: the frame is empty
	line    int      // of the file, from 1 on; 0: the entries have no lines
}

// Labels are the entries of a file of labels, by frame.
type Labels struct {
	File    string
	Entries []Entry
	// Sparse says that frames without an entry are empty, and that the last entry does not
	// say how many frames there are.
	Sparse bool
	// relative holds the boxes of YOLO's files until the size of a frame is known.
	relative [][]relativeBox
	cut      int // boxes that Fit has cut
}

// HasBox says whether any entry has a target.
func (l *Labels) HasBox() bool {
	for _, e := range l.Entries {
		if len(e.Targets) > 0 {
			return true
		}
	}
	return false
}

// where names an entry for messages.
func (l *Labels) where(at int) string {
	if line := l.Entries[at].line; line > 0 {
		return fmt.Sprintf("%s: line %d", l.File, line)
	}
	return fmt.Sprintf("%s: entry %d", l.File, at)
}

// Fit brings the boxes to a frame of the given size in pixels. What reaches beyond the
// frame is cut off; cut is how many boxes do. Labels that cannot be of such frames are a
// [config.UsageError]: a box outside, or most of them with their right or lower edge
// outside, as where corners were written in place of sizes.
func (l *Labels) Fit(width, height int) (cut int, err error) {
	if err := l.scale(width, height); err != nil {
		return 0, err
	}
	boxes, beyond := 0, 0
	for _, e := range l.Entries {
		for _, t := range e.Targets {
			boxes++
			if t.Box.X+t.Box.W > width || t.Box.Y+t.Box.H > height {
				beyond++
			}
		}
	}
	if 2*beyond > boxes {
		return 0, config.Usagef("%s: %d of %d boxes reach beyond the frame of %dx%d pixels, as they do where x1,y1,x2,y2 are written in place of x,y,width,height: convert them with blocktrain clips convert --order xyxy, or give the labels of this clip",
			l.File, beyond, boxes, width, height)
	}
	for at := range l.Entries {
		for n := range l.Entries[at].Targets {
			t := &l.Entries[at].Targets[n]
			inside := t.Box.Within(Box{W: width, H: height})
			if inside.W < 1 || inside.H < 1 {
				return 0, config.Usagef("%s: the box %s lies outside of the frame of %dx%d pixels: correct it, or give the labels of this clip",
					l.where(at), t.Box, width, height)
			}
			if inside != t.Box {
				t.Box = inside
				cut++
			}
		}
	}
	l.cut = max(l.cut, cut) // Fit finds them cut the next time
	return l.cut, nil
}

// String writes the box as label files do.
func (b Box) String() string { return fmt.Sprintf("[%d,%d,%d,%d]", b.X, b.Y, b.W, b.H) }

// Alignment is how entries lie against the frames of a clip.
type Alignment struct {
	Shift     int    // the first entry of a frame
	Labelled  int    // frames, from the first, that have an entry
	Warning   string // begins with the file's path; empty: entries and frames agree
	Unmatched bool   // they differ by more than one in twenty
}

// Align lays the entries against so many frames. If there is one entry too many, and the
// first is empty, the first is dropped. Otherwise entries and frames go together from the
// first on, and frames behind the last entry are unlabelled.
func (l *Labels) Align(frames int) Alignment {
	n := len(l.Entries)
	a := Alignment{Labelled: min(n, frames)}
	switch differ := max(n-frames, frames-n); {
	case l.Sparse && n <= frames:
		a.Labelled = frames
	case differ == 0:
	case n == frames+1 && !l.Sparse && len(l.Entries[0].Targets) == 0:
		a.Shift = 1
	case 20*differ <= frames:
		a.Warning = fmt.Sprintf("%s has %d entries for %d frames: the first %d are used", l.File, n, frames, a.Labelled)
	default:
		a.Unmatched = true
		a.Warning = fmt.Sprintf("%s has %d entries for %d frames, which differ by more than 5 %%: the first %d are used, and frames without an entry are unlabelled", l.File, n, frames, a.Labelled)
	}
	return a
}

// Refuse is the error of labels that do not match their clip, where such are refused.
func (l *Labels) Refuse(clip string, frames int) error {
	return config.Usagef("%s: %s has %d entries for %d frames, which differ by more than 5 %%: give the labels of this clip, or leave labels=refuse out, with which frames without an entry are unlabelled",
		clip, l.File, len(l.Entries), frames)
}

// Entry is what is known of a frame by an alignment.
func (l *Labels) Entry(a Alignment, frame int) Entry {
	switch at := frame + a.Shift; {
	case frame >= a.Labelled:
		return Entry{Unknown: true}
	case at < len(l.Entries):
		return l.Entries[at]
	}
	return Entry{} // of sparse labels
}

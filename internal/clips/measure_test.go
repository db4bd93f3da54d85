package clips

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// stillClip yields 40 frames of one level, of which those from 20 on have another one in the
// left half, and a bright target of 4x2 pixels that moves by 2 pixels every 10 frames.
type stillClip struct {
	channels int
	wide     bool
}

const stillWidth, stillHeight = 32, 24

func (stillClip) target(number int) Box { return Box{20 + 2*(number/10), 10, 4, 2} }

func (c stillClip) Frames(_ context.Context, _ Clip, colour bool, end *Ending) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		if c.channels == 3 && !colour {
			yield(Frame{}, ErrColour)
			return
		}
		for number := range 40 {
			img := imaging.New(stillWidth, stillHeight, c.channels)
			for i := range img.Pix {
				x, y := i/c.channels%stillWidth, i/c.channels/stillWidth
				img.Pix[i] = 100
				if number >= 20 && x < stillWidth/2 {
					img.Pix[i] = 110
				}
				if (Box{x, y, 1, 1}).Overlaps(c.target(number)) {
					img.Pix[i] = 140
				}
			}
			if c.wide {
				img.Wide = make([]uint16, len(img.Pix))
				for i, v := range img.Pix {
					img.Wide[i] = uint16(v) << 8
				}
				img.Pix = nil
			}
			if !yield(Frame{Time: time.Duration(number) * time.Millisecond, Image: img}, nil) {
				return
			}
		}
	}
}

func (stillClip) Name() string { return "still" }

// TestMeasures compares with what the definitions give for a clip that is known, of any depth
// and colour, and whatever is subtracted from its frames.
func TestMeasures(t *testing.T) {
	var first Measures
	for n, c := range []struct {
		stillClip
		window int
	}{{stillClip{1, false}, 0}, {stillClip{3, false}, 0}, {stillClip{1, true}, 0}, {stillClip{3, true}, 0}, {stillClip{1, false}, 5}} {
		l := entries(39, 3, 9) // frames 3 and 9 are empty by the labels, and 39 has no entry
		for at := range l.Entries {
			if len(l.Entries[at].Targets) > 0 {
				l.Entries[at].Targets[0].Box = c.target(at)
			}
		}
		l.Entries[15].Targets = append(l.Entries[15].Targets, Target{1, Box{2, 2, 4, 2}})
		_, s := cutAll(t, Cutting{Stride: 6, Square: Square{200, 8}, Offsets: []int{0}, Window: c.window}, c.stillClip, l)
		m := s.Measures
		if n == 0 {
			first = m
		} else if diff := cmp.Diff(first, m); diff != "" {
			t.Errorf("clip %d is measured otherwise: %s", n, diff)
		}
	}
	const pixels, half = stillWidth * stillHeight, stillWidth / 2 * stillHeight
	m := first
	// A move by 2 changes 2x2 pixels at each end.
	if want := int64(39*pixels - 3*8 - half); m.Unchanged != want || m.Repeated != 36 {
		t.Errorf("%d pixels unchanged, want %d; %d frames repeated", m.Unchanged, want, m.Repeated)
	}
	if m.Entries != 39 || m.Shift != 0 || m.Missing != 1 || m.Surplus != 0 || m.Labelled != 39 || m.Present != 37 || m.Seen != 6 || m.Empty != 2 || m.Several != 1 || len(m.Targets) != 5 {
		t.Errorf("labels: %+v", m)
	}
	// Frames 0, 15 and 30, of which the last has the half of 110.
	sum := int64(3*(100*pixels+8*40)) + 10*half
	if level := sum * 256 / pixels; m.Frames != 3 || m.Level < level-3 || m.Level > level+3 {
		t.Errorf("level %d of %d frames, want %d", m.Level, m.Frames, level)
	}
	for _, one := range m.Targets[:1] {
		if one.Frame != 15 || one.Box != (Box{22, 10, 4, 2}) || one.Contrast != 40*256 || one.Clutter != 0 {
			t.Errorf("target %+v", one)
		}
	}
	if m.Targets[1].Contrast != 0 {
		t.Errorf("a box around nothing: %+v", m.Targets[1])
	}
}

// TestMeasuresKept reads measures from a file of the store.
func TestMeasuresKept(t *testing.T) {
	store, key := &Store{Dir: t.TempDir(), Limit: 1 << 30}, [32]byte{1}
	fill := func(w *Writer) (*Summary, error) {
		return (&Cutting{Stride: 6, Square: Square{200, 8}, Offsets: []int{0}}).Cut(t.Context(), stillClip{channels: 1}, Clip{}, entries(40), w.Begin, w.Add)
	}
	made, err := store.Open(key, fill)
	if err != nil {
		t.Fatal(err)
	}
	read, err := store.Open(key, func(*Writer) (*Summary, error) { t.Error("it is made anew"); return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.Summary, read.Summary); diff != "" || len(read.Summary.Measures.Targets) != 7 {
		t.Error(diff)
	}
}

func TestNearest(t *testing.T) {
	backdrop := func(f func(x, y int) int) *Backdrop {
		b := &Backdrop{}
		for i := range b {
			b[i] = uint16(f(i%BackdropWidth, i/BackdropWidth))
		}
		return b
	}
	list := []*Backdrop{
		backdrop(func(x, _ int) int { return 10 * x }),
		backdrop(func(_, y int) int { return 10 * y }),
		backdrop(func(x, y int) int { return 10*x + y + 300 }),
		backdrop(func(_, _ int) int { return 5 }), // of which nothing is near
		backdrop(func(x, y int) int { return 10*y + x }),
	}
	any := func(int, int) bool { return true }
	nearest, cosines := Nearest(list, any)
	if diff := cmp.Diff([]int{2, 4, 0, -1, 1}, nearest); diff != "" {
		t.Error(diff)
	}
	if cosines[0] < 0.99 || cosines[0] != cosines[2] || cosines[3] != 0 {
		t.Errorf("cosines %v", cosines)
	}
	nearest, _ = Nearest(list, func(i, j int) bool { return i+j != 2 })
	if diff := cmp.Diff([]int{4, 4, 4, -1, 1}, nearest); diff != "" {
		t.Error(diff)
	}
}

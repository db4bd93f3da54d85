package controls

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

const (
	dark    = 100 // level of the backdrop
	framesX = 80  // size of the frames
	framesY = 64
)

// wholeFrames draws a clip of each of two classes, of 24 frames, and opens the dataset clips with
// crop=frame and more options. box says where each frame shows its target, if it does.
func wholeFrames(t *testing.T, options string, box func(class, frame int) clips.Box) dataset.Dataset {
	t.Helper()
	dir := t.TempDir()
	for class, name := range []string{"bird", "drone"} {
		boxes := make([]clips.Box, 24)
		for frame := range boxes {
			boxes[frame] = box(class, frame)
		}
		clipstest.Write(t, filepath.Join(dir, name, "1"), len(boxes), func(frame int) image.Image {
			img := image.NewGray(image.Rect(0, 0, framesX, framesY))
			for at := range img.Pix {
				img.Pix[at] = dark
			}
			img.SetGray(class, 0, color.Gray{dark + 1}) // clips must differ
			for y := range boxes[frame].H {
				for x := range boxes[frame].W {
					img.SetGray(boxes[frame].X+x, boxes[frame].Y+y, color.Gray{bright})
				}
			}
			return img
		}, boxes)
	}
	return openFrames(t, dir, options)
}

func openFrames(t *testing.T, dir, options string) dataset.Dataset {
	t.Helper()
	source, _, err := dataset.MakeDataset("clips", "crop=frame,stride=3,scene-threshold=1,"+options)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), dir, dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// crossing is a target that crosses the frame, and others that come into it and leave it.
func crossing(class, frame int) clips.Box {
	return clips.Box{X: 2 + 3*frame, Y: 10 + class*frame, W: 5, H: 4}
}

func entering(class, frame int) clips.Box {
	if frame%12 < 5 {
		return clips.Box{}
	}
	return crossing(class, frame)
}

// hovering is where it is for half of the frames, and then elsewhere.
func hovering(class, frame int) clips.Box {
	return clips.Box{X: 5 + 40*(frame/12), Y: 8 + 10*class, W: 6, H: 4}
}

// TestNoTargetIsLeftInFrames paints whole frames, and wants nothing brighter or darker than the
// backdrop in any frame of an example: not the target either that the median has of frames before.
func TestNoTargetIsLeftInFrames(t *testing.T) {
	for name, c := range map[string]struct {
		options string
		box     func(class, frame int) clips.Box
		level   int
	}{
		"one frame":    {"frames=0", crossing, dark},
		"three frames": {"frames=-4/0/4", crossing, dark},
		"background":   {"background=on,frames=-4/0/4", entering, dark},
		"less median":  {"level=median,background-window=21,frames=0", hovering, 128},
	} {
		d := wholeFrames(t, c.options, c.box)
		p := mustPaint(t, d)
		shown := 0
		for i := range d.Len() {
			before, err := d.Image(i)
			if err != nil {
				t.Fatal(err)
			}
			after, err := p.Image(i)
			if err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(before.Pix, func(v uint8) bool { return v != uint8(c.level) && v != uint8(c.level)+1 }) {
				shown++
			}
			for at, v := range after.Pix {
				if v != uint8(c.level) && v != uint8(c.level)+1 {
					t.Errorf("%s, %s: pixel %d has the level %d", name, d.Source(i), at, v)
					break
				}
			}
		}
		if shown < d.Len()/3 || !Paintable(d) {
			t.Errorf("%s: %d of %d examples show a target, or cannot be painted over", name, shown, d.Len())
		}
	}
}

// TestRectanglesInFramesSayNothingOfBoxes wants the same rectangles for targets of another shape
// with the same middle, as many in all frames, and others in which there is no target.
func TestRectanglesInFramesSayNothingOfBoxes(t *testing.T) {
	shaped := func(w, h int) *painted {
		return mustPaint(t, wholeFrames(t, "frames=0,background=on", func(class, frame int) clips.Box {
			if b := entering(class, frame); b.W > 0 {
				return clips.Box{X: b.X + 4 - w/2, Y: b.Y + 4 - h/2, W: w, H: h}
			}
			return clips.Box{}
		}))
	}
	lying, standing := shaped(8, 4), shaped(4, 8)
	sizes := map[[2]int]bool{}
	background := 0
	for i := range lying.Len() {
		info, other := lying.Info(i), standing.Info(i)
		first := lying.inFrame(i, &info)
		if diff := cmp.Diff(first, standing.inFrame(i, &other)); diff != "" {
			t.Errorf("%s (-lying +standing):\n%s", lying.Source(i), diff)
		}
		if len(first) != 1+decoys {
			t.Errorf("%s: %d rectangles, want %d", lying.Source(i), len(first), 1+decoys)
		}
		for _, b := range first {
			sizes[[2]int{b.W, b.H}] = true
			if b.Within(info.Place.Area) != b || b == info.Place.Area {
				t.Errorf("%s: rectangle %v in %v", lying.Source(i), b, info.Place.Area)
			}
		}
		if !info.Place.Target {
			background++
		}
	}
	if len(sizes) < lying.Len() || background == 0 {
		t.Errorf("%d shapes of %d examples, %d of background", len(sizes), lying.Len(), background)
	}
}

// TestFramesArePaintedByTheirLabels wants another digest where labels have other boxes, since
// that of the data is the same; and no painting where a clip has no labels.
func TestFramesArePaintedByTheirLabels(t *testing.T) {
	d := wholeFrames(t, "frames=0", crossing)
	p := mustPaint(t, d)
	dir := filepath.Dir(filepath.Dir(dataset.Clips(d)[0].Path))
	labels := filepath.Join(dir, "bird", "1", "label.json")
	moved := &clips.Labels{Entries: make([]clips.Entry, 24)}
	for frame := range moved.Entries {
		b := crossing(0, frame)
		b.H++
		moved.Entries[frame].Targets = []clips.Target{{Box: b}}
	}
	if err := clips.WriteJSON(labels, moved); err != nil {
		t.Fatal(err)
	}
	other := openFrames(t, dir, "frames=0")
	if q := mustPaint(t, other); d.Digest() != other.Digest() || q.Digest() == p.Digest() {
		t.Errorf("the data has the digests %s and %s, painted over %s and %s: want the second two different", d.Digest(), other.Digest(), p.Digest(), q.Digest())
	}
	if err := os.Remove(labels); err != nil {
		t.Fatal(err)
	}
	if Paintable(openFrames(t, dir, "frames=0")) {
		t.Error("a clip without labels can be painted over")
	}
}

package clips

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// drawnClip yields n frames of noise that depend on their numbers.
type drawnClip struct {
	n, width, height, channels int
	wide                       bool
}

func (d drawnClip) frame(number int) imaging.Image {
	r := rand.New(rand.NewPCG(uint64(number), 7))
	img := imaging.New(d.width, d.height, d.channels)
	for i := range img.Pix {
		img.Pix[i] = uint8(100 + r.IntN(40))
	}
	if d.wide {
		img.Wide = make([]uint16, len(img.Pix))
		for i, v := range img.Pix {
			img.Wide[i] = uint16(v)<<8 | uint16(i&255)
		}
		img.Pix = nil
	}
	return img
}

func (d drawnClip) Frames(_ context.Context, _ Clip, colour bool, end *Ending) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		if d.channels == 3 && !colour {
			yield(Frame{}, ErrColour)
			return
		}
		end.Digest = "drawn"
		for number := range d.n {
			if !yield(Frame{Time: time.Duration(number) * time.Millisecond, Image: d.frame(number)}, nil) {
				return
			}
		}
	}
}

func (drawnClip) Name() string { return "drawn" }

// taken is an example with its pixels.
type taken struct {
	Example
	img imaging.Image
}

func cutAll(t *testing.T, c Cutting, d Decoder, l *Labels) ([]taken, *Summary) {
	t.Helper()
	var all []taken
	s, err := c.Cut(t.Context(), d, Clip{Path: "clip.mp4"}, l, func() error { all = nil; return nil }, func(e Example, img imaging.Image) error {
		all = append(all, taken{e, img})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, s
}

// pixel is what an example must have, by its definition.
func pixel(frames []imaging.Image, area Box, x, y, channel int) int {
	f := frames[channel/frames[0].Channels]
	px, py := min(max(area.X+x, 0), f.Width-1), min(max(area.Y+y, 0), f.Height-1)
	at := (py*f.Width+px)*f.Channels + channel%f.Channels
	if f.Wide != nil {
		return int(f.Wide[at])
	}
	return int(f.Pix[at])
}

func TestCut(t *testing.T) {
	for _, d := range []drawnClip{{n: 20, width: 30, height: 20, channels: 1}, {n: 20, width: 30, height: 20, channels: 3}, {n: 20, width: 30, height: 20, channels: 1, wide: true}} {
		l := entries(20)
		for at := range l.Entries {
			l.Entries[at].Targets[0].Box = Box{at, 2, 5, 4}
		}
		c := Cutting{Stride: 6, Square: Square{250, 8}, Offsets: []int{-4, 0, 4}}
		all, s := cutAll(t, c, d, l)
		if s.Frames != 20 || s.Boxes != 20 || len(all) != 3 {
			t.Fatalf("%d frames, %d boxes, %d examples", s.Frames, s.Boxes, len(all))
		}
		for i, e := range all {
			if e.Frame != 3+6*i || e.Time != time.Duration(e.Frame)*time.Millisecond || e.Kind != KindTarget {
				t.Errorf("example %d is %+v", i, e.Example)
			}
			if side := 13; e.Area != (Box{int(math.Floor(float64(2*e.Frame+5-side) / 2)), -3, side, side}) { // (250*5+50)/100
				t.Errorf("frame %d: area %v", e.Frame, e.Area)
			}
			var frames []imaging.Image
			for _, offset := range c.Offsets {
				frames = append(frames, d.frame(min(max(e.Frame+offset, 0), d.n-1)))
			}
			for y := range e.Area.H {
				for x := range e.Area.W {
					for channel := range 3 * d.channels {
						if got, want := pixel([]imaging.Image{e.img}, Box{0, 0, e.Area.W, e.Area.H}, x, y, channel), pixel(frames, e.Area, x, y, channel); got != want {
							t.Fatalf("frame %d at (%d,%d) channel %d: %d, want %d", e.Frame, x, y, channel, got, want)
						}
					}
				}
			}
		}
	}
}

// TestCutFindsTheShift checks that a clip is read again where the labels let expect another
// number of frames.
func TestCutFindsTheShift(t *testing.T) {
	for _, c := range []struct{ entries, frames, box int }{{21, 20, 4}, {20, 20, 3}, {19, 20, 3}} {
		l := entries(c.entries, 0)
		for at := range l.Entries {
			for n := range l.Entries[at].Targets {
				l.Entries[at].Targets[n].Box = Box{at, 0, 5, 5}
			}
		}
		all, _ := cutAll(t, Cutting{Stride: 6, Square: Square{100, 4}, Offsets: []int{0}}, drawnClip{n: c.frames, width: 30, height: 20, channels: 1}, l)
		if all[0].Frame != 3 || all[0].Box.X != c.box {
			t.Errorf("%d entries for %d frames: frame %d has the box of entry %d, want %d", c.entries, c.frames, all[0].Frame, all[0].Box.X, c.box)
		}
	}
}

func TestCutBackground(t *testing.T) {
	d := drawnClip{n: 60, width: 64, height: 48, channels: 1}
	l := entries(60, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)
	for at := range l.Entries {
		for n := range l.Entries[at].Targets {
			l.Entries[at].Targets[n].Box = Box{20, 10, 8 + at/10, 8}
		}
	}
	l.Entries[3].Unknown, l.Entries[3].Targets = true, nil
	c := Cutting{Stride: 6, Square: Square{250, 8}, Offsets: []int{0}, Background: true}
	all, _ := cutAll(t, c, d, l)
	var frames []int
	for _, e := range all {
		if e.Kind != KindBackground {
			continue
		}
		frames = append(frames, e.Frame)
		if e.Area.X < 0 || e.Area.Y < 0 || e.Area.X+e.Area.W > d.width || e.Area.Y+e.Area.H > d.height {
			t.Errorf("frame %d: the area %v lies outside", e.Frame, e.Area)
		}
		for _, target := range l.Entries[e.Frame].Targets {
			if e.Area.Overlaps(target.Box) || e.Area.W != c.Square.Around(target.Box).W {
				t.Errorf("frame %d: the area %v, beside the box %v", e.Frame, e.Area, target.Box)
			}
		}
	}
	if !slices.Equal(frames, []int{9, 15, 21, 27, 33, 39, 45}) { // 3 is unlabelled, and beside the largest boxes is no room
		t.Errorf("background in frames %v", frames)
	}
	// A clip whose labels hold no box shows no background either.
	none, s := cutAll(t, c, d, entries(60, func() (all []int) {
		for i := range 60 {
			all = append(all, i)
		}
		return all
	}()...))
	if len(none) != 0 || !s.Unlabelled {
		t.Errorf("%d examples of a clip without any box, unlabelled: %t", len(none), s.Unlabelled)
	}
}

func TestCutWhole(t *testing.T) {
	d := drawnClip{n: 20, width: 30, height: 20, channels: 1}
	for _, c := range []struct {
		labels     *Labels
		background bool
		want       string
	}{
		{nil, false, "3target 9target 15target "},
		{entries(20, 9, 10), false, "3target 15target "},
		{entries(20, 9, 10), true, "3target 9background 15target "},
		{&Labels{File: "labels", Entries: make([]Entry, 20)}, true, ""}, // of a clip without any box it is not known what is empty
	} {
		all, _ := cutAll(t, Cutting{Stride: 6, Whole: true, Offsets: []int{0}, Background: c.background}, d, c.labels)
		got := ""
		for _, e := range all {
			got += fmt.Sprintf("%d%s ", e.Frame, e.Kind)
			if want := d.frame(e.Frame); !bytes.Equal(e.img.Pix, want.Pix) {
				t.Errorf("frame %d has other pixels", e.Frame)
			}
		}
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	_, err := (&Cutting{Stride: 1}).Cut(t.Context(), d, Clip{Path: "x/clip.mp4"}, nil, nil, nil)
	wantError(t, err, "x/clip.mp4 has no labels", "clip.json", "crop=frame")
}

func TestBackgroundIsTheMedian(t *testing.T) {
	for _, d := range []drawnClip{{n: 30, width: 7, height: 5, channels: 1}, {n: 30, width: 7, height: 5, channels: 3, wide: true}} {
		const window = 8
		b := NewBackground(window)
		for number := range d.n {
			frame := d.frame(number)
			got, err := b.Subtract(frame)
			if err != nil {
				t.Fatal(err)
			}
			for i := range d.width * d.height * d.channels {
				var values []int
				for n := max(0, number-window+1); n <= number; n++ {
					values = append(values, value(d.frame(n), i))
				}
				slices.Sort(values)
				middle := 128
				if d.wide {
					middle = 1 << 15
				}
				want := min(max(value(frame, i)-values[(len(values)-1)/2]+middle, 0), 2*middle-1)
				if value(got, i) != want {
					t.Fatalf("frame %d, value %d: %d, want %d", number, i, value(got, i), want)
				}
			}
		}
	}
}

func value(img imaging.Image, i int) int {
	if img.Wide != nil {
		return int(img.Wide[i])
	}
	return int(img.Pix[i])
}

func TestScenes(t *testing.T) {
	backdrop := func(seed uint64, noise int) *Backdrop {
		r, extra := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, uint64(noise)))
		var b Backdrop
		for i := range b {
			b[i] = uint16(800 + r.IntN(400) + extra.IntN(noise+1))
		}
		return &b
	}
	list := []*Backdrop{backdrop(1, 0), backdrop(2, 0), backdrop(1, 100), backdrop(3, 0), backdrop(2, 100), backdrop(2, 90), {}}
	scene, links := Scenes(list, 950)
	if !slices.Equal(scene, []int{0, 1, 0, 3, 1, 1, 6}) {
		t.Errorf("scenes %v", scene)
	}
	if diff := cmp.Diff([]Link{{0, 2}, {1, 4}, {1, 5}}, links); diff != "" {
		t.Error(diff)
	}
	for i, a := range list {
		for _, b := range list[:i] {
			if cosine := cosineOf(a, b); math.Abs(cosine-0.95) > 1e-6 && alike(a, b, 950) != (cosine > 0.95) {
				t.Errorf("cosine %v, alike: %t", cosine, alike(a, b, 950))
			}
		}
	}
	var low, high Backdrop // the largest values that there are
	for i := range high {
		if i%2 == 0 {
			high[i], low[i] = 2040, 2040
		}
	}
	if low[1] = 1; !alike(&low, &high, 999) || alike(&low, &high, 1000) {
		t.Error("backdrops of the largest values are compared wrongly")
	}
}

func alike(a, b *Backdrop, threshold int) bool {
	return Alike([]*Backdrop{a}, []*Backdrop{b}, threshold)[0] == 0
}

func cosineOf(a, b *Backdrop) float64 {
	var ma, mb, ab, aa, bb float64
	for i := range a {
		ma, mb = ma+float64(a[i])/float64(len(a)), mb+float64(b[i])/float64(len(a))
	}
	for i := range a {
		x, y := float64(a[i])-ma, float64(b[i])-mb
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

func TestStore(t *testing.T) {
	s := &Store{Dir: filepath.Join(t.TempDir(), "cache"), Limit: 1 << 20}
	d := drawnClip{n: 20, width: 30, height: 20, channels: 1, wide: true}
	c := Cutting{Stride: 6, Square: Square{250, 8}, Offsets: []int{-1, 0}}
	clip := Clip{Path: write(t, filepath.Join(t.TempDir(), "a.mp4"), "video")}
	made := 0
	open := func(s *Store) *File {
		t.Helper()
		key, err := c.Key(d.Name(), clip, entries(20))
		if err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(key, func(w *Writer) (*Summary, error) {
			made++
			return c.Cut(t.Context(), d, clip, entries(20), w.Begin, w.Add)
		})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	check := func(f *File, times int) {
		t.Helper()
		if made != times {
			t.Fatalf("the clip was read %d times, want %d", made, times)
		}
		want, summary := cutAll(t, c, d, entries(20))
		if diff := cmp.Diff(summary, f.Summary, cmp.Comparer(func(a, b []string) bool { return slices.Equal(a, b) })); diff != "" || f.Len() != len(want) {
			t.Fatal(diff, f.Len())
		}
		for i, e := range want {
			img, err := f.Image(i, nil)
			if err != nil || *f.Example(i) != e.Example || img.Sum() != e.img.Sum() {
				t.Errorf("example %d is %+v, want %+v, %v", i, f.Example(i), e.Example, err)
			}
		}
	}
	check(open(s), 1)
	check(open(s), 1)
	check(open(&Store{Dir: s.Dir, Limit: s.Limit, Fresh: true}), 2)
	check(open(&Store{}), 3)
	check(open(&Store{Dir: filepath.Join(t.TempDir(), "small"), Limit: 10}), 4)
	files, bytes := storedFiles(s.Dir)
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	path := filepath.Join(s.Dir, files[0].Name())
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(text); at += 1 + len(text)/20 { // damage is found wherever it is
		text[at] ^= 1
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		made = 0
		check(open(s), 1)
		text[at] ^= 1
	}
	if err := os.WriteFile(clip.Path, []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	made = 0
	check(open(&Store{Dir: s.Dir, Limit: bytes + 10}), 1) // in the place of the other
	if files, _ := storedFiles(s.Dir); len(files) != 1 {
		t.Errorf("%d files, want the one that there is room for", len(files))
	}
	if removed, _, err := ClearCache(s.Dir); removed != 1 || err != nil {
		t.Errorf("%d files removed, %v", removed, err)
	}
}

func TestFrameNames(t *testing.T) {
	names, err := FrameNames("a", []string{"f_1.png", "f_10.png", "f_2.png", "f_3.png", "f_4.png", "f_5.png", "f_6.png", "f_7.png", "f_8.png", "f_9.png"})
	if err != nil || names[1] != "f_2.png" || names[9] != "f_10.png" {
		t.Error(names, err)
	}
	_, err = FrameNames("a", []string{"f_1.png", "f.png"})
	wantError(t, err, filepath.Join("a", "f.png"), "has no number")
}

// TestStoreLeavesNothing looks while a file is filled: a process that is killed then must leave
// no temporary file behind.
func TestStoreLeavesNothing(t *testing.T) {
	dir, stop := t.TempDir(), errors.New("stop")
	t.Setenv("TMPDIR", dir)
	_, err := (&Store{}).Open([32]byte{1}, func(*Writer) (*Summary, error) {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("files %v, error %v: want none", left, err)
		}
		return nil, stop
	})
	if !errors.Is(err, stop) {
		t.Errorf("error %v, want that of filling", err)
	}
}

// TestWarningsNameFilesFromTheClip has labels in the folder of a clip, and beside that: a
// summary is kept, and the folder may be another one later.
func TestWarningsNameFilesFromTheClip(t *testing.T) {
	for file, want := range map[string]string{"data/train/clip.json": "clip.json", "data/train/clip/label.json": "clip/label.json", "data/labels/clip.json": "../labels/clip.json"} {
		p := &pass{clip: Clip{Path: filepath.FromSlash("data/train/clip")}, labels: &Labels{File: filepath.FromSlash(file)}}
		p.warn(p.labels.File + " has 99 entries")
		if diff := cmp.Diff([]string{want + " has 99 entries"}, p.summary.Warnings); diff != "" {
			t.Error(diff)
		}
	}
}

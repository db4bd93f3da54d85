package track

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// drawn is a stream in which a bright target goes over a ramp with noise.
type drawn struct {
	n, width, height, channels int
	wide                       bool
	absent                     [2]int // frames without the target, from the first to before the second
	cut                        int    // a frame with Cut; 0: none
	fail                       error  // behind the last frame
}

// box is where the target is in a frame.
func (d drawn) box(number int) clips.Box {
	return clips.Box{X: 20 + number, Y: 25 + number/3, W: 7, H: 4}
}

func (d drawn) shows(number int) bool { return number < d.absent[0] || number >= d.absent[1] }

func (d drawn) frame(number int) imaging.Image {
	noise := rng.NewKey(0, rng.BackgroundPlace).Stream(uint32(number), 0, 0)
	img := imaging.New(d.width, d.height, d.channels)
	for i := range img.Pix {
		img.Pix[i] = uint8(80 + i/(40*d.width) + noise.IntN(5))
	}
	if b := d.box(number); d.shows(number) {
		for y := b.Y; y < min(b.Y+b.H, d.height); y++ {
			for i := b.X * d.channels; i < min(b.X+b.W, d.width)*d.channels; i++ {
				img.Pix[y*d.width*d.channels+i] += 70
			}
		}
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

func (d drawn) frames() iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		for number := range d.n {
			frame := clips.Frame{Time: time.Duration(number) * 40 * time.Millisecond, Image: d.frame(number), Cut: d.cut > 0 && number == d.cut}
			if !yield(frame, nil) {
				return
			}
		}
		if d.fail != nil {
			yield(clips.Frame{}, d.fail)
		}
	}
}

// Frames implements [clips.Decoder].
func (d drawn) Frames(_ context.Context, _ clips.Clip, colour bool, end *clips.Ending) iter.Seq2[clips.Frame, error] {
	if d.channels == 3 && !colour {
		return func(yield func(clips.Frame, error) bool) { yield(clips.Frame{}, clips.ErrColour) }
	}
	end.Digest = "drawn"
	return d.frames()
}

func (drawn) Name() string { return "drawn" }

// shortRule is a rule for short streams.
func shortRule() Rule {
	r := DefaultRule()
	r.Gap, r.Lag, r.Around = 4, 12, 21
	return r
}

func follow(t *testing.T, r Rule, workers int, frames iter.Seq2[clips.Frame, error]) []*Point {
	t.Helper()
	var points []*Point
	for p, err := range FollowWith(t.Context(), r, workers, frames) {
		if err != nil {
			t.Fatal(err)
		}
		if p.Frame != len(points) {
			t.Fatalf("frame %d comes as number %d", p.Frame, len(points))
		}
		points = append(points, p)
	}
	return points
}

// sumOf is a digest of all that points say.
func sumOf(points []*Point) string {
	h := sha256.New()
	for _, p := range points {
		fmt.Fprintf(h, "%d %v %d %v %v %t %v %+v %s\n", p.Frame, p.Time, p.Track, p.Box, p.Score, p.Missed, p.Others, p.Shape, p.Crop.Digest())
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

var streams = map[string]drawn{
	"grey":   {n: 40, width: 96, height: 71, channels: 1},
	"wide":   {n: 40, width: 96, height: 71, channels: 1, wide: true},
	"colour": {n: 40, width: 97, height: 64, channels: 3},
	"both":   {n: 40, width: 97, height: 64, channels: 3, wide: true},
}

func TestFollow(t *testing.T) {
	for name, d := range streams {
		t.Run(name, func(t *testing.T) {
			points := follow(t, shortRule(), 2, d.frames())
			if len(points) != d.n {
				t.Fatalf("%d points, want %d", len(points), d.n)
			}
			for i, p := range points {
				b := d.box(i)
				dx, dy := 2*p.Box.X+p.Box.W-2*b.X-b.W, 2*p.Box.Y+p.Box.H-2*b.Y-b.H
				if p.Missed || max(dx, -dx) > 4 || max(dy, -dy) > 4 || p.Box.W < b.W || p.Box.W > b.W+14 {
					t.Errorf("frame %d: %v, missed %t, want around %v", i, p.Box, p.Missed, b)
				}
				if p.Track != 0 || p.Time != time.Duration(i)*40*time.Millisecond {
					t.Errorf("frame %d: track %d, time %v", i, p.Track, p.Time)
				}
			}
		})
	}
}

// TestCropsAreThoseOfCutting gives the boxes that are found to clips.Cutting as labels.
func TestCropsAreThoseOfCutting(t *testing.T) {
	for name, d := range streams {
		for _, window := range []int{0, 8} {
			r := shortRule()
			r.Window = window
			points := follow(t, r, 2, d.frames())
			labels := &clips.Labels{File: "drawn.json"}
			for _, p := range points {
				labels.Entries = append(labels.Entries, clips.Entry{Targets: []clips.Target{{Box: p.Box}}})
			}
			c := clips.Cutting{Stride: 1, Square: r.Square, Offsets: r.Offsets, Window: window}
			at := 0
			_, err := c.Cut(t.Context(), d, clips.Clip{Path: "drawn.mp4"}, labels, func() error { at = 0; return nil }, func(e clips.Example, img imaging.Image) error {
				if e.Frame != at || img.Digest() != points[at].Crop.Digest() {
					t.Errorf("%s, window %d: the crop of frame %d is another", name, window, at)
				}
				at++
				return nil
			})
			if err != nil || at != d.n {
				t.Errorf("%d examples, %v", at, err)
			}
		}
	}
}

func TestWorkersMakeNoDifference(t *testing.T) {
	for name, d := range streams {
		want := sumOf(follow(t, shortRule(), 1, d.frames()))
		for _, workers := range []int{2, 5} {
			if got := sumOf(follow(t, shortRule(), workers, d.frames())); got != want {
				t.Errorf("%s: %d workers give other points than one", name, workers)
			}
		}
	}
}

// TestPointsKeepTheirBits fails where a machine, or a change, gives other points.
func TestPointsKeepTheirBits(t *testing.T) {
	d := streams["grey"]
	d.absent = [2]int{15, 22}
	points := follow(t, shortRule(), 2, d.frames())
	if got := sumOf(points); got != goldenPoints {
		t.Errorf("digest %s, want %s", got, goldenPoints)
	}
	var window []Observation
	for _, p := range points {
		window = append(window, p.Observation())
	}
	if got := fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, Features(window)))); got != goldenFeatures {
		t.Errorf("features have digest %s, want %s", got, goldenFeatures)
	}
}

// TestLaterFramesMakeNoDifference checks that the point of a frame needs only Lag frames
// behind it: a stream that goes on gives the points that its file gives.
func TestLaterFramesMakeNoDifference(t *testing.T) {
	r, long := shortRule(), streams["grey"]
	long.absent = [2]int{20, 26}
	all := follow(t, r, 2, long.frames())
	for n := r.Lag + 1; n < long.n; n++ {
		// What comes behind frame n-1 is nothing like the rest.
		other := func(yield func(clips.Frame, error) bool) {
			for number := range long.n {
				frame := clips.Frame{Time: time.Duration(number) * 40 * time.Millisecond, Image: long.frame(number)}
				if number >= n {
					frame.Image = long.frame(3 * long.n)
				}
				if !yield(frame, nil) {
					return
				}
			}
		}
		known := n - r.Lag
		if points := follow(t, r, 3, other); sumOf(points[:known]) != sumOf(all[:known]) {
			t.Fatalf("points up to %d depend on frames from %d on", known, n)
		}
	}
}

func TestMissed(t *testing.T) {
	d := streams["grey"]
	d.absent = [2]int{15, 22}
	r := shortRule()
	r.Absent = 3
	points := follow(t, r, 2, d.frames())
	missed := 0
	for i, p := range points {
		if p.Missed {
			missed++
			if i < 14 || i > 22 || p.Score != 0 || len(p.Others) == 0 {
				t.Errorf("frame %d is missed, with score %v and %d proposals", i, p.Score, len(p.Others))
			}
			if want := d.box(i).X; p.Box.X > want || p.Box.X+p.Box.W < want+7 {
				t.Errorf("frame %d: box %v, want around %v", i, p.Box, d.box(i))
			}
		}
	}
	if missed < 5 {
		t.Errorf("%d frames are missed, of 7", missed)
	}
}

func TestShortAndFlat(t *testing.T) {
	for n := range 8 {
		d := streams["grey"]
		d.n = n
		if points := follow(t, shortRule(), 2, d.frames()); len(points) != n {
			t.Errorf("%d points of %d frames", len(points), n)
		}
	}
	flat := func(width, height int) iter.Seq2[clips.Frame, error] {
		return func(yield func(clips.Frame, error) bool) {
			for range 20 {
				if !yield(clips.Frame{Image: imaging.New(width, height, 1)}, nil) {
					return
				}
			}
		}
	}
	for _, size := range [][2]int{{1, 1}, {3, 200}, {640, 2}, {64, 64}} {
		for _, p := range follow(t, shortRule(), 2, flat(size[0], size[1])) {
			if b := p.Box; !p.Missed || b.X < 0 || b.Y < 0 || b.W < 1 || b.X+b.W > size[0] || b.Y+b.H > size[1] || p.Crop.Width < 32 {
				t.Fatalf("%v: frame %d has box %v, missed %t", size, p.Frame, b, p.Missed)
			}
		}
	}
}

func TestCutsBeginTracks(t *testing.T) {
	d := streams["grey"]
	d.cut = 18
	other := drawn{n: 10, width: 50, height: 60, channels: 1}
	both := func(yield func(clips.Frame, error) bool) {
		for frame, err := range d.frames() {
			if !yield(frame, err) {
				return
			}
		}
		for frame, err := range other.frames() {
			if !yield(frame, err) {
				return
			}
		}
	}
	points := follow(t, shortRule(), 2, both)
	for i, p := range points {
		want := 0
		if i >= 18 {
			want = 1
		}
		if i >= 40 {
			want = 2
		}
		if p.Track != want {
			t.Errorf("frame %d is of track %d, want %d", i, p.Track, want)
		}
	}
	// A track is as if nothing came before it.
	alone := follow(t, shortRule(), 2, other.frames())
	for i, p := range alone {
		if got := points[40+i]; got.Box != p.Box || got.Crop.Digest() != p.Crop.Digest() {
			t.Errorf("frame %d of the last track: %v, alone %v", i, got.Box, p.Box)
		}
	}
}

func TestErrors(t *testing.T) {
	broken := errors.New("broken")
	d := streams["grey"]
	d.fail = broken
	points, failed := 0, error(nil)
	for p, err := range Follow(t.Context(), shortRule(), d.frames()) {
		if err != nil {
			failed = err
			continue
		}
		if points++; failed != nil {
			t.Errorf("frame %d comes after the error", p.Frame)
		}
	}
	if points != d.n || !errors.Is(failed, broken) {
		t.Errorf("%d points, then %v", points, failed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	points, failed = 0, nil
	for _, err := range Follow(ctx, shortRule(), d.frames()) {
		points++
		failed = err
		cancel()
	}
	if !errors.Is(failed, context.Canceled) || points > d.n/2 {
		t.Errorf("%d points, then %v", points, failed)
	}
	for p, err := range Follow(t.Context(), shortRule(), d.frames()) {
		if err != nil || p.Frame != 0 {
			t.Errorf("first comes frame %d, %v", p.Frame, err)
		}
		break
	}
}

// TestMemoryDoesNotGrow counts what is kept of a stream.
func TestMemoryDoesNotGrow(t *testing.T) {
	r := shortRule()
	s := newStage(r, 2)
	defer s.close()
	f := &follower{rule: r, stage: s, ahead: 4, track: -1, yield: func(*Point, error) bool { return true }}
	d := streams["grey"]
	for number := range 200 {
		if err := f.take(clips.Frame{Image: d.frame(number % 40)}); err != nil {
			t.Fatal(err)
		}
		planes := len(f.spare)
		for _, e := range f.kept {
			if e.smooth != nil {
				planes++
			}
		}
		if n, limit := len(f.kept), r.Lag+f.ahead+5; n > limit || len(f.way.steps) > r.Lag || planes > 2*r.Gap+f.ahead+2 {
			t.Fatalf("%d frames, %d planes and %d steps are kept after frame %d", n, planes, len(f.way.steps), number)
		}
	}
}

func TestCheck(t *testing.T) {
	if err := DefaultRule().Check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Rule){
		"margin":    func(r *Rule) { r.Square.Margin = -1 },
		"offsets":   func(r *Rule) { r.Offsets = []int{-4, 4} },
		"far":       func(r *Rule) { r.Offsets = []int{0, 65} },
		"window":    func(r *Rule) { r.Window = 256 },
		"proposals": func(r *Rule) { r.Proposals = 0 },
		"gap":       func(r *Rule) { r.Gap = 0 },
		"lag":       func(r *Rule) { r.Lag = 7 },
		"around":    func(r *Rule) { r.Around = 40 },
		"edge":      func(r *Rule) { r.Edge = 0 },
		"floor":     func(r *Rule) { r.Floor = 0 },
	} {
		r := DefaultRule()
		r.Offsets = slices.Clone(r.Offsets)
		change(&r)
		if r.Check() == nil {
			t.Errorf("%s: no error", name)
		}
		for p, err := range Follow(t.Context(), r, streams["grey"].frames()) {
			if p != nil || err == nil {
				t.Errorf("%s: a point, %v", name, err)
			}
		}
	}
}

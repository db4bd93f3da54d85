package detection

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/track"
)

// drawClip writes a folder of frames of 96x80 pixels: a target of 5x4 that moves over a
// backdrop, and behind those as many frames without it.
func drawClip(t *testing.T, dir string, frames, empty, seed int) {
	t.Helper()
	boxes := make([]clips.Box, frames+empty)
	for frame := range frames {
		boxes[frame] = clips.Box{X: 10 + frame*3/2%70, Y: 12 + (seed*11+frame)%50, W: 5, H: 4}
	}
	clipstest.Write(t, dir, len(boxes), func(frame int) image.Image {
		img := image.NewGray(image.Rect(0, 0, 96, 80))
		for at := range img.Pix {
			x, y := at%96, at/96
			img.Pix[at] = uint8(60 + x*(seed%3+1)/4 + y*(seed%5+1)/5 + (x*7+y*13+frame*5+seed)%3)
		}
		if b := boxes[frame]; frame < frames {
			for i := range 20 {
				img.SetGray(b.X+i%5, b.Y+i/5, color.Gray{240})
			}
		}
		return img
	}, boxes)
}

// drawn are two classes of two clips each.
func drawn(t *testing.T, frames, empty int, options string) dataset.Dataset {
	t.Helper()
	dir := t.TempDir()
	for class, name := range []string{"bird", "drone"} {
		for n := range 2 {
			drawClip(t, filepath.Join(dir, name, fmt.Sprint(n)), frames, empty, 10*n+3*class)
		}
	}
	source, _, err := dataset.MakeDataset("clips", options)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), dir, dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func everything(d dataset.Dataset) []int {
	list := make([]int, d.Len())
	for i := range list {
		list[i] = i
	}
	return list
}

func scanned(t *testing.T, d dataset.Dataset, workers int) *Scan {
	t.Helper()
	s, err := Of(t.Context(), d, everything(d), workers)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestDrawnClips finds the targets of drawn clips, and counts false alarms where they are
// painted over. The result is the same for any number of workers, and after it was written
// and read.
func TestDrawnClips(t *testing.T) {
	d := drawn(t, 60, 0, "background=on,minimum=12")
	s := scanned(t, d, 3)
	r := s.Result("validation", s.Choose())
	if f := r.All; f.Clips != 4 || f.Targets != 240 || f.First.Count < 200 || f.Track.Count < 220 || f.Best.Count < f.First.Count {
		t.Errorf("figures of all: %+v", f)
	}
	if len(r.PerClass) != 2 || r.PerClass[0].Label != "bird" || r.PerClass[1].Targets != 120 {
		t.Errorf("figures by class: %+v", r.PerClass)
	}
	if a := r.Threshold; a == nil || !r.Thresholds.Enough || a.Found.Count < 216 || a.PerMinute == nil || a.Interval.Low > *a.PerMinute || a.Interval.High < *a.PerMinute {
		t.Errorf("at the threshold: %+v", a)
	}
	if r.Quiet != (Quiet{OnPainted, 240, 7_999_996}) {
		t.Errorf("counted on %+v", r.Quiet)
	}
	if alarms := r.Threshold.Alarms; alarms > 60 {
		t.Errorf("%d of 240 frames whose targets are painted over have the score of a target", alarms)
	}
	if other := scanned(t, d, 1); !reflect.DeepEqual(other.Result("validation", other.Choose()), r) {
		t.Error("the result depends on the number of workers")
	}
	if at, enough := r.ChosenHere(); at != r.Thresholds.Chosen || !enough {
		t.Errorf("thresholds chosen again: %d, %t, want %d", at, enough, r.Thresholds.Chosen)
	}
	path := filepath.Join(t.TempDir(), "r.json")
	if err := fileio.WriteJSON(path, r); err != nil {
		t.Fatal(err)
	}
	read, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := read.Recomputed(d.Classes())
	if diff := cmp.Diff(r, again); diff != "" || err != nil {
		t.Errorf("error %v, computed again of what was read (-want +got):\n%s", err, diff)
	}
	for line := range strings.Lines(r.Table()) {
		if len([]rune(line)) > 81 {
			t.Errorf("%d columns: %s", len([]rune(line)), line)
		}
	}
	speed, err := s.MeasureSpeed(t.Context(), 2, "a machine")
	if err != nil || speed.check() != nil || speed.PerSecond == 0 {
		t.Errorf("speed %+v, error %v", speed, err)
	}
}

// TestPool wants of two halves together what the whole has, and no rates where a half has no
// threshold or counts on other frames.
func TestPool(t *testing.T) {
	d := drawn(t, 40, 0, "minimum=12")
	s := scanned(t, d, 2)
	whole, thresholds := s.Result("test", s.Choose()), s.Choose()
	half := func(list []clip, t Thresholds) *Result {
		return (&Scan{clips: list, classes: s.classes, painted: s.painted}).Result("test", t)
	}
	a, b := half(s.clips[:2], thresholds), half(s.clips[2:], thresholds)
	for at := range b.Each {
		b.Each[at].Group = at // each numbers its own from 0 on
	}
	p, err := Pool([]*Result{a, b}, d.Classes())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Pooled{whole.All, whole.PerClass, &whole.Threshold.Rates, whole.Quiet}, *p); diff != "" {
		t.Errorf("pooled (-want +got):\n%s", diff)
	}
	for _, words := range []string{"targets found in 4 clips, 160 frames with a target", "With the threshold of its fold", "minutes of frames whose targets are painted over"} {
		if !strings.Contains(p.Table(), words) {
			t.Errorf("the table lacks %q:\n%s", words, p.Table())
		}
	}
	other := *b
	other.Quiet.On = OnEmpty
	for name, second := range map[string]*Result{"no threshold": half(s.clips[2:], Thresholds{Scores: []float64{}}), "other frames": &other} {
		if p, err := Pool([]*Result{a, second}, d.Classes()); err != nil || p.At != nil || p.All.First != whole.All.First && *p.All.First.Share != *whole.All.First.Share {
			t.Errorf("%s: %+v, error %v", name, p, err)
		}
	}
	if _, err := Pool([]*Result{a, b}, d.Classes()[:1]); err == nil {
		t.Error("a class that there is not was pooled")
	}
}

// TestEmptyFrames counts false alarms on frames that are labelled as empty, where there are two
// minutes of them.
func TestEmptyFrames(t *testing.T) {
	s := scanned(t, drawn(t, 20, 30, "minimum=12,rate=1"), 2) // 4 times 30 seconds
	r := s.Result("test", s.Choose())
	if r.Quiet != (Quiet{OnEmpty, 120, 120_000_000}) {
		t.Errorf("counted on %+v", r.Quiet)
	}
	if words := strings.Join(r.Words(), " "); !strings.Contains(words, "2 minutes of empty frames") {
		t.Error(words)
	}
	if s := scanned(t, drawn(t, 20, 29, "minimum=12,rate=1"), 2); !s.painted || s.Result("test", Thresholds{}).Quiet.Frames != 4*49 {
		t.Error("116 seconds of empty frames suffice")
	}
}

// TestWithoutBoxes has clips whose whole frames are examples: there is nothing to find.
func TestWithoutBoxes(t *testing.T) {
	s := scanned(t, drawn(t, 20, 0, "crop=frame"), 2)
	if speed, err := s.MeasureSpeed(t.Context(), 2, ""); s.Clips() != 0 || speed != nil || err != nil {
		t.Errorf("%d clips, speed %+v, error %v", s.Clips(), speed, err)
	}
	if r := s.Result("test", s.Choose()); r.Threshold != nil || r.All.Track.Share != nil || r.Table() == "" {
		t.Errorf("%+v", r)
	}
}

func TestChangedFrames(t *testing.T) {
	d := drawn(t, 20, 0, "")
	first := dataset.Clips(d)[0].Path
	b, err := os.ReadFile(filepath.Join(first, "003.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(first, "004.png"), b, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Of(t.Context(), d, everything(d), 2); err == nil || !strings.Contains(err.Error(), first+" was changed while the program ran") {
		t.Errorf("error %v", err)
	}
}

func TestCompare(t *testing.T) {
	entry := func(boxes ...clips.Box) clips.Entry {
		e := clips.Entry{}
		for _, b := range boxes {
			e.Targets = append(e.Targets, clips.Target{Box: b})
		}
		return e
	}
	labelled := clips.Box{X: 20, Y: 30, W: 6, H: 4} // its middle is 23,32
	at := func(x, y int) clips.Box { return clips.Box{X: x - 1, Y: y - 1, W: 2, H: 2} }
	far := track.Proposal{Box: at(70, 70), Score: 9}
	for _, c := range []struct {
		name  string
		point track.Point
		entry clips.Entry
		want  frame
	}{
		{"the best proposal", track.Point{Box: labelled, Score: 10, Others: []track.Proposal{far}}, entry(labelled), frame{kind: target, first: true, tracked: true, best: true, overlap: 1_000_000}},
		{"the second proposal", track.Point{Box: labelled, Score: 5, Others: []track.Proposal{far}}, entry(labelled), frame{kind: target, tracked: true, best: true, overlap: 1_000_000}},
		{"another is better, and not on the track", track.Point{Box: at(70, 70), Score: 5, Others: []track.Proposal{{Box: at(23, 32), Score: 6}}}, entry(labelled), frame{kind: target, first: true, best: true}},
		{"the sixth", track.Point{Box: at(23, 32), Score: 1, Others: []track.Proposal{far, far, far, far, far}}, entry(labelled), frame{kind: target, tracked: true, overlap: 4_000_000 / 24}},
		{"missed, and between its neighbours", track.Point{Box: at(23, 32), Missed: true, Others: []track.Proposal{far}}, entry(labelled), frame{kind: target, tracked: true, overlap: 4_000_000 / 24}},
		{"2 pixels beside the box", track.Point{Box: at(28, 36), Score: 1}, entry(labelled), frame{kind: target, first: true, tracked: true, best: true}},
		{"3 pixels beside the box", track.Point{Box: at(29, 36), Score: 1}, entry(labelled), frame{kind: target}},
		{"3 pixels below the box", track.Point{Box: at(28, 37), Score: 1}, entry(labelled), frame{kind: target}},
		{"one of two targets", track.Point{Box: labelled, Score: 1}, entry(at(70, 70), labelled), frame{kind: target, first: true, tracked: true, best: true, overlap: 1_000_000}},
		{"an empty frame", track.Point{Box: labelled, Score: 1}, entry(), frame{kind: empty}},
		{"a frame without an entry", track.Point{Box: labelled, Score: 1}, clips.Entry{Unknown: true}, frame{}},
	} {
		c.want.score = c.point.Score
		if got := compare(&c.point, c.entry); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestChoose has 60 targets, of which 60 or fewer are found with scores of 1 to 60.
func TestChoose(t *testing.T) {
	for _, c := range []struct{ found, thresholds, chosen, score int }{{60, 30, 26, 7}, {54, 27, 26, 1}, {53, 27, 26, 1}, {1, 1, 0, 1}, {0, 0, 0, 0}} {
		one := clip{}
		for n := range 60 {
			one.frames = append(one.frames, frame{kind: target, tracked: n < c.found, score: float64(n + 1)})
		}
		got := (&Scan{clips: []clip{one}}).Choose()
		if len(got.Scores) != c.thresholds || got.Chosen != c.chosen || got.Enough != (c.found >= 54) {
			t.Errorf("%d found: %+v", c.found, got)
		}
		if c.thresholds > 0 && got.Scores[got.Chosen] != float64(c.score) {
			t.Errorf("%d found: the threshold is %g, want %d", c.found, got.Scores[got.Chosen], c.score)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	one := clip{Clip: nil, line: Line{Clip: "a"}, frames: []frame{{kind: target, first: true, tracked: true, best: true, overlap: 400_000, score: 3, length: time.Second}, {kind: empty, score: 1}}}
	s := &Scan{clips: []clip{one}, classes: []string{"bird"}}
	for name, change := range map[string]func(r *Result){
		"quiet.on":          func(r *Result) { r.Quiet.On = "none" },
		"chosen":            func(r *Result) { r.Thresholds.Chosen = 1 },
		"scores[0]":         func(r *Result) { r.Thresholds.Scores[0] = 0 },
		"first is 2":        func(r *Result) { r.Each[0].First = 2 },
		"targets is -1":     func(r *Result) { r.Each[0].Targets = -1 },
		"iou_over_50 is 2":  func(r *Result) { r.Each[0].Over50 = 2 },
		"iou_millionths":    func(r *Result) { r.Each[0].Overlap = 1_000_001 },
		"found: want":       func(r *Result) { r.Each[0].Found[0] = 2 },
		"alarms: want":      func(r *Result) { r.Each[0].Alarms = nil },
		"each[0].group is":  func(r *Result) { r.Each[0].Group = 1 },
		"at least 0":        func(r *Result) { r.Speed = &Speed{Milliseconds: -1} },
		"thresholds.reache": func(r *Result) { r.Thresholds = Thresholds{Enough: true, Scores: []float64{}} },
	} {
		r := s.Result("test", s.Choose())
		path := filepath.Join(t.TempDir(), "r.json")
		for _, changed := range []bool{false, true} {
			if changed {
				change(r)
			}
			if err := fileio.WriteJSON(path, r); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path); changed && (err == nil || !strings.Contains(err.Error(), name)) || !changed && err != nil {
				t.Errorf("%s, changed %t: error %v", name, changed, err)
			}
		}
	}
}

package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

func TestParseEvery(t *testing.T) {
	for text, want := range map[string]Every{"1": {Frames: 1}, "12": {Frames: 12}, "0.5s": {Time: 500 * time.Millisecond}, "2m": {Time: 2 * time.Minute}} {
		if got, err := ParseEvery(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1", "0s", "1us", "often", "0.5"} {
		if got, err := ParseEvery(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}

// TestChoice chooses frames by numbers and by times, also where times jump or go backwards.
func TestChoice(t *testing.T) {
	ms := []int{0, 40, 80, 520, 560, 400, 900, 2100, 2140, 2510}
	for _, test := range []struct {
		every Every
		want  []int
	}{
		{Every{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{Every{Frames: 4}, []int{0, 4, 8}},
		{Every{Time: 500 * time.Millisecond}, []int{0, 3, 7, 9}},
	} {
		c := choice{Every: test.every}
		var got []int
		for frame, at := range ms {
			if c.of(frame, time.Duration(at)*time.Millisecond) {
				got = append(got, frame)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v: %s", test.every, diff)
		}
	}
}

func TestParseRaw(t *testing.T) {
	for text, want := range map[string]string{
		"320x256:gray8:30": "gray 320x256 30", "8x4:gray16:29.97": "gray16le 8x4 2997/100", "2x2:yuv420p:30000/1001": "yuv420p 2x2 30000/1001",
	} {
		r, err := ParseRaw(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprintf("%s %dx%d %s", r.Format.Pixels, r.Format.Width, r.Format.Height, r.Rate); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "320x256", "320x256:gray8", "320:gray8:30", "0x1:gray8:30", "320x256:nothing:30", "320x256:gray8:0", "320x256:gray8:x", "1x1:gray8:1/0", "320x256:gray8:30:1"} {
		if _, err := ParseRaw(text); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// coloured are frames of 4x2 pixels without colours, but for those from the given number on.
func coloured(from int) string {
	var b strings.Builder
	for frame := range 6 {
		for at := range 8 {
			b.WriteByte(byte(16 + 10*frame + at))
		}
		chroma := byte(128)
		if frame >= from {
			chroma = 90
		}
		b.Write(bytes.Repeat([]byte{chroma}, 4)) // 4:2:0, two planes of 2x1
	}
	return b.String()
}

// TestFeedCutsAtColours reads a video without colours in grey, and cuts it where colours begin.
func TestFeedCutsAtColours(t *testing.T) {
	for from, want := range map[int]string{6: "1 1 1 1 1 1", 0: "3 3 3 3 3 3", 4: "1 1 1 1 cut 3 3"} {
		raw := video.Raw{Format: video.Format{Pixels: "yuv420p", Width: 4, Height: 2}, Rate: video.Rational{Num: 10, Den: 1}}
		r, err := video.OpenRaw(t.Context(), "raw", strings.NewReader(coloured(from)), raw, video.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f := newFeed(r, false, nil, Every{Frames: 2}, false)
		var got []string
		for frame, err := range f.frames() {
			if err != nil {
				t.Fatal(err)
			}
			if frame.Cut {
				got = append(got, "cut")
			}
			got = append(got, fmt.Sprint(frame.Image.Channels))
			if a := f.take(); a.chosen != (a.frame%2 == 0) || duration(a.elapsed) != frame.Time || frame.Time != time.Duration(a.frame)*100*time.Millisecond {
				t.Errorf("arrival %+v of a frame at %v", a, frame.Time)
			}
		}
		r.Close()
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("colours from frame %d on: %s", from, diff)
		}
	}
}

// framesOf yields frames of 3x2 pixels, cut before those given.
func framesOf(n int, cuts ...int) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		for frame := range n {
			img := imaging.New(3, 2, 1)
			for at := range img.Pix {
				img.Pix[at] = uint8(frame*frame*7 + at*13)
			}
			f := clips.Frame{Time: time.Duration(frame) * time.Second, Image: img}
			for _, cut := range cuts {
				f.Cut = f.Cut || cut == frame
			}
			if !yield(f, nil) {
				return
			}
		}
	}
}

// player gives frames in the place of a decoder.
type player struct{ n int }

func (player) Name() string { return "player" }

func (p player) Frames(context.Context, clips.Clip, bool, *clips.Ending) iter.Seq2[clips.Frame, error] {
	return framesOf(p.n)
}

// TestWholeFramesAreThoseOfTraining compares what is classified of a stream with the examples
// that training takes from a clip.
func TestWholeFramesAreThoseOfTraining(t *testing.T) {
	for _, w := range []wholeFrames{{[]int{0}, 0}, {[]int{-4, 0, 4}, 0}, {[]int{2, 0}, 3}, {[]int{0, -1}, 5}} {
		for _, n := range []int{1, 3, 17} {
			var want, got []imaging.Image
			cut := &clips.Cutting{Stride: 1, Whole: true, Offsets: w.offsets, Window: w.window}
			_, err := cut.Cut(t.Context(), player{n}, clips.Clip{}, nil, func() error { return nil }, func(_ clips.Example, img imaging.Image) error {
				want = append(want, img)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for one, err := range w.find(t.Context(), framesOf(n), func() bool { return true }) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, *one.image)
			}
			if len(got) != n || len(want) != n {
				t.Fatalf("%+v: %d of %d frames, %d in training", w, len(got), n, len(want))
			}
			for i := range got {
				if !bytes.Equal(got[i].Pix, want[i].Pix) || got[i].Channels != want[i].Channels {
					t.Errorf("%+v, %d frames: example %d is not that of training", w, n, i)
				}
			}
		}
	}
}

// TestWholeFramesAtCuts wants a stream that is cut to be as two streams.
func TestWholeFramesAtCuts(t *testing.T) {
	w := wholeFrames{[]int{-2, 0, 2}, 4}
	asked := 0
	wanted := func() bool { asked++; return asked%2 == 1 }
	var tracks []int
	images := 0
	for one, err := range w.find(t.Context(), framesOf(9, 0, 4), wanted) {
		if err != nil {
			t.Fatal(err)
		}
		tracks = append(tracks, one.track)
		if one.image != nil {
			images++
		}
	}
	if diff := cmp.Diff([]int{0, 0, 0, 0, 1, 1, 1, 1, 1}, tracks); diff != "" || images != 5 {
		t.Errorf("%d images: %s", images, diff)
	}
}

// TestSmoothing takes the mean over the last frames alone, and no class can be ruled out by one
// frame.
func TestSmoothing(t *testing.T) {
	var s smoother
	if got := s.add(0, []float32{1, 0}); got[0] < 0.999 {
		t.Error(got)
	}
	if got := s.add(1, []float32{0, 1}); got[0] != 0.5 || got[1] != 0.5 {
		t.Errorf("%v, want halves", got)
	}
	if got := s.add(30, []float32{0.2, 0.8}); got[1] < 0.99 { // frame 0 is no longer in the window
		t.Error(got)
	}
	if got := s.add(60, []float32{0.25, 0.75}); got[0] < 0.2499 || got[0] > 0.2501 {
		t.Errorf("%v, want those of the frame alone", got)
	}
}

func TestMean(t *testing.T) {
	d, err := Mean{}.Begin()
	if err != nil || d.Decide() != nil {
		t.Fatal("a decision on nothing", err)
	}
	for range 1000 {
		d.Add(nil, []float32{0.5, 0.4, 0.1})
		d.Add(nil, nil)
	}
	if got := d.Decide(); got[0] < 0.4999 || got[0] > 0.5001 || got[2] > 0.1001 {
		t.Error(got)
	}
}

// TestTally counts shares, changes of label and times.
func TestTally(t *testing.T) {
	labels := []string{"a", "b"}
	sum := tally{counts: make([]int, 2)}
	for i, label := range []int{0, 0, 1, 0, 1, 1} {
		smoothed := 0
		if i > 3 {
			smoothed = 1
		}
		sum.add(&Line{Index: label, Label: labels[label], smoothed: smoothed, Smoothed: labels[smoothed], Time: Seconds{int64(i), 2}})
	}
	sum.decided([]float32{0.9, 0.1}, 1)
	sum.decided([]float32{0.1, 0.9}, 3)
	s := sum.finish(labels, 5)
	if s.Lines != 6 || s.Shares["a"] != 0.5 || s.Flips != 72 || s.SmoothedFlips != 24 || s.Tracks != 2 || s.Label != "b" || s.RangesLeftOut != 0 {
		t.Errorf("%+v", s)
	}
	want := []Range{{"a", Seconds{0, 2}, Seconds{3, 2}, 4}, {"b", Seconds{4, 2}, Seconds{5, 2}, 2}}
	if diff := cmp.Diff(want, s.Ranges); diff != "" {
		t.Error(diff)
	}
}

// TestTallyIsBounded keeps the first ranges of a clip that has many.
func TestTallyIsBounded(t *testing.T) {
	sum := tally{counts: make([]int, 2)}
	for i := range 3 * maxRanges {
		sum.add(&Line{smoothed: i % 2, Time: Seconds{int64(i), 1}})
	}
	s := sum.finish([]string{"a", "b"}, 1)
	if len(s.Ranges) != maxRanges || s.RangesLeftOut != 2*maxRanges || s.Ranges[maxRanges-1].Lines != 1 || s.Probability != nil {
		t.Errorf("%d ranges and %d left out, the last %+v", len(s.Ranges), s.RangesLeftOut, s.Ranges[maxRanges-1])
	}
}

// TestWriters wants columns for every row, and times with three decimals.
func TestWriters(t *testing.T) {
	box, score := Box{1, 2, 3, 4}, 1.5
	line := &Line{Kind: KindFrame, Source: "a,b", Frame: 7, Time: Seconds{1, 3}, Box: &box, Score: &score, Label: "x", Probability: 0.75,
		Top: []predict.Candidate{{Label: "x", Probability: 0.75}, {Label: "y", Index: 1, Probability: 0.25}}, Smoothed: "x", SmoothedProbability: 0.5}
	var text bytes.Buffer
	w := NewWriter("csv", &text, 2)
	for _, err := range []error{w.Begin(), w.Line(line), w.Line(&Line{Top: line.Top}), w.Failure(&Failure{KindError, "c", "bad"}), w.Summary(&Summary{})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	rows := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(rows) != 4 || rows[1] != `"a,b",7,0.333,0,1,2,3,4,1.5,x,0,0.75,y,1,0.25,x,0.5,` {
		t.Errorf("rows %q", rows)
	}
	for _, row := range rows[2:] {
		if strings.Count(row, ",") != strings.Count(rows[0], ",") {
			t.Errorf("%q has other columns than %q", row, rows[0])
		}
	}
	text.Reset()
	if err := NewWriter("jsonl", &text, 2).Line(line); err != nil || !json.Valid(text.Bytes()) || !strings.Contains(text.String(), `"time_s":0.333,"track":0,"box":[1,2,3,4],"score":1.5,"label":"x"`) {
		t.Errorf("%v: %s", err, &text)
	}
}

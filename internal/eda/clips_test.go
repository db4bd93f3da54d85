package eda

import (
	"encoding/xml"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/clipstat"
	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// drawnClip is a folder of 40 frames of 80x64 pixels, with a target of 8x4 pixels that moves
// over a texture. The first five frames are empty.
type drawnClip struct {
	path       string
	scene, row int
	lighter    int
	entries    int // of its labels; 0: one for each frame
}

const clipFrames = 40

// frame draws the target on a texture.
func (c drawnClip) frame(texture imaging.Image, number int) imaging.Image {
	img := brighter(texture, c.lighter)
	if number < 5 {
		return img
	}
	for y := c.row; y < c.row+4; y++ {
		for x := number; x < number+8; x++ {
			copy(img.Row(y)[3*x:], []uint8{240, 240, 240})
		}
	}
	return img
}

// write writes the frames, and labels.
func (c drawnClip) write(t *testing.T, dir string) {
	t.Helper()
	texture := drawn(t, c.scene, 80, 64)
	if c.entries == 0 {
		c.entries = clipFrames
	}
	boxes := make([]clips.Box, c.entries)
	for number := 5; number < c.entries; number++ {
		boxes[number] = clips.Box{X: number, Y: c.row, W: 8, H: 4}
	}
	clipstest.Write(t, filepath.Join(dir, filepath.FromSlash(c.path)), clipFrames,
		func(number int) image.Image { return c.frame(texture, number).ToImage() }, boxes)
}

// clipRequest asks for the training part of clips in which a copy, a shared scene and labels
// that are too short were planted.
func clipRequest(t *testing.T, options string) Request {
	t.Helper()
	dir := t.TempDir()
	for _, c := range []drawnClip{
		{path: "train/bird/a", scene: 1, row: 10}, {path: "train/bird/b", scene: 2, row: 30}, {path: "train/bird/copy", scene: 3, row: 40, lighter: 2},
		{path: "train/drone/c", scene: 3, row: 40}, {path: "train/drone/d", scene: 4, row: 20, entries: 30},
		{path: "test/bird/t", scene: 1, row: 50}, {path: "test/drone/u", scene: 6, row: 20},
	} {
		c.write(t, dir)
	}
	source, _, err := dataset.MakeDataset("clips", options)
	if err != nil {
		t.Fatal(err)
	}
	d, err := source.Open(t.Context(), dir, dataset.ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	s := &dataset.Split{Schema: dataset.SplitSchema, Dataset: d.Digest(), Group: "clip"}
	for i := range d.Len() {
		if d.Info(i).Part == dataset.PartTest {
			s.Test = append(s.Test, i)
		} else {
			s.Train = append(s.Train, i)
		}
	}
	return Request{Data: d, Members: []Member{{Name: "clips", SHA256: d.Digest()}}, Split: s, Parts: []dataset.Part{dataset.PartTrain}}
}

// TestClips wants what was planted found, whatever is cut out and subtracted, and no more.
func TestClips(t *testing.T) {
	for _, options := range []string{"margin=3", "crop=frame", "crop=frame,background=on,frames=0,level=median,background-window=5"} {
		e := explore(t, clipRequest(t, options))
		k := e.Clips
		if k.Count != 5 || k.Scenes != 4 || k.Frames != 200 || k.Labelled != 190 || k.Present != 165 || k.Labels != (clipstat.Labels{Agree: 4, Missing: 1, Unlabelled: 10}) {
			t.Errorf("%s: %+v", options, k)
		}
		overlap := []clipstat.Overlap{{Part: "train", With: "test", Clips: 1, Of: 5, Listed: []clipstat.Shared{{Clip: "train/bird/a", With: "test/bird/t"}}}}
		if diff := cmp.Diff(overlap, k.Overlap); diff != "" {
			t.Errorf("%s: overlap: %s", options, diff)
		}
		if len(k.Shared) != 1 || !slices.Equal(k.Shared[0].Clips, []string{"train/bird/copy", "train/drone/c"}) || len(k.Shared[0].Classes) != 2 {
			t.Errorf("%s: shared scenes %+v", options, k.Shared)
		}
		// Of seven frames that are looked at the first is empty, and the last two of clip d have no entry.
		if b := e.Boxes; b.Annotated != 4*7+5 || b.Empty != 5 || b.Count != 28 || b.Aspect.Median != 2 || b.Side.Median < 5.6 || b.Side.Median > 5.7 || b.Sizes[4*sizeCells+6] != b.Count {
			t.Errorf("%s: boxes %+v", options, e.Boxes)
		}
		p := e.Duplicates.Clips
		found := slices.ContainsFunc(p.Listed, func(pair ClipPair) bool {
			return pair.Clip == "train/bird/copy" && pair.Again == "train/drone/c" && pair.Near == pair.Of && pair.Conflicting
		})
		if whole := strings.HasPrefix(options, "crop=frame"); !strings.Contains(options, "median") && (!found || p.Pairs != 1 && !whole) {
			t.Errorf("%s: pairs %+v", options, p)
		}
		if e.Duplicates.Near.Sets+e.Duplicates.Exact.Sets > 0 {
			t.Errorf("%s: frames of one clip are duplicates: %+v", options, e.Duplicates.Near)
		}
	}
}

// TestClipPage wants one page that is closed like XML, without the folder of the data, and the
// same bytes from one and from several processors.
func TestClipPage(t *testing.T) {
	r := clipRequest(t, "margin=3")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one := files(t, explore(t, r))
	runtime.GOMAXPROCS(4)
	if diff := cmp.Diff(one, files(t, explore(t, r))); diff != "" {
		t.Errorf("four processors give other files than one: %s", diff)
	}
	html := one[PageFile]
	d := xml.NewDecoder(strings.NewReader(html))
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"clip-level", "clip-contrast", "clip-sharpness", "clip-pairs", "box-contrast", "box-ratio", "box-centres", "box-sizes"} {
		if !strings.Contains(html, `<figure id="`+name+`">`) {
			t.Errorf("the page lacks the figure %s", name)
		}
	}
	if !strings.Contains(html, "d/label.json has 30 entries for 40 frames") || strings.Contains(html, os.TempDir()) {
		t.Error("the page does not say what is wrong with labels, or names folders of this machine")
	}
}

// TestWrongClips swaps the label of a clip.
func TestWrongClips(t *testing.T) {
	r := clipRequest(t, "margin=3")
	r.Predictions = &heldout.Predictions{Words: "a test", Indexes: r.Split.Train}
	for _, i := range r.Split.Train {
		p := []float32{0.9, 0.1}
		if info := r.Data.Info(i); (info.Label == 1) != (info.Place.Clip.Source == "train/bird/b") {
			p = []float32{0.1, 0.9}
		}
		r.Predictions.Probabilities = append(r.Predictions.Probabilities, p...)
	}
	l := explore(t, r).Labels
	if diff := cmp.Diff([]SuspectClip{{"train/bird/b", "bird", "drone", 6, 6}}, l.Clips); diff != "" || l.Candidates != 6 {
		t.Errorf("%d candidates: %s", l.Candidates, diff)
	}
}

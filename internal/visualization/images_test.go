package visualization

import (
	"bytes"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// images is the scene of an auto-encoder with so many scores of each part and pictures.
func images(t testing.TB, scores, shown int) Data {
	s := rng.NewKey(3, rng.TestPurpose).Stream(0, 0, 0)
	d := Data{History: history(4), Samples: pictures(3)}
	for i := range d.History {
		e := &d.History[i]
		e.SetFigure("error", e.TrainLoss/20, e.ValidationLoss/20)
		e.TrainAccuracy, e.ValidationAccuracy = 0, 0
	}
	for range scores {
		v := 0.004 + 0.001*s.Normal()*s.Normal()
		d.ValidationScores, d.TestScores = append(d.ValidationScores, max(v, 0)), append(d.TestScores, max(0, v+0.002*s.Float32()))
	}
	for i := range shown {
		p := picture(28, 28, 1, fmt.Sprintf("score 0.0%d", 40-i))
		p.Output, p.File = picture(28, 28, 1, "").Image, "frame_0001.png"
		for j := range p.Output.Pix {
			p.Output.Pix[j] /= 2
		}
		d.Reconstructions = append(d.Reconstructions, p)
	}
	for part, scores := range map[*metric.Result][]float32{&d.Validation: d.ValidationScores, &d.Test: d.TestScores} {
		r, err := metric.EvaluateScores(scores)
		if err != nil {
			t.Fatal(err)
		}
		*part = r
	}
	return d
}

func TestScoreHistogram(t *testing.T) {
	v, _, err := MakeVisualization("score-histogram", "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.Draw(Data{ValidationScores: []float32{0, 0}, TestScores: []float32{0}})
	if err != nil {
		t.Fatal(err)
	}
	checkFigure(t, f)
	if f, err = v.Draw(Data{ValidationScores: []float32{0.25, 0.5}}); err != nil {
		t.Fatal(err)
	}
	checkFigure(t, f)
	if !strings.Contains(string(f.SVG), "99th percentile of validation, 0.5<") {
		t.Error("the limit is not named")
	}
	if _, err := v.Draw(Data{ValidationScores: []float32{-1}}); err == nil || !strings.Contains(err.Error(), "its score is -1") {
		t.Errorf("error is %v", err)
	}
}

// TestTile wants pictures that were made smaller as JPEG, and the others as PNG, which keeps
// each of their pixels.
func TestTile(t *testing.T) {
	for side, want := range map[int]string{28: "png", tilePixels: "png", tilePixels + 1: "jpeg", 600: "jpeg"} {
		made, err := tileOf(picture(side, side, 3, "").Image)
		if err != nil {
			t.Fatal(err)
		}
		read, format, err := image.Decode(bytes.NewReader(made.file))
		if err != nil || format != want || made.format != want || read.Bounds() != made.Bounds() {
			t.Errorf("%d pixels: %s, which is %s of %v, %v; want %s of %v", side, made.format, format, read.Bounds(), err, want, made.Bounds())
		}
	}
}

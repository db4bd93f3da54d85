package visualization

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rng"
)

var (
	update  = flag.Bool("update", false, "write the golden files anew")
	figures = flag.String("figures", "", "folder to write every figure to, for looking at them")
)

// history is that of an ordinary run.
func history(epochs int) []metric.Epoch {
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	var all []metric.Epoch
	for i := range epochs {
		n := float64(i + 1)
		noise := float64(s.Normal()) * 0.01
		all = append(all, metric.Epoch{
			Epoch: i + 1, TrainLoss: 1.8/(n*n) + 0.02, ValidationLoss: 1.3/(n+0.4) + 0.004*n + noise,
			TrainAccuracy: 1 - 0.3/n, ValidationAccuracy: 0.985 - 0.25/n + noise/3,
		})
	}
	return all
}

// evaluation of a classifier that is nearly always right, but mixes neighbours
// up, the higher classes more often.
func evaluation(t testing.TB, classes []string, each int) *metric.Evaluation {
	k := len(classes)
	s := rng.NewKey(2, rng.TestPurpose).Stream(0, 0, 0)
	var labels []int
	var probabilities []float32
	for label := range k {
		for range each {
			row := make([]float32, k)
			confidence := 0.4 + 0.6*s.Float32()
			predicted := label
			if s.Float32() < 0.25*float32(label)/float32(k)*(1.6-confidence) {
				predicted = (label + 1 + s.IntN(max(1, k/3))) % k
			}
			for j := range row {
				row[j] = (1 - confidence) / float32(k)
			}
			row[predicted] += confidence
			labels, probabilities = append(labels, label), append(probabilities, row...)
		}
	}
	e, err := metric.Evaluate(probabilities, labels, classes)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func names(k int, format string) []string {
	var all []string
	for i := range k {
		all = append(all, fmt.Sprintf(format, i))
	}
	return all
}

// picture is a ramp with a bright diagonal.
func picture(width, height, channels int, caption string) Picture {
	img := imaging.New(width, height, channels)
	for y := range height {
		row := img.Row(y)
		for x := range width {
			for c := range channels {
				row[x*channels+c] = uint8((x*200/width + c*90) % 256)
			}
			if x == y {
				row[x*channels] = 255
			}
		}
	}
	return Picture{Image: img, Caption: caption}
}

func pictures(n int) []Picture {
	var all []Picture
	for i := range n {
		all = append(all, picture(28, 28, 1, fmt.Sprintf("%d, not %d\n%d.1 %% sure", i%10, (i+3)%10, 99-i)))
	}
	return all
}

// scenes are data sets to draw, by name.
func scenes(t testing.TB) map[string]Data {
	odd := []string{"<script>alert(1)</script>", "a|b", "two\nlines", "a class whose name is much too long to be shown", "日本", "\x1b[31m", "&amp;"}
	rare := evaluation(t, []string{"common", "rare", "absent"}, 3)
	rare.PerClass[2] = metric.Class{Label: "absent"}
	rare.Confusion[2] = []int{0, 0, 0}
	oddPictures := []Picture{
		picture(320, 200, 3, "wide & <colour>"), picture(40, 300, 1, "tall"), picture(1, 1, 3, "one pixel"),
		picture(2000, 1000, 3, "large\nwith\nfour\nlines"), picture(88, 88, 1, "a caption which is far too long for its tile"), picture(28, 28, 1, ""),
	}
	return map[string]Data{
		"usual":    {History: history(12), Test: evaluation(t, names(10, "%d"), 200), Samples: pictures(40), Mistakes: pictures(13)},
		"one":      {History: history(1), Validation: evaluation(t, []string{"cat", "dog"}, 20), Samples: pictures(1), Mistakes: pictures(2)},
		"odd":      {History: history(2), Test: evaluation(t, odd, 30), Samples: oddPictures},
		"rare":     {History: history(75), Test: rare},
		"thirty":   {History: history(300), Test: evaluation(t, names(30, "class %02d"), 50)},
		"hundred":  {Test: evaluation(t, names(100, "some class %02d"), 30)},
		"thousand": {Test: evaluation(t, names(400, "class %d"), 4)},
		"images":   images(t, 600, 11),
		"image":    images(t, 30, 2),
	}
}

// Figures that scenes of a target never have.
const (
	ofImages  = "reconstructions score-histogram "
	ofClasses = "accuracy confusion-matrix per-class-accuracy reliability worst-mistakes "
)

// absent says which figures a scene has no data for.
var absent = map[string]string{
	"usual": ofImages, "one": ofImages,
	"odd": ofImages + "worst-mistakes", "rare": ofImages + "sample-grid worst-mistakes", "thirty": ofImages + "sample-grid worst-mistakes",
	"hundred":  ofImages + "sample-grid worst-mistakes accuracy training-loss",
	"thousand": ofImages + "sample-grid worst-mistakes accuracy training-loss",
	"images":   ofClasses, "image": ofClasses,
}

func makeAll(t testing.TB) map[string]Visualization {
	all := map[string]Visualization{}
	for _, d := range Modules() {
		v, _, err := MakeVisualization(d.Name, "")
		if err != nil {
			t.Fatal(err)
		}
		all[d.Name] = v
	}
	return all
}

func TestEveryFigureOfEveryScene(t *testing.T) {
	all := makeAll(t)
	for scene, data := range scenes(t) {
		for name, v := range all {
			t.Run(scene+"/"+name, func(t *testing.T) {
				f, err := v.Draw(data)
				if slices.Contains(strings.Fields(absent[scene]), name) {
					if !errors.Is(err, ErrNothingToDraw) {
						t.Errorf("error is %v, want %v", err, ErrNothingToDraw)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if f.Name != name {
					t.Errorf("the figure is named %q", f.Name)
				}
				checkFigure(t, f)
				if *figures != "" {
					write(t, filepath.Join(*figures, scene+"-"+name), f)
				}
			})
		}
	}
}

func write(t *testing.T, path string, f Figure) {
	if err := os.WriteFile(path+".png", f.PNG, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".svg", f.SVG, 0o600); err != nil {
		t.Fatal(err)
	}
}

func checkFigure(t *testing.T, f Figure) {
	if f.Title == "" || len(f.Alt) < 20 {
		t.Errorf("title %q, alternative text %q", f.Title, f.Alt)
	}
	if _, err := png.Decode(bytes.NewReader(f.PNG)); err != nil {
		t.Errorf("not a PNG: %v", err)
	}
	d := xml.NewDecoder(bytes.NewReader(f.SVG))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "script" {
			t.Error("the SVG has a script element")
		}
	}
	for _, bad := range []string{"NaN", "Inf", "image/jpg"} {
		if bytes.Contains(f.SVG, []byte(bad)) {
			t.Errorf("the SVG contains %q", bad)
		}
	}
}

// TestEqualBytes draws everything twice, with visualizations made anew.
func TestEqualBytes(t *testing.T) {
	all := scenes(t)
	first, second := makeAll(t), makeAll(t)
	for name := range first {
		data := all["usual"]
		if strings.Contains(ofImages, name) {
			data = all["images"]
		}
		a, err := first[name].Draw(data)
		if err != nil {
			t.Fatal(err)
		}
		b, err := second[name].Draw(data)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.SVG, b.SVG) || !bytes.Equal(a.PNG, b.PNG) {
			t.Errorf("%s differs when drawn again", name)
		}
	}
}

// TestGoldenSVG keeps small figures of each kind of drawing.
func TestGoldenSVG(t *testing.T) {
	all := scenes(t)
	for name, v := range makeAll(t) {
		data := all["one"]
		if strings.Contains(ofImages, name) {
			data = all["image"]
		}
		f, err := v.Draw(data)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".svg")
		if *update {
			if err := fileio.WriteBytes(path, f.SVG); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(f.SVG)); diff != "" {
			t.Errorf("%s differs (-want +got); run with -update if that is meant:\n%s", path, diff)
		}
	}
}

func TestOptions(t *testing.T) {
	log, _, err := MakeVisualization("training-loss", "scale=log")
	if err != nil {
		t.Fatal(err)
	}
	zero := history(12)
	zero[5].TrainLoss = 0 // has no logarithm
	f, err := log.Draw(Data{History: zero})
	if err != nil {
		t.Fatal(err)
	}
	checkFigure(t, f)
	if *figures != "" {
		write(t, filepath.Join(*figures, "log-training-loss"), f)
	}
	for _, test := range []struct{ name, options, want string }{
		{"training-los", "", "did you mean training-loss"},
		{"training-loss", "scale=cubic", "want one of linear, log"},
		{"sample-grid", "columns=0", "want 1 to 20"},
		{"worst-mistakes", "limit=1000", "want 1 to 400"},
		{"accuracy", "scale=log", `unknown option "scale"`},
	} {
		if _, _, err := MakeVisualization(test.name, test.options); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: error is %v, want one with %q", test.name, test.options, err, test.want)
		}
	}
}

func TestBrokenPictureIsRefused(t *testing.T) {
	v, _, err := MakeVisualization("sample-grid", "")
	if err != nil {
		t.Fatal(err)
	}
	bad := picture(4, 4, 1, "")
	bad.Image.Pix = bad.Image.Pix[:3]
	if _, err := v.Draw(Data{Samples: []Picture{picture(4, 4, 1, ""), bad}}); err == nil || !strings.Contains(err.Error(), "picture 1: an image of 4x4 with 1 channels has 3 bytes") {
		t.Errorf("error is %v", err)
	}
	pair := picture(4, 4, 1, "")
	pair.Output = bad.Image
	if _, err := v.Draw(Data{Samples: []Picture{pair}}); err == nil || !strings.Contains(err.Error(), "output of picture 0: an image of 4x4") {
		t.Errorf("error is %v", err)
	}
}

// TestFileNamesKeepTheirEnd checks that of a long file name the number of the frame
// is shown, and of a caption the beginning.
func TestFileNamesKeepTheirEnd(t *testing.T) {
	v, _, err := MakeVisualization("worst-mistakes", "")
	if err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("recording-of-a-long-day", 3) + "_00417.png"
	figure, err := v.Draw(Data{Mistakes: []Picture{{
		Image: imaging.New(8, 8, 1), Caption: "dog, not " + strings.Repeat("cat", 30) + "\n99 % sure", File: name,
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">dog, not cat", ">99 % sure<", "_00417.png<"} {
		if !strings.Contains(string(figure.SVG), want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	if strings.Contains(string(figure.SVG), name) {
		t.Error("the name is not cut")
	}
}

// TestReliabilityLegend checks that all that the diagram shows is explained.
func TestReliabilityLegend(t *testing.T) {
	v, _, err := MakeVisualization("reliability", "")
	if err != nil {
		t.Fatal(err)
	}
	accuracy, confidence := 0.5, 0.75
	figure, err := v.Draw(Data{Test: &metric.Evaluation{CalibrationBins: []metric.Bin{
		{Lower: 0.5, Upper: 1, Count: 4, Accuracy: &accuracy, Confidence: &confidence},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">accuracy<", ">its shortfall against confidence<", ">mean confidence<", ">accuracy equal to confidence<"} {
		if !strings.Contains(string(figure.SVG), want) {
			t.Errorf("the diagram lacks %q", want)
		}
	}
}

package visualization

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"regexp"
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
		all = append(all, picture(28, 28, 1, fmt.Sprintf("predicted: %d\nprobability: %d.10 %%\ntruth: %d", i%10, 99-i, (i+3)%10)))
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
		"usual":    {History: history(12), Test: evaluation(t, names(10, "%d"), 200), Samples: pictures(40), Mistakes: pictures(13), Detection: found(27, 90), Seen: seen(20), Sensor: through(t, 6)},
		"one":      {History: history(1), Validation: evaluation(t, []string{"cat", "dog"}, 20), Samples: pictures(1), Mistakes: pictures(2), Detection: found(1, 0), Seen: seen(1), Sensor: through(t, 2)},
		"odd":      {History: history(2), Test: evaluation(t, odd, 30), Samples: oddPictures},
		"rare":     {History: history(75), Test: rare},
		"thirty":   {History: history(300), Test: evaluation(t, names(30, "class %02d"), 50)},
		"hundred":  {Test: evaluation(t, names(100, "some class %02d"), 30)},
		"thousand": {Test: evaluation(t, names(400, "class %d"), 4)},
		"phases":   {History: inPhases(t), Validation: evaluation(t, names(10, "%d"), 20)},
		"images":   images(t, 600, 11),
		"image":    images(t, 30, 2),
	}
}

// Figures that scenes of a target never have.
const (
	ofClips   = " detection-curve sensor-accuracy sensor-images learning-curve"
	ofImages  = "reconstructions score-histogram "
	ofClasses = "accuracy confusion-matrix per-class-accuracy reliability worst-mistakes "
)

// absent says which figures a scene has no data for.
var absent = map[string]string{
	"usual": ofImages + "learning-curve", "one": ofImages + "learning-curve",
	"phases": ofImages + "sample-grid worst-mistakes detection-curve sensor-accuracy sensor-images",
	"odd":    ofImages + "worst-mistakes" + ofClips, "rare": ofImages + "sample-grid worst-mistakes" + ofClips, "thirty": ofImages + "sample-grid worst-mistakes" + ofClips,
	"hundred":  ofImages + "sample-grid worst-mistakes accuracy training-loss" + ofClips,
	"thousand": ofImages + "sample-grid worst-mistakes accuracy training-loss" + ofClips,
	"images":   ofClasses + ofClips, "image": ofClasses + ofClips,
}

// inPhases is a history whose first epoch found the last layer.
func inPhases(t testing.TB) []metric.Epoch {
	t.Helper()
	all := history(4)
	all[0].Phase = metric.PhaseHead
	all[0].Head = &metric.HeadNote{}
	for i, percent := range []int{25, 50, 100} {
		all[0].Head.Curve = append(all[0].Head.Curve, metric.HeadPoint{Percent: percent, Images: 27 * percent, HeadSolution: metric.HeadSolution{ValidationAccuracy: 0.79 + 0.04*float64(i)}})
		all[i+1].Phase = metric.PhaseFinetune
	}
	return all
}

// seen are images with what a sensor shows of them.
func seen(n int) []Picture {
	all := pictures(n)
	for i := range all {
		all[i].Output = all[i].Image
	}
	return all
}

// through is a curve of so many severities.
func through(t testing.TB, n int) *metric.SensorCurve {
	t.Helper()
	classes := names(10, "%d")
	c := metric.NewSensorCurve(evaluation(t, classes, 20), 1)
	for severity := range n {
		c.Add(float64(severity), evaluation(t, classes, 20))
	}
	return c
}

// found is a curve of so many thresholds.
func found(n int, most float64) *DetectionCurve {
	c := &DetectionCurve{Part: "test", Chosen: n - 1, Painted: n > 1}
	for k := range n {
		c.Shares = append(c.Shares, float64(k+1)/float64(n)*0.9)
		c.Alarms = append(c.Alarms, most*float64(k*k)/float64(n*n))
	}
	return c
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
		if name == "learning-curve" {
			data = all["phases"]
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
		if name == "learning-curve" {
			data = all["phases"]
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

// TestCaptions checks that of long names both ends are shown, with the whole name for who
// points at it, and that of a line "key: name" the key is never cut.
func TestCaptions(t *testing.T) {
	file := "dogs/" + strings.Repeat("recording-of-a-long-day", 3) + "_00417.png"
	figure := draw(t, "worst-mistakes", Data{Mistakes: []Picture{{
		Image: imaging.New(8, 8, 1), File: file,
		Caption: "predicted: " + strings.Repeat("cat", 30) + "-17\nprobability: 99.12 %\ntruth: dog",
	}}})
	text := string(figure.SVG)
	for _, want := range []string{
		">predicted: c", "…", "-17</text>", ">probability: 99.12 %</text>", ">truth: dog</text>", "dogs/", "17.png</text>",
		"<title>predicted: " + strings.Repeat("cat", 30) + "-17</title>", "<title>" + file + "</title>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the figure lacks %q", want)
		}
	}
	if strings.Contains(text, ">"+file+"</text>") {
		t.Error("the name is not cut")
	}
}

// draw draws a figure with the default options.
func draw(t *testing.T, name string, d Data) Figure {
	t.Helper()
	v, _, err := MakeVisualization(name, "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := v.Draw(d)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestTextHasItsPlaceInAnyFont wants each text to have an anchor and its width, as far as
// the font that it was measured with has its letters: no other font can then move it.
func TestTextHasItsPlaceInAnyFont(t *testing.T) {
	f := draw(t, "accuracy", Data{History: history(10)})
	for _, want := range []string{`text-anchor="end"[^>]*textLength="[0-9.]+"[^>]*>highest validation accuracy [0-9.]+ %, epoch 10<`,
		`text-anchor="middle" textLength="11.12" lengthAdjust="spacingAndGlyphs">10<`, `transform="rotate[^>]*text-anchor="middle"[^>]*>examples classified`} {
		if !regexp.MustCompile(want).Match(f.SVG) {
			t.Errorf("the figure lacks %s", want)
		}
	}
	f = draw(t, "sample-grid", Data{Samples: []Picture{picture(4, 4, 1, "犬の写真 🐕")}})
	if found := regexp.MustCompile(`<text[^>]*textLength[^>]*>[^<]*犬`).Find(f.SVG); found != nil {
		t.Errorf("the width of letters that the font lacks is not known: %s", found)
	}
}

// TestLongNames checks that names of 60 letters, of which only the middle differs from
// others or only the ends, can be told apart.
func TestLongNames(t *testing.T) {
	name := func(i int) string {
		return fmt.Sprintf("%02d-%s-%02d", i, strings.Repeat("a-very-long-class-name", 3)[:54], i)
	}
	var classes []string
	for i := range 60 {
		classes = append(classes, name(i))
	}
	e := evaluation(t, classes, 20)
	for _, figure := range []string{"confusion-matrix", "per-class-accuracy"} {
		f := draw(t, figure, Data{Test: e})
		for i, name := range classes {
			short := regexp.MustCompile(fmt.Sprintf(`<title>%s</title>%02d-[^<]*…[^<]*-%02d</text>`, name, i, i))
			if !short.Match(f.SVG) {
				t.Errorf("%s: %s is not shortened in the middle, with a title", figure, name)
			}
		}
	}
	f := draw(t, "confusion-matrix", Data{Test: e})
	if !regexp.MustCompile(`<rect[^>]*><title>59-[^<]* taken for [0-9]{2}-[^<]*: [0-9]+ of 20</title>`).Match(f.SVG) {
		t.Error("cells without numbers do not say what they count")
	}
}

// TestManyClassesAreListed wants a list of pairs where a matrix could not be read.
func TestManyClassesAreListed(t *testing.T) {
	for classes, list := range map[int]bool{100: false, 101: true, 200: true} {
		e := evaluation(t, names(classes, "class %d"), 10)
		f := draw(t, "confusion-matrix", Data{Test: e})
		rows := bytes.Count(f.SVG, []byte(">→</text>"))
		if want := map[bool]int{true: MaxPairs}[list]; rows != want {
			t.Errorf("%d classes: %d pairs are listed, want %d", classes, rows, want)
		}
		if worst := e.MostConfused(1)[0]; list && !strings.Contains(string(f.SVG), ">"+worst.Label+"</text>") {
			t.Errorf("%d classes: %s is not listed", classes, worst.Label)
		}
	}
	right, err := metric.Evaluate(slices.Concat(make([]float32, 100), []float32{1}), []int{100}, names(101, "%d"))
	if err != nil {
		t.Fatal(err)
	}
	if f := draw(t, "confusion-matrix", Data{Test: right}); !strings.Contains(string(f.SVG), "No example was taken for another class.") {
		t.Error("nothing is said of no mistakes")
	}
}

// TestHostileNames draws names that mean something in SVG, and others that few fonts have.
func TestHostileNames(t *testing.T) {
	classes := []string{"<script>alert(1)</script>", "a&b", `"quoted" 'names'`, "</text></svg>", "אבג דהו", "عربي", "犬の写真", "🐕‍🦺", "]]>", "\x1b[31m\u202e", "%s"}
	d := Data{Test: evaluation(t, classes, 30), History: history(2)}
	for i, name := range classes {
		d.Mistakes = append(d.Mistakes, picture(4, 4, 1, "predicted: "+name))
		d.Mistakes[i].File = name + "/" + name
	}
	for _, name := range []string{"confusion-matrix", "per-class-accuracy", "worst-mistakes"} {
		f := draw(t, name, d)
		checkFigure(t, f)
		if !bytes.Contains(f.SVG, []byte("a&amp;b")) || bytes.ContainsAny(f.SVG, "\x1b\u202e") {
			t.Errorf("%s: names are not escaped", name)
		}
	}
}

// TestDarkStyle wants a dark colour for each light one of a figure's ground and text.
func TestDarkStyle(t *testing.T) {
	f := draw(t, "accuracy", Data{History: history(10)})
	if !bytes.Contains(f.SVG, []byte(DarkStyle)) {
		t.Error("the figure lacks the style sheet")
	}
	for property, colors := range map[string][]color.NRGBA{"fill": {white, shade, ink, muted, blue}, "stroke": {ink, muted, hairline, blue}} {
		for _, c := range colors {
			rule := regexp.MustCompile(fmt.Sprintf(`\[%s="%s"\] \{ %[1]s: (#[0-9A-F]{6}); \}`, property, hex(c))).FindStringSubmatch(DarkStyle)
			if rule == nil || rule[1] == hex(c) {
				t.Errorf("the style sheet has no other %s for %s", property, hex(c))
			}
		}
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

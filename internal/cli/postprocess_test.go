package cli

import (
	"bytes"
	"fmt"
	"image"
	pixel "image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/postprocess"
)

// followed is what is compared of a line.
type followed struct {
	Kind     string  `json:"kind"`
	Source   string  `json:"source"`
	Frame    int     `json:"frame"`
	Frames   int     `json:"frames"`
	Time     float64 `json:"time_s"`
	Track    int     `json:"track"`
	Tracks   int     `json:"tracks"`
	Box      []int   `json:"box"`
	Score    float64 `json:"score"`
	Label    string  `json:"label"`
	Index    int     `json:"index"`
	Smoothed string  `json:"smoothed_label"`
	By       string  `json:"decided_by"`
	Lag      int     `json:"lag"`
	Odds     float64 `json:"probability"`
	Evened   float64 `json:"smoothed_probability"`
}

// shadeOf is how the pixel of a frame is drawn: grey or in colour, of 8 or 16 bits.
type shadeOf func(img *image.Gray, x, y int) pixel.Color

func greyShade(img *image.Gray, x, y int) pixel.Color { return img.GrayAt(x, y) }

func wideShade(img *image.Gray, x, y int) pixel.Color {
	return pixel.Gray16{Y: uint16(100*int(img.GrayAt(x, y).Y) + (31*x+17*y)%100)}
}

func colourShade(img *image.Gray, x, y int) pixel.Color {
	v := img.GrayAt(x, y).Y
	return pixel.RGBA{v, v - v/4, uint8(255 - int(v)), 255}
}

// drawFollowed writes frames of a target that is away for a while, before a mast, and of a
// camera that moves at the end.
func drawFollowed(t *testing.T, dir string, shade shadeOf) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for frame := range 110 {
		bounds := image.Rect(0, 0, 96, 80)
		at := blob(0, 2, frame%60)
		grey := image.NewGray(bounds)
		for i := range grey.Pix {
			x, y := i%96+max(0, frame-80)*2, i/96+max(0, frame-90)
			grey.Pix[i] = uint8(70 + 3*noise(x, y, 1) + noise(i, 2, frame)/3)
			if x >= 60 && x < 64 {
				grey.Pix[i] = 130
			}
			if p := image.Pt(i%96, i/96); p.In(at) && (frame < 40 || frame >= 55) {
				grey.Pix[i] = 200
			}
		}
		clipstest.WriteFrame(t, dir, frame, picture{grey, shade})
	}
}

// picture is a drawn frame in its shades.
type picture struct {
	grey  *image.Gray
	shade shadeOf
}

func (p picture) ColorModel() pixel.Model {
	switch p.shade(p.grey, 0, 0).(type) {
	case pixel.Gray:
		return pixel.GrayModel
	case pixel.Gray16:
		return pixel.Gray16Model
	}
	return pixel.RGBAModel
}
func (p picture) Bounds() image.Rectangle { return p.grey.Bounds() }
func (p picture) At(x, y int) pixel.Color { return p.shade(p.grey, x, y) }
func (p picture) Opaque() bool            { return true }

// following is a model of clips, and how frames are drawn that it is used on.
type following struct {
	options string // of dataset clips
	args    []string
	shade   shadeOf
	lag     int
	slow    bool // only in thorough tests
}

// TestClientFollowsAsPredictDoes makes packages of models of clips, and wants their client to
// find the boxes, tracks and scores that predict does in folders of frames, to the bit, and with
// ONNX Runtime for a server the same labels and decisions.
func TestClientFollowsAsPredictDoes(t *testing.T) {
	needPython(t, "numpy, PIL")
	for name, f := range map[string]following{
		"grey":                         {"margin=2,minimum=16,stride=3", []string{"--decision-folds", "2"}, greyShade, 64, false},
		"16 bits, less the background": {"minimum=16,stride=3,level=median,background-window=16", []string{"--decision-folds", "0", "--levels", "10000,50000"}, wideShade, 20, false},
		"colour":                       {"margin=1.5,minimum=9,stride=3,frames=-3/0/2", []string{"--decision-folds", "0", "--channels", "3"}, colourShade, 64, true},
	} {
		t.Run(name, func(t *testing.T) {
			if f.slow && !thorough {
				t.Skip("it takes long, and runs with -tags slow")
			}
			script, err := filepath.Abs("testdata/follow.py")
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			f.compare(t, script)
		})
	}
}

// compare follows the target in a folder of frames by the client and by predict, and returns the
// folder of the package.
func (f following) compare(t *testing.T, script string) string {
	t.Helper()
	folder := clipsPackage(t, f.options, f.args...)
	drawFollowed(t, "new", f.shade)
	code, out, errs := watched(t, "", "--run", folder, "--lag", fmt.Sprint(f.lag), "new")
	if code != ExitDone {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	args := []string{script, folder, "new", fmt.Sprint(f.lag)}
	served := exec.Command("python3", "-c", "import onnxruntime").Run() == nil
	if !served {
		t.Log("python3 with onnxruntime is not at hand: the client gets the answers of predict, and decisions of a network are not compared")
		writeText(t, "answers.jsonl", out)
		args = append(args, "answers.jsonl")
	}
	sameFollowed(t, linesOf[followed](t, python(t, args...)), linesOf[followed](t, out), served)
	succeed(t, "package", "verify", folder)
	return folder
}

// clipsPackage trains a small model on drawn clips and returns the folder of its package.
func clipsPackage(t *testing.T, options string, args ...string) string {
	t.Helper()
	drawClips(t, 31)
	succeed(t, append([]string{"run", "--dataset", "clips", "--data-dir", "clips", "--dataset-options", options, "--model", "mlp", "--epochs", "3",
		"--image-size", "16", "--batch-size", "8", "--controls", "off", "--min-test-accuracy", "0", "--min-per-class-accuracy", "0",
		"--quiet", "--name", "small", "--output-dir", "run"}, args...)...)
	return filepath.Join("run", "package", "small-0.1.0")
}

// sameFollowed compares the lines of the client with those of predict: all that is computed
// here must be equal, and probabilities, which a server computes, nearly so.
func sameFollowed(t *testing.T, got, want []followed, served bool) {
	t.Helper()
	const tolerance = 1e-4
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	missed, wrong := 0, 0
	for i, w := range want {
		g := got[i]
		if w.Kind == "summary" && w.By == postprocess.ByNetwork && !served {
			continue
		}
		if w.Kind == "frame" && w.Score == 0 {
			missed++
		}
		if math.Abs(g.Odds-w.Odds) > tolerance || math.Abs(g.Evened-w.Evened) > tolerance {
			t.Errorf("line %d: probabilities %v and %v, want %v and %v", i, g.Odds, g.Evened, w.Odds, w.Evened)
		}
		g.Odds, g.Evened = w.Odds, w.Evened
		if diff := cmp.Diff(w, g); diff != "" && wrong < 3 {
			t.Errorf("line %d: %s", i, diff)
			wrong++
		}
	}
	if missed == 0 {
		t.Error("the target was missed in no frame, so that nothing is known of those")
	}
}

// TestFollowingClientRefuses: the client says what is wrong with a folder. Of one that is right it
// makes what predict does.
func TestFollowingClientRefuses(t *testing.T) {
	needPython(t, "numpy, PIL")
	script, err := filepath.Abs("testdata/follow.py")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	f := following{"minimum=16,stride=3,level=median,background-window=8,rate=25", []string{"--decision-folds", "0", "--levels", "0,65535"}, wideShade, 64, false}
	folder := f.compare(t, script) // of 16 bits
	client := filepath.Join(folder, postprocess.Client)
	for name, c := range map[string]struct {
		files []string
		want  string
	}{
		"empty":   {nil, "has no frames"},
		"names":   {[]string{"a.png"}, "has no number at the end of its name"},
		"gap":     {[]string{"f1.png", "f3.png"}, "lacks frames between 1 and 3"},
		"twice":   {[]string{"f1.png", "f01.png"}, "have one number"},
		"two":     {[]string{"f1.png", "g2.png"}, "named in two ways"},
		"damaged": {[]string{"f1.png"}, "cannot identify image file"},
	} {
		if err := os.Mkdir(name, 0o777); err != nil {
			t.Fatal(err)
		}
		for _, file := range c.files {
			writeText(t, filepath.Join(name, file), "no image")
		}
		refusesFrames(t, client, name, c.want)
	}
	drawClip(t, "sizes", 0, 0, 3)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	writeText(t, "sizes/003.png", b.String())
	refusesFrames(t, client, "sizes", "bring all frames to one size and kind")
	text, err := os.ReadFile(filepath.Join(folder, postprocess.File))
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(folder, postprocess.File), strings.Replace(string(text), `"schema": 1`, `"schema": 2`, 1))
	refusesFrames(t, client, "sizes", "the schema is 2, and this program reads 1")
}

// refusesFrames wants exit code 1, and one line with what is wrong.
func refusesFrames(t *testing.T, client, folder, want string) {
	t.Helper()
	out, err := exec.Command("python3", "-B", client, "--tracks", folder).CombinedOutput()
	if err == nil || !strings.Contains(string(out), want) || strings.Contains(string(out), "Traceback") {
		t.Errorf("%s: %v, %s, want %q", folder, err, out, want)
	}
}

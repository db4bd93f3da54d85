package cli

import (
	"bytes"
	"encoding/json"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// noisy writes a clip of noise over a slanted edge.
func noisy(t *testing.T, dir string, frames int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	s := rng.NewKey(1, rng.TestPurpose).Stream(0, 0, 0)
	for n := range frames {
		img := image.NewGray(image.Rect(0, 0, 96, 96))
		for i := range img.Pix {
			v := 80 + 2*float64(s.Normal())
			if x, y := i%96, i/96; 5*x+y > 300 {
				v += 60
			}
			img.Pix[i] = uint8(v + 0.5)
		}
		clipstest.WriteFrame(t, dir, n, img)
	}
}

// TestSensorFit measures, prints, writes JSON and a profile, and compares with the data of a
// folder.
func TestSensorFit(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	noisy(t, "clip", 12)
	noisy(t, filepath.Join("photographs", "cat"), 6)
	noisy(t, filepath.Join("photographs", "dog"), 6)
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		var out, errs bytes.Buffer
		if code := Run(t.Context(), append([]string{"sensor", "fit"}, args...), nil, &out, &errs); code != want {
			t.Errorf("%v: exit code %d, want %d: %s", args, code, want, &errs)
		}
		return out.String(), errs.String()
	}
	out, _ := run(ExitDone, "clip", "--output", "camera.json", "--frame-rate", "50")
	for _, want := range []string{"clip: 1 clip of 1, 96x96, 8 bits, 50 frames a second\n", "noise of pixels in time (tvh): 2.0", "range: ", "camera.json\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if !fileio.Exists("camera.json") {
		t.Error("no profile")
	}
	if _, errs := run(ExitUsage, "clip", "--output", "camera.json"); !strings.Contains(errs, "camera.json exists already") {
		t.Error(errs)
	}
	out, _ = run(ExitDone, "clip", "--json", "--quiet", "--dataset", "folder", "--data-dir", "photographs", "--split-ratio", "34/33/33", "--index", "off")
	var result struct {
		Schema   int `json:"schema"`
		Training struct {
			Of          string     `json:"of"`
			Differences []struct{} `json:"differences"`
		} `json:"training"`
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || result.Schema != 1 || result.Training.Of != "images" || len(result.Training.Differences) != 5 {
		t.Errorf("%v\n%s", err, out)
	}
	clipstest.Write(t, "black", 5, func(int) image.Image { return image.NewGray(image.Rect(0, 0, 64, 64)) }, nil)
	out, errs := run(ExitFailed, "black", "--output", "none.json")
	if !strings.Contains(out, "black: all pixels are 0") || !strings.Contains(errs, "none.json is not written: nothing was measured") || fileio.Exists("none.json") {
		t.Error(out, errs)
	}
}

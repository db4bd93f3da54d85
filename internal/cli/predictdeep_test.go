package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	pixel "image/color"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// deepCamera is a camera of 14 bits without noise, which shows DN 7000+4v as v.
const deepCamera = `{"schema": 1, "source": "made up", "modality": "thermal", "width": 0, "height": 0, "frame_rate_hz": 30, "bit_depth": 14,
	"range": [7000, 8020], "psf_sigma_px": 0, "motion_px": 0, "response_dn_per_k": 100,
	"noise3d_dn": {"tvh": 0, "vh": 0, "v": 0, "h": 0, "tv": 0, "th": 0, "t": 0}, "defect_ppm": 0,
	"agc": {"mode": "fixed", "low": [6980, 7020], "high": 8020}}`

// deepFrame is that frame of drawFrame as the converter of deepCamera gives it.
func deepFrame(class, clip, frame int) *image.Gray16 {
	grey := drawFrame(class, clip, frame)
	img := image.NewGray16(grey.Rect)
	for at, v := range grey.Pix {
		img.SetGray16(at%96, at/96, pixel.Gray16{7000 + 4*uint16(v)})
	}
	return img
}

func drawDeepClip(t *testing.T, dir string, class, clip, frames int) {
	t.Helper()
	boxes := make([]clips.Box, frames)
	for frame := range boxes {
		b := blob(class, clip, frame)
		boxes[frame] = clips.Box{X: b.Min.X, Y: b.Min.Y, W: b.Dx(), H: b.Dy()}
	}
	clipstest.Write(t, dir, frames, func(frame int) image.Image { return deepFrame(class, clip, frame) }, boxes)
}

// TestDeepFrames trains on clips of 8 bits and on what a camera's converter of 14 bits gives of the same,
// and predicts on both and on raw frames: with the profile of the camera all of it is alike, and without
// it, what has more than 8 bits is refused with its range.
func TestDeepFrames(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", filepath.Join(t.TempDir(), "cache"))
	writeText(t, "camera.json", deepCamera)
	drawClips(t, 31)
	for class, label := range []string{"along", "updown"} {
		for clip := range 8 {
			drawDeepClip(t, filepath.Join("deep", label, fmt.Sprint(clip)), class, clip, 31)
		}
	}
	options := func(data, name string, more ...string) []string {
		return append([]string{"train", "--dataset", "clips", "--data-dir", data, "--dataset-options", "margin=2,minimum=16,stride=3", "--model", "mlp",
			"--epochs", "2", "--image-size", "16", "--batch-size", "8", "--decision-folds", "0", "--quiet", "--output-dir", name}, more...)
	}
	weights := func(name string) string {
		record, err := rundir.ReadRecord(filepath.Join(name, rundir.RecordFile))
		if err != nil || record.Identity.Input.Levels != nil {
			t.Fatalf("levels %v, %v", record.Identity.Input.Levels, err)
		}
		return record.Training.WeightsSHA256
	}
	by := []string{"--sensor", "camera.json", "--sensor-train=false"}
	succeed(t, options("clips", "eight", by...)...)
	succeed(t, options("deep", "sixteen", by...)...)
	succeed(t, options("clips", "plain")...)
	if weights("eight") != weights("sixteen") {
		t.Error("what the camera shows of frames of 16 bits gives another model than the same frames of 8 bits")
	}
	drawClip(t, "new/a", 1, 3, 60)
	drawDeepClip(t, "new/b", 1, 3, 60)
	var raw bytes.Buffer
	for frame := range 60 {
		for _, v := range drawFrame(1, 3, frame).Pix {
			raw.Write(binary.LittleEndian.AppendUint16(nil, 7000+4*uint16(v)))
		}
	}
	_, first, errs := watched(t, "", "--run", "eight", "new/a")
	if len(linesOf[line](t, first)) != 61 {
		t.Fatalf("%d lines, want 60 and a summary: %s", len(linesOf[line](t, first)), errs)
	}
	for _, run := range []string{"eight", "sixteen"} {
		if _, out, errs := watched(t, raw.String(), "--run", run, "--raw", "96x80:gray16:30", "-"); sourceless(t, out, "-") != sourceless(t, first, "new/a") {
			t.Errorf("%s: raw frames of 16 bits have other lines: %s%s", run, errs, cmp.Diff(first, out))
		}
		if _, out, errs := watched(t, "", "--run", run, "new/b"); sourceless(t, out, "new/b") != sourceless(t, first, "new/a") {
			t.Errorf("%s: a folder of frames of 16 bits has other lines: %s%s", run, errs, cmp.Diff(first, out))
		}
	}
	testDeepRefused(t, raw.String(), options)
	testDeepApplied(t)
}

// testDeepRefused wants messages that name the flag and the range that sensor fit finds.
func testDeepRefused(t *testing.T, raw string, options func(data, name string, more ...string) []string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Run(t.Context(), []string{"sensor", "fit", "--json", "--quiet", "new/b"}, nil, &out, &errs); code != ExitDone {
		t.Fatal(errs.String())
	}
	var fit struct {
		Summary struct {
			Levels imaging.Levels `json:"levels"`
		} `json:"summary"`
	}
	if err := json.Unmarshal(out.Bytes(), &fit); err != nil {
		t.Fatal(err)
	}
	found := fit.Summary.Levels
	want := fmt.Sprintf("its first 60 frames lie in %d to %d: --levels %s", found.Low, found.High, found)
	if code, _, errs := watched(t, raw, "--run", "plain", "--raw", "96x80:gray16:30", "-"); code != ExitUsage || !strings.Contains(errs, want) || !strings.Contains(errs, "--levels LOW,HIGH") {
		t.Errorf("raw frames without a profile: exit code %d, %s, want %s", code, errs, want)
	}
	if code, _, errs := watched(t, "", "--run", "plain", "new/b"); code != ExitUsage || !strings.Contains(errs, want) {
		t.Errorf("a folder without a profile: exit code %d, %s, want %s", code, errs, want)
	}
	if code, _, errs := watched(t, strings.Repeat("\xff", 2*96*80), "--run", "eight", "--raw", "96x80:gray16:30", "-"); code != ExitUsage || !strings.Contains(errs, "bit_depth: the sensor profile has 14, and the image has the value 65535") {
		t.Errorf("values beyond the converter: exit code %d, %s", code, errs)
	}
	if code, _, errs := watched(t, strings.Repeat("\x00", 2*96*80), "--run", "eight", "--raw", "96x80:gray12le:30", "-"); code != ExitUsage || !strings.Contains(errs, "bit_depth: the sensor profile has 14, and frames have values of 12 bits") {
		t.Errorf("another depth than the converter's: exit code %d, %s", code, errs)
	}
	errs.Reset()
	if code := Run(t.Context(), options("deep", "refused"), nil, &out, &errs); code != ExitUsage || !strings.Contains(errs.String(), "give --levels LOW,HIGH, or --sensor") || !strings.Contains(errs.String(), "its first 31 frames lie in 7") {
		t.Errorf("training without a profile: exit code %d, %s", code, &errs)
	}
}

// testDeepApplied shows frames of 16 bits, as they are at severity 0, and refuses values that the converter
// does not have.
func testDeepApplied(t *testing.T) {
	t.Helper()
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "camera.json", "--severity", "0", "new/b", "--output", "seen")
	img, err := imaging.Decoder{}.DecodeFile(filepath.Join("seen", "frame_00007.png"))
	if err != nil || !slices.Equal(img.Pix, drawFrame(1, 3, 7).Pix) {
		t.Errorf("frame 7 is shown as %v (%v)", img.Pix[:40], err)
	}
	bright := image.NewGray16(image.Rect(0, 0, 8, 8))
	bright.SetGray16(3, 3, pixel.Gray16{20000})
	clipstest.WriteFrame(t, ".", 0, bright)
	var out, errs bytes.Buffer
	if code := Run(t.Context(), []string{"sensor", "apply", "--quiet", "--sensor", "camera.json", "000.png", "--output", "bright.png"}, nil, &out, &errs); code != ExitUsage || !strings.Contains(errs.String(), "the image has the value 20000, beyond 16383") {
		t.Errorf("a value beyond the converter: exit code %d, %s", code, &errs)
	}
}

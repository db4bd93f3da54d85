package cli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// drawSlope writes an image whose values are 0 to 255 in turn.
func drawSlope(t *testing.T, path string, width, height, channels int) imaging.Image {
	t.Helper()
	img := imaging.New(width, height, channels)
	for i := range img.Pix {
		img.Pix[i] = uint8(3 * i)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := fileio.WriteAtomic(path, func(w io.Writer) error { return img.WritePNG(w) }); err != nil {
		t.Fatal(err)
	}
	return img
}

// TestSensorApply shows images and folders of frames through cameras.
func TestSensorApply(t *testing.T) {
	t.Chdir(t.TempDir())
	colour := drawSlope(t, "colour.png", 40, 30, 3)
	var frames []imaging.Image
	for _, name := range []string{"frame_0001.png", "frame_0002.png"} {
		frames = append(frames, drawSlope(t, filepath.Join("clip", name), 320, 256, 1))
	}
	decoded := func(path string) imaging.Image {
		t.Helper()
		img, err := imaging.Decoder{}.DecodeFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return img
	}
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "ideal", "colour.png", "--output", "same.png")
	if img := decoded("same.png"); !slices.Equal(img.Pix, colour.Pix) {
		t.Error("the ideal camera changes an image")
	}
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "rgb-vga-noisy", "colour.png", "--output", "seen.png")
	if img := decoded("seen.png"); slices.Equal(img.Pix, colour.Pix) || !img.SameShape(colour) {
		t.Error("a camera changes nothing")
	}
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "ir-320x256", "--severity", "5", "clip", "--output", "seen")
	first, second := decoded("seen/frame_00000.png"), decoded("seen/frame_00001.png")
	if slices.Equal(first.Pix, second.Pix) || slices.Equal(first.Pix, frames[0].Pix) || !first.SameShape(frames[0]) {
		t.Error("frames have the same noise, or none")
	}
	if err := fileio.WriteBytes("bad.json", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want string }{
		{"colour.png --output a.png", "want --sensor"},
		{"--sensor ideal colour.png", "and --output"},
		{"--sensor ideal colour.png --output seen", "seen exists already"},
		{"--sensor ideal none.png --output a.png", "none.png does not exist"},
		{"--sensor idea colour.png --output a.png", `"idea": want one of ideal`},
		{"--sensor bad.json colour.png --output a.png", "bad.json: schema: the key is missing"},
		{"--sensor ir-320x256 colour.png --output a.png", "colour.png: modality: the profile is that of a thermal camera"},
		{"--sensor rgb-vga-noisy clip --output a", "clip: width and height: the profile has 640x480"},
		{"--sensor ideal colour.png --output a.jpg", "want a name that ends in .png"},
		{"--sensor ideal clip --output a.mkv", "want a name that ends in .mp4"},
		{"--sensor ideal clip --output a.png", "or that of a folder"},
		{"--sensor ideal --severity 6 colour.png --output a.png", "severity"},
	} {
		var out, errs bytes.Buffer
		code := Run(t.Context(), append([]string{"sensor", "apply", "--quiet"}, strings.Fields(test.args)...), nil, &out, &errs)
		if code != ExitUsage || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%s: exit code %d, %s, want %s", test.args, code, &errs, test.want)
		}
	}
}

// TestSensorApplyLeavesNothing has frames that cannot all be shown, and what a killed command left.
func TestSensorApplyLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	drawSlope(t, filepath.Join("clip", "frame_0001.png"), 320, 256, 1)
	drawSlope(t, filepath.Join("clip", "frame_0002.png"), 320, 256, 1)
	if err := os.MkdirAll(".seen.new.tmp", 0o755); err != nil { // by a killed command, as is the next
		t.Fatal(err)
	}
	for _, name := range []string{".seen.new.tmp/frame_00000.png", ".one.png.123.tmp"} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "ideal", "clip", "--output", "seen")
	succeed(t, "sensor", "apply", "--quiet", "--sensor", "ideal", "clip/frame_0001.png", "--output", "one.png")
	if err := os.WriteFile("clip/frame_0002.png", []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := Run(t.Context(), []string{"sensor", "apply", "--quiet", "--sensor", "ideal", "clip", "--output", "part"}, nil, &out, &errs); code == 0 {
		t.Error("a damaged frame is shown")
	}
	entries, err := os.ReadDir(".")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"clip", "one.png", "seen"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the folder holds %q, want %q (%v)", names, want, err)
	}
}

package preprocess

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// readRules are the rules of testdata/rules.json.
func readRules(t *testing.T) []*Preprocessing {
	t.Helper()
	var rules []*Preprocessing
	if err := fileio.ReadJSON(filepath.Join("testdata", "rules.json"), &rules, fileio.Form{MaxBytes: 1 << 20}); err != nil {
		t.Fatal(err)
	}
	for i, p := range rules {
		if err := p.check(); err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
	}
	return rules
}

// TestTensorsArePillows compares the test images with what the client in Python makes of them.
func TestTensorsArePillows(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("testdata", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden []map[string]string
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	rules := readRules(t)
	if len(golden) != len(rules) {
		t.Fatalf("%d results for %d rules: run testdata/golden.py", len(golden), len(rules))
	}
	for i, p := range rules {
		if len(golden[i]) != 10 {
			t.Fatalf("rule %d: %d images, want 10", i, len(golden[i]))
		}
		for _, name := range slices.Sorted(maps.Keys(golden[i])) {
			got, err := p.Tensor(p.repeated(filepath.Join("images", name))...)
			if err != nil {
				t.Errorf("rule %d: %v", i, err)
			} else if digest := fileio.SHA256Of(got); digest != golden[i][name] {
				t.Errorf("rule %d: %s gives %s, Pillow %s", i, name, digest, golden[i][name])
			}
		}
	}
}

// writeFiles writes the files of a package into a new folder.
func writeFiles(t *testing.T, rule imaging.Rule) string {
	t.Helper()
	files, err := Files(rule)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, f := range files {
		path := filepath.Join(folder, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestFiles reads what is written, and finds each file that was changed.
func TestFiles(t *testing.T) {
	for i, p := range readRules(t) {
		folder := writeFiles(t, p.rule())
		read, err := Read(filepath.Join(folder, RuleFile))
		if err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
		if len(read.Tests) != 10 {
			t.Fatalf("rule %d: %d test images, want 10", i, len(read.Tests))
		}
		if err := read.Check(folder); err != nil {
			t.Fatalf("rule %d: %v", i, err)
		}
		test := read.Tests[3]
		if (test.Tensor != "") != (p.Input.Bytes() <= maxTensorBytes) {
			t.Errorf("rule %d: tensors of %d bytes in %q", i, p.Input.Bytes(), test.Tensor)
		}
		for _, name := range []string{test.Image, test.Tensor} {
			if name == "" {
				continue
			}
			path := filepath.Join(folder, filepath.FromSlash(name))
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[len(content)/2] ^= 1
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := read.Check(folder); err == nil || !strings.Contains(err.Error(), path+": the file was changed") {
				t.Errorf("rule %d: %s was changed, and the check says %v", i, name, err)
			}
			content[len(content)/2] ^= 1
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		read.Resize.Filter = map[string]string{"triangle": "pillow-bicubic", "pillow-bicubic": "pillow-bilinear", "pillow-bilinear": "pillow-bicubic"}[p.Resize.Filter]
		if err := read.Check(folder); err == nil || !strings.Contains(err.Error(), "other bytes come out than must") {
			t.Errorf("rule %d: with another filter the check says %v", i, err)
		}
	}
}

// TestPages compares the pages with golden ones and wants no word that does not apply.
func TestPages(t *testing.T) {
	for i, p := range readRules(t) {
		content, err := os.ReadFile(filepath.Join(writeFiles(t, p.rule()), PageFile))
		if err != nil {
			t.Fatal(err)
		}
		page := string(content)
		for word, applies := range map[string]bool{
			"black W":                      false,
			"<no value>":                   false,
			"[N, ":                         true,
			"top left\n   corner":          p.Resize.CropFraction != 0,
			"place it on a black":          p.Resize.Mode == imaging.Letterbox,
			"frames":                       len(p.Frames) > 0,
			"multiplied by 257":            p.Levels != nil,
			"v >> 8":                       p.Levels == nil,
			"It is dropped":                p.Alpha == "drop",
			"(c*a + 127) / 255":            p.Alpha == "black",
			"255*(255 - a)":                p.Alpha == "white",
			"three equal channels":         p.Colour(),
			"38470*green":                  !p.Colour(),
			"Image.Resampling.BICUBIC":     p.Resize.Filter == "pillow-bicubic",
			"The filter is `triangle`":     p.Resize.Filter == "triangle",
			"has the bytes themselves":     p.Input.Bytes() <= maxTensorBytes,
			"OpenCV 5.0.0":                 true,
			"| 28 | INTER_LINEAR |":        p.Resize.Filter != "pillow-bicubic",
			"preprocessing/images/01-colo": true,
		} {
			if strings.Contains(page, word) != applies {
				t.Errorf("rule %d: the page has %q: %t, want %t", i, word, !applies, applies)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	p, err := New(imaging.Rule{Width: 8, Height: 8, Channels: 1, Mode: imaging.Stretch, Filter: imaging.PillowBilinear, Alpha: imaging.AlphaDrop})
	if err != nil {
		t.Fatal(err)
	}
	text, err := fileio.MarshalJSON(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, want string }{
		{`"schema": 1`, `"schema": 2`, "schema is 2"},
		{`"blocktrain-1"`, `"blocktrain-0"`, "use the version that made the package"},
		{`"alpha": "drop"`, `"alpha": "drip"`, `alpha "drip"`},
		{`"alpha": "drop"`, `"alpha": ""`, "alpha or the filter is empty"},
		{`"name": "image"`, `"name": "picture"`, `input "picture"`},
		{`"width": 8`, `"width": 0`, "input size 0x8"},
		{`"channels": 1`, `"channels": 2`, "2 channels"},
		{`"pillow-bilinear"`, `"pillow-lanczos"`, `resize filter "pillow-lanczos"`},
		{`"mode": "stretch"`, `"mode": "stretch", "crop_fraction": "0.5"`, "crop fraction 0.5"},
		{`"image": "preprocessing/images/01-colour.jpg"`, `"image": "../../etc/passwd"`, "want the path of a file in the package"},
		{`"image": "preprocessing/images/01-colour.jpg"`, `"image": "/etc/passwd"`, "want the path of a file in the package"},
		{`"type": "uint8",`, `"type": "uint8", "more": 1,`, "more"},
	} {
		if !bytes.Contains(text, []byte(c.old)) {
			t.Fatalf("%s is not in the file", c.old)
		}
		path := filepath.Join(t.TempDir(), RuleFile)
		if err := os.WriteFile(path, bytes.Replace(text, []byte(c.old), []byte(c.new), 1), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want the path and %q", c.new, err, c.want)
		}
	}
}

func TestTensorRefuses(t *testing.T) {
	two := &Preprocessing{Schema: Schema, Input: Input{inputName, inputType, 4, 4, 2}, Decoder: imaging.DecoderRules, Alpha: "drop", Resize: Resize{"stretch", "triangle", 0}, Frames: []int{-1, 0}}
	if err := two.check(); err != nil {
		t.Fatal(err)
	}
	grey := filepath.Join("images", "04-grey.jpg")
	if _, err := two.Tensor(grey); err == nil || !strings.Contains(err.Error(), "1 files: want 2") {
		t.Errorf("one file for two frames: %v", err)
	}
	if _, err := two.Tensor(grey, "preprocess.go"); err == nil || !strings.Contains(err.Error(), "preprocess.go: not a") {
		t.Errorf("a file that is no image: %v", err)
	}
	if _, err := two.Tensor(grey, "images/missing.png"); err == nil || !strings.Contains(err.Error(), "missing.png") {
		t.Errorf("a file that is missing: %v", err)
	}
}

func TestOpenCVWords(t *testing.T) {
	got, err := OpenCVWords(imaging.Rule{Width: 30, Height: 40, Channels: 1, Mode: imaging.Crop, Filter: imaging.PillowBicubic, Alpha: imaging.AlphaDrop})
	const want = "OpenCV's resize gives other bytes: of the ten test images, in colour and stretched to 28x28 pixels by OpenCV 5.0.0, " +
		"with INTER_CUBIC 69.0 % of the values differ, by 1.82 levels of 255 on average and 44 at most, " +
		"with INTER_AREA 56.1 % of the values differ, by 0.92 levels of 255 on average and 15 at most"
	if got != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
}

// TestNearest takes the size that is nearest to the shorter side.
func TestNearest(t *testing.T) {
	for side, want := range map[int]int{1: 16, 22: 16, 23: 28, 30: 28, 56: 48, 1000: 224} {
		p := &Preprocessing{Input: Input{Width: side, Height: side + 9}, Resize: Resize{Filter: "pillow-bicubic"}}
		_, all, err := p.OpenCV()
		if err != nil {
			t.Fatal(err)
		}
		nearest := p.Nearest(all)
		if len(nearest) != 2 || nearest[0].Size != want || nearest[1].Size != want || nearest[0].Interpolation == nearest[1].Interpolation {
			t.Errorf("%d pixels: %v, want two of %d", side, nearest, want)
		}
	}
}

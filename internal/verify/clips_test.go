package verify

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// drawClips writes two classes of clips, in parts: folders of 31 frames of 40x32 pixels with
// a target that moves over a backdrop. The clips of the test part show scenes of the
// training part.
func drawClips(t *testing.T, dir string) {
	t.Helper()
	for _, part := range []struct {
		name  string
		clips int
	}{{"train", 6}, {"test", 2}} {
		for class, name := range []string{"bird", "drone"} {
			for n := range part.clips {
				drawClip(t, filepath.Join(dir, part.name, name, fmt.Sprint(n)), class, 10*n+class, len(part.name))
			}
		}
	}
}

func drawClip(t *testing.T, dir string, class, scene, shift int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var exist, rect []string
	for frame := range 31 {
		img := image.NewGray(image.Rect(0, 0, 40, 32))
		for at := range img.Pix {
			x, y := at%40, at/40
			img.Pix[at] = uint8(60 + (x*x*(scene%5+1)+y*y*(scene%7+1)+x*y*scene)%90)
		}
		x, y := 2+frame%20+shift, 8+class*frame%9
		for i := range 12 {
			img.SetGray(x+i%4, y+i/4, color.Gray{250})
		}
		exist, rect = append(exist, "1"), append(rect, fmt.Sprintf("[%d,%d,4,3]", x, y))
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.png", frame)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`{"exist":[%s],"gt_rect":[%s]}`, strings.Join(exist, ","), strings.Join(rect, ","))
	if err := os.WriteFile(filepath.Join(dir, "label.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestClips trains on clips, alone and joined, and checks that bits depend on neither workers
// nor modes, that records and documents say what the clips are, and that verification decodes
// them again.
func TestClips(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "clips")
	drawClips(t, data)
	alone := []string{"dataset=clips", "data-dir=" + data, "dataset-options=minimum=12,margin=2,background=on,level=median,background-window=5", "image-size=12", "epochs=2", "criteria=min_test_accuracy"}
	weights := map[string]string{}
	run := func(name string, flags ...string) *rundir.Record {
		t.Helper()
		path := filepath.Join(dir, name)
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, flags...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record := readRecord(t, path)
		weights[name] = record.Training.WeightsSHA256
		return record
	}
	record := run("alone", alone...)
	run("disk", append(alone, "data-mode=disk", "workers=2", "cache-size=0")...)
	if weights["alone"] != weights["disk"] {
		t.Error("the weights depend on data mode, workers or cache")
	}
	run("joined", "dataset=clips,digits", "data-dir=clips="+data, "dataset-options=clips:minimum=12,clips:frames=0,digits:count=200,digits:test-count=50", "image-size=12", "epochs=1", "allow-missing-class=true")
	for _, name := range []string{"alone", "joined"} {
		if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: filepath.Join(dir, name), Workers: 2}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	d := record.Identity.Datasets[0]
	if len(d.Clips) != 16 || d.Clips[0].File != "test/bird/0" || d.Clips[0].Frames != 31 || len(d.Clips[0].SHA256) != 64 || d.Clips[0].Part != "test" {
		t.Errorf("%d clips, the first %+v", len(d.Clips), d.Clips[0])
	}
	if diff := len(record.Identity.Input.Frames); diff != 3 || record.Identity.Classes[2] != "background" {
		t.Errorf("%d frames, classes %q", diff, record.Identity.Classes)
	}
	const words = "Of the 4 clips of the test part, 4 show scenes that clips of the training part show"
	for _, file := range []string{rundir.CardFile, rundir.ReportFile} {
		if text := readText(t, filepath.Join(dir, "alone", file)); !strings.Contains(text, words) {
			t.Errorf("%s lacks %q", file, words)
		}
	}
	packages, err := filepath.Glob(filepath.Join(dir, "alone", rundir.PackageDir, "*", rundir.RecordFile))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	testPostprocessing(t, filepath.Dir(packages[0]))
	frame := filepath.Join(data, "train", "bird", "3", "007.png")
	other := readText(t, filepath.Join(data, "train", "bird", "3", "008.png"))
	if err := os.WriteFile(frame, []byte(other), 0o666); err != nil {
		t.Fatal(err)
	}
	if found, err := Run(t.Context(), runtest.Quiet(), Request{Path: filepath.Join(dir, "alone"), Workers: 2}); err == nil && found.Verified {
		t.Error("a frame was changed, and verification did not find it")
	}
}

// testPostprocessing wants a package of a model of clips to say how videos are predicted on, and
// verification to find it changed.
func testPostprocessing(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, postprocess.File)
	text := readText(t, path)
	for _, part := range []string{`"window": 5`, `"margin": 200`, `"minimum": 12`, `"lag": 64`, `"frames": 30`, `"background"`} {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %s: %s", path, part, text)
		}
	}
	if _, err := Package(t.Context(), runtest.Quiet(), dir, 0); err != nil {
		t.Fatal(err)
	}
	forged := strings.Replace(text, `"lag": 64`, `"lag": 65`, 1)
	if err := os.WriteFile(path, []byte(forged), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := fileio.WriteChecksums(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Package(t.Context(), runtest.Quiet(), dir, 0); !errors.Is(err, rundir.ErrDifference) {
		t.Errorf("%s was changed, and verification says %v", path, err)
	}
}

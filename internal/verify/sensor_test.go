package verify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestSensor trains through the sensor of a profile's file, which is gone when the run is
// verified, with other numbers of workers, and finds what was changed.
func TestSensor(t *testing.T) {
	dir := t.TempDir()
	p, err := sensor.Load("rgb-vga-noisy")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "camera.json")
	if err := p.Write(file); err != nil {
		t.Fatal(err)
	}
	run := func(name string, more ...string) (*rundir.Record, string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if _, err := pipeline.Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, path, more...)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		record, err := rundir.ReadRecord(filepath.Join(path, rundir.RecordFile))
		if err != nil {
			t.Fatal(err)
		}
		return record, path
	}
	asked := []string{"min-sensor-accuracy=0.01", "sensor-severity=4", "visualizations=sensor-accuracy,sensor-images"}
	record, path := run("first", append(asked, "sensor="+file)...)
	other, _ := run("disk", append(asked, "sensor=rgb-vga-noisy", "workers=3", "data-mode=disk")...)
	if record.Training.WeightsSHA256 != other.Training.WeightsSHA256 || record.IdentitySHA256 != other.IdentitySHA256 {
		t.Error("the same profile by its name, with other workers and on disk, gives another model")
	}
	plain, _ := run("plain")
	clean, _ := run("clean", append(asked, "sensor=rgb-vga-noisy", "sensor-train=false")...)
	if plain.Training.WeightsSHA256 == record.Training.WeightsSHA256 || plain.Training.WeightsSHA256 != clean.Training.WeightsSHA256 || plain.Identity.Sensor != nil {
		t.Error("--sensor-train decides whether training sees images through the sensor")
	}
	curve, err := metric.ReadSensorCurve(filepath.Join(path, layout.SensorFile))
	if err != nil || len(curve.Points) != 6 {
		t.Fatalf("%+v, %v", curve, err)
	}
	if text := readText(t, filepath.Join(path, rundir.CardFile)); !strings.Contains(text, "### Through the sensor") || !strings.Contains(text, "at severity 4 of the sensor") {
		t.Error("the model card does not say how the model does through the sensor")
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: path, Workers: 2}); err != nil {
		t.Errorf("verification: %v", err)
	}
	for name, test := range map[string]struct{ file, was, is, want string }{
		"outputs":  {layout.SensorFile, `"probabilities_sha256": "..`, `"probabilities_sha256": "zz`, "probabilities_sha256"},
		"accuracy": {layout.SensorFile, `"accuracy": 0\.`, `"accuracy": 0.9`, "evaluation/sensor.json, content"},
		"seed":     {layout.SensorFile, `"seed": 1`, `"seed": 2`, "seed"},
		"weights":  {layout.SensorFile, `"weights_sha256": "..`, `"weights_sha256": "zz`, "evaluation/sensor.json, content"},
		"profile":  {"", `"read_noise_e": 160`, `"read_noise_e": 161`, "identity"},
		"severity": {rundir.ReleaseFile, `"severity": 4`, `"severity": 3`, "criteria[5]"},
	} {
		forged := runtest.Copied(t, path)
		record := filepath.Join(forged, rundir.RecordFile)
		if test.file == "" {
			replaceIn(t, record, test.was, test.is)
		} else {
			inside := filepath.Join(forged, test.file)
			before := fileio.SHA256Of([]byte(readText(t, inside)))
			replaceIn(t, inside, test.was, test.is)
			replaceIn(t, record, before, fileio.SHA256Of([]byte(readText(t, inside))))
		}
		if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: forged, Workers: 2}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
	testForgedSensor(t, path, append(asked, "sensor=rgb-vga-noisy"))
	testProfileFile(t, path, p)
	testProfileOfRecord(t, path)
	lost := runtest.Copied(t, path)
	if err := os.Remove(filepath.Join(lost, layout.SensorFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: lost, Workers: 2}); !errors.Is(err, rundir.ErrDifference) {
		t.Errorf("removed: %v", err)
	}
}

// testForgedSensor has figures and a profile that are not of the run, with every digest made again,
// refused before there is a release.
func testForgedSensor(t *testing.T, path string, flags []string) {
	t.Helper()
	for name, test := range map[string]struct{ file, was, is string }{
		"weights":  {layout.SensorFile, `"weights_sha256": "..`, `"weights_sha256": "zz`},
		"part":     {layout.SensorFile, `"part": "test"`, `"part": "validation"`},
		"seed":     {layout.SensorFile, `"seed": 1`, `"seed": 2`},
		"severity": {layout.SensorFile, `"severity": 5`, `"severity": 6`},
		"profile":  {layout.ProfileFile, `"read_noise_e": 160`, `"read_noise_e": 161`},
		"no key":   {layout.ProfileFile, `"prnu_percent"[^,]*,`, ``},
	} {
		forged := runtest.Copied(t, path)
		if err := os.RemoveAll(filepath.Join(forged, rundir.PackageDir)); err != nil {
			t.Fatal(err)
		}
		inside := filepath.Join(forged, test.file)
		before := fileio.SHA256Of([]byte(readText(t, inside)))
		replaceIn(t, inside, test.was, test.is)
		replaceIn(t, filepath.Join(forged, rundir.RecordFile), before, fileio.SHA256Of([]byte(readText(t, inside))))
		s := runtest.SmallRun(t, forged, flags...)
		var err error
		if test.file == layout.SensorFile {
			_, err = pipeline.Gate(t.Context(), runtest.Quiet(), s, forged)
		} else {
			_, err = pipeline.Package(t.Context(), runtest.Quiet(), s, forged)
		}
		if err == nil || !strings.Contains(err.Error(), filepath.Base(test.file)) {
			t.Errorf("%s: %v, want an error of %s", name, err, test.file)
		}
	}
}

// testProfileFile wants the profile as a file in run and package, where damage is found whatever digests
// say, and accepts runs and packages of programs that did not write it.
func testProfileFile(t *testing.T, path string, p *sensor.Profile) {
	t.Helper()
	packages, err := filepath.Glob(filepath.Join(path, rundir.PackageDir, "*", rundir.RecordFile))
	if err != nil || len(packages) != 1 {
		t.Fatal(packages, err)
	}
	pack := filepath.Dir(packages[0])
	want, err := p.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{path, pack} {
		if text := readText(t, filepath.Join(dir, layout.ProfileFile)); text != string(want) {
			t.Errorf("%s of %s: %s", layout.ProfileFile, dir, text)
		}
	}
	if text := readText(t, filepath.Join(pack, rundir.CardFile)); !strings.Contains(text, "(`sensor.json`)") {
		t.Error("the model card does not name the file of the profile")
	}
	removed := func(dir string) {
		if err := os.Remove(filepath.Join(dir, layout.ProfileFile)); err != nil {
			t.Fatal(err)
		}
	}
	cut := func(dir string) { replaceIn(t, filepath.Join(dir, layout.ProfileFile), `"prnu_percent"[^}]*`, ``) }
	older := func(dir string) { // before the file was there
		removed(dir)
		replaceIn(t, filepath.Join(dir, rundir.RecordFile), `"sensor\.json": "[0-9a-f]*",\s*`, ``)
		replaceIn(t, filepath.Join(dir, rundir.CardFile), "\\(`sensor\\.json`\\)", "(`sensor` in `run.json`)")
		replaceIn(t, filepath.Join(dir, rundir.CardFile), " Frames of that camera with more[^\n]*", "")
	}
	olderProgram := func(dir string) {
		older(dir)
		replaceIn(t, filepath.Join(dir, rundir.RecordFile), `(?s)("execution": \{\s*"program": ")[^"]*`, "${1}blocktrain 0.0.1")
	}
	resealed := func(from, to string) func(dir string) {
		return func(dir string) {
			file := filepath.Join(dir, layout.ProfileFile)
			before := fileio.SHA256Of([]byte(readText(t, file)))
			replaceIn(t, file, from, to)
			replaceIn(t, filepath.Join(dir, rundir.RecordFile), before, fileio.SHA256Of([]byte(readText(t, file))))
		}
	}
	for name, test := range map[string]struct {
		change func(dir string)
		want   string
	}{
		"changed": {resealed(`"read_noise_e": 160`, `"read_noise_e": 161`), "sensor.json, read_noise_e"},
		"removed": {removed, "sensor.json"},
		"damaged": {cut, "sensor.json"},
		"twice":   {resealed(`"motion_px": `, `"motion_px": 0, "motion_px": `), "sensor.json"},
		"unknown": {resealed(`"motion_px": `, `"gamma": 2.2, "motion_px": `), "sensor.json, gamma"},
		"unsaid":  {older, "sensor.json"}, // by this program, which writes it
		"older":   {olderProgram, ""},
	} {
		run := runtest.Copied(t, path)
		test.change(run)
		if name == "older" || name == "unsaid" {
			if err := os.RemoveAll(filepath.Join(run, rundir.PackageDir)); err != nil { // which has its own copy
				t.Fatal(err)
			}
		}
		_, err := Run(t.Context(), runtest.Quiet(), Request{Path: run, Workers: 2})
		if (err == nil) != (test.want == "") || err != nil && (!errors.Is(err, rundir.ErrDifference) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s, in the run: %v, want %q", name, err, test.want)
		}
		dir := filepath.Join(t.TempDir(), filepath.Base(pack))
		if err := os.CopyFS(dir, os.DirFS(pack)); err != nil {
			t.Fatal(err)
		}
		test.change(dir)
		if err := fileio.WriteChecksums(dir); err != nil {
			t.Fatal(err)
		}
		_, err = Package(t.Context(), runtest.Quiet(), PackageRequest{Path: dir})
		if (err == nil) != (test.want == "") || err != nil && (!errors.Is(err, rundir.ErrDifference) || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s, in the package: %v, want %q", name, err, test.want)
		}
	}
}

// testProfileOfRecord has a profile in the record that no camera has, with every digest made again. It is
// refused wherever a record is read, and never ends the program.
func testProfileOfRecord(t *testing.T, path string) {
	t.Helper()
	for name, change := range map[string][2]string{
		"none":     {`(?s)"profile": \{.*?\},\s*"train"`, `"profile": null, "train"`},
		"negative": {`"read_noise_e": 160`, `"read_noise_e": -160`},
		"huge":     {`"read_noise_e": 160`, `"read_noise_e": 1e308`},
		"size":     {`"width": 640`, `"width": 999999999`},
		"bits":     {`"bit_depth": 10`, `"bit_depth": -1`},
	} {
		forged := runtest.Copied(t, path)
		replaceIn(t, filepath.Join(forged, rundir.RecordFile), change[0], change[1])
		seal(t, forged)
		if _, err := rundir.ReadRecord(filepath.Join(forged, rundir.RecordFile)); err == nil || !strings.Contains(err.Error(), "sensor") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Run(t.Context(), runtest.Quiet(), Request{Path: forged, Workers: 2}); !errors.Is(err, rundir.ErrDifference) {
			t.Errorf("%s, verified: %v", name, err)
		}
	}
}

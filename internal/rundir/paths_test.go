package rundir

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestKeepPaths goes on with a run from another folder than it was started in.
func TestKeepPaths(t *testing.T) {
	root := t.TempDir()
	start, elsewhere := filepath.Join(root, "start"), filepath.Join(root, "other", "folder")
	run := filepath.Join(start, "runs", "a")
	for _, dir := range []string{run, elsewhere} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := fileio.WriteBytes(SettingsPath(run), nil); err != nil {
		t.Fatal(err)
	}
	t.Chdir(elsewhere)
	paths := func(data, init string) []config.NamedValue {
		return []config.NamedValue{{Name: "data-dir", Value: data}, {Name: "init-from", Value: init}, {Name: "workers", Value: "1"}}
	}
	then := &Record{Execution: Execution{StartedIn: "../..", Settings: paths("data,mnist=../m", "w.safetensors")}}
	for _, test := range []struct {
		name             string
		origins          config.Origins
		data, init       string // as the settings of this call have them
		wantData, wantIn string
	}{
		{"nothing given", nil, filepath.Join(start, "data"), filepath.Join(start, "w.safetensors"), "data,mnist=../m", "w.safetensors"},
		{"a flag", config.Origins{"data-dir": config.OriginFlag}, "here,mnist=m," + root, "x", "../other/folder/here,mnist=../other/folder/m," + root, "w.safetensors"},
	} {
		record := &Record{Execution: Execution{Settings: paths(test.data, test.init)}}
		record.KeepPaths(then, run, test.origins)
		data, in := filepath.ToSlash(record.Recorded("data-dir")), record.Recorded("init-from")
		if data != test.wantData || in != test.wantIn || record.Execution.StartedIn != "../.." || record.Recorded("workers") != "1" {
			t.Errorf("%s: %q and %q from %q", test.name, data, in, record.Execution.StartedIn)
		}
	}
}

// TestSeal changes every byte of a record's text, one at a time.
func TestSeal(t *testing.T) {
	text := Seal([]byte("{\n  \"schema\": 2,\n  \"record_sha256\": \"\",\n  \"name\": \"a\"\n}\n"))
	digest := string(sealed.Find(text)[18:82])
	if err := checkSeal("run.json", text, digest, 2); err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] ^= 1
		if checkSeal("run.json", text, digest, 2) == nil {
			t.Errorf("byte %d was changed unnoticed", i)
		}
		text[i] ^= 1
	}
	if checkSeal("run.json", nil, "", 2) == nil {
		t.Error("a record of schema 2 without a digest is taken")
	}
}

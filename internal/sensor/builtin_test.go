package sensor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoad(t *testing.T) {
	if diff := cmp.Diff([]string{"ideal", "ir-320x256", "rgb-vga-noisy"}, Names()); diff != "" {
		t.Error(diff)
	}
	for _, name := range Names() {
		p, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if p.Source == "" {
			t.Errorf("%s: says nothing of where its numbers are from", name)
		}
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("camera.json", []byte(thermalText), 0o600); err != nil {
		t.Fatal(err)
	}
	if p, err := Load("camera.json"); err != nil || p.Width != 320 {
		t.Errorf("%v, %v", p, err)
	}
	if err := os.WriteFile("bad.json", []byte(strings.Replace(thermalText, "320", "-320", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{
		"ir-640":                        "want one of ideal, ir-320x256, rgb-vga-noisy, or a path",
		filepath.Join("none", "a.json"): "there is no such file: want one of ideal, ir-320x256, rgb-vga-noisy, or the path",
		"bad.json":                      "sensor profile bad.json: width: -320, want",
	} {
		if _, err := Load(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", word, err, want)
		}
	}
}

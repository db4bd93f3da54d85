// Package runtest holds what tests of runs share: settings, images, copies.
package runtest

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Resolve returns the settings that the flags give; each is "name=value".
func Resolve(t testing.TB, flags ...string) (*settings.Settings, error) {
	t.Helper()
	given := map[string]string{}
	for _, flag := range flags {
		name, value, _ := strings.Cut(flag, "=")
		given[name] = value
	}
	s, o := &settings.Settings{}, config.NewOptions(nil)
	s.Declare(o)
	if err := o.Err(); err != nil {
		t.Fatal(err)
	}
	for name := range given {
		if o.Lookup(name) == nil {
			t.Fatalf("no setting %s", name)
		}
	}
	origins, err := o.Resolve(config.Flags(given))
	s.Origins = origins
	if err != nil {
		return nil, err
	}
	return s, s.Check()
}

// MustResolve is Resolve for flags that are right.
func MustResolve(t testing.TB, flags ...string) *settings.Settings {
	t.Helper()
	s, err := Resolve(t, flags...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Quiet is an environment without a log.
func Quiet() *rundir.Environment { return &rundir.Environment{Log: logging.Discard()} }

// SmallRun are the settings of a run in a directory that takes a moment and is
// approved.
func SmallRun(t testing.TB, dir string, flags ...string) *settings.Settings {
	t.Helper()
	small := []string{
		"output-dir=" + dir, "dataset-options=count=200,test-count=50", "model=linear", "batch-size=50", "workers=1",
		"min-test-accuracy=0", "min-per-class-accuracy=0", "max-inference-time-ms=10000", "visualizations=confusion-matrix",
	}
	if !slices.Contains(flags, "head=solver") { // which takes no steps
		small = append(small, "epochs=3")
	}
	return MustResolve(t, append(small, flags...)...)
}

// Copied is a copy of a folder.
func Copied(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// WriteImage writes the i-th drawn image of a class, 8x8 pixels.
func WriteImage(t testing.TB, path string, class, i int) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for at := range img.Pix {
		img.Pix[at] = uint8(80*class + (i*37+at*11)%60)
	}
	img.Pix[i] = 255
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

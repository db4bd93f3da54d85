package publish

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFailsMidway lets the copy of the model fail after that of the configuration.
func TestFailsMidway(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	before := tree(t, o)
	second := packageForTest(t, approved, "2")
	model := second.source.File("model-repository/digits/1/model.onnx")
	if err := errors.Join(os.Rename(model, model+".away"), os.Mkdir(model, 0o755)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.to(t, o); err == nil {
		t.Fatal("a model that cannot be read was published")
	}
	if diff := cmp.Diff(before, tree(t, o)); diff != "" {
		t.Errorf("a publication that failed changed the model:\n%s", diff)
	}
	if err := errors.Join(os.Remove(model), os.Rename(model+".away", model)); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, second, o, 2)
}

// TestOtherFileSystem builds on another file system than the repository's, from which no
// folder can be put in place in one step.
func TestOtherFileSystem(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	before := tree(t, o)
	for _, dir := range []string{"/dev/shm", "/var/tmp"} {
		staging, err := os.MkdirTemp(dir, "publish-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = os.RemoveAll(staging) })
		if errors.Is(os.Link(filepath.Join(o.Repository, "digits", "config.pbtxt"), filepath.Join(staging, "probe")), syscall.EXDEV) {
			o.Staging = staging
		}
	}
	if o.Staging == "" {
		t.Skip("there is one file system only")
	}
	for _, repository := range []Options{o, {Repository: newRepository(t).Repository, Staging: o.Staging}} {
		if _, err := packageForTest(t, approved, "2").to(t, repository); err == nil || !strings.Contains(err.Error(), "--staging") {
			t.Errorf("from another file system: %v", err)
		}
	}
	if diff := cmp.Diff(before, tree(t, o)); diff != "" {
		t.Errorf("a publication that failed changed the model:\n%s", diff)
	}
}

package triton

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipes checks that nothing waits for pipes in the place of files, nor reads devices.
func TestPipes(t *testing.T) {
	for _, name := range []string{"config.pbtxt", "labels.txt", "1/model.onnx"} {
		for kind, make := range map[string]func(path string) error{
			"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
			"device": func(path string) error { return os.Symlink("/dev/zero", path) },
			"loop":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
		} {
			m := one(t, fixture{then: func(dir string) {
				path := filepath.Join(dir, filepath.FromSlash(name))
				must(t, os.Remove(path))
				must(t, make(path))
			}}, Options{})
			if m.Verdict != VerdictRefuse {
				t.Errorf("%s is a %s: %+v", name, kind, m)
			}
		}
	}
}

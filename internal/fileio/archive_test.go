package fileio

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// tree writes files, given as path and content, into a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var packageFiles = map[string]string{
	"weights.bin": "w", "a/b.txt": "b", "a.txt": "a", "a/é/deep": "d",
	"long/" + strings.Repeat("x", 120): "over the 100 bytes of a plain name",
}

var modified = time.Date(2024, 3, 1, 12, 0, 0, 123, time.FixedZone("", 3600))

func archive(t *testing.T, dir string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.tar.gz")
	if err := WriteArchive(path, dir, "p-1.0", modified); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestArchiveContents(t *testing.T) {
	z, err := gzip.NewReader(bytes.NewReader(archive(t, tree(t, packageFiles))))
	if err != nil {
		t.Fatal(err)
	}
	if z.Name != "" || !z.ModTime.IsZero() {
		t.Errorf("gzip header holds name %q, time %v", z.Name, z.ModTime)
	}
	var names []string
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		checkHeader(t, h)
		if b, _ := io.ReadAll(r); h.Typeflag == tar.TypeReg && string(b) != packageFiles[strings.TrimPrefix(h.Name, "p-1.0/")] {
			t.Errorf("%s holds %q", h.Name, b)
		}
	}
	want := []string{
		"p-1.0/", "p-1.0/a/", "p-1.0/a.txt", "p-1.0/a/b.txt", "p-1.0/a/é/", "p-1.0/a/é/deep",
		"p-1.0/long/", "p-1.0/long/" + strings.Repeat("x", 120), "p-1.0/weights.bin",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func checkHeader(t *testing.T, h *tar.Header) {
	t.Helper()
	mode := int64(0o644)
	if h.Typeflag == tar.TypeDir {
		mode = 0o755
	}
	if h.Uid != 0 || h.Gid != 0 || h.Uname != "" || h.Gname != "" || h.Mode != mode || !h.ModTime.Equal(modified.Truncate(time.Second)) {
		t.Errorf("%s: owner %d/%d %q/%q, mode %o, time %v", h.Name, h.Uid, h.Gid, h.Uname, h.Gname, h.Mode, h.ModTime)
	}
}

func TestArchiveIsReproducible(t *testing.T) {
	first := tree(t, packageFiles)
	second := tree(t, packageFiles)
	if err := os.Chtimes(filepath.Join(second, "a.txt"), time.Unix(0, 0), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(second, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(archive(t, first), archive(t, second)) {
		t.Error("two archives of equal files differ")
	}
}

func TestArchiveRefuses(t *testing.T) {
	linked := tree(t, packageFiles)
	if err := os.Symlink("/etc/passwd", filepath.Join(linked, "a", "link")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	tests := []struct{ name, dir, as, want string }{
		{"symbolic link", linked, "p", "a/link: neither a regular file nor a folder"},
		{"missing folder", filepath.Join(linked, "none"), "p", "no such file"},
		{"absolute name", tree(t, packageFiles), "/p", `"/p" cannot be the folder that an archive unpacks to`},
		{"name that climbs", tree(t, packageFiles), "../p", `"../p" cannot be the folder`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out := t.TempDir()
			err := WriteArchive(filepath.Join(out, "p.tar.gz"), tt.dir, tt.as, modified)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
			if left, _ := os.ReadDir(out); len(left) > 0 {
				t.Errorf("left %v behind", left)
			}
		})
	}
}

package fileio

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var generous = Limits{Entries: 100, Bytes: 1 << 20}

// unpacked writes b to a file and unpacks it.
func unpacked(t testing.TB, b []byte, limits Limits) (dir, top string, err error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "p.tar.gz")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	top, err = ReadArchive(t.Context(), file, dir, limits)
	return dir, top, err
}

// TestReadArchive unpacks what WriteArchive wrote and wants the same files.
func TestReadArchive(t *testing.T) {
	b := archive(t, tree(t, packageFiles))
	dir, top, err := unpacked(t, b, generous)
	if err != nil || top != "p-1.0" {
		t.Fatalf("folder %q, error %v", top, err)
	}
	for name, want := range packageFiles {
		if got, err := os.ReadFile(filepath.Join(dir, top, filepath.FromSlash(name))); err != nil || string(got) != want {
			t.Errorf("%s is %q, error %v", name, got, err)
		}
	}
	if again := archive(t, filepath.Join(dir, top)); !bytes.Equal(again, b) {
		t.Error("the unpacked files make another archive")
	}
}

// packed is an archive of entries that are as they are given; what follows the tar
// archive is within the gzip stream.
func packed(t testing.TB, follows string, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	for _, e := range entries {
		if e.Typeflag == 0 {
			e.Typeflag = tar.TypeReg
		}
		if e.ModTime.IsZero() {
			e.ModTime = modified
		}
		if e.Mode == 0 && e.Typeflag == tar.TypeDir {
			e.Mode = 0o755
		} else if e.Mode == 0 {
			e.Mode = 0o644
		}
		if err := w.WriteHeader(&e); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, e.Size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(follows)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestReadArchiveRefuses tries what an archive could do besides holding files.
func TestReadArchiveRefuses(t *testing.T) {
	p := tar.Header{Name: "p/", Typeflag: tar.TypeDir}
	good := packed(t, "", p, tar.Header{Name: "p/a", Size: 10})
	if _, _, err := unpacked(t, good, generous); err != nil {
		t.Fatal(err)
	}
	named := func(set func(*gzip.Header)) []byte { // the same in a gzip file with another header
		z, err := gzip.NewReader(bytes.NewReader(good))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		set(&w.Header)
		if _, err := io.Copy(w, z); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	const form = "not the form in which packages are written"
	damaged := bytes.Clone(good)
	damaged[len(damaged)-6] ^= 1 // in the checksum
	for _, test := range []struct {
		name    string
		archive []byte
		want    string
	}{
		{"no gzip", []byte("PK\x03\x04 something"), "not a gzip file"},
		{"nothing", nil, "not a gzip file"},
		{"empty", packed(t, ""), "the archive is empty"},
		{"cut", good[:len(good)-12], "EOF"},
		{"damaged", damaged, "checksum"},
		{"gzip name", named(func(h *gzip.Header) { h.Name = "x" }), "its gzip header is 1f8b08080000000002ff"},
		{"gzip comment", named(func(h *gzip.Header) { h.Comment = "x" }), "its gzip header"},
		{"gzip extra", named(func(h *gzip.Header) { h.Extra = []byte("x") }), "its gzip header"},
		{"gzip time", named(func(h *gzip.Header) { h.ModTime = modified }), "its gzip header"},
		{"gzip system", named(func(h *gzip.Header) { h.OS = 3 }), "its gzip header"},
		{"user", packed(t, "", p, tar.Header{Name: "p/a", Uid: 1}), form},
		{"group", packed(t, "", p, tar.Header{Name: "p/a", Gid: 1}), form},
		{"user name", packed(t, "", p, tar.Header{Name: "p/a", Uname: "root"}), form},
		{"mode", packed(t, "", p, tar.Header{Name: "p/a", Mode: 0o755}), form},
		{"two times", packed(t, "", p, tar.Header{Name: "p/a", ModTime: modified.Add(time.Second)}), form},
		{"another format", packed(t, "", p, tar.Header{Name: "p/a", Format: tar.FormatGNU}), form},
		{"extended header", packed(t, "", p, tar.Header{Name: "p/a", PAXRecords: map[string]string{"comment": "x"}}), form},
		{"another order", packed(t, "", p, tar.Header{Name: "p/b"}, tar.Header{Name: "p/a"}), form},
		{"spaces", packed(t, strings.Repeat(" ", 1<<20)), "the archive is empty"},
		{"zeros", packed(t, strings.Repeat("\x00", 1<<20), p), "data after the last entry"},
		{"upwards", packed(t, "", tar.Header{Name: "p/../../a"}), "want a relative path"},
		{"absolute", packed(t, "", tar.Header{Name: "/tmp/a"}), "want a relative path"},
		{"this folder", packed(t, "", tar.Header{Name: "./p/a"}), "want a relative path"},
		{"backslash", packed(t, "", tar.Header{Name: `p\a`}), "want a relative path"},
		{"control character", packed(t, "", tar.Header{Name: "p/\x1b[2J"}), "want a relative path"},
		{"link", packed(t, "", tar.Header{Name: "p/a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), "neither a regular file nor a folder"},
		{"hard link", packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "p/b", Typeflag: tar.TypeLink, Linkname: "p/a"}), "neither a regular file nor a folder"},
		{"pipe", packed(t, "", tar.Header{Name: "p/a", Typeflag: tar.TypeFifo}), "neither a regular file nor a folder"},
		{"twice", packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "p/a"}), "comes twice"},
		{"below a file", packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "p/a/b"}), "does not go with the others"},
		{"without its folder", packed(t, "", p, tar.Header{Name: "p/a/b"}), "does not go with the others"},
		{"long name", packed(t, "", p, tar.Header{Name: "p/" + strings.Repeat("x", 5000)}), "does not go with the others"},
		{"two folders", packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "q/a"}), `not in one folder with the other entries, "p"`},
		{"no folder", packed(t, "", tar.Header{Name: "a"}), "a file that lies in no folder"},
		{"beside the folder", packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "b"}), "a file that lies in no folder"},
		{"too large", packed(t, "", p, tar.Header{Name: "p/a", Size: 900_000}, tar.Header{Name: "p/b", Size: 900_000}), "more bytes than a package may have"},
		{"data behind the entries", packed(t, "hidden", p, tar.Header{Name: "p/a"}), "data after the last entry"},
		{"data behind the archive", append(bytes.Clone(good), good...), "data after the end of the archive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, _, err := unpacked(t, test.archive, generous)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			var disk *fs.PathError
			if errors.As(err, &disk) {
				t.Errorf("%v counts as an error of the disk", err)
			}
			if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) > 2 {
				t.Errorf("something was written beside the folder: %v, error %v", entries, err)
			}
		})
	}
	if _, _, err := unpacked(t, packed(t, "", p, tar.Header{Name: "p/a"}, tar.Header{Name: "p/b"}), Limits{Entries: 1, Bytes: 10}); err == nil || !strings.Contains(err.Error(), "more files and folders than any package") {
		t.Errorf("too many entries: error %v", err)
	}
	if _, err := ReadArchive(t.Context(), filepath.Join(t.TempDir(), "none"), t.TempDir(), generous); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no archive: error %v", err)
	}
}

// shortLived is a context that ends after Err was called so many times.
type shortLived struct {
	context.Context
	calls int
}

func (c *shortLived) Err() error {
	if c.calls--; c.calls < 0 {
		return context.Canceled
	}
	return nil
}

// TestReadArchiveInterrupted ends the context before and while a file is unpacked.
func TestReadArchiveInterrupted(t *testing.T) {
	const size = 32 << 20 // which takes several reads of the archive
	file := filepath.Join(t.TempDir(), "p.tar.gz")
	if err := os.WriteFile(file, packed(t, "", tar.Header{Name: "p/", Typeflag: tar.TypeDir}, tar.Header{Name: "p/a", Size: size}), 0o600); err != nil {
		t.Fatal(err)
	}
	for calls := range 4 {
		dir := t.TempDir()
		_, err := ReadArchive(&shortLived{t.Context(), calls}, file, dir, Limits{Entries: 1, Bytes: size})
		info, _ := os.Stat(filepath.Join(dir, "p", "a"))
		if !errors.Is(err, context.Canceled) || info != nil && info.Size() == size {
			t.Errorf("ended after %d reads: error %v, want that of the context before all is unpacked", calls, err)
		}
	}
}

// FuzzReadArchive checks that nothing is ever written beside the folder.
func FuzzReadArchive(f *testing.F) {
	f.Add(packed(f, "", tar.Header{Name: "p/", Typeflag: tar.TypeDir}, tar.Header{Name: "p/a", Size: 10}))
	f.Add(packed(f, "x", tar.Header{Name: "p/../a"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		dir, top, err := unpacked(t, b, generous)
		if err != nil {
			return
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 || entries[0].Name() != top {
			t.Errorf("the folder holds %v, error %v; want %q", entries, err, top)
		}
	})
}

package fileio

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var generous = ArchiveLimits{Entries: 100, Bytes: 1 << 20}

// unpacked writes b to a file and unpacks it.
func unpacked(t testing.TB, b []byte, limits ArchiveLimits) (dir, top string, err error) {
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
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		if e.Typeflag == 0 {
			e.Typeflag = tar.TypeReg
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
	good := packed(t, "", tar.Header{Name: "p/", Typeflag: tar.TypeDir}, tar.Header{Name: "p/a", Size: 10})
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
		{"upwards", packed(t, "", tar.Header{Name: "p/../../a"}), "want a relative path"},
		{"absolute", packed(t, "", tar.Header{Name: "/tmp/a"}), "want a relative path"},
		{"this folder", packed(t, "", tar.Header{Name: "./p/a"}), "want a relative path"},
		{"backslash", packed(t, "", tar.Header{Name: `p\a`}), "want a relative path"},
		{"control character", packed(t, "", tar.Header{Name: "p/\x1b[2J"}), "want a relative path"},
		{"link", packed(t, "", tar.Header{Name: "p/a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), "neither a regular file nor a folder"},
		{"hard link", packed(t, "", tar.Header{Name: "p/a"}, tar.Header{Name: "p/b", Typeflag: tar.TypeLink, Linkname: "p/a"}), "neither a regular file nor a folder"},
		{"pipe", packed(t, "", tar.Header{Name: "p/a", Typeflag: tar.TypeFifo}), "neither a regular file nor a folder"},
		{"twice", packed(t, "", tar.Header{Name: "p/a"}, tar.Header{Name: "p/a"}), "comes twice"},
		{"below a file", packed(t, "", tar.Header{Name: "p/a"}, tar.Header{Name: "p/a/b"}), "does not go with the others"},
		{"a file for a folder", packed(t, "", tar.Header{Name: "p/a/b"}, tar.Header{Name: "p/a"}), "does not go with the others"},
		{"long name", packed(t, "", tar.Header{Name: "p/" + strings.Repeat("x", 5000)}), "does not go with the others"},
		{"two folders", packed(t, "", tar.Header{Name: "p/a"}, tar.Header{Name: "q/a"}), `not in one folder with the other entries, "p"`},
		{"no folder", packed(t, "", tar.Header{Name: "a"}), "a file that lies in no folder"},
		{"beside the folder", packed(t, "", tar.Header{Name: "p/a"}, tar.Header{Name: "b"}), "a file that lies in no folder"},
		{"too large", packed(t, "", tar.Header{Name: "p/a", Size: 900_000}, tar.Header{Name: "p/b", Size: 900_000}), "more bytes than any package"},
		{"data behind the entries", packed(t, "hidden", tar.Header{Name: "p/a"}), "data after the last entry"},
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
	if _, _, err := unpacked(t, good, ArchiveLimits{Entries: 1, Bytes: 10}); err == nil || !strings.Contains(err.Error(), "more entries than any package") {
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
	if err := os.WriteFile(file, packed(t, "", tar.Header{Name: "p/a", Size: size}), 0o600); err != nil {
		t.Fatal(err)
	}
	for calls := range 4 {
		dir := t.TempDir()
		_, err := ReadArchive(&shortLived{t.Context(), calls}, file, dir, ArchiveLimits{Entries: 1, Bytes: size})
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

package fileio

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func listed(t testing.TB) string {
	t.Helper()
	dir := tree(t, packageFiles)
	if err := WriteChecksums(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestChecksumsOfOneFile(t *testing.T) {
	dir := tree(t, map[string]string{"x": "hello\n"})
	for range 2 { // the list itself is not listed the second time
		if err := WriteChecksums(dir); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, ChecksumFile))
		if err != nil {
			t.Fatal(err)
		}
		const want = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03  x\n"
		if string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestChecksumsAgreeWithCoreutils(t *testing.T) {
	program, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("sha256sum is not installed")
	}
	cmd := exec.Command(program, "--check", "--strict", ChecksumFile)
	cmd.Dir = listed(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestVerifyFindsEachDifference(t *testing.T) {
	write := func(path, content string) func(string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, path), []byte(content), 0o644) }
	}
	tests := []struct {
		name   string
		tamper func(dir string) error
		want   []string
	}{
		{"nothing", func(string) error { return nil }, nil},
		{"changed", write("a/b.txt", "c"), []string{"a/b.txt: changed"}},
		{"emptied", write("a.txt", ""), []string{"a.txt: changed"}},
		{"unlisted", write("a/new", "n"), []string{"a/new: unlisted"}},
		{"second list deeper down", write("a/"+ChecksumFile, "x"), []string{"a/SHA256SUMS: unlisted"}},
		{"missing", func(dir string) error { return os.Remove(filepath.Join(dir, "a.txt")) }, []string{"a.txt: missing"}},
		{"renamed", func(dir string) error { return os.Rename(filepath.Join(dir, "a.txt"), filepath.Join(dir, "b.txt")) }, []string{"a.txt: missing", "b.txt: unlisted"}},
		{"file for a link to the same bytes", func(dir string) error {
			path := filepath.Join(dir, "a.txt")
			return firstError(os.Rename(path, dir+".txt"), os.Symlink(dir+".txt", path))
		}, []string{"a.txt: not a regular file"}},
		{"folder for a link to the same files", func(dir string) error {
			path := filepath.Join(dir, "long")
			return firstError(os.Rename(path, dir+".long"), os.Symlink(dir+".long", path))
		}, []string{"long: not a regular file"}},
		{"file for a folder", func(dir string) error {
			path := filepath.Join(dir, "a.txt")
			return firstError(os.Remove(path), os.Mkdir(path, 0o755))
		}, []string{"a.txt: missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := listed(t)
			if err := tt.tamper(dir); err != nil {
				t.Fatal(err)
			}
			differences, err := VerifyChecksums(dir, generous)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range differences {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestVerifyNeedsAList(t *testing.T) {
	dir := tree(t, packageFiles)
	if _, err := VerifyChecksums(dir, generous); err == nil || !strings.Contains(err.Error(), ChecksumFile) {
		t.Errorf("without a list: %v", err)
	}
	if err := os.Symlink(filepath.Join(listed(t), ChecksumFile), filepath.Join(dir, ChecksumFile)); err != nil {
		t.Fatal(err)
	}
	if found, err := VerifyChecksums(dir, generous); err != nil || len(found) != 1 || found[0].String() != "SHA256SUMS: not a regular file" {
		t.Errorf("with a link for a list: %v, %v", found, err)
	}
}

func TestWriteChecksumsRefusesWhatCannotBeListed(t *testing.T) {
	for _, name := range []string{"two\nlines", `back\slash`, "bell\a", "not utf-8 \xff"} {
		dir := tree(t, map[string]string{name: "x"})
		if err := WriteChecksums(dir); err == nil || !strings.Contains(err.Error(), "want a relative path in slashes") {
			t.Errorf("%q: error %v", name, err)
		}
	}
	dir := tree(t, packageFiles)
	if err := os.Symlink("a.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := WriteChecksums(dir); err == nil || !strings.Contains(err.Error(), "link: neither a regular file nor a folder") {
		t.Errorf("link: error %v", err)
	}
}

func TestParseChecksums(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("0", 64)
	const form = "want 64 lower-case hexadecimal digits, two spaces and a path"
	const clean = "want a relative path in slashes"
	tests := []struct{ name, in, want string }{
		{"good", a + "  x\n" + b + "  y/z w\n", ""},
		{"empty", "", "the list of checksums is empty"},
		{"no final newline", a + "  x", "the last line does not end"},
		{"blank line", a + "  x\n\n", "line 2: \"\": " + form},
		{"carriage return", a + "  x\r\n", clean},
		{"capitals", strings.ToUpper(a) + "  x\n", form},
		{"short digest", a[1:] + "  x\n", form},
		{"long digest", a + "a  x\n", form},
		{"one space", a + " x\n", form},
		{"binary form", a + " *x\n", form},
		{"three spaces", a + "   x\n" + a + "   x\n", "line 2: path \" x\" does not sort after the one before"},
		{"no path", a + "  \n", clean},
		{"escaped", "\\" + a + "  x\\ny\n", form},
		{"absolute", a + "  /x\n", clean},
		{"climbs", a + "  x/../../y\n", clean},
		{"dot", a + "  ./x\n", clean},
		{"double slash", a + "  x//y\n", clean},
		{"backslash", a + "  x\\y\n", clean},
		{"itself", a + "  SHA256SUMS\n", "names itself"},
		{"twice", a + "  x\n" + b + "  x\n", "line 2: path \"x\" does not sort after the one before"},
		{"unsorted", a + "  y\n" + b + "  x\n", "line 2: path \"x\" does not sort after the one before"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseChecksums([]byte(tt.in))
			if (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// FuzzParseChecksums checks that an accepted list is the only form of what it
// says.
func FuzzParseChecksums(f *testing.F) {
	f.Add([]byte(strings.Repeat("a", 64) + "  x\n"))
	f.Add([]byte(strings.Repeat("a", 64) + "  x\n" + strings.Repeat("0", 64) + "  x/y\n"))
	f.Add([]byte(strings.Repeat("A", 64) + " *x"))
	f.Fuzz(func(t *testing.T, in []byte) {
		sums, err := ParseChecksums(in)
		if err != nil {
			return
		}
		var out strings.Builder
		for _, sum := range sums {
			fmt.Fprintf(&out, "%s  %s\n", sum.SHA256, sum.Path)
		}
		if out.String() != string(in) {
			t.Errorf("%q is accepted but would be written %q", in, out.String())
		}
	})
}

package listing

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
)

// write makes files with a word in them, and folders where a path ends in a slash.
func write(t *testing.T, dir string, paths ...string) {
	t.Helper()
	for _, path := range paths {
		full := filepath.Join(dir, filepath.FromSlash(path))
		folder := filepath.Dir(full)
		if strings.HasSuffix(path, "/") {
			folder = full
		}
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		if folder == full {
			continue
		}
		if err := os.WriteFile(full, []byte("text"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip(err)
	}
}

func mustRead(t *testing.T, root string, leaveOut ...string) *Tree {
	t.Helper()
	tree, err := Read(root, leaveOut...)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// record is the beginning of a record of any schema.
const record = `{"schema": 1, "name": "x", "release_version": "0.1.0"}`

func TestRead(t *testing.T) {
	cases := []struct {
		name         string
		files        []string
		want         []string
		folders      []string // at the top
		endings      string
		videos, seem int
	}{
		{"order", []string{"b/1.png", "b.png", "a-1.png", "a/2.jpg", "a/10.JPEG", "z.GIF"},
			[]string{"a/10.JPEG", "a/2.jpg", "a-1.png", "b/1.png", "b.png", "z.GIF"}, []string{"a", "b"}, "", 0, 0},
		{"hidden and of systems", []string{"a/1.png", ".git/1.png", "a/.x.png", "a/._1.png", "a/.ipynb_checkpoints/1.png", "__MACOSX/a/1.png", "a/@eaDir/1.png",
			".DS_Store", "Thumbs.db", "a/THUMBS.DB", "a/desktop.ini", "Desktop.ini", "$RECYCLE.BIN/1.png", "System Volume Information/1.png", "lost+found/"},
			[]string{"a/1.png"}, []string{"a"}, "", 0, 0},
		{"skipped", []string{"a/1.png", "a/2.heic", "3.AVIF", "a/notes.txt", "README", "b/4.mp4"},
			[]string{"a/1.png"}, []string{"a", "b"}, "no ending (1), .avif (1), .heic (1), .txt (1)", 1, 2},
		{"formats", []string{"a.webp", "b.BMP", "c.tif", "d.TIFF", "e.jfif", "f.jpe", "g.jxl", "h.svg"},
			[]string{"a.webp", "b.BMP", "c.tif", "d.TIFF", "e.jfif", "f.jpe"}, nil, ".jxl (1), .svg (1)", 0, 2},
		{"empty folder", []string{"a/1.png", "b/"}, []string{"a/1.png"}, []string{"a", "b"}, "", 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files...)
			tree := mustRead(t, dir)
			if diff := cmp.Diff(c.want, slices.Collect(tree.All())); diff != "" {
				t.Errorf("images (-want +got):\n%s", diff)
			}
			var folders []string
			for _, f := range tree.Folders {
				folders = append(folders, f.Name)
			}
			if diff := cmp.Diff(c.folders, folders); diff != "" {
				t.Errorf("folders (-want +got):\n%s", diff)
			}
			if s := &tree.Skipped; s.Videos != c.videos || len(s.Unread) != c.seem || s.Endings().String() != c.endings {
				t.Errorf("%d videos, %d that seem to be images, %q, want %d, %d, %q", s.Videos, len(s.Unread), s.Endings(), c.videos, c.seem, c.endings)
			}
		})
	}
}

func TestReadLeavesRunsOut(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/1.png", "a/run/plots/x.png", "runs/first/plots/x.png", "runs/second/x.png", "mixed/run/x.png", "mixed/2.png", "out/", "foreign/1.png", "outer/out/", "looked/plots/x.png")
	for _, run := range []string{"a/run", "runs/first", "runs/second", "mixed/run"} {
		if err := os.WriteFile(filepath.Join(dir, run, "run.json"), []byte(record), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{"foreign/run.json": `{"speed": 3}`, "foreign/eda.json": `{"schema": 1}`, "looked/eda.json": `{"schema": 1, "dataset_sha256": "d1"}`} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, "runs/cv/fold-1/x.png", "foreign/x.txt")
	for name, text := range map[string]string{"runs/cv/plan.json": `{"schema": 1, "folds_sha256": "", "settings_sha256": ""}`, "foreign/plan.json": `{"schema": 1}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree := mustRead(t, dir, filepath.Join(dir, "out"), filepath.Join(dir, "outer", "out"), filepath.Join(dir, "nowhere"))
	if diff := cmp.Diff([]string{"a/1.png", "foreign/1.png", "mixed/2.png"}, slices.Collect(tree.All())); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	if got := tree.Describe(); got != "a, foreign, mixed" {
		t.Errorf("folders %s: those that hold nothing but runs are none", got)
	}
	wantUsage(t, filepath.Join(dir, "runs", "first"), "is a run directory, a package or a report of this program")
}

func TestReadFollowsLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	write(t, elsewhere, "1.png", "deep/2.png")
	write(t, dir, "a/b/1.png")
	link(t, elsewhere, filepath.Join(dir, "folder"))
	link(t, filepath.Join(elsewhere, "1.png"), filepath.Join(dir, "a", "file.png"))
	link(t, filepath.Join(elsewhere, "gone.png"), filepath.Join(dir, "a", "gone.png")) // which decoding finds
	want := []string{"a/b/1.png", "a/file.png", "a/gone.png", "folder/1.png", "folder/deep/2.png"}
	if diff := cmp.Diff(want, slices.Collect(mustRead(t, dir).All())); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	through := filepath.Join(t.TempDir(), "root")
	link(t, dir, through)
	if diff := cmp.Diff(want, slices.Collect(mustRead(t, through).All())); diff != "" {
		t.Errorf("images of a link (-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	cases := []struct{ name, to, at, want string }{
		{"a loop", "..", "a/loop", "leads back up to"},
		{"a loop to the folder itself", ".", "a/loop", "leads back up to"},
		{"a loop over another link", "../twin", "a/twin", "leads back up to"},
		{"a folder that is gone", "nowhere", "dog", "leads to nothing that is there"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a/1.png")
			link(t, "a", filepath.Join(dir, "twin"))
			link(t, c.to, filepath.Join(dir, filepath.FromSlash(c.at)))
			wantUsage(t, dir, c.want)
		})
	}
	dir := t.TempDir()
	write(t, dir, strings.Repeat("x/", maxDepth+1)+"1.png")
	wantUsage(t, dir, "more than 64 deep")
}

// wantUsage fails unless the folder is refused as a mistake in what was asked for.
func wantUsage(t *testing.T, dir, want string) {
	t.Helper()
	_, err := Read(dir)
	var usage *config.UsageError
	if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
		t.Errorf("%v: want a usage error with %q", err, want)
	}
}

func TestWriteList(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	lines := []string{"a", "b\nc"}
	path := WriteList("test", lines)
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "a\nb\\nc\n" {
		t.Errorf("%s has %q, %v", path, text, err)
	}
	if again := WriteList("test", lines); again != path {
		t.Errorf("the same list is written to %s and %s", path, again)
	}
	if other := WriteList("test", lines[:1]); other == path {
		t.Errorf("another list is written to %s too", other)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	if path := WriteList("test", lines); !strings.Contains(path, "cannot be written") {
		t.Errorf("a list that cannot be written is called %s", path)
	}
}

func TestTellNamesTen(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, n := range []int{1, MostNamed, MostNamed + 1} {
		var s Skipped
		for i := range n {
			s.add(fmt.Sprintf("%02d.heic", i))
		}
		var told string
		s.Tell(func(message string, attributes ...any) { told += fmt.Sprint(message, attributes) }, "data")
		if listed := strings.Contains(told, "blocktrain-not-read"); listed != (n > MostNamed) || strings.Contains(told, "10.heic") || !strings.Contains(told, "00.heic") {
			t.Errorf("of %d files: %s", n, told)
		}
	}
}

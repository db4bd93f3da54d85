package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/index"
)

// indexTest is a folder of images and the folder of its index.
type indexTest struct {
	dir, cache string
	decoder    imaging.Decoder
	options    string
	skip       bool
	log        bytes.Buffer
}

// newIndexTest makes images, and lets the clock say that they are not new.
func newIndexTest(t *testing.T) *indexTest {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the system does not tell when a file's description was changed")
	}
	later(t, time.Minute)
	x := &indexTest{dir: t.TempDir(), cache: filepath.Join(t.TempDir(), "new", "index")}
	writeImages(t, x.dir, "cat/0.png", "cat/1.png", "cat-a/0.png", "dog/0.png", "dog/b/1.png", "dog/2.png")
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&x.log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return x
}

// later sets the clock forward until the test ends.
func later(t *testing.T, by time.Duration) {
	t.Helper()
	clock = func() time.Time { return time.Now().Add(by) }
	t.Cleanup(func() { clock = time.Now })
}

// open opens the folder, or a list where place is one, and says how many images the index
// knew.
func (x *indexTest) open(t *testing.T, place string, mode Mode, rebuild bool) (d Dataset, known int, err error) {
	t.Helper()
	x.log.Reset()
	name := "folder"
	if strings.HasSuffix(place, ".csv") {
		name = "list"
	}
	source, _, err := MakeDataset(name, x.options)
	if err != nil {
		t.Fatal(err)
	}
	source = source.(Decoding).WithDecoder(x.decoder)
	source = source.(Filed).WithFiles(FileOptions{SkipCorrupt: x.skip, Index: IndexOptions{Dir: x.cache, Rebuild: rebuild}})
	d, err = source.Open(t.Context(), place, mode)
	if at := strings.Index(x.log.String(), "images known from the index"); at >= 0 {
		if _, err := fmt.Sscanf(x.log.String()[at:], `images known from the index" images=%d`, &known); err != nil {
			t.Fatal(err)
		}
	}
	return d, known, err
}

// want opens the folder and wants so many images to be known. The digest must be that of
// the folder without an index.
func (x *indexTest) want(t *testing.T, what string, known int) Dataset {
	t.Helper()
	d, got, err := x.open(t, x.dir, ModeDisk, false)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if got != known {
		t.Errorf("%s: %d images are known, want %d\n%s", what, got, known, &x.log)
	}
	cache := x.cache
	x.cache = ""
	plain, _, err := x.open(t, x.dir, ModeDisk, false)
	if x.cache = cache; err != nil || plain.Digest() != d.Digest() {
		t.Errorf("%s: digest %s, without an index %s, error %v", what, d.Digest(), plain.Digest(), err)
	}
	return d
}

// file is the one index there is.
func (x *indexTest) file(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(x.cache, "*.index"))
	if err != nil || len(found) != 1 {
		t.Fatalf("indexes %v, error %v; want one", found, err)
	}
	return found[0]
}

// TestIndex opens a folder again and again, and changes in between what makes an entry
// count no longer.
func TestIndex(t *testing.T) {
	x := newIndexTest(t)
	x.want(t, "at first", 0)
	d := x.want(t, "the second time", 6)
	for i := range d.Len() {
		if _, err := d.Image(i); err != nil {
			t.Error(err)
		}
	}
	changed := filepath.Join(x.dir, "cat", "1.png")
	info, err := os.Stat(changed)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		what  string
		known int
		do    func() error
	}{
		{"a time set back", 5, func() error { return os.Chtimes(changed, info.ModTime(), info.ModTime()) }},
		{"other contents of the same size and time", 5, func() error { return alter(t, changed, info.ModTime()) }},
		{"another time", 5, func() error { return os.Chtimes(changed, time.Time{}, info.ModTime().Add(-time.Hour)) }},
		{"a longer file", 5, func() error { return extend(changed) }},
		{"another file with the same times", 5, func() error {
			return os.Rename(changed, filepath.Join(x.dir, "cat", "7.png")) // as the order of names changes too
		}},
		{"a new file", 6, func() error { writeImages(t, x.dir, "cat/00.png"); return nil }},
		{"nothing", 7, func() error { return nil }},
		{"a file that is gone", 6, func() error { return os.Remove(filepath.Join(x.dir, "cat-a", "0.png")) }},
		{"a file that is a link now", 6, func() error {
			file := filepath.Join(x.dir, "dog", "2.png")
			return errors.Join(os.Rename(file, filepath.Join(x.cache, "2.png")), os.Symlink(filepath.Join(x.cache, "2.png"), file))
		}},
		{"nothing again", 7, func() error { return nil }},
	} {
		if err := step.do(); err != nil {
			t.Fatal(err)
		}
		if step.what == "a file that is gone" { // and with it its class
			writeImages(t, x.dir, "cat-a/1.png")
		}
		x.want(t, step.what, step.known)
	}
}

// alter puts another image into a file, which keeps its size, and sets its time back.
func alter(t *testing.T, path string, at time.Time) error {
	t.Helper()
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	writePNG(t, path, imaging.New(4, 4, 1)) // which is short
	after, err := os.Stat(path)
	if err != nil {
		return err
	}
	if after.Size() >= before.Size() {
		return errors.New("the other image is too long")
	}
	return errors.Join(os.Truncate(path, before.Size()), os.Chtimes(path, at, at)) // bytes behind an image do not matter
}

// extend appends a byte, which PNG files may have.
func extend(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, 0), 0o600)
}

// TestIndexKey opens the folder as another program, with another decoder, and from
// elsewhere.
func TestIndexKey(t *testing.T) {
	x := newIndexTest(t)
	x.want(t, "at first", 0)
	first := x.file(t)
	x.decoder.KeepDepth = true
	x.want(t, "with another decoder", 0)
	x.want(t, "with another decoder again", 6)
	x.decoder.KeepDepth = false
	x.want(t, "with the first decoder", 6)
	old, moved := x.dir, filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(x.dir, moved); err != nil {
		t.Fatal(err)
	}
	x.dir = moved
	x.want(t, "in another place", 0)
	if err := os.Rename(moved, old); err != nil {
		t.Fatal(err)
	}
	x.dir = old

	var entries []index.Entry
	key := x.key("another")
	if err := index.Write(first, key, 0, slices.Values[[]*index.Entry](nil)); err != nil {
		t.Fatal(err)
	}
	x.want(t, "by another program", 0)
	if _, err := index.Read(first, key, func(e *index.Entry) { entries = append(entries, *e) }); err == nil {
		t.Error("the index is still that of the other program")
	}
	x.want(t, "by this program again", 6)
	if _, known, err := x.open(t, x.dir, ModeDisk, true); known != 0 || err != nil {
		t.Errorf("where it is to be made anew, %d images are known, error %v", known, err)
	}
}

// TestIndexOfNewFiles leaves out files that could be written again in the same instant.
func TestIndexOfNewFiles(t *testing.T) {
	x := newIndexTest(t)
	clock = time.Now
	x.want(t, "at first", 0)
	if fileio.Exists(x.cache) {
		t.Error("an index without entries was written")
	}
	if err := os.Chtimes(filepath.Join(x.dir, "cat", "0.png"), time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	later(t, time.Minute)
	x.want(t, "a minute later", 0)
	x.want(t, "then", 5) // all but the one from the future
	later(t, 2*time.Hour)
	x.want(t, "hours later", 5)
	x.want(t, "then again", 6)
}

// key is that of the folder's index.
func (x *indexTest) key(program string) index.Key {
	return index.Key{Place: x.dir, Decoder: fmt.Sprintf("%s %+v", imaging.DecoderRules, x.decoder), Program: program}
}

// rewrite changes the entries of the index and seals it again.
func (x *indexTest) rewrite(t *testing.T, change func(e *index.Entry)) {
	t.Helper()
	program, err := buildinfo.Build()
	if err != nil || program == "" {
		t.Fatalf("program %q, error %v", program, err)
	}
	key := x.key(program)
	var entries []*index.Entry
	_, err = index.Read(x.file(t), key, func(e *index.Entry) {
		other := *e
		other.Name = bytes.Clone(e.Name)
		change(&other)
		entries = append(entries, &other)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Write(x.file(t), key, len(entries), slices.Values(entries)); err != nil {
		t.Fatal(err)
	}
}

// TestForgedIndex seals entries of other pixels, and of another size, as the program
// would. In both modes the first look at an image ends with its name.
func TestForgedIndex(t *testing.T) {
	for what, change := range map[string]func(e *index.Entry){
		"other pixels":  func(e *index.Entry) { e.Sum[5] ^= 1 },
		"another width": func(e *index.Entry) { e.Width++ },
	} {
		x := newIndexTest(t)
		d := x.want(t, what, 0)
		x.rewrite(t, func(e *index.Entry) {
			if string(e.Name) == "cat/1.png" {
				change(e)
			}
		})
		rule := imaging.Rule{Width: 3, Height: 3, Channels: 1, Mode: imaging.Stretch}
		for _, mode := range []Mode{ModeDisk, ModeRAM} {
			forged, known, err := x.open(t, x.dir, mode, false)
			if err != nil || known != 6 {
				t.Fatalf("%s, %s: %d images are known, error %v", what, mode, known, err)
			}
			if err := Confirm(t.Context(), forged); err == nil || !strings.Contains(err.Error(), "1 of 6 images cannot be read:\ncat/1.png: the image is not the one that the index has") {
				t.Errorf("%s, %s: confirmed with the error %v", what, mode, err)
			}
			for i := range d.Len() {
				_, err := forged.Image(i)
				if isIt := forged.Source(i) == "cat/1.png"; isIt != (err != nil) || isIt && !strings.HasPrefix(err.Error(), "cat/1.png: the image is not the one that the index has") {
					t.Errorf("%s, %s: %s: error %v", what, mode, forged.Source(i), err)
				}
			}
			if _, err := fitOne(t, forged, rule); mode == ModeRAM && (err == nil || !strings.Contains(err.Error(), "cat/1.png: the image is not the one that the index has")) {
				t.Errorf("%s: brought to the size of the input, with the error %v", what, err)
			}
		}
		if _, _, err := x.open(t, x.dir, ModeDisk, true); err != nil {
			t.Error(err)
		}
		healed := x.want(t, "made anew", 6)
		if _, err := healed.Image(1); err != nil {
			t.Error(err)
		}
		if got := slices.Index(healed.(*set).indexed, confirmed); got != 1 {
			t.Errorf("image 1 was decoded, and %d is marked so", got)
		}
		if err := Confirm(t.Context(), healed); err != nil || slices.Contains(healed.(*set).indexed, lookedUp) {
			t.Errorf("not all images are confirmed, error %v", err)
		}
	}
}

// TestImpossibleIndex seals entries of images that there cannot be.
func TestImpossibleIndex(t *testing.T) {
	x := newIndexTest(t)
	x.want(t, "at first", 0)
	x.rewrite(t, func(e *index.Entry) {
		switch string(e.Name) {
		case "cat/0.png":
			e.Width = 0
		case "cat/1.png":
			e.Frames = 0
		case "dog/0.png":
			e.Channels = 0
		}
	})
	d := x.want(t, "impossible", 3)
	if _, err := MeasureSizes(t.Context(), d); err != nil {
		t.Error(err)
	}
	x.want(t, "then", 6)
}

// TestDamagedIndex makes an index anew that is not whole, and says so.
func TestDamagedIndex(t *testing.T) {
	x := newIndexTest(t)
	x.want(t, "at first", 0)
	whole, err := os.ReadFile(x.file(t))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(whole)
	changed[len(changed)/2] ^= 1
	for what, b := range map[string][]byte{"changed": changed, "truncated": whole[:len(whole)/2], "empty": nil, "of something else": []byte("a text of someone else's that is longer than a digest, and no index")} {
		writeFile(t, x.file(t), b)
		if _, known, err := x.open(t, x.dir, ModeDisk, false); err != nil || known != 0 || !strings.Contains(x.log.String(), "level=WARN msg=\"the index of the images cannot be used and is made anew") {
			t.Errorf("%s: %d images are known, error %v\n%s", what, known, err, &x.log)
		}
		x.want(t, "after one that was "+what, 6)
	}
}

// TestNoRoomForIndex opens a folder where no index can be written.
func TestNoRoomForIndex(t *testing.T) {
	x := newIndexTest(t)
	writeFile(t, filepath.Dir(x.cache), nil) // where a folder should be made
	for range 2 {
		if _, known, err := x.open(t, x.dir, ModeDisk, false); err != nil || known != 0 || !strings.Contains(x.log.String(), "level=WARN msg=\"the index of the images cannot be written") {
			t.Errorf("%d images are known, error %v\n%s", known, err, &x.log)
		}
	}
}

// TestIndexInMemory opens the folder in RAM mode by an index. Both modes share it and give
// the same images.
func TestIndexInMemory(t *testing.T) {
	x := newIndexTest(t)
	disk := x.want(t, "at first", 0)
	ram, known, err := x.open(t, x.dir, ModeRAM, false)
	if err != nil || known != 6 {
		t.Fatalf("%d images are known, error %v", known, err)
	}
	fitted, err := fitOne(t, ram, imaging.Rule{Width: 3, Height: 3, Channels: 1, Mode: imaging.Stretch})
	if err != nil {
		t.Fatal(err)
	}
	if fitted.Digest() != disk.Digest() {
		t.Error("the digests differ")
	}
	// Where a larger size would save nothing, images are kept as they are, which takes the
	// memory that it takes without an index.
	larger := imaging.Rule{Width: 300, Height: 300, Channels: 3, Mode: imaging.Stretch}
	again, known, err := x.open(t, x.dir, ModeRAM, false)
	if err != nil || known != 6 {
		t.Fatalf("%d images are known, error %v", known, err)
	}
	same, err := Fit(t.Context(), again, 2000, Form{Rule: larger})
	if err != nil || len(same) != 1 || same[0] != again {
		t.Fatalf("images are enlarged that are kept as they are without an index, error %v", err)
	}
	if err := Confirm(t.Context(), again); err != nil || slices.Contains(again.(*set).indexed, lookedUp) {
		t.Errorf("not all images were decoded, error %v", err)
	}
	if err := os.RemoveAll(x.dir); err != nil {
		t.Fatal(err)
	}
	for i := range fitted.Len() {
		for _, d := range []Dataset{fitted, again} {
			if _, err := d.Image(i); err != nil {
				t.Errorf("the images are not in memory: %v", err)
			}
		}
	}
}

// TestIndexWithDamagedFiles decodes damaged files again each time, and no others.
func TestIndexWithDamagedFiles(t *testing.T) {
	x := newIndexTest(t)
	writeFile(t, filepath.Join(x.dir, "cat", "01.png"), []byte("no image"))
	if _, _, err := x.open(t, x.dir, ModeDisk, false); err == nil {
		t.Fatal("a damaged file was read")
	}
	x.skip = true
	var first []SkippedFile
	for round := range 2 {
		d := x.want(t, "with a damaged file", 6) // also after the opening that failed
		if skipped := SkippedFiles(d); len(skipped) != 1 || round > 0 && skipped[0].SHA256 != first[0].SHA256 {
			t.Errorf("the damaged files are %v", skipped)
		}
		first = SkippedFiles(d)
		for i := range d.Len() {
			if _, err := d.Image(i); err != nil {
				t.Error(err)
			}
		}
	}
	x.rewrite(t, func(e *index.Entry) {
		if string(e.Name) == "dog/2.png" {
			e.Sum[0] ^= 1
		}
	})
	d, _, err := x.open(t, x.dir, ModeDisk, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Image(d.Len() - 2); err == nil || !strings.HasPrefix(err.Error(), "dog/2.png: the image is not the one that the index has") {
		t.Errorf("behind a file that was left out, the error is %v", err)
	}
}

// TestIndexOfList knows the examples of a list whatever their order, and boxes of one
// image one by one.
func TestIndexOfList(t *testing.T) {
	x := newIndexTest(t)
	list := filepath.Join(x.dir, "list.csv")
	rows := []string{"dog/0.png,dog,", "cat/1.png,cat,\"0,0,2,2\"", "cat/1.png,cat,\"1,1,2,2\"", "cat/0.png,cat,", "dog/b/1.png,dog,"}
	open := func(known int, rows ...string) Dataset {
		t.Helper()
		writeFile(t, list, []byte("path,label,box\n"+strings.Join(rows, "\n")+"\n"))
		d, got, err := x.open(t, list, ModeDisk, false)
		if err != nil || got != known {
			t.Fatalf("%d images are known, want %d, error %v", got, known, err)
		}
		for i := range d.Len() {
			if _, err := d.Image(i); err != nil {
				t.Error(err)
			}
		}
		return d
	}
	first := open(0, rows...)
	if d := open(5, rows...); d.Digest() != first.Digest() {
		t.Error("the digests differ")
	}
	slices.Reverse(rows)
	open(5, rows...)
	open(4, append(rows[1:], "dog/2.png,dog,\"1,0,2,2\"")...)
	open(5, append(rows[1:], "dog/2.png,dog,\"1,0,2,2\"")...)
}

// TestOrderOfFiles compares the order of a folder's files with that of their paths.
func TestOrderOfFiles(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/z.png", "a/b/z.png", "a/b-c/z.png", "a/b.png", "a/b/a/1.png", "a/b!.png", "a-b/a.png", "a-b/0/a.png", "a!/b.png", "b/a.png")
	d, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for i := range d.Len() {
		paths = append(paths, d.Source(i))
	}
	if !slices.IsSorted(paths) || len(paths) != 10 {
		t.Errorf("the order is %q", paths)
	}
	grouped, err := openFolder(t, dir, "group=folder", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[string]string{"a/b/z.png": "b", "a/b/a/1.png": "b/a", "a/b-c/z.png": "b-c", "a-b/0/a.png": "0"}
	for i, name := range paths {
		if got := grouped.Info(i).Group; got != groups[name] {
			t.Errorf("%s is in group %q, want %q", name, got, groups[name])
		}
	}
}

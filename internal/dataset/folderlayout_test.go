package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
)

// openFiled opens a folder with options and file options.
func openFiled(t *testing.T, dir, options string, mode Mode, files FileOptions) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset("folder", options)
	if err != nil {
		t.Fatal(err)
	}
	return source.(Filed).WithFiles(files).Open(t.Context(), dir, mode)
}

// partsIn lists the parts of the examples, and their classes, by source.
func partsIn(d Dataset) map[string]string {
	found := map[string]string{}
	for i := range d.Len() {
		info := d.Info(i)
		found[d.Source(i)] = info.Part.String() + " " + d.Classes()[info.Label]
	}
	return found
}

func TestFolderNamesOfParts(t *testing.T) {
	names := map[Part][]string{
		PartTrain:      {"train", "Train", "TRAINING", "trainset"},
		PartValidation: {"val", "Valid", "validation", "dev", "DEV"},
		PartTest:       {"test", "Testing", "testset", "TestSet"},
	}
	for part, list := range names {
		for _, name := range list {
			top := "train"
			if part == PartTrain {
				top = "test"
			}
			dir := t.TempDir()
			writeImages(t, dir, name+"/a/1.png", name+"/b/2.png", top+"/a/3.png", top+"/b/4.png")
			got := partsIn(mustOpenFolder(t, dir, ""))
			if want := part.String() + " b"; got[name+"/b/2.png"] != want || len(got) != 4 {
				t.Errorf("%s: %v, want %s", name, got, want)
			}
			if classes := mustOpenFolder(t, dir, "layout=classes").Classes(); len(classes) != 2 || classes[0] != min(name, top) {
				t.Errorf("%s: layout=classes gives the classes %q", name, classes)
			}
		}
	}
}

func TestFolderLayout(t *testing.T) {
	cases := []struct {
		name, options string
		files         []string
		want          map[string]string // or nil, and
		err           []string
	}{
		{"folders below classes", "", []string{"cat/day/1.png", "dog/night/2.png"},
			map[string]string{"cat/day/1.png": "none cat", "dog/night/2.png": "none dog"}, nil},
		{"one folder of one name below each class", "", []string{"cat/images/1.png", "dog/images/2.png"},
			map[string]string{"cat/images/1.png": "none cat", "dog/images/2.png": "none dog"}, nil},
		{"the same folders, and images beside them", "", []string{"cat/a/1.png", "cat/b/1.png", "cat/1.png", "dog/a/2.png", "dog/b/2.png"},
			map[string]string{"cat/a/1.png": "none cat", "cat/b/1.png": "none cat", "cat/1.png": "none cat", "dog/a/2.png": "none dog", "dog/b/2.png": "none dog"}, nil},
		{"the same folders", "", []string{"x/a/1.png", "x/b/1.png", "y/a/2.png", "y/b/2.png"}, nil,
			[]string{"are x and y classes, or parts of the data that hold the classes a, b?", "layout=classes", "layout=parts"}},
		{"almost the same folders", "", []string{"w/1.png", "x/a/1.png", "x/b/1.png", "x/c/1.png", "y/a/2.png", "y/b/2.png", "y/d/2.png"}, nil,
			[]string{"are x and y classes, or parts"}},
		{"the same as classes", "layout=classes", []string{"x/a/1.png", "x/b/1.png", "y/a/2.png", "y/b/2.png"},
			map[string]string{"x/a/1.png": "none x", "x/b/1.png": "none x", "y/a/2.png": "none y", "y/b/2.png": "none y"}, nil},
		{"the same as groups", "group=folder", []string{"x/a/1.png", "x/b/1.png", "y/a/2.png", "y/b/2.png"},
			map[string]string{"x/a/1.png": "none x", "x/b/1.png": "none x", "y/a/2.png": "none y", "y/b/2.png": "none y"}, nil},
		{"the same as parts", "layout=parts", []string{"x/a/1.png", "x/b/1.png", "test/a/2.png", "test/b/2.png"},
			map[string]string{"x/a/1.png": "none a", "x/b/1.png": "none b", "test/a/2.png": "test a", "test/b/2.png": "test b"}, nil},
		{"parts beside others", "", []string{"Train/a/1.png", "test/a/2.png", "more/b/2.png"}, nil,
			[]string{"side by side (Train, more, test)", "layout=classes", "layout=parts"}},
		{"parts beside others as parts", "layout=parts", []string{"train/a/1.png", "test/a/2.png", "more/b/2.png"},
			map[string]string{"train/a/1.png": "train a", "test/a/2.png": "test a", "more/b/2.png": "none b"}, nil},
		{"two names of a part", "", []string{"train/a/1.png", "training/b/1.png"}, nil, []string{"has both train and training", "layout=classes"}},
		{"no training part", "", []string{"Test/a/1.png", "dev/b/1.png"}, nil, []string{"has Test and dev but no train folder", "layout=classes"}},
		{"no training part, as classes", "layout=classes", []string{"Test/a/1.png", "dev/b/1.png"},
			map[string]string{"Test/a/1.png": "none Test", "dev/b/1.png": "none dev"}, nil},
		{"names of parts among classes", "", []string{"test/1.png", "dev/1.png", "car/1.png"},
			map[string]string{"test/1.png": "none test", "dev/1.png": "none dev", "car/1.png": "none car"}, nil},
		{"no classes in parts", "", []string{"train/1.png", "test/1.png"}, nil, []string{"is divided into test and train, in which the images lie directly", "layout=classes", "class=prefix:."}},
		{"too high", "", []string{"archive/photos/a/1.png", "archive/photos/b/1.png"}, nil, []string{"the folders a, b lie deeper", "--data-dir ", filepath.Join("archive", "photos")}},
		{"too high above parts", "", []string{"x/train/a/1.png", "x/train/b/1.png", "x/test/a/2.png", "x/test/b/2.png"}, nil, []string{"the folders test, train lie deeper", "--data-dir "}},
		{"class in the names", "class=prefix:.", []string{"cat.1.png", "dog.1.png", "more/dog.x.2.png"},
			map[string]string{"cat.1.png": "none cat", "dog.1.png": "none dog", "more/dog.x.2.png": "none dog.x"}, nil},
		{"class in the names, in parts", "class=prefix:_", []string{"Train/great_dane_1.png", "Train/pug_1.png", "test/pug_2.png"},
			map[string]string{"Train/great_dane_1.png": "train great_dane", "Train/pug_1.png": "train pug", "test/pug_2.png": "test pug"}, nil},
		{"no class in some names", "class=prefix:.", []string{"cat.1.png", "dog.1.png", "test1/1.png", "test1/.2.png"}, nil,
			[]string{`1 of 3 images have no class before "." in their names`, "test1/1.png"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeImages(t, dir, c.files...)
			d, err := openFolder(t, dir, c.options, ModeDisk)
			if c.err != nil {
				wantError(t, err, append(c.err, dir)...)
				var usage *config.UsageError
				if !errors.As(err, &usage) {
					t.Errorf("%v is a failure: want a mistake in what was asked for", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, partsIn(d)); diff != "" {
				t.Errorf("examples (-want +got):\n%s", diff)
			}
		})
	}
}

// TestFolderDigests has digests that the folder module gave before it had other options
// than group.
func TestFolderDigests(t *testing.T) {
	files := []string{"cat/day/1.png", "cat/night/2.png", "dog/day/3.png", "dog/night/4_1.png", "dog/5.png"}
	parts := []string{"train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", "val/b/5.png"}
	for _, c := range []struct {
		files         []string
		options, want string
	}{
		{files, "", "97b732c29f112ccd559dbfd8bb6a66a3f9c1e68d42e9cfb609b91bf19ebd9d43"},
		{files, "group=folder", "ff9629782cab3a5adc2b8b901974abbe4c538be8a085dfc534256185551cd471"},
		{files[:4], "group=prefix:_", "207346265ab38aec31dc8ffeeaa0c062d7b2d3eca8b1225f2556e93f1b71461c"},
		{parts, "", "40723d02401f1c56e5ad843df10c71b7b39a710d5644fce4a3def048a7b38981"},
	} {
		dir := t.TempDir()
		writeImages(t, dir, c.files...)
		d, err := openRecordedFolder(t, dir, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if d.Digest() != c.want {
			t.Errorf("%v %s: digest %s, want %s", c.files, c.options, d.Digest(), c.want)
		}
	}
}

// openRecordedFolder opens a folder as a record names it.
func openRecordedFolder(t *testing.T, dir, options string) (Dataset, error) {
	return openFiled(t, dir, options, ModeDisk, FileOptions{Recorded: true})
}

func TestFolderLeavesDamagedFilesOut(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/1.png", "a/3.png", "b/1.png", "b/2.png")
	clean := mustOpenFolder(t, dir, "")
	writeFile(t, filepath.Join(dir, "a", "2.png"), []byte("no image"))
	writeFile(t, filepath.Join(dir, "b", "9.png"), nil)
	_, err := openFolder(t, dir, "", ModeRAM)
	wantError(t, err, "2 of 6 images cannot be read")

	skip := FileOptions{SkipCorrupt: true}
	var digests []string
	for _, mode := range []Mode{ModeRAM, ModeDisk} {
		d, err := openFiled(t, dir, "", mode, skip)
		if err != nil {
			t.Fatal(err)
		}
		wantExamples(t, d, []example{{"a/1.png", Info{Label: 0}}, {"a/3.png", Info{Label: 0}}, {"b/1.png", Info{Label: 1}}, {"b/2.png", Info{Label: 1}}})
		for i := range d.Len() {
			got, err := d.Image(i)
			want, _ := clean.Image(i)
			if err != nil || got.Sum() != want.Sum() {
				t.Errorf("%s: image %d is another one (%v)", mode, i, err)
			}
		}
		files := SkippedFiles(d)
		if len(files) != 2 || files[0].File != "a/2.png" || files[1].File != "b/9.png" || len(files[0].SHA256) != 64 || !strings.Contains(files[1].Reason.Error(), "empty file") {
			t.Errorf("%s: skipped files %+v", mode, files)
		}
		digests = append(digests, d.Digest())
	}
	if digests[0] != digests[1] || digests[0] == clean.Digest() {
		t.Errorf("digests %s and, without the damaged files, %s", digests, clean.Digest())
	}
	for _, change := range []func(){
		func() { writeFile(t, filepath.Join(dir, "a", "2.png"), []byte("another")) },
		func() {
			if err := os.Rename(filepath.Join(dir, "a", "2.png"), filepath.Join(dir, "b", "2a.png")); err != nil {
				t.Fatal(err)
			}
		},
		func() { os.Remove(filepath.Join(dir, "b", "9.png")) },
	} {
		change()
		d, err := openFiled(t, dir, "", ModeDisk, skip)
		if err != nil {
			t.Fatal(err)
		}
		for _, before := range digests {
			if d.Digest() == before {
				t.Error("a change of a damaged file leaves the digest as it was")
			}
		}
		digests = append(digests, d.Digest())
	}
}

func TestFolderLeavesNothingOutThatMayBeThere(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/1.png", "b/1.png")
	if err := os.Symlink("nowhere.png", filepath.Join(dir, "a", "2.png")); err != nil {
		t.Skip(err)
	}
	_, err := openFiled(t, dir, "", ModeRAM, FileOptions{SkipCorrupt: true})
	wantError(t, err, "since others may be there the next time", filepath.Join("a", "2.png"))
	os.Remove(filepath.Join(dir, "a", "2.png"))
	writeFile(t, filepath.Join(dir, "a", "1.png"), []byte("no image"))
	_, err = openFiled(t, dir, "", ModeRAM, FileOptions{SkipCorrupt: true})
	wantError(t, err, "without the files that cannot be read", `no image of class "a"`, "not a PNG")
}

func TestUnreadImagesAreListed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dir := t.TempDir()
	writeImages(t, dir, "a/good.png", "b/good.png")
	for i := range 12 {
		writeFile(t, filepath.Join(dir, "b", fmt.Sprintf("bad-%02d.png", i)), []byte("no image"))
	}
	_, err := openFolder(t, dir, "", ModeRAM)
	var unread *UnreadError
	if !errors.As(err, &unread) {
		t.Fatalf("%v: want an UnreadError", err)
	}
	wantError(t, err, "and 2 more; all are listed in "+unread.list)
	text, err := os.ReadFile(unread.list)
	if lines := strings.Count(string(text), "\n"); err != nil || lines != 12 || !strings.Contains(string(text), "bad-11.png: not a PNG") {
		t.Errorf("the list has %d lines: %s (%v)", lines, text, err)
	}
}

func TestCheckAlike(t *testing.T) {
	cases := []struct {
		a, b string
		want string // empty: they can be told apart
	}{
		{"caf\u00e9", "cafe\u0301", "(NFC and NFD)"},
		{"\u212bngstrom", "\u00c5ngstrom", "(NFC and NFD)"},
		{"cat", "Cat", "upper and lower case"},
		{"\u00c9cole", "e\u0301cole", "upper and lower case"},
		{"cat", "cat ", "spaces"},
		{"big cat", "big  cat", "spaces"},
		{"big cat", "big\u00a0cat", "spaces"},
		{"cat", "cat\u200b", "cannot be seen"},
		{"cat", "\ufeffcat", "cannot be seen"},
		{"a", "A", ""}, // classes of letters
		{"\u00e9", "\u00c9", ""},
		{"\u00e9", "e\u0301", "(NFC and NFD)"},
		{"cat", "cats", ""},
		{"cafe", "caf\u00e9", ""},
		{"x2", "x\u00b2", ""},
		{"big_cat", "big cat", ""},
	}
	for _, c := range cases {
		err := checkAlike([]string{"first", c.a, c.b})
		if c.want == "" {
			if err != nil {
				t.Errorf("%+q and %+q: %v", c.a, c.b, err)
			}
			continue
		}
		wantError(t, err, "look the same", c.want, fmt.Sprintf("%+q", c.a), fmt.Sprintf("%+q", c.b))
	}
}

func TestJoinedClassesThatLookAlike(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	writeImages(t, a, "cat/1.png", "dog/2.png")
	writeImages(t, b, "Cat/3.png", "bird/4.png", "bird/5.png")
	requests := []Request{{Name: "folder", Dir: a}, {Name: "folder", Dir: b}}
	_, err := Open(t.Context(), requests, OpenOptions{Mode: ModeDisk})
	wantError(t, err, "datasets that are joined", `"cat" and "Cat" look the same`)
	if _, err := Open(t.Context(), requests, OpenOptions{Mode: ModeDisk, Files: FileOptions{Contract: 2}}); err != nil {
		t.Error(err)
	}
}

// TestFoldersOfEarlierRecords: what version 2 of the contract read is read by its rules.
func TestFoldersOfEarlierRecords(t *testing.T) {
	for name, c := range map[string]struct {
		files         []string
		then, now     string // classes
		official      int    // examples of the test part then
		thenErr, nowE string
	}{
		"parts by other names": {files: []string{"Train/a/1.png", "Train/b/2.png", "Test/a/3.png", "Test/b/4.png"}, then: "Test,Train", now: "a,b"},
		"the old names":        {files: []string{"train/a/1.png", "train/b/2.png", "test/a/3.png"}, then: "a,b", now: "a,b", official: 1},
		"alike":                {files: []string{"Cat/1.png", "cat/2.png"}, then: "Cat,cat", nowE: "look the same"},
		"what systems leave":   {files: []string{"__MACOSX/1.png", "a/2.png", "b/@eaDir/3.png", "b/4.png"}, then: "__MACOSX,a,b", now: "a,b"},
		"same folders":         {files: []string{"x/a/1.png", "x/b/2.png", "y/a/3.png", "y/b/4.png"}, then: "x,y", nowE: "are x and y classes, or parts"},
		"two names of a part":  {files: []string{"train/a/1.png", "val/a/1.png", "valid/b/1.png"}, thenErr: "has both val and valid", nowE: "has both val and valid"},
		"train as a class":     {files: []string{"train/1.png", "car/1.png", "bus/x/1.png"}, then: "bus,car,train", now: "bus,car,train"},
		"parts beside others":  {files: []string{"train/a/1.png", "test/b/1.png", "car/1.png"}, thenErr: "side by side", nowE: "side by side"},
		"no training part":     {files: []string{"val/a/1.png", "test/b/1.png"}, thenErr: "no train folder", nowE: "no train folder"},
		"hidden":               {files: []string{".x/1.png", "a/1.png", "a/.2.png", "b/1.png"}, then: "a,b", now: "a,b"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeImages(t, dir, c.files...)
			read := func(contract int, want, wantErr string) Dataset {
				source, _, err := MakeDataset("folder", "")
				if err != nil {
					t.Fatal(err)
				}
				d, err := source.(Filed).WithFiles(FileOptions{Contract: contract}).Open(t.Context(), dir, ModeRAM)
				if wantErr != "" {
					wantError(t, err, wantErr)
					return nil
				}
				if err != nil || strings.Join(d.Classes(), ",") != want {
					t.Fatalf("version %d: got %v, want the classes %s (%v)", contract, d, want, err)
				}
				return d
			}
			read(3, c.now, c.nowE)
			if d := read(2, c.then, c.thenErr); d != nil && len(Official(d, PartTest)) != c.official {
				t.Errorf("%d examples of the official test part, want %d", len(Official(d, PartTest)), c.official)
			}
		})
	}
}

func TestFolderTellsOfAPartGivenForTheWhole(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "Train/a/1.png", "Train/b/2.png", "test/a/3.png")
	if whole, others := dividedAbove(filepath.Join(dir, "Train")); filepath.Clean(whole) != dir || len(others) != 1 {
		t.Errorf("%s, %v: want %s and the test part", whole, others, dir)
	}
	for _, part := range []string{"test", "Train/a"} {
		if whole, _ := dividedAbove(filepath.Join(dir, part)); whole != "" {
			t.Errorf("%s: %s is said to be divided", part, whole)
		}
	}
	_, err := openFolder(t, filepath.Join(dir, "Train", "a"), "", ModeRAM)
	wantError(t, err, "give the folder above it, --data-dir "+dir+";")
}

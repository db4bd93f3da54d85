package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// writeImages writes a small PNG at each of the paths below dir, all different.
func writeImages(t testing.TB, dir string, paths ...string) {
	t.Helper()
	for n, path := range paths {
		writePNG(t, filepath.Join(dir, filepath.FromSlash(path)), testImage(4+n%3, 5, 1+2*(n%2), n))
	}
}

func openFolder(t *testing.T, dir, options string, mode Mode) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset("folder", options)
	if err != nil {
		t.Fatal(err)
	}
	return source.(Filed).WithFiles(FileOptions{Classes: 2}).Open(t.Context(), dir, mode)
}

func mustOpenFolder(t *testing.T, dir, options string) Dataset {
	t.Helper()
	d, err := openFolder(t, dir, options, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// infos lists all descriptions of d.
func infos(d Dataset) []Info {
	var list []Info
	for i := range d.Len() {
		list = append(list, d.Info(i))
	}
	return list
}

// example is what a test expects of an example.
type example struct {
	Source string
	Info   Info
}

// wantExamples fails unless d has the examples.
func wantExamples(t *testing.T, d Dataset, want []example) {
	t.Helper()
	var got []example
	for i := range d.Len() {
		got = append(got, example{d.Source(i), d.Info(i)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("examples (-want +got):\n%s", diff)
	}
}

func TestFolderOfClasses(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "dog/10.png", "dog/9.PNG", "cat/b/1.png", "cat/a.png", "Zebra/x.jpeg", ".git/a.png", "cat/.hidden.png", ".DS_Store")
	writeFile(t, filepath.Join(dir, "README.md"), []byte("about"))
	writeFile(t, filepath.Join(dir, "cat", "notes.txt"), []byte("about"))
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, testImage(9, 7, 3, 1).ToImage(), nil); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "Zebra", "y.jpg"), jpg.Bytes())

	d := mustOpenFolder(t, dir, "")
	if diff := cmp.Diff([]string{"Zebra", "cat", "dog"}, d.Classes()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	wantExamples(t, d, []example{
		{"Zebra/x.jpeg", Info{Label: 0}},
		{"Zebra/y.jpg", Info{Label: 0}},
		{"cat/a.png", Info{Label: 1}},
		{"cat/b/1.png", Info{Label: 1}},
		{"dog/10.png", Info{Label: 2}},
		{"dog/9.PNG", Info{Label: 2}},
	})
	onDisk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, d, onDisk)
	sizes, err := MeasureSizes(t.Context(), d)
	wantSizes := Sizes{Width: 4, Height: 5, Frequent: 2, Pixels: 25, Channels: 3, Frames: 1, Range: "4x5x1 to 9x7x3 (6 sizes)"}
	if err != nil || cmp.Diff(wantSizes, sizes) != "" {
		t.Errorf("sizes are %+v, %v, want %+v", sizes, err, wantSizes)
	}
}

func TestFolderWithOfficialParts(t *testing.T) {
	for _, validation := range []string{"val", "valid", "validation"} {
		dir := t.TempDir()
		writeImages(t, dir, "train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png", validation+"/a/5.png", validation+"/b/6.png")
		wantExamples(t, mustOpenFolder(t, dir, ""), []example{
			{"test/a/3.png", Info{Label: 0, Part: PartTest}},
			{"test/b/4.png", Info{Label: 1, Part: PartTest}},
			{"train/a/1.png", Info{Label: 0, Part: PartTrain}},
			{"train/b/2.png", Info{Label: 1, Part: PartTrain}},
			{validation + "/a/5.png", Info{Label: 0, Part: PartValidation}},
			{validation + "/b/6.png", Info{Label: 1, Part: PartValidation}},
		})
	}
}

func TestFolderWhereTrainIsAClass(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "train/1.png", "car/2.png", "bus/3.png")
	d := mustOpenFolder(t, dir, "")
	if diff := cmp.Diff([]string{"bus", "car", "train"}, d.Classes()); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
}

func TestFolderGroups(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/clip7_0001.png", "a/clip7_0002.png", "a/day/clip_x_1.png", "a/single.png", "b/clip7_0003.png", "b/_1.png", "b/night/1/2.png")
	cases := map[string][]string{
		"":               {"", "", "", "", "", "", ""},
		"group=none":     {"", "", "", "", "", "", ""},
		"group=prefix:_": {"clip7", "clip7", "clip_x", "", "", "clip7", ""},
		"group=folder":   {"", "", "day", "", "", "", "night/1"},
	}
	for options, want := range cases {
		d := mustOpenFolder(t, dir, options)
		var got []string
		for _, info := range infos(d) {
			got = append(got, info.Group)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: groups (-want +got):\n%s", options, diff)
		}
		if want := strings.TrimPrefix(options, "group="); want != "" && detail(d).grouping() != want {
			t.Errorf("%s: the dataset says its grouping is %q", options, detail(d).grouping())
		}
	}
	for _, options := range []string{"group=prefix:", "group=clip", "group="} {
		_, _, err := MakeDataset("folder", options)
		wantError(t, err, "dataset folder: group=", "want none, folder or prefix:SEP")
	}
}

func TestFolderErrors(t *testing.T) {
	cases := []struct {
		name  string
		files []string
		parts []string
	}{
		{"nothing", nil, []string{"has no images", "<class>"}},
		{"no images", []string{"a/x.txt", "b/y.heic"}, []string{"has no images but files in formats that are not read, such as b", "(.heic (1), .txt (1)): convert them to PNG or JPEG"}},
		{"no images at all", []string{"a/x.txt", "b/y.csv"}, []string{"has no images: want", "(of other files it has 2: .csv (1), .txt (1))"}},
		{"a list", []string{"1.png", "2.png", "metadata.csv"}, []string{"there is the list ", "metadata.csv: if that has their labels, give --dataset list --data-dir "}},
		{"lists of parts", []string{"train/1.png", "train/metadata.csv", "test/2.png", "test/metadata.csv"}, []string{"there is the list ", "give --dataset list --data-dir "}},
		{"no class folders", []string{"1.png", "2.png", "notes.txt"}, []string{"the images lie directly in", "give the folder above it, --data-dir "}},
		{"videos", []string{"a/1.mp4", "b/2.MOV"}, []string{"has no images but videos, such as b", "--dataset clips", "ffmpeg -i CLIP.mp4", "group=prefix:_"}},
		{"loose videos", []string{"1.mp4"}, []string{"has no images but videos, such as 1.mp4"}},
		{"one class", []string{"a/1.png", "a/2.png"}, []string{`1 class ["a"]`, "at least two"}},
		{"empty class", []string{"a/1.png", "b/1.png", "c/notes.txt"}, []string{`no image of class "c"`, "remove the class"}},
		{"both names of validation", []string{"train/a/1.png", "val/a/1.png", "validation/a/1.png"}, []string{"has both val and validation"}},
		{"parts beside classes", []string{"train/a/1.png", "test/a/1.png", "cat/1.png"}, []string{"side by side (cat, test, train)"}},
		{"no train folder", []string{"val/a/1.png", "test/a/1.png"}, []string{"has test and val but no train folder"}},
		{"colon", []string{"a:b/1.png", "c/1.png"}, []string{`class 0, "a:b"`, "colon"}},
		{"space", []string{"a /1.png", "c/1.png"}, []string{`class 0, "a "`, "space"}},
		{"too deep", []string{"a/" + strings.Repeat("x/", 65) + "1.png", "b/1.png"}, []string{"more than 64 deep"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range c.files {
				if strings.HasSuffix(file, ".png") {
					writeImages(t, dir, file)
				} else {
					writeFile(t, filepath.Join(dir, filepath.FromSlash(file)), []byte("text"))
				}
			}
			_, err := openFolder(t, dir, "", ModeRAM)
			wantError(t, err, append(c.parts, dir)...)
			var usage *config.UsageError
			var missing *NotFoundError
			if !errors.As(err, &usage) && !errors.As(err, &missing) {
				t.Errorf("%v is a failure: want a mistake in what was asked for", err)
			}
			if c.files == nil && strings.Contains(err.Error(), "other files") {
				t.Errorf("%v tells of nothing", err)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "nowhere")
	_, err := openFolder(t, missing, "", ModeRAM)
	wantError(t, err, "folder: "+missing+" does not exist")
}

func TestFolderNamesAllCorruptFiles(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/good.png", "b/good.png")
	writeFile(t, filepath.Join(dir, "a", "empty.png"), nil)
	for i := range 11 {
		writeFile(t, filepath.Join(dir, "b", fmt.Sprintf("bad-%02d.png", i)), []byte("no image"))
	}
	for _, mode := range []Mode{ModeRAM, ModeDisk} {
		_, err := openFolder(t, dir, "", mode)
		wantError(t, err, "folder "+dir+": 12 of 14 images cannot be read", filepath.Join("a", "empty.png")+": empty file",
			filepath.Join("b", "bad-08.png")+": not a PNG, JPEG, GIF, WebP, BMP or TIFF file", "and 2 more")
		if strings.Contains(err.Error(), "bad-09") {
			t.Errorf("more than ten files are listed: %v", err)
		}
	}
}

func TestFolderFollowsLinks(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	writeImages(t, elsewhere, "1.png", "2.png")
	writeImages(t, dir, "a/1.png")
	if err := os.Symlink(elsewhere, filepath.Join(dir, "b")); err != nil {
		t.Skip(err)
	}
	if d := mustOpenFolder(t, dir, ""); d.Len() != 3 {
		t.Errorf("%d examples, want 3", d.Len())
	}
	if err := os.Symlink(dir, filepath.Join(dir, "a", "loop")); err != nil {
		t.Skip(err)
	}
	_, err := openFolder(t, dir, "", ModeRAM)
	wantError(t, err, "the link "+filepath.Join(dir, "a", "loop")+" leads back up to "+dir)
}

func TestKeeperStaysWithinItsBudget(t *testing.T) {
	decoded := 0
	d := newTestSet(t, letters(2), infosOf(5, 2))
	kept := newKeeper(5, 2*30, func(i int, _ []uint8) (imaging.Image, error) {
		decoded++
		return d.Image(i)
	})
	for i := range 5 {
		if _, err := kept.fill(i, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		if _, err := kept.image(i, nil); err != nil {
			t.Fatal(err)
		}
	}
	if decoded != 5+3 {
		t.Errorf("%d images were decoded, want 5 and again the 3 that did not fit", decoded)
	}
}

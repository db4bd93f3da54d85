package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallMNIST returns the four files of a dataset of 20 training and 10 test
// images of 4x3 pixels, in the order of an idxSource's files.
func smallMNIST() [4][]byte {
	part := func(n, salt int) (images, labels []byte) {
		var pixels, values []uint8
		for i := range n {
			pixels = append(pixels, testImage(4, 3, 1, i+salt).Pix...)
			values = append(values, uint8((i+salt)%10))
		}
		return idxBytes(magicImages, []uint32{uint32(n), 3, 4}, pixels), idxBytes(magicLabels, []uint32{uint32(n)}, values)
	}
	trainImages, trainLabels := part(20, 0)
	testImages, testLabels := part(10, 100)
	return [4][]byte{trainImages, trainLabels, testImages, testLabels}
}

// writeMNIST writes the files under the names that rename makes of the usual
// ones.
func writeMNIST(t testing.TB, dir string, files [4][]byte, rename func(string) string) {
	t.Helper()
	for i, file := range mnist().files {
		writeFile(t, filepath.Join(dir, rename(file.name)), files[i])
	}
}

func plainName(name string) string { return name }

func openOffline(t *testing.T, name, dir string, mode Mode) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset(name, "download=false")
	if err != nil {
		t.Fatal(err)
	}
	return source.Open(t.Context(), dir, mode)
}

func TestMNISTFilesAreFound(t *testing.T) {
	files := smallMNIST()
	var packed [4][]byte
	for i, file := range files {
		packed[i] = gzipped(t, file)
	}
	dot := func(suffix string) func(string) string {
		return func(name string) string { return strings.Replace(name, "-idx", ".idx", 1) + suffix }
	}
	cases := map[string]struct {
		folder string
		files  [4][]byte
		rename func(string) string
	}{
		"plain":                            {"", files, plainName},
		"gzipped":                          {"mnist", packed, func(name string) string { return name + ".gz" }},
		"dotted":                           {"mnist", files, dot("")},
		"dotted packed":                    {"", packed, dot(".gz")},
		"torchvision":                      {filepath.Join("MNIST", "raw"), files, plainName},
		"raw":                              {"raw", files, plainName},
		"Kaggle":                           {"", files, func(name string) string { return filepath.Join(name, name) }},
		"Kaggle, dotted":                   {"mnist", files, func(name string) string { return filepath.Join(dot("")(name), dot("")(name)) }},
		"unpacked by a browser, named .gz": {"mnist", files, func(name string) string { return name + ".gz" }},
	}
	var digest string
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeMNIST(t, filepath.Join(dir, c.folder), c.files, c.rename)
			inRAM, err := openOffline(t, "mnist", dir, ModeRAM)
			if err != nil {
				t.Fatal(err)
			}
			onDisk, err := openOffline(t, "mnist", dir, ModeDisk)
			if err != nil {
				t.Fatal(err)
			}
			sameContent(t, inRAM, onDisk)
			if digest == "" {
				digest = inRAM.Digest()
			}
			if inRAM.Digest() != digest {
				t.Errorf("digest depends on how the files are packed: %s and %s", inRAM.Digest(), digest)
			}
			if got := len(Official(inRAM, PartTrain)); got != 20 || inRAM.Len() != 30 {
				t.Errorf("%d of %d examples are for training, want 20 of 30", got, inRAM.Len())
			}
			want := Info{Label: 3, Part: PartTest}
			if got := inRAM.Info(23); got != want || inRAM.Source(23) != "mnist/test/3" {
				t.Errorf("example 23 is %+v from %s, want %+v", got, inRAM.Source(23), want)
			}
		})
	}
}

func TestMNISTCountKeepsTheTestPart(t *testing.T) {
	dir := t.TempDir()
	writeMNIST(t, dir, smallMNIST(), plainName)
	for count, want := range map[string]int{"0": 20, "12": 12, "500": 20} {
		source, resolved, err := MakeDataset("mnist", "count="+count)
		if err != nil {
			t.Fatal(err)
		}
		if _, recorded := resolved["download"]; recorded || resolved["count"] != count {
			t.Errorf("options recorded: %v, want the count alone", resolved)
		}
		d, err := source.Open(t.Context(), dir, ModeRAM)
		if err != nil {
			t.Fatal(err)
		}
		train, test := Official(d, PartTrain), Official(d, PartTest)
		if len(train) != want || len(test) != 10 || d.Source(test[3]) != "mnist/test/3" {
			t.Errorf("count=%s: %d training and %d test examples, want %d and 10", count, len(train), len(test), want)
		}
		img, err := d.Image(test[3])
		if err != nil || !slices.Equal(img.Pix, testImage(4, 3, 1, 103).Pix) {
			t.Errorf("count=%s: the test part has other pixels: %v, %v", count, img, err)
		}
	}
}

func TestMNISTErrors(t *testing.T) {
	good := smallMNIST()
	change := func(at int, file []byte) [4][]byte {
		files := good
		files[at] = file
		return files
	}
	other := make([]uint8, 10*4*4)
	cases := []struct {
		name  string
		files [4][]byte
		parts []string
	}{
		{"counts differ", change(trainLabels, idxBytes(magicLabels, []uint32{19}, make([]uint8, 19))),
			[]string{"train-images-idx3-ubyte has 20 images", "train-labels-idx1-ubyte has 19 labels"}},
		{"sizes differ", change(testImages, idxBytes(magicImages, []uint32{10, 4, 4}, other)),
			[]string{"t10k-images-idx3-ubyte: its images are 4x4", "are 4x3"}},
		{"label out of range", change(testLabels, idxBytes(magicLabels, []uint32{10}, []uint8{0, 1, 2, 3, 4, 5, 6, 7, 8, 200})),
			[]string{"t10k-labels-idx1-ubyte: label 200 of example 9", "want 0 to 9"}},
		{"a class is empty", [4][]byte{good[0], idxBytes(magicLabels, []uint32{20}, make([]uint8, 20)), good[2], idxBytes(magicLabels, []uint32{10}, make([]uint8, 10))},
			[]string{`mnist: no image of class "1", "2"`}},
		{"files swapped", change(trainImages, good[trainLabels]), []string{"train-images-idx3-ubyte: starts with 0x00000801"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeMNIST(t, dir, c.files, plainName)
			_, err := openOffline(t, "mnist", dir, ModeRAM)
			wantError(t, err, c.parts...)
		})
	}
}

func TestMNISTIsNotThere(t *testing.T) {
	dir := t.TempDir()
	_, err := openOffline(t, "mnist", dir, ModeRAM)
	wantError(t, err, "mnist: no data", dir+" has none of the files", "Put the files train-images-idx3-ubyte.gz",
		filepath.Join(dir, "mnist"), "download=true")

	writeMNIST(t, dir, smallMNIST(), plainName)
	if err := os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")); err != nil {
		t.Fatal(err)
	}
	_, err = openOffline(t, "mnist", dir, ModeRAM)
	wantError(t, err, dir+" lacks t10k-labels-idx1-ubyte")
}

// TestChangedFileIsTold reads files with as many examples as the published ones, of
// which one image was changed by a bit.
func TestChangedFileIsTold(t *testing.T) {
	s, dir := mnist(), t.TempDir()
	files := [4][]byte{
		idxBytes(magicImages, []uint32{60_000, 1, 1}, make([]uint8, 60_000)), idxBytes(magicLabels, []uint32{60_000}, manyLabels(60_000)),
		idxBytes(magicImages, []uint32{10_000, 1, 1}, make([]uint8, 10_000)), idxBytes(magicLabels, []uint32{10_000}, manyLabels(10_000)),
	}
	for i, b := range files {
		sum := sha256.Sum256(b)
		s.files[i].sha256 = hex.EncodeToString(sum[:])
	}
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	open := func() string {
		log.Reset()
		writeMNIST(t, dir, files, plainName)
		d, err := s.Open(t.Context(), dir, ModeRAM)
		if err != nil {
			t.Fatal(err)
		}
		return d.Digest()
	}
	s.whole = open()
	if open(); log.Len() > 0 {
		t.Errorf("intact files are warned of: %s", &log)
	}
	files[testImages][5000] ^= 1
	if open(); strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "t10k-images-idx3-ubyte") || !strings.Contains(log.String(), s.files[testImages].sha256) {
		t.Errorf("of a changed file is told %q", &log)
	}
}

// manyLabels are n labels of ten classes.
func manyLabels(n int) []uint8 {
	labels := make([]uint8, n)
	for i := range labels {
		labels[i] = uint8(i % 10)
	}
	return labels
}

func TestRealMNIST(t *testing.T) {
	dir := testData(t)
	d, err := openOffline(t, "mnist", dir, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	if whole := mnist().whole; d.Digest() != whole {
		t.Errorf("the digest is %s, want %s", d.Digest(), whole)
	}
	checkPublished(t, d, []int{5, 0, 4, 1, 9, 2, 1, 3, 1, 4}, []int{7, 2, 1, 0, 4, 1, 4, 9, 5, 9})
	for _, file := range mnist().files {
		if path := spelling(filepath.Join(dir, "mnist"), file.name); file.verify(path) != nil {
			t.Error(file.verify(path))
		}
	}
	// The folder holds MNIST under the names that Fashion-MNIST's files have.
	if place := fashionMNIST().examine(filepath.Join(dir, "mnist")); place.foreign != "mnist" || place.complete() {
		t.Errorf("the files of MNIST are taken for those of fashion-mnist: %+v", place)
	}
}

func TestRealFashionMNIST(t *testing.T) {
	if _, err := os.Stat(fashionMNIST().folder); err != nil {
		t.Skip("Debian's package dataset-fashion-mnist is not installed")
	}
	d, err := openOffline(t, "fashion-mnist", t.TempDir(), ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	if whole := fashionMNIST().whole; d.Digest() != whole {
		t.Errorf("the digest is %s, want %s", d.Digest(), whole)
	}
	checkPublished(t, d, []int{9, 0, 0, 3, 0, 2, 7, 2, 5, 5}, []int{9, 2, 1, 1, 6, 1, 4, 6, 5, 7})
}

// checkPublished checks what is known of a published dataset: 60,000 training
// and 10,000 test images of 28x28, and the first labels of both.
func checkPublished(t *testing.T, d Dataset, train, test []int) {
	t.Helper()
	labels := labelsOf(d)
	if len(labels) != 70_000 {
		t.Fatalf("%d examples, want 70000", len(labels))
	}
	if !slices.Equal(labels[:10], train) || !slices.Equal(labels[60_000:60_010], test) {
		t.Errorf("first labels are %v and %v, want %v and %v", labels[:10], labels[60_000:60_010], train, test)
	}
	sizes, err := MeasureSizes(t.Context(), d)
	if err != nil || !sizes.Uniform || sizes.Range != "28x28x1" {
		t.Errorf("sizes are %+v, %v", sizes, err)
	}
	split, err := MakeSplit(d, 1, DefaultRatios, false)
	if err != nil {
		t.Fatal(err)
	}
	// Each of the ten classes is rounded for itself.
	if n := len(split.Train); n < 44_990 || n > 45_010 || n+len(split.Validation) != 60_000 || len(split.Test) != 10_000 {
		t.Errorf("parts of %d, %d and %d examples, want 45000, 15000 and 10000", n, len(split.Validation), len(split.Test))
	}
	if err := split.Check(d); err != nil {
		t.Error(err)
	}
	duplicates, err := FindDuplicates(t.Context(), d, split)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d validation and %d test images are duplicates, %d with another label; pairs begin with %+v",
		duplicates.Validation, duplicates.Test, duplicates.Conflicting, duplicates.Pairs[:min(2, len(duplicates.Pairs))])
}

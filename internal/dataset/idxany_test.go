package dataset

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Magic numbers of other IDX files.
const (
	magicInt16Images   = 0x00000b03
	magicFloatImages   = 0x00000d03
	magicColourImages  = 0x00000804
	magicColumnsLabels = 0x00000c02 // int32, [N,K]
	magicInt8Labels    = 0x00000901
)

// openModule opens a dataset with options.
func openModule(t testing.TB, name, options, dir string, mode Mode) (Dataset, error) {
	t.Helper()
	source, _, err := MakeDataset(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return source.Open(t.Context(), dir, mode)
}

// openBoth opens a dataset in both modes, which must give the same.
func openBoth(t testing.TB, name, options, dir string) Dataset {
	t.Helper()
	inRAM, err := openModule(t, name, options, dir, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	onDisk, err := openModule(t, name, options, dir, ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	if inRAM.Digest() != onDisk.Digest() {
		t.Fatalf("digest %s in memory, %s on disk", inRAM.Digest(), onDisk.Digest())
	}
	for i := range inRAM.Len() {
		a, errA := inRAM.Image(i)
		b, errB := onDisk.Image(i)
		if errA != nil || errB != nil || !a.SameShape(b) || !bytes.Equal(a.Pix, b.Pix) {
			t.Fatalf("image %d differs: %v, %v", i, errA, errB)
		}
	}
	return inRAM
}

// wantPixels fails unless image i has the size and the pixels.
func wantPixels(t testing.TB, d Dataset, i, width, height int, pix ...uint8) {
	t.Helper()
	img, err := d.Image(i)
	if err != nil || img.Width != width || img.Height != height || !slices.Equal(img.Pix, pix) {
		t.Errorf("image %d: %+v, %v, want %dx%d %v", i, img, err, width, height, pix)
	}
}

// ramp are n values from first on.
func ramp(first, n int) []uint8 {
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(first + i)
	}
	return b
}

// writeIDXSet writes four files of four training and two test images, 3 pixels wide and 2
// high, with the labels of two classes from first on.
func writeIDXSet(t testing.TB, dir, prefix, ending string, first uint8) {
	t.Helper()
	for name, content := range map[string][]byte{
		"train-images-idx3-ubyte": idxBytes(magicImages, []uint32{4, 2, 3}, ramp(0, 24)),
		"train-labels-idx1-ubyte": idxBytes(magicLabels, []uint32{4}, []uint8{first, first + 1, first + 1, first}),
		"test-images-idx3-ubyte":  idxBytes(magicImages, []uint32{2, 2, 3}, ramp(100, 12)),
		"test-labels-idx1-ubyte":  idxBytes(magicLabels, []uint32{2}, []uint8{first + 1, first}),
	} {
		if ending == ".gz" {
			content = gzipped(t, content)
		}
		writeFile(t, filepath.Join(dir, prefix+name+ending), content)
	}
}

// logged is what f logs.
func logged(f func()) string {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	f()
	return log.String()
}

func TestEMNIST(t *testing.T) {
	dir := t.TempDir()
	writeIDXSet(t, filepath.Join(dir, "gzip"), "emnist-letters-", ".gz", 1)
	writeFile(t, filepath.Join(dir, "gzip", "emnist-letters-mapping.txt"), []byte("1 65 97\n2 66 98\n"))
	var d Dataset
	if log := logged(func() { d = openBoth(t, "idx", "", dir) }); !strings.Contains(log, "transpose=true turns them upright") {
		t.Errorf("the log lacks the hint: %s", log)
	}
	if !slices.Equal(d.Classes(), []string{"A/a", "B/b"}) || !slices.Equal(labelsOf(d), []int{0, 1, 1, 0, 1, 0}) {
		t.Errorf("classes %v, labels %v", d.Classes(), labelsOf(d))
	}
	if info := d.Info(4); info.Part != PartTest || d.Source(4) != "idx/test/0" || d.Info(0).Part != PartTrain || d.Source(3) != "idx/train/3" {
		t.Errorf("example 4 is %+v from %s", info, d.Source(4))
	}
	wantPixels(t, d, 1, 3, 2, 6, 7, 8, 9, 10, 11)
	if log := logged(func() { d = openBoth(t, "idx", "transpose=true", dir) }); log != "" {
		t.Errorf("the log has %s", log)
	}
	wantPixels(t, d, 1, 2, 3, 6, 9, 7, 10, 8, 11)

	// Another set beside it: which one, has to be said.
	writeIDXSet(t, filepath.Join(dir, "gzip"), "emnist-digits-", ".gz", 0)
	_, err := openModule(t, "idx", "", dir, ModeRAM)
	wantError(t, err, "several sets of IDX files: gzip/emnist-digits, gzip/emnist-letters", "files=PATTERN", "files=emnist-letters-*")
	wantUsage(t, err, true)
	for _, pattern := range []string{"emnist-letters-*", "gzip/emnist-l*"} {
		if again := openBoth(t, "idx", "transpose=true,files="+pattern, dir); again.Digest() != d.Digest() {
			t.Errorf("files=%s gives other data", pattern)
		}
	}
	if digits := openBoth(t, "idx", "files=emnist-digits-*", dir); !slices.Equal(digits.Classes(), []string{"0", "1"}) {
		t.Errorf("classes %v", digits.Classes())
	}
}

// TestIDXLayouts: the same files give the same data wherever archives put them.
func TestIDXLayouts(t *testing.T) {
	want := ""
	for name, write := range map[string]func(dir string){
		"plain":     func(dir string) { writeIDXSet(t, dir, "", "", 0) },
		"gzipped":   func(dir string) { writeIDXSet(t, dir, "", ".gz", 0) },
		"prefix":    func(dir string) { writeIDXSet(t, dir, "my_digits_", ".gz", 0) },
		"subfolder": func(dir string) { writeIDXSet(t, filepath.Join(dir, "kmnist"), "", ".gz", 0) },
		"torchvision, which keeps both": func(dir string) {
			writeIDXSet(t, filepath.Join(dir, "KMNIST", "raw"), "", "", 0)
			writeIDXSet(t, filepath.Join(dir, "KMNIST", "raw"), "", ".gz", 0)
		},
		"Kaggle": func(dir string) {
			writeIDXSet(t, dir, "", "", 0)
			for _, name := range []string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "test-images-idx3-ubyte", "test-labels-idx1-ubyte"} {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, name, name), b)
			}
			writeFile(t, filepath.Join(dir, "__MACOSX", "train-images-idx3-ubyte"), []byte("x"))
		},
		"a folder of others beside": func(dir string) {
			writeIDXSet(t, dir, "", "", 0)
			writeIDXSet(t, filepath.Join(dir, "deeper"), "", "", 1)
		},
	} {
		dir := t.TempDir()
		write(dir)
		d := openBoth(t, "idx", "", dir)
		if want == "" {
			want = d.Digest()
		}
		if d.Digest() != want || d.Len() != 6 {
			t.Errorf("%s: %d examples, digest %s, want %s", name, d.Len(), d.Digest(), want)
		}
	}
}

func TestIDXNames(t *testing.T) {
	for name, want := range map[string]string{
		"train-images-idx3-ubyte":                       "train images",
		"train-images.idx3-ubyte":                       "train images",
		"t10k-labels-idx1-ubyte.gz":                     "test labels",
		"emnist-byclass-test-labels-idx1-ubyte.gz":      "emnist-byclass test labels",
		"qmnist-train-labels-idx2-int.gz":               "qmnist train labels",
		"Validation_Images.IDX":                         "validation images",
		"images-idx4-float32":                           "images",
		"train-images.png":                              "",
		"train-images-labels-idx3-ubyte":                "",
		"train-idx3-ubyte":                              "",
		"emnist-letters-mapping.txt":                    "",
		"train-images-idx3-ubyte (1)":                   "(1) train images",
		"train-test-images-idx3-ubyte":                  "test train images",
		"int-train-labels-idx1-ubyte":                   "int train labels",
		"train-images-idx3-ubyte.zip":                   "zip train images",
		"t10k.targets.idx":                              "test labels",
		"train-images-idx33-ubyte":                      "",
		"dev-imgs-idx":                                  "validation images",
		"train--labels..idx1-ubyte.gz":                  "train labels",
		"emnist-mnist-train-images-idx3-ubyte.gz.other": "emnist-mnist-gz-other train images",
	} {
		set, role, is := parseIDXName(name)
		got := ""
		if is {
			got = strings.TrimSpace(set + " " + role.String())
		}
		if got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// TestIDXTypes reads images of every form that is read.
func TestIDXTypes(t *testing.T) {
	labels := idxBytes(magicInt8Labels, []uint32{2}, []uint8{0, 1})
	cases := []struct {
		name, options string
		images        []byte
		width, height int
		pix           []uint8 // of the second image
	}{
		{"int16", "", idxBytes(magicInt16Images, []uint32{2, 1, 2}, encoded(numberTypeOf("int16"), true, 0, 1, 2, 255)), 2, 1, []uint8{2, 255}},
		{"int16 with a range", "range=-1000:1000", idxBytes(magicInt16Images, []uint32{2, 1, 2}, encoded(numberTypeOf("int16"), true, 0, 1, -1000, 1000)), 2, 1, []uint8{0, 255}},
		{"float32", "", idxBytes(magicFloatImages, []uint32{2, 2, 1}, encoded(numberTypeOf("float32"), true, 0, 1, 0.5, 1)), 1, 2, []uint8{128, 255}},
		{"float32 transposed", "transpose=true", idxBytes(magicFloatImages, []uint32{2, 2, 1}, encoded(numberTypeOf("float32"), true, 0, 1, 0.5, 1)), 2, 1, []uint8{128, 255}},
		{"colour", "", idxBytes(magicColourImages, []uint32{2, 1, 2, 3}, ramp(1, 12)), 2, 1, []uint8{7, 8, 9, 10, 11, 12}},
		{"colour transposed", "transpose=true", idxBytes(magicColourImages, []uint32{2, 1, 2, 3}, ramp(1, 12)), 1, 2, []uint8{7, 8, 9, 10, 11, 12}},
		{"one channel", "", idxBytes(magicColourImages, []uint32{2, 1, 2, 1}, ramp(1, 4)), 2, 1, []uint8{3, 4}},
		{"bits", "range=0:1", idxBytes(magicImages, []uint32{2, 1, 2}, []uint8{0, 0, 0, 1}), 2, 1, []uint8{0, 255}},
	}
	for _, c := range cases {
		for _, pack := range []bool{false, true} {
			dir := t.TempDir()
			images := c.images
			if pack {
				images = gzipped(t, images)
			}
			writeFile(t, filepath.Join(dir, "images-idx"), images)
			writeFile(t, filepath.Join(dir, "labels-idx"), labels)
			d := openBoth(t, "idx", c.options, dir)
			wantPixels(t, d, 1, c.width, c.height, c.pix...)
			if d.Info(1) != (Info{Label: 1}) || d.Source(1) != "idx/images/1" {
				t.Errorf("%s: example 1 is %+v from %s", c.name, d.Info(1), d.Source(1))
			}
		}
	}
}

func TestQMNIST(t *testing.T) {
	dir := t.TempDir()
	columns := encoded(numberTypeOf("int32"), true, 1, 4, 9, 0, 4, 0, 1, 1, 1, 9)
	for _, part := range []string{"train", "test"} {
		writeFile(t, filepath.Join(dir, "qmnist-"+part+"-images-idx3-ubyte"), idxBytes(magicImages, []uint32{2, 1, 2}, ramp(len(part), 4)))
		writeFile(t, filepath.Join(dir, "qmnist-"+part+"-labels-idx2-int.gz"), gzipped(t, idxBytes(magicColumnsLabels, []uint32{2, 5}, columns)))
	}
	d := openBoth(t, "idx", "label-offset=auto", dir)
	if !slices.Equal(labelsOf(d), []int{1, 0, 1, 0}) { // the first column
		t.Errorf("labels %v", labelsOf(d))
	}
	d = openBoth(t, "idx", "label-column=3", dir)
	if !slices.Equal(labelsOf(d), []int{0, 1, 0, 1}) {
		t.Errorf("labels of column 3: %v", labelsOf(d))
	}
	_, err := openModule(t, "idx", "label-column=5", dir, ModeRAM)
	wantError(t, err, "label-column=5, but its shape is [2,5]")
}

func TestIDXOptions(t *testing.T) {
	for options, want := range map[string]string{
		"files=[":                  "want a pattern of names",
		"files=../x*":              "want a path below the folder",
		"train-images=/etc/passwd": "want a path below the folder",
		"names=/etc/passwd":        "want auto, none or the name of a file below",
		"names=../names.txt":       "want auto, none or the name of a file below",
		"names=":                   "want auto, none",
		"label-offset=-1":          "want auto or a whole number",
		"label-column=x":           "want auto or a whole number",
		"range=1:0":                "want auto, or two numbers",
		"transpose=maybe":          "want true or false",
	} {
		_, _, err := MakeDataset("idx", options)
		wantError(t, err, want)
	}
	_, options, err := MakeDataset("idx", "range=0:1.0")
	if err != nil || options["range"] != "0:1" || options["names"] != "auto" || options["transpose"] != "false" || options["label-offset"] != "auto" {
		t.Errorf("recorded are %v, %v", options, err)
	}
}

// TestIDXNamedFiles names each file by an option, and the classes by a file.
func TestIDXNamedFiles(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "x", "a.bin"), idxBytes(magicImages, []uint32{3, 1, 1}, ramp(1, 3)))
	writeFile(t, filepath.Join(dir, "x", "b.bin"), idxBytes(magicLabels, []uint32{3}, []uint8{3, 4, 4}))
	writeFile(t, filepath.Join(dir, "v.images"), idxBytes(magicImages, []uint32{2, 1, 1}, ramp(7, 2)))
	writeFile(t, filepath.Join(dir, "v.labels"), idxBytes(magicLabels, []uint32{2}, []uint8{4, 3}))
	writeFile(t, filepath.Join(dir, "names.txt"), []byte("three\nfour\n"))
	named := "train-images=x/a*,train-labels=x/b.bin,val-images=v.i*,val-labels=v.l*"
	d := openBoth(t, "idx", named+",names=names.txt,label-offset=3", dir)
	if !slices.Equal(d.Classes(), []string{"three", "four"}) || d.Info(3) != (Info{Label: 1, Part: PartValidation}) {
		t.Errorf("classes %v, example 3 is %+v", d.Classes(), d.Info(3))
	}
	for options, want := range map[string]string{
		"train-images=x/a.bin":                          "none of train labels",
		"train-images=x/?.bin,train-labels=x/b.bin":     "train-images=x/?.bin matches 2 files",
		"train-images=x/c.bin,train-labels=x/b.bin":     "train-images=x/c.bin: there is no such file in",
		"val-images=v.images,val-labels=v.labels":       "none of train images and train labels",
		named + ",names=other.txt":                      "names=other.txt: there is no such file",
		named + ",names=x/b.bin":                        "b.bin: ",
		named + ",label-offset=4":                       "label 3 of example 0 is below label-offset=4",
		named + ",label-column=1":                       "label-column=1, but its shape is [3]",
		"train-images=v.images,train-labels=x/b.bin":    "has 2 images, but",
		"train-images=v.labels,train-labels=v.labels":   "want [N,H,W]",
		"train-images=v.images,train-labels=v.images":   "want labels, [N] or [N,K]",
		"train-images=names.txt,train-labels=names.txt": "names.txt: starts with 0x74687265 (no IDX file), want 0x00000T0D",
	} {
		_, err := openModule(t, "idx", options, dir, ModeRAM)
		wantError(t, err, want)
	}
}

func TestIDXErrors(t *testing.T) {
	good := idxBytes(magicImages, []uint32{4, 2, 3}, ramp(0, 24))
	float := func(values ...float64) []byte {
		return idxBytes(magicFloatImages, []uint32{4, 1, 1}, encoded(numberTypeOf("float32"), true, values...))
	}
	cases := []struct {
		name, file string
		content    []byte // nil: the file is removed
		usage      bool
		parts      []string
	}{
		{"no test labels", "test-labels-idx1-ubyte", nil, false, []string{"test-images-idx3-ubyte", "no file of test labels beside"}},
		{"no train images", "train-images-idx3-ubyte", nil, false, []string{"train-labels-idx1-ubyte", "no file of train images"}},
		{"truncated", "train-images-idx3-ubyte", good[:30], false, []string{"train-images-idx3-ubyte: truncated: its header claims 24 values"}},
		{"truncated gzip", "train-images-idx3-ubyte", gzipped(t, good)[:20], false, []string{"train-images-idx3-ubyte: truncated"}},
		{"trailing bytes", "train-images-idx3-ubyte", append(bytes.Clone(good), 0), false, []string{"train-images-idx3-ubyte: has more bytes after the last value"}},
		{"text", "train-images-idx3-ubyte", []byte("<html>"), false, []string{"train-images-idx3-ubyte: starts with 0x3c68746d (no IDX file), want 0x00000T0D"}},
		{"unknown type", "train-images-idx3-ubyte", idxBytes(0x00000a03, []uint32{4, 2, 3}, ramp(0, 24)), false, []string{"starts with 0x00000a03 (no IDX file)"}},
		{"hostile size", "train-images-idx3-ubyte", idxBytes(magicImages, []uint32{4, 1 << 31, 1 << 31}, nil), false, []string{"2147483648 pixels wide"}},
		{"hostile count", "train-images-idx3-ubyte", idxBytes(magicImages, []uint32{1 << 30, 2, 3}, nil), false, []string{"claims 1073741824 examples"}},
		{"bomb", "train-images-idx3-ubyte", gzipped(t, append(idxBytes(magicImages, []uint32{4, 2, 3}, ramp(0, 24)), make([]byte, 1<<20)...)), false, []string{"more bytes after the last value"}},
		{"claims", "train-images-idx3-ubyte", gzipped(t, idxBytes(magicImages, []uint32{4, 4096, 4096}, nil)), false, []string{"truncated: its header claims 67108864 values"}},
		{"counts", "train-labels-idx1-ubyte", idxBytes(magicLabels, []uint32{3}, ramp(0, 3)), false, []string{"train-images-idx3-ubyte has 4 images, but", "train-labels-idx1-ubyte has 3 labels"}},
		{"sizes", "test-images-idx3-ubyte", idxBytes(magicImages, []uint32{2, 3, 2}, ramp(0, 12)), false, []string{"its images are 2x3, those of", "are 3x2"}},
		{"channels", "test-images-idx3-ubyte", idxBytes(magicColourImages, []uint32{2, 2, 3, 3}, ramp(0, 36)), false, []string{"its images are 3x2x3"}},
		{"negative label", "train-labels-idx1-ubyte", idxBytes(magicInt8Labels, []uint32{4}, []uint8{0, 1, 255, 0}), false, []string{"train-labels-idx1-ubyte: label -1 of example 2"}},
		{"absurd label", "train-labels-idx1-ubyte", idxBytes(0x00000c01, []uint32{4}, encoded(numberTypeOf("int32"), true, 0, 1, 1e9, 0)), false, []string{"labels up to 1000000000, and 6 examples"}},
		{"missing class", "train-labels-idx1-ubyte", idxBytes(magicLabels, []uint32{4}, []uint8{0, 1, 3, 0}), false, []string{`no image of class "2"`}},
		{"float labels", "train-labels-idx1-ubyte", idxBytes(0x00000d01, []uint32{4}, make([]byte, 16)), true, []string{"labels of type float32"}},
		{"columns", "train-labels-idx1-ubyte", idxBytes(magicColumnsLabels, []uint32{4, 2}, make([]byte, 32)), true, []string{"has the shape [4,2], several numbers for each image", "label-column=0"}},
		{"flat images", "train-images-idx3-ubyte", idxBytes(0x00000802, []uint32{4, 6}, ramp(0, 24)), true, []string{"train-images-idx3-ubyte: has the shape [4,6], of images in one row each"}},
		{"volumes", "train-images-idx3-ubyte", idxBytes(magicColourImages, []uint32{4, 2, 2, 2}, ramp(0, 32)), true, []string{"has the shape [4,2,2,2], which is of 3D volumes"}},
		{"channels first", "train-images-idx3-ubyte", idxBytes(magicColourImages, []uint32{4, 3, 2, 2}, ramp(0, 48)), true, []string{"looks like [N,C,H,W]"}},
		{"alpha", "train-images-idx3-ubyte", idxBytes(magicColourImages, []uint32{4, 2, 2, 4}, ramp(0, 64)), true, []string{"images of four channels"}},
		{"fraction outside", "train-images-idx3-ubyte", float(0, 1, 255, 0), true, []string{"train-images-idx3-ubyte: image 2 has the value 255 (float32) in row 0, column 0", "from 0 to 1", "range=LOW:HIGH"}},
		{"not a number", "train-images-idx3-ubyte", float(0, 1, 0, math.NaN()), true, []string{"image 3 has the value NaN"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeIDXSet(t, dir, "", "", 0)
			path := filepath.Join(dir, c.file)
			if c.content == nil {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			} else {
				writeFile(t, path, c.content)
			}
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				_, err := openModule(t, "idx", "", dir, mode)
				wantError(t, err, append(c.parts, "idx: ")...)
				wantUsage(t, err, c.usage)
			}
		})
	}
}

func TestIDXIsNotThere(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "file"), []byte("x"))
	for place, want := range map[string][]string{
		dir:                             {"has no IDX files with names such as train-images-idx3-ubyte", "EMNIST is published by NIST", "KMNIST by the Center for Open Data in the Humanities", "QMNIST by Facebook Research"},
		filepath.Join(dir, "no"):        {"does not exist", "EMNIST is published by NIST"},
		filepath.Join(dir, "file"):      {"is a file: want the folder"},
		filepath.Join(dir, "file", "x"): {"not a directory"},
	} {
		_, err := openModule(t, "idx", "", place, ModeRAM)
		wantError(t, err, want...)
	}
	_, err := openModule(t, "idx", "files=k*", dir, ModeRAM)
	wantError(t, err, "has no IDX files that match k*")
}

package dataset

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npyOf is an array in NumPy's format.
func npyOf(of string, values []byte, shape ...int) []byte {
	letters := map[string]string{"uint8": "|u1", "int8": "|i1", "uint16": "<u2", "int64": "<i8", "float32": "<f4", "float64": "<f8", "objects": "|O"}
	sizes := strings.Trim(strings.ReplaceAll(fmt.Sprint(shape), " ", ", "), "[]")
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }\n", letters[of], sizes)
	b := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	return append(append(b, header...), values...)
}

// npzArrays are the arrays of a file by their names.
type npzArrays map[string][]byte

// medMNIST are arrays such as those of MedMNIST: four, two and two images of 2 by 3 pixels
// in colour, of two classes.
func medMNIST() npzArrays {
	arrays := npzArrays{}
	for i, part := range []string{"train", "val", "test"} {
		n := 2
		if part == "train" {
			n = 4
		}
		var labels []byte
		for j := range n {
			labels = append(labels, uint8(j%2))
		}
		arrays[part+"_images"] = npyOf("uint8", ramp(50*i, n*18), n, 2, 3, 3)
		arrays[part+"_labels"] = npyOf("uint8", labels, n, 1)
	}
	return arrays
}

// with returns the arrays with one that is changed, or removed if it is nil.
func (a npzArrays) with(key string, content []byte) npzArrays {
	if a[key] = content; content == nil {
		delete(a, key)
	}
	return a
}

func (a npzArrays) write(t testing.TB, path string, method uint16) {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	var keys []string
	for key := range a {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		w, err := z.CreateHeader(&zip.FileHeader{Name: key + ".npy", Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(a[key]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, b.Bytes())
}

func TestMedMNIST(t *testing.T) {
	var digests []string
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		dir := t.TempDir()
		path := filepath.Join(dir, "pathmnist.npz")
		medMNIST().write(t, path, method)
		for _, place := range []string{dir, path} {
			d := openBoth(t, "npz", "", place)
			digests = append(digests, d.Digest())
			if !slices.Equal(d.Classes(), []string{"0", "1"}) || !slices.Equal(labelsOf(d), []int{0, 1, 0, 1, 0, 1, 0, 1}) {
				t.Errorf("classes %v, labels %v", d.Classes(), labelsOf(d))
			}
			if d.Info(5) != (Info{Label: 1, Part: PartValidation}) || d.Source(5) != "npz/validation/1" || d.Info(6).Part != PartTest {
				t.Errorf("example 5 is %+v from %s", d.Info(5), d.Source(5))
			}
			wantPixels(t, d, 4, 3, 2, ramp(50, 18)...)
		}
	}
	if slices.Sort(digests); digests[0] != digests[3] {
		t.Errorf("the digest depends on how the file is packed: %v", digests)
	}
}

func TestNPZForms(t *testing.T) {
	grey := npzArrays{
		"x_train": npyOf("float64", encoded(numberTypeOf("float64"), false, 0, 0.5, 1, 1), 2, 1, 2), "y_train": npyOf("int64", encoded(numberTypeOf("int64"), false, 7, 8), 2),
		"x_test": npyOf("float64", encoded(numberTypeOf("float64"), false, 0, 0, 0, 1), 2, 1, 2), "y_test": npyOf("int64", encoded(numberTypeOf("int64"), false, 8, 7), 2),
	}
	dir := t.TempDir()
	grey.write(t, filepath.Join(dir, "keras.npz"), zip.Store)
	writeFile(t, filepath.Join(dir, "names.csv"), []byte("label,name\n7,seven\n8,eight\n"))
	d := openBoth(t, "npz", "names=names.csv,transpose=true", dir)
	wantPixels(t, d, 0, 1, 2, 0, 128)
	if !slices.Equal(d.Classes(), []string{"seven", "eight"}) || !slices.Equal(labelsOf(d), []int{0, 1, 1, 0}) {
		t.Errorf("classes %v, labels %v", d.Classes(), labelsOf(d))
	}
	single := npzArrays{"images": npyOf("uint16", encoded(numberTypeOf("uint16"), false, 0, 4095, 2048, 1), 2, 2, 1), "labels": npyOf("int8", []byte{1, 0}, 2)}
	path := filepath.Join(t.TempDir(), "one.npz")
	single.write(t, path, zip.Deflate)
	d = openBoth(t, "npz", "range=0:4095", path)
	wantPixels(t, d, 1, 1, 2, 128, 0)
	if d.Info(0) != (Info{Label: 1}) || d.Source(0) != "npz/images/0" {
		t.Errorf("example 0 is %+v from %s", d.Info(0), d.Source(0))
	}
	all := medMNIST().with("images", npyOf("uint8", nil, 0)).with("labels", npyOf("uint8", nil, 0)) // not looked at
	all.write(t, path, zip.Deflate)
	if d = openBoth(t, "npz", "", path); d.Len() != 8 {
		t.Errorf("%d examples", d.Len())
	}
}

func TestNPZErrors(t *testing.T) {
	cases := []struct {
		name    string
		arrays  npzArrays
		options string
		usage   bool
		parts   []string
	}{
		{"objects", medMNIST().with("train_images", npyOf("objects", ramp(1, 4), 4)), "", true, []string{"array train_images: holds Python objects, which are not read"}},
		{"3D volumes", medMNIST().with("train_images", npyOf("uint8", make([]byte, 4*28*28*28), 4, 28, 28, 28)), "", true, []string{"array train_images: has the shape [4,28,28,28], which is of 3D volumes"}},
		{"multi-label", medMNIST().with("train_labels", npyOf("uint8", make([]byte, 56), 4, 14)), "", true, []string{"array train_labels: has the shape [4,14], several labels for each image (multi-label)", "argmax"}},
		{"labels with fractions", medMNIST().with("train_labels", npyOf("float32", make([]byte, 16), 4)), "", true, []string{"labels of type float32"}},
		{"no labels", medMNIST().with("val_labels", nil), "", true, []string{"has the array val_images, but not val_labels"}},
		{"no images", medMNIST().with("test_images", nil), "", true, []string{"has the array test_labels, but not test_images"}},
		{"no training part", medMNIST().with("train_images", nil).with("train_labels", nil), "", true, []string{"has the arrays test_images, test_labels, val_images, val_labels: want train_images and train_labels"}},
		{"other names", npzArrays{"arr_0": npyOf("uint8", ramp(1, 4), 4)}, "", true, []string{"has the arrays arr_0: want train_images"}},
		{"two names", medMNIST().with("x_train", npyOf("uint8", make([]byte, 4), 4, 1, 1)).with("y_train", npyOf("uint8", make([]byte, 4), 4)), "", true, []string{"the arrays of the train part under two names"}},
		{"no number", medMNIST().with("train_images", npyOf("uint8", nil, 0)), "", false, []string{"array train_images: claims 0 examples"}},
		{"counts", medMNIST().with("train_labels", npyOf("uint8", ramp(0, 3), 3)), "", false, []string{"array train_images has 4 images, but", "array train_labels has 3 labels"}},
		{"sizes", medMNIST().with("test_images", npyOf("uint8", make([]byte, 36), 2, 3, 2, 3)), "", false, []string{"array test_images: its images are 2x3x3, those of", "are 3x2x3"}},
		{"label without name", medMNIST(), "names=names.txt", false, []string{"array train_labels: label 1 of example 1", "names.txt names 0 to 0"}},
		{"range", medMNIST(), "range=0:100", true, []string{"array test_images: image 0 has the value 101 (uint8) in row 0, column 0, and values from 0 to 100 become bytes"}},
		{"hostile size", medMNIST().with("train_images", npyOf("uint8", ramp(0, 10), 4, 4096, 4096)), "", false, []string{"array train_images: corrupt: it has", "(4, 4096, 4096)"}},
		{"absurd label", medMNIST().with("train_labels", npyOf("int64", encoded(numberTypeOf("int64"), false, 0, 1, 1<<40, 0), 4)), "", false, []string{"label 1099511627776 of example 2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.npz")
			writeFile(t, filepath.Join(filepath.Dir(path), "names.txt"), []byte("only\n"))
			c.arrays.write(t, path, zip.Deflate)
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				_, err := openModule(t, "npz", c.options, path, mode)
				wantError(t, err, append(c.parts, "npz: ", path)...)
				wantUsage(t, err, c.usage)
			}
		})
	}
}

func TestNPZPlaces(t *testing.T) {
	dir := t.TempDir()
	_, err := openModule(t, "npz", "", dir, ModeRAM)
	wantError(t, err, "has no .npz file", "MedMNIST is published on Zenodo")
	_, err = openModule(t, "npz", "", filepath.Join(dir, "no.npz"), ModeRAM)
	wantError(t, err, "no.npz does not exist", "MedMNIST is published on Zenodo")
	medMNIST().write(t, filepath.Join(dir, "a.npz"), zip.Store)
	medMNIST().write(t, filepath.Join(dir, "b.npz"), zip.Store)
	_, err = openModule(t, "npz", "", dir, ModeRAM)
	wantError(t, err, "has several .npz files, a.npz, b.npz: give the one to be used, as in --data-dir")
	wantUsage(t, err, true)
	if err := os.Truncate(filepath.Join(dir, "a.npz"), 200); err != nil {
		t.Fatal(err)
	}
	_, err = openModule(t, "npz", "", filepath.Join(dir, "a.npz"), ModeRAM)
	wantError(t, err, "a.npz: truncated or corrupt")
	wantUsage(t, err, false)
}

// TestArraysBeyondTheBudget: in RAM mode, images that exceed the memory set aside stay on
// disk.
func TestArraysBeyondTheBudget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npz")
	medMNIST().write(t, path, zip.Deflate)
	a, err := openNPZ(path, "train_images")
	if err != nil {
		t.Fatal(err)
	}
	memory := &arrayMemory{left: 4*18 - 1}
	f, err := a.frames(imageForm{values: rangeAuto}, memory)
	if err != nil || f.kept != nil || f.file == nil || memory.left != 4*18-1 {
		t.Errorf("%+v, %v, %d bytes left", f, err, memory.left)
	}
	memory.left++
	f, err = a.frames(imageForm{values: rangeAuto}, memory)
	if err != nil || f.kept == nil || memory.left != 0 {
		t.Errorf("%+v, %v, %d bytes left", f, err, memory.left)
	}
}

package dataset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
)

const testRecords = 4

// testCIFAR makes the module with options, besides records=any.
func testCIFAR(t testing.TB, name, options string) Source {
	t.Helper()
	s, _, err := MakeDataset(name, "records=any,"+options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// writeCIFAR writes the files of a version with records each. The labels of a record are
// its number, counted over all files, modulo the classes of their kind.
func writeCIFAR(t testing.TB, v *cifarVersion, dir string, records int) {
	t.Helper()
	for f, file := range v.files {
		var b []byte
		for r := range records {
			n := f*records + r
			for _, labels := range v.labels {
				b = append(b, uint8(n%len(labels.names)))
			}
			for plane := range 3 {
				for i := range cifarPlane {
					b = append(b, uint8(n+100*plane+i))
				}
			}
		}
		writeFile(t, filepath.Join(dir, file.name), b)
	}
}

func TestCIFAR10(t *testing.T) {
	dir := t.TempDir()
	writeCIFAR(t, cifar10(), filepath.Join(dir, "cifar-10-batches-bin"), testRecords)
	source := testCIFAR(t, "cifar10", "")
	inRAM, err := source.Open(t.Context(), dir, ModeRAM)
	if err != nil {
		t.Fatal(err)
	}
	onDisk, err := source.Open(t.Context(), dir, ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	sameContent(t, inRAM, onDisk)
	if want := (Info{Label: 2, Part: PartTest}); inRAM.Info(22) != want || inRAM.Source(22) != "cifar10/test_batch/2" {
		t.Errorf("example 22 is %+v from %s, want %+v", inRAM.Info(22), inRAM.Source(22), want)
	}
	img, err := inRAM.Image(7)
	if err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		if got, want := img.Pix[3*5+c], uint8(7+100*c+5); got != want {
			t.Errorf("channel %d of pixel 5 of example 7 is %d, want %d", c, got, want)
		}
	}
	if inRAM.Classes()[9] != "truck" {
		t.Errorf("classes are %v", inRAM.Classes())
	}
	// The digest that these files had before there was CIFAR-100.
	if want := "5e98ffded22b15fa1e5eefcee2af5e4739aa9656f15256fe5b48618c272bff6e"; inRAM.Digest() != want {
		t.Errorf("digest %s, want %s", inRAM.Digest(), want)
	}
}

func TestCIFAR100(t *testing.T) {
	dir := t.TempDir()
	writeCIFAR(t, cifar100(), filepath.Join(dir, "cifar-100-binary"), 100)
	for kind, want := range map[string]struct {
		classes, label int
		last           string
	}{"fine": {100, 57, "worm"}, "coarse": {20, 17, "vehicles_2"}} {
		source := testCIFAR(t, "cifar100", "labels="+kind)
		inRAM, err := source.Open(t.Context(), dir, ModeRAM)
		if err != nil {
			t.Fatal(err)
		}
		onDisk, err := source.Open(t.Context(), filepath.Join(dir, "cifar-100-binary"), ModeDisk)
		if err != nil {
			t.Fatal(err)
		}
		sameContent(t, inRAM, onDisk)
		if classes := inRAM.Classes(); len(classes) != want.classes || classes[want.classes-1] != want.last {
			t.Errorf("%s: %d classes, the last is %s", kind, len(classes), classes[len(classes)-1])
		}
		if info := inRAM.Info(157); info != (Info{Label: want.label, Part: PartTest}) || inRAM.Source(157) != "cifar100/test/57" {
			t.Errorf("%s: example 157 is %+v from %s", kind, info, inRAM.Source(157))
		}
		img, err := onDisk.Image(3)
		if err != nil || !bytes.Equal(img.Pix[:4], []uint8{3, 103, 203, 4}) {
			t.Errorf("%s: image 3 begins with %v, %v", kind, img.Pix[:4], err)
		}
	}
	if _, options, err := MakeDataset("cifar100", ""); err != nil || options["labels"] != "fine" || options["records"] != "published" {
		t.Errorf("recorded are %v, %v", options, err)
	}
}

func TestCIFARErrors(t *testing.T) {
	remove := func(names ...string) func(dir string) {
		return func(dir string) {
			for _, name := range names {
				_ = os.Remove(filepath.Join(dir, name))
			}
		}
	}
	write := func(name, content string) func(dir string) {
		return func(dir string) { writeFile(t, filepath.Join(dir, name), []byte(content)) }
	}
	cases := []struct {
		name, module string
		spoil        func(dir string)
		usage        bool
		parts        []string
	}{
		{"nothing there", "cifar10", remove("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"), false,
			[]string{"cifar10: no data", "unpack cifar-10-binary.tar.gz", "Alex Krizhevsky, University of Toronto"}},
		{"nothing there", "cifar100", remove("train.bin", "test.bin"), false,
			[]string{"cifar100: no data", "unpack cifar-100-binary.tar.gz", "CIFAR-100 binary version"}},
		{"not unpacked", "cifar100", func(dir string) {
			remove("train.bin", "test.bin")(dir)
			write("cifar-100-binary.tar.gz", "x")(dir)
		}, false, []string{"cifar-100-binary.tar.gz is not unpacked"}},
		{"python version", "cifar100", func(dir string) {
			remove("train.bin", "test.bin")(dir)
			write("train", "\x80\x02}")(dir)
			write("test", "\x80\x02}")(dir)
		}, true, []string{"holds the Python version of CIFAR-100", "pickles", "unpack cifar-100-binary.tar.gz"}},
		{"python version", "cifar10", func(dir string) {
			remove("data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin")(dir)
			write("cifar-10-batches-py/data_batch_1", "\x80\x02}")(dir)
		}, true, []string{"holds the Python version of CIFAR-10", "unpack cifar-10-binary.tar.gz"}},
		{"a file is missing", "cifar10", remove("data_batch_3.bin"), false, []string{"lacks data_batch_3.bin"}},
		{"truncated", "cifar10", func(dir string) { _ = os.Truncate(filepath.Join(dir, "test_batch.bin"), 4*3073-1) }, false,
			[]string{"test_batch.bin: 12291 bytes, want 1 to 16777216 records of 3073 bytes: truncated"}},
		{"empty", "cifar100", func(dir string) { _ = os.Truncate(filepath.Join(dir, "train.bin"), 0) }, false, []string{"train.bin: 0 bytes"}},
		{"the other version", "cifar100", func(dir string) { writeFile(t, filepath.Join(dir, "test.bin"), make([]byte, 3073)) }, false,
			[]string{"test.bin: 3073 bytes", "records of 3074 bytes", "binary version of CIFAR-100"}},
		{"label", "cifar10", func(dir string) { spoilByte(t, filepath.Join(dir, "data_batch_2.bin"), 3073, 10) }, false,
			[]string{"data_batch_2.bin: label 10 of record 1: want 0 to 9"}},
		{"fine label", "cifar100", func(dir string) { spoilByte(t, filepath.Join(dir, "train.bin"), 1, 100) }, false,
			[]string{"train.bin: label 100 of record 0: want 0 to 99"}},
		{"names", "cifar10", write("batches.meta.txt", "cat\ndog\n"), false, []string{"batches.meta.txt: 2 class names, want 10"}},
		{"names", "cifar100", write("fine_label_names.txt", "cat\ndog\n"), false, []string{"fine_label_names.txt: 2 class names, want 100"}},
		{"name twice", "cifar10", write("batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\na\n\n"), false, []string{`class "a" appears twice`}},
	}
	for _, c := range cases {
		t.Run(c.module+" "+c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.module == "cifar10" {
				writeCIFAR(t, cifar10(), dir, testRecords)
			} else {
				writeCIFAR(t, cifar100(), dir, 50)
			}
			c.spoil(dir)
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				_, err := testCIFAR(t, c.module, "").Open(t.Context(), dir, mode)
				wantError(t, err, c.parts...)
				wantUsage(t, err, c.usage)
			}
		})
	}
}

// TestCIFARRecords: without the option, only files of the published length are read.
func TestCIFARRecords(t *testing.T) {
	dir := t.TempDir()
	writeCIFAR(t, cifar10(), dir, testRecords)
	source, options, err := MakeDataset("cifar10", "")
	if _, recorded := options["records"]; err != nil || recorded {
		t.Fatalf("recorded are %v, %v", options, err)
	}
	_, err = source.Open(t.Context(), dir, ModeRAM)
	wantError(t, err, "data_batch_1.bin: 12292 bytes, want 30730000 (10000 records of 3073)", "records=any")
}

// spoilByte sets a byte of a file.
func spoilByte(t testing.TB, path string, at int, value byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] = value
	writeFile(t, path, b)
}

// wantUsage fails unless err is a mistake in what was asked for, or is none.
func wantUsage(t testing.TB, err error, usage bool) {
	t.Helper()
	var mistake *config.UsageError
	if is := errors.As(err, &mistake); is != usage {
		t.Errorf("a mistake in what was asked for: %t, want %t: %v", is, usage, err)
	}
}

// FuzzCIFAR: whatever a file holds, an error comes out or as many examples as it has
// records.
func FuzzCIFAR(f *testing.F) {
	dir := f.TempDir()
	writeCIFAR(f, cifar100(), dir, 100)
	train, err := os.ReadFile(filepath.Join(dir, "train.bin"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(train)
	f.Add(train[:3074*2])
	f.Add(train[:100])
	source := testCIFAR(f, "cifar100", "")
	f.Fuzz(func(t *testing.T, b []byte) {
		writeFile(t, filepath.Join(dir, "train.bin"), b)
		d, err := source.Open(t.Context(), dir, ModeRAM)
		if err == nil && d.Len() != len(b)/3074+100 {
			t.Errorf("%d examples of %d bytes", d.Len(), len(b))
		}
	})
}

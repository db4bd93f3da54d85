package dataset

import (
	"os"
	"path/filepath"
	"testing"
)

const testRecords = 4

// writeCIFAR writes six files of testRecords records; the label of a record is
// its number, counted over all files, modulo 10.
func writeCIFAR(t *testing.T, dir string) {
	t.Helper()
	for f, name := range cifarFiles {
		var b []byte
		for r := range testRecords {
			n := f*testRecords + r
			b = append(b, uint8(n%10))
			for plane := range 3 {
				for i := range cifarPlane {
					b = append(b, uint8(n+100*plane+i))
				}
			}
		}
		writeFile(t, filepath.Join(dir, name), b)
	}
}

func TestCIFAR10(t *testing.T) {
	dir := t.TempDir()
	writeCIFAR(t, filepath.Join(dir, "cifar-10-batches-bin"))
	source := cifar10Source{records: testRecords}
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
}

func TestCIFAR10Errors(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(dir string)
		parts []string
	}{
		{"nothing there", func(dir string) {
			for _, name := range cifarFiles {
				_ = os.Remove(filepath.Join(dir, name))
			}
		}, []string{"cifar10: no data", "unpack cifar-10-binary.tar.gz"}},
		{"a file is missing", func(dir string) { _ = os.Remove(filepath.Join(dir, "data_batch_3.bin")) },
			[]string{"lacks data_batch_3.bin"}},
		{"truncated", func(dir string) { _ = os.Truncate(filepath.Join(dir, "test_batch.bin"), 4*cifarRecord-1) },
			[]string{"test_batch.bin: 12291 bytes, want 12292"}},
		{"a record too few", func(dir string) { _ = os.Truncate(filepath.Join(dir, "test_batch.bin"), 3*cifarRecord) },
			[]string{"test_batch.bin: 9219 bytes, want 12292"}},
		{"label", func(dir string) {
			path := filepath.Join(dir, "data_batch_2.bin")
			b, _ := os.ReadFile(path)
			b[cifarRecord] = 10
			_ = os.WriteFile(path, b, 0o600)
		}, []string{"data_batch_2.bin: label 10 of record 1: want 0 to 9"}},
		{"names", func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "batches.meta.txt"), []byte("cat\ndog\n"), 0o600)
		}, []string{"batches.meta.txt: 2 class names, want 10"}},
		{"name twice", func(dir string) {
			_ = os.WriteFile(filepath.Join(dir, "batches.meta.txt"), []byte("a\nb\nc\nd\ne\nf\ng\nh\ni\na\n\n"), 0o600)
		}, []string{`class "a" appears twice`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeCIFAR(t, dir)
			c.spoil(dir)
			for _, mode := range []Mode{ModeRAM, ModeDisk} {
				_, err := cifar10Source{records: testRecords}.Open(t.Context(), dir, mode)
				wantError(t, err, c.parts...)
			}
		})
	}
}

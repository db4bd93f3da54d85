package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestChangedFileIsNoticed checks that an image which changes on disk while the
// dataset is open is refused, and that images in memory are not affected.
func TestChangedFileIsNoticed(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")
	disk, err := openFolder(t, dir, "", ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	kept := mustOpenFolder(t, dir, "")
	before, err := disk.Image(1)
	if err != nil {
		t.Fatal(err)
	}
	before.Pix[3] ^= 1
	writePNG(t, filepath.Join(dir, "cat", "1.png"), before)
	if _, err := disk.Image(1); err == nil || !strings.HasPrefix(err.Error(), "cat/1.png: the image is not the one that was there when the dataset was opened") {
		t.Errorf("the error is %v", err)
	}
	for i := range kept.Len() {
		if _, err := kept.Image(i); err != nil {
			t.Error(err)
		}
	}
	if _, err := disk.Image(0); err != nil {
		t.Error(err)
	}
}

func TestChangedIDXIsNoticed(t *testing.T) {
	dir := t.TempDir()
	writeMNIST(t, dir, smallMNIST(), plainName)
	d, err := openOffline(t, "mnist", dir, ModeDisk)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, mnist().files[trainImages].name)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{b[16] ^ 1}, 16); err != nil { // the first pixel, in place
		t.Fatal(err)
	}
	if _, err := d.Image(0); err == nil || !strings.Contains(err.Error(), "is not the one that was there") {
		t.Errorf("the error is %v", err)
	}
	if _, err := d.Image(1); err != nil {
		t.Error(err)
	}
}

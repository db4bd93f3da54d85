package imaging

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
)

// TestFilters compares resized images with those of Pillow: see testdata/resize_golden.py.
func TestFilters(t *testing.T) {
	f, err := os.Open("testdata/resize_golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for scanner := bufio.NewScanner(f); scanner.Scan(); lines++ {
		var width, height, channels, toWidth, toHeight int
		var name, want string
		if _, err := fmt.Sscan(scanner.Text(), &width, &height, &channels, &toWidth, &toHeight, &name, &want); err != nil {
			t.Fatal(err)
		}
		img := New(width, height, channels)
		for i := range img.Pix {
			img.Pix[i] = uint8((uint64(i)*2654435761 + uint64(i)*uint64(i)*40503) >> 24)
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(Filter(name).resize(img, whole(toWidth), whole(toHeight)).Pix)); got != want {
			t.Errorf("%dx%d of %d channels to %dx%d by %s has SHA-256 %s, want %s", width, height, channels, toWidth, toHeight, name, got, want)
		}
	}
	if lines < 200 {
		t.Errorf("%d lines, want 200 or more", lines)
	}
}

package jpeg_test

import (
	"bytes"
	standard "image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// photographs are every step-th of the photographs of clothing.
func photographs(t testing.TB, step int) [][]byte {
	t.Helper()
	root := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if root == "" {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set: want the folder that holds clothing/")
	}
	names, err := filepath.Glob(filepath.Join(root, "clothing", "*", "*", "*.jpg"))
	if more, _ := filepath.Glob(filepath.Join(root, "clothing", "*", "*.jpg")); len(more) > 0 {
		names = append(names, more...)
	}
	if err != nil || len(names) == 0 {
		t.Skipf("%s has no photographs in clothing/", root)
	}
	var files [][]byte
	for i := 0; i < len(names); i += step {
		b, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	return files
}

// TestPhotographsAgainstDjpeg compares real photographs.
func TestPhotographsAgainstDjpeg(t *testing.T) {
	tool(t, "djpeg")
	for i, file := range photographs(t, 50) {
		want, words, ok := pipe(t, file, "djpeg", "-pnm")
		if !ok {
			t.Fatalf("%d: djpeg: %s", i, words)
		}
		got, err := jpeg.Decode(file)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		if pix, _, _, _ := pixelsOf(t, want); differing(got.Pix, pix) >= 0 {
			t.Errorf("%d: other pixels than those of djpeg", i)
		}
	}
}

// BenchmarkDecode decodes photographs, also with Go's decoder, which makes no RGB.
func BenchmarkDecode(b *testing.B) {
	files := photographs(b, 100)
	b.Run("blocktrain", func(b *testing.B) {
		for i := range b.N {
			if _, err := jpeg.Decode(files[i%len(files)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		for i := range b.N {
			if _, err := standard.Decode(bytes.NewReader(files[i%len(files)])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

package jpeg_test

import (
	"bytes"
	stdjpeg "image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

func photos(b testing.TB, n int) [][]byte {
	root := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if root == "" {
		b.Skip("BLOCKTRAIN_TEST_DATA is unset")
	}
	var files [][]byte
	filepath.Walk(filepath.Join(root, "clothing"), func(p string, i os.FileInfo, err error) error {
		if err == nil && filepath.Ext(p) == ".jpg" && len(files) < n {
			d, _ := os.ReadFile(p)
			files = append(files, d)
		}
		return nil
	})
	return files
}

func BenchmarkDecode(b *testing.B) {
	files := photos(b, 30)
	b.Run("ours", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if _, err := jpeg.Decode(files[i%len(files)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("go", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			if _, err := stdjpeg.Decode(bytes.NewReader(files[i%len(files)])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestPhotos(t *testing.T) {
	tool(t, "djpeg")
	n := 0
	for i, f := range photos(t, 4000) {
		if i%20 != 0 { continue }
		want, words, ok := pipe(t, f, "djpeg", "-pnm")
		got, err := jpeg.Decode(f)
		if !ok || err != nil {
			t.Errorf("%d: %v %q", i, err, words)
			continue
		}
		pix, _, _, _ := pixelsOf(t, want)
		if at := differing(got.Pix, pix); at >= 0 {
			t.Errorf("%d differs at %d", i, at)
		}
		n++
	}
	t.Log(n)
}

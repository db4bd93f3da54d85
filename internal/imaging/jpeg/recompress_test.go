package jpeg_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// TestRecompressIsCjpeg compares with the files of cjpeg as djpeg decodes them.
func TestRecompressIsCjpeg(t *testing.T) {
	tool(t, "cjpeg")
	tool(t, "djpeg")
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range [][2]int{{48, 48}, {1, 1}, {3, 5}, {16, 16}, {17, 33}, {40, 23}, {64, 31}} {
		for _, channels := range []int{1, 3} {
			for _, quality := range []int{1, 10, 49, 50, 75, 90, 100} {
				width, height := size[0], size[1]
				pix := drawing(r, width, height, channels)
				file, words, ok := pipe(t, pnm(pix, width, height, channels), "cjpeg", "-baseline", "-quality", fmt.Sprint(quality))
				if !ok {
					t.Fatal(words)
				}
				decoded, words, ok := pipe(t, file, "djpeg")
				if !ok {
					t.Fatal(words)
				}
				want, _, _, _ := pixelsOf(t, decoded)
				jpeg.Recompress(pix, width, height, channels, quality)
				if !bytes.Equal(pix, want) {
					t.Errorf("%dx%dx%d, quality %d: other pixels than by cjpeg and djpeg", width, height, channels, quality)
				}
			}
		}
	}
}

func BenchmarkRecompress(b *testing.B) {
	pix := drawing(rand.New(rand.NewPCG(1, 2)), 48, 48, 3)
	b.SetBytes(int64(len(pix)))
	for b.Loop() {
		jpeg.Recompress(pix, 48, 48, 3, 75)
	}
}

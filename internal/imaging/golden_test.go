package imaging

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/tiff"
)

// TestGolden compares files of all kinds with what Pillow makes of them.
// testdata/decode_golden.py, which wrote both, says how.
func TestGolden(t *testing.T) {
	list, err := os.Open("testdata/decode_golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	files := 0
	for lines := bufio.NewScanner(list); lines.Scan(); files++ {
		var name, rgb, grey string
		var width, height int
		if _, err := fmt.Sscan(lines.Text(), &name, &width, &height, &rgb, &grey); err != nil {
			t.Fatal(err)
		}
		img, err := Decoder{}.DecodeFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if img.Width != width || img.Height != height {
			t.Errorf("%s: %dx%d, want %dx%d", name, img.Width, img.Height, width, height)
		}
		if pixelDigest(toColour(img)) != rgb || pixelDigest(toGrey(img)) != grey {
			t.Errorf("%s: other pixels than Pillow's, of %d channels", name, img.Channels)
		}
	}
	if files < 150 {
		t.Errorf("%d files", files)
	}
}

func pixelDigest(img Image) string {
	sum := sha256.Sum256(img.Pix)
	return hex.EncodeToString(sum[:])
}

// TestWideTIFF reads the samples of 16 bits of both orders of bytes, which Pillow clips
// where they are grey.
func TestWideTIFF(t *testing.T) {
	wide := map[string]Image{}
	for _, name := range []string{"rgb16-little.tif", "rgb16-big.tif", "rgb16-predictor-little.tif", "rgb16-predictor-big.tif"} {
		img, err := Decoder{KeepDepth: true}.DecodeFile(filepath.Join("testdata", "golden", name))
		if err != nil {
			t.Fatal(err)
		}
		wide[name] = img
		if img.Digest() != wide["rgb16-little.tif"].Digest() || img.Wide[1] == img.Wide[1]>>8<<8 {
			t.Errorf("%s: %v", name, img.Wide[:6])
		}
	}
	var b bytes.Buffer
	grey := &image.Gray16{Pix: []uint8{0, 1, 0, 255, 1, 0, 0x12, 0x34, 255, 255}, Stride: 10, Rect: image.Rect(0, 0, 5, 1)}
	if err := tiff.Encode(&b, grey, nil); err != nil {
		t.Fatal(err)
	}
	img, err := Decoder{}.Decode(&b)
	if want := []uint8{0, 0, 1, 0x12, 255}; err != nil || !bytes.Equal(img.Pix, want) {
		t.Errorf("grey: %v, error %v, want %v", img.Pix, err, want)
	}
}

func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

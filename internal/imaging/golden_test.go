package imaging

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
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

func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "golden", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

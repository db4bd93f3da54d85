package jpeg_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// FuzzDecode looks for files that crash the decoder, and for errors of other types.
func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		f.Add(drawnFile(r))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := jpeg.DecodeConfig(file)
		if err == nil && c.Width*c.Height > 1<<18 {
			return
		}
		p, err := jpeg.Decode(file)
		var damaged *jpeg.DamagedError
		var unsupported *jpeg.UnsupportedError
		switch {
		case err != nil && !errors.As(err, &damaged) && !errors.As(err, &unsupported):
			t.Fatal(err)
		case err == nil && len(p.Pix) != c.Width*c.Height*c.Channels:
			t.Fatalf("%d bytes for %d by %d pixels of %d channels", len(p.Pix), c.Width, c.Height, c.Channels)
		}
	})
}

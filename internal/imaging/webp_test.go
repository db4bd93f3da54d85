package imaging

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestWebPAgainstDwebp compares a few of the files of [againstDwebp].
func TestWebPAgainstDwebp(t *testing.T) { againstDwebp(t, 1, 40) }

// againstDwebp draws pictures, has cwebp make files of them with random settings, and compares
// what the decoder and dwebp make of these. dwebp adds noise to files of high quality, which
// other programs with the same library do not, unless it is told not to.
func againstDwebp(t *testing.T, seed uint64, files int) {
	t.Helper()
	for _, name := range []string{"cwebp", "dwebp"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed: want Debian's webp", name)
		}
	}
	r := rand.New(rand.NewPCG(seed, 2))
	dir := t.TempDir()
	in, packed, out := filepath.Join(dir, "in.png"), filepath.Join(dir, "file.webp"), filepath.Join(dir, "out.ppm")
	for n := range files {
		picture, settings := webpPicture(r), webpSettings(r)
		if err := os.WriteFile(in, encodePNG(t, picture), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "cwebp", append(settings, "-quiet", in, "-o", packed)...)
		run(t, "dwebp", "-quiet", "-nodither", "-ppm", packed, "-o", out)
		want, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decoder{}.DecodeFile(packed)
		if err != nil {
			t.Errorf("file %d, %v: %v", n, settings, err)
			continue
		}
		if header := fmt.Sprintf("P6\n%d %d\n255\n", got.Width, got.Height); !bytes.Equal(want, append([]byte(header), got.Pix...)) {
			t.Errorf("file %d, %dx%d, %v: other pixels than dwebp's", n, got.Width, got.Height, settings)
		}
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if words, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, words)
	}
}

// webpPicture has smooth places, edges and noise, and sometimes transparency.
func webpPicture(r *rand.Rand) image.Image {
	width, height := 1+r.IntN(70), 1+r.IntN(70)
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	ax, ay, noise, transparent := r.IntN(9), r.IntN(9), 1+r.IntN(60), r.IntN(4) == 0
	for i := range m.Pix {
		c, x, y := i%4, i/4%width, i/4/width
		v := 128 + (c+1)*ax*(x-width/2) + (3-c)*ay*(y-height/2) + r.IntN(noise)
		if (x/5+y/7+c)%3 == 0 {
			v = 255 - v
		}
		m.Pix[i] = uint8(max(0, min(v, 255)))
		if c == 3 && !transparent {
			m.Pix[i] = 255
		}
	}
	return m
}

// webpSettings are arguments of cwebp.
func webpSettings(r *rand.Rand) []string {
	upTo := func(n int) string { return strconv.Itoa(r.IntN(n + 1)) }
	s := []string{"-q", upTo(100), "-m", upTo(6), "-segments", strconv.Itoa(1 + r.IntN(4)), "-sns", upTo(100), "-f", upTo(100), "-sharpness", upTo(7)}
	for _, flag := range []string{"-strong", "-nostrong", "-exact", "-sharp_yuv", "-af", "-jpeg_like"} {
		if r.IntN(4) == 0 {
			s = append(s, flag)
		}
	}
	if r.IntN(4) == 0 {
		s = append(s, "-partition_limit", upTo(100))
	}
	if r.IntN(5) == 0 {
		s = append(s, "-lossless")
	}
	return s
}

package jpeg_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging/jpeg"
)

// tool skips the test where a program of libjpeg-turbo is not installed.
func tool(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skipf("%s is not installed: want Debian's libjpeg-turbo-progs", name)
	}
}

// drawing is a picture of width by height with smooth places, edges and noise.
func drawing(r *rand.Rand, width, height, channels int) []byte {
	pix := make([]byte, width*height*channels)
	ax, ay, noise := r.IntN(9), r.IntN(9), 1+r.IntN(60)
	for i := range pix {
		c, x, y := i%channels, i/channels%width, i/channels/width
		v := 128 + (c+1)*ax*(x-width/2) + (3-c)*ay*(y-height/2) + r.IntN(noise)
		if (x/5+y/7+c)%3 == 0 {
			v = 255 - v
		}
		pix[i] = byte(max(0, min(v, 255)))
	}
	return pix
}

// pnm is a picture as a PGM or PPM file.
func pnm(pix []byte, width, height, channels int) []byte {
	kind := map[int]string{1: "P5", 3: "P6"}[channels]
	return append(fmt.Appendf(nil, "%s\n%d %d\n255\n", kind, width, height), pix...)
}

// pipe runs a program and returns what it writes. ok is false where it fails or warns.
func pipe(t *testing.T, in []byte, name string, args ...string) (out []byte, words string, ok bool) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command(name, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(in), &stdout, &stderr
	err := c.Run()
	return stdout.Bytes(), stderr.String(), err == nil && stderr.Len() == 0
}

// pixelsOf takes the pixels of a PGM or PPM file.
func pixelsOf(t *testing.T, file []byte) (pix []byte, width, height, channels int) {
	t.Helper()
	var kind string
	var top int
	n, err := fmt.Sscanf(string(file[:min(40, len(file))]), "%s\n%d %d\n%d\n", &kind, &width, &height, &top)
	if n != 4 || err != nil {
		t.Fatalf("not a PNM file: %v", err)
	}
	channels = 1
	if kind == "P6" {
		channels = 3
	}
	return file[len(file)-width*height*channels:], width, height, channels
}

// samplings are those that cjpeg takes, for the first component and the others.
func samplings(r *rand.Rand) string {
	text := ""
	for range 3 {
		text += fmt.Sprintf("%dx%d,", 1+r.IntN(4), 1+r.IntN(4))
	}
	common := []string{"1x1", "2x1", "2x2", "1x2", "4x1", "4x2", "1x4", "2x4", "4x4", "3x1", "3x3", "1x3"}
	if r.IntN(4) > 0 {
		return common[r.IntN(len(common))]
	}
	return text[:len(text)-1]
}

// TestAgainstDjpeg compares 300 combinations.
func TestAgainstDjpeg(t *testing.T) { againstDjpeg(t, 1, 300) }

// againstDjpeg decodes what cjpeg makes by so many random combinations of options, and compares every byte with
// djpeg. What djpeg reads without a warning must be read.
func againstDjpeg(t *testing.T, seed uint64, count int) {
	t.Helper()
	tool(t, "cjpeg")
	tool(t, "djpeg")
	r := rand.New(rand.NewPCG(seed, 2))
	compared, refused, impossible := 0, 0, 0
	for i := range count {
		width, height, channels := 1+r.IntN(64), 1+r.IntN(64), 1+2*r.IntN(2)
		if r.IntN(20) == 0 {
			width, height = 100+r.IntN(200), 100+r.IntN(200)
		}
		args := []string{"-quality", strconv.Itoa(1 + r.IntN(100)), "-sample", samplings(r)}
		for _, option := range []string{"-progressive", "-optimize", "-rgb", "-grayscale"} {
			if r.IntN(3) == 0 {
				args = append(args, option)
			}
		}
		if r.IntN(3) == 0 {
			args = append(args, "-restart", strconv.Itoa(1+r.IntN(9))+[]string{"", "B"}[r.IntN(2)])
		}
		if r.IntN(2) == 0 {
			args = append(args, "-baseline")
		}
		file, _, ok := pipe(t, pnm(drawing(r, width, height, channels), width, height, channels), "cjpeg", args...)
		if !ok {
			impossible++
			continue // it cannot make this
		}
		want, words, ok := pipe(t, file, "djpeg", "-pnm")
		got, err := jpeg.Decode(file)
		if !ok {
			if err == nil {
				t.Errorf("%d: %v: djpeg says %q, decoded without an error", i, args, words)
			}
			refused++
			continue
		}
		if err != nil {
			t.Errorf("%d: %dx%d %v: %v", i, width, height, args, err)
			continue
		}
		compared++
		pix, w, h, c := pixelsOf(t, want)
		if got.Width != w || got.Height != h || got.Channels != c {
			t.Fatalf("%d: %v: %d by %d with %d channels, want %d by %d with %d", i, args, got.Width, got.Height, got.Channels, w, h, c)
		}
		if at := differing(got.Pix, pix); at >= 0 {
			t.Errorf("%d: %dx%d %v: byte %d (x %d, y %d) is %d, want %d", i, width, height, args, at, at/c%w, at/c/w, got.Pix[at], pix[at])
		}
	}
	t.Logf("of %d combinations, %d files are equal, %d are refused by both, and %d cannot be made by cjpeg", count, compared, refused, impossible)
}

// differing is the first place where a and b differ; -1 for none.
func differing(a, b []byte) int {
	for i := range a {
		if a[i] != b[i] {
			return i
		}
	}
	return -1
}

// drawnFile draws a file of a kind that cjpeg does not write.
func drawnFile(r *rand.Rand) []byte {
	e := &encoder{r: r, width: 1 + r.IntN(64), height: 1 + r.IntN(64)}
	e.wideTables, e.extended, e.apart = r.IntN(3) == 0, r.IntN(3) == 0, r.IntN(3) == 0
	e.spectral, e.noHuffman, e.fillBytes = r.IntN(4) == 0, r.IntN(5) == 0, r.IntN(5) == 0
	e.noHuffman = e.noHuffman && !e.spectral
	if r.IntN(3) == 0 {
		e.interval = 1 + r.IntN(5)
	}
	count := []int{1, 3, 4}[r.IntN(3)]
	for {
		e.sampling = nil
		blocks := 0
		for range count {
			s := [2]int{1 << r.IntN(3), 1 << r.IntN(3)}
			e.sampling, blocks = append(e.sampling, s), blocks+s[0]*s[1]
		}
		if blocks <= 10 || count == 1 {
			break
		}
	}
	if count == 3 {
		e.ids = [][]byte{nil, {'R', 'G', 'B'}, {0, 1, 2}, {7, 7, 7}}[r.IntN(4)]
		if e.apart || e.spectral {
			e.ids = nil // scans find components by identifiers
		}
	}
	switch r.IntN(4) {
	case 0:
		e.before = append(e.before, "\xff\xe0\x00\x10JFIF\x00\x01\x02\x00\x00\x01\x00\x01\x00\x00"...)
	case 1:
		transform := byte(r.IntN(2))
		if count == 4 {
			transform *= 2
		}
		e.before = append(append(e.before, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"...), transform)
	}
	if r.IntN(4) == 0 {
		e.after = []byte("anything \xff\xd8\xff\xd9")
	}
	return e.file()
}

// TestDrawnAgainstDjpeg compares files of the encoder of the tests with djpeg, which makes
// RGB of CMYK.
func TestDrawnAgainstDjpeg(t *testing.T) {
	tool(t, "djpeg")
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 400 {
		file := drawnFile(r)
		want, words, ok := pipe(t, file, "djpeg", "-pnm")
		if !ok {
			t.Fatalf("%d: djpeg refuses what the test's encoder wrote: %s", i, words)
		}
		got, err := jpeg.Decode(file)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		pix, w, h, _ := pixelsOf(t, want)
		if got.Width != w || got.Height != h {
			t.Fatalf("%d: %d by %d, want %d by %d", i, got.Width, got.Height, w, h)
		}
		if at := differing(withoutInk(got), pix); at >= 0 {
			t.Errorf("%d: %d by %d, %d channels: byte %d differs", i, w, h, got.Channels, at)
		}
	}
}

// withoutInk makes RGB of inverted CMYK as djpeg does.
func withoutInk(p *jpeg.Picture) []byte {
	if p.Channels != 4 {
		return p.Pix
	}
	var pix []byte
	for i := 0; i < len(p.Pix); i += 4 {
		for _, v := range p.Pix[i : i+3] {
			pix = append(pix, byte(float64(v)*float64(p.Pix[i+3])/255+0.5))
		}
	}
	return pix
}

// TestDamagedAgainstDjpeg changes bits of files. What djpeg reads without a warning is read
// with the same bytes, and what it warns of or refuses is an error, apart from a few kinds:
// djpeg guesses coefficients that are not sent, misses codes that its table has not where it
// reads fast, and misses some bytes behind the last block.
func TestDamagedAgainstDjpeg(t *testing.T) {
	tool(t, "djpeg")
	r := rand.New(rand.NewPCG(5, 6))
	var refused, read, kinds int
	for i := range 1000 {
		file := damage(r, drawnFile(r))
		c, err := jpeg.DecodeConfig(file)
		if err == nil && c.Width*c.Height > 1<<22 {
			continue
		}
		want, words, ok := pipe(t, file, "djpeg", "-pnm")
		got, err := jpeg.Decode(file)
		switch {
		case ok && err != nil && !strings.Contains(err.Error(), "unsent") && !strings.Contains(err.Error(), "no Huffman code"):
			t.Errorf("%d: djpeg reads it without a warning: %v", i, err)
		case !ok && err == nil && !strings.Contains(words, "extraneous"):
			t.Errorf("%d: it is read, but djpeg says: %s", i, words)
		case ok != (err == nil):
			kinds++
		case !ok:
			refused++
		default:
			read++
			pix, w, h, _ := pixelsOf(t, want)
			if got.Width != w || got.Height != h || differing(withoutInk(got), pix) >= 0 {
				t.Errorf("%d: other pixels than those of djpeg", i)
			}
		}
	}
	t.Logf("%d read by both, %d by neither, %d by one", read, refused, kinds)
}

// damage changes one or two bits of a file, and cuts one in five short.
func damage(r *rand.Rand, file []byte) []byte {
	for range 1 + r.IntN(2) {
		file[2+r.IntN(len(file)-2)] ^= 1 << r.IntN(8)
	}
	if r.IntN(5) == 0 {
		file = file[:2+r.IntN(len(file)-2)]
	}
	return file
}

package jpeg_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
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

// TestAgainstDjpeg decodes files of cjpeg and compares every byte with djpeg.
func TestAgainstDjpeg(t *testing.T) {
	tool(t, "cjpeg")
	tool(t, "djpeg")
	count := 300
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
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
			continue // it cannot make this
		}
		want, words, ok := pipe(t, file, "djpeg", "-pnm")
		got, err := jpeg.Decode(file)
		if !ok {
			if err == nil {
				t.Errorf("%d: %v: djpeg says %q, decoded without an error", i, args, words)
			}
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
	t.Logf("%d files compared", compared)
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

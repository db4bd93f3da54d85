package video

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"maps"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// exact is the value of a pixel by the recommendations, without any rounding: luma and
// chroma from levels, then the three equations in which the matrix is inverted.
func exact(f Format, most int64, y, cb, cr int64) [3]*big.Rat {
	d := layouts[f.Pixels].depth
	s := int64(1) << (d - 8)
	black, lumaSpan, chromaSpan := 16*s, 219*s, 224*s
	if f.Range == Full {
		black, lumaSpan, chromaSpan = 0, 1<<d-1, 1<<d-1
	}
	w := weights[f.Matrix]
	kr, kb := big.NewRat(w[0], 10000), big.NewRat(w[1], 10000)
	one, two := big.NewRat(1, 1), big.NewRat(2, 1)
	luma := big.NewRat(y-black, lumaSpan)
	pb, pr := big.NewRat(cb-128*s, chromaSpan), big.NewRat(cr-128*s, chromaSpan)
	red := new(big.Rat).Add(luma, mul(two, sub(one, kr), pr))
	blue := new(big.Rat).Add(luma, mul(two, sub(one, kb), pb))
	kg := sub(one, new(big.Rat).Add(kr, kb))
	green := new(big.Rat).Quo(sub(luma, new(big.Rat).Add(mul(kr, red), mul(kb, blue))), kg)
	var out [3]*big.Rat
	for i, v := range []*big.Rat{red, green, blue} {
		v = mul(v, big.NewRat(most, 1))
		if v.Sign() < 0 {
			v.SetInt64(0)
		}
		if v.Cmp(big.NewRat(most, 1)) > 0 {
			v.SetInt64(most)
		}
		out[i] = v
	}
	return out
}

func mul(a *big.Rat, more ...*big.Rat) *big.Rat {
	p := new(big.Rat).Set(a)
	for _, b := range more {
		p.Mul(p, b)
	}
	return p
}

func sub(a, b *big.Rat) *big.Rat { return new(big.Rat).Sub(a, b) }

// TestColoursAreThoseOfTheMatrix compares random samples with the equations, in rational
// numbers. Fixed point may round a value the other way only where it is almost a half.
func TestColoursAreThoseOfTheMatrix(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, m := range Matrices() {
		for _, r := range []Range{Limited, Full} {
			for _, pixels := range []string{"yuv444p", "yuv444p10le", "yuv444p16be"} {
				for _, wide := range []bool{false, true} {
					f := Format{Pixels: pixels, Width: 300, Height: 1, Range: r, Matrix: Matrix(m)}
					data := make([]byte, f.Bytes())
					for i := range data {
						data[i] = byte(random.Uint32())
					}
					compareExact(t, f, wide, data)
				}
			}
		}
	}
}

func compareExact(t *testing.T, f Format, wide bool, data []byte) {
	t.Helper()
	c, err := NewConverter(f, Output{Colour: true, Wide: wide})
	if err != nil {
		t.Fatal(err)
	}
	img := c.New()
	c.Convert(img, data)
	most, bytes, depth := c.most, sampleBytes(f.Depth()), f.Depth()
	sample := func(plane, x int) int64 {
		at := (plane*f.Width + x) * bytes
		switch {
		case bytes == 1:
			return int64(data[at])
		case strings.HasSuffix(f.Pixels, "be"):
			return (int64(data[at])<<8 | int64(data[at+1])) & (1<<depth - 1)
		}
		return (int64(data[at+1])<<8 | int64(data[at])) & (1<<depth - 1)
	}
	allowed := big.NewRat(52, 100)
	for x := range f.Width {
		want := exact(f, most, sample(0, x), sample(1, x), sample(2, x))
		for i := range 3 {
			got := big.NewRat(int64(value(img, 3*x+i)), 1)
			if d := sub(got, want[i]); d.Abs(d).Cmp(allowed) > 0 {
				t.Fatalf("%s wide %v: channel %d of %d %d %d is %s, want %s", f, wide, i, sample(0, x), sample(1, x), sample(2, x), got.FloatString(0), want[i].FloatString(3))
			}
		}
	}
}

func value(m imaging.Image, i int) int {
	if m.Wide != nil {
		return int(m.Wide[i])
	}
	return int(m.Pix[i])
}

// TestGreyIsExact compares the tables of levels with the definition for all samples.
func TestGreyIsExact(t *testing.T) {
	for _, depth := range []int{8, 9, 10, 12, 14, 16} {
		for _, r := range []Range{Limited, Full} {
			for _, most := range []int64{255, 65535} {
				black, span := int64(0), int64(1)<<depth-1
				if r == Limited {
					black, span = 16<<(depth-8), 219<<(depth-8)
				}
				for i, got := range levels(r, depth, most) {
					v := max(0, int64(i)-black)
					want := min(most, (v*most*2+span)/(span*2)) // v*most/span + 1/2, rounded down
					if r == Full && most == 255 {
						want = int64(i) >> (depth - 8)
					}
					if int64(got) != want {
						t.Fatalf("%d of %d bits, %s, becomes %d of %d, want %d", i, depth, r, got, most, want)
					}
				}
			}
		}
	}
	table := levels(Limited, 8, 255)
	for _, c := range [][2]int{{0, 0}, {16, 0}, {17, 1}, {126, 128}, {235, 255}, {255, 255}} {
		if int(table[c[0]]) != c[1] {
			t.Errorf("luma %d becomes %d, want %d", c[0], table[c[0]], c[1])
		}
	}
}

// TestChromaIsRepeated has a row of odd length: the last pixel has a chroma sample of its own.
func TestChromaIsRepeated(t *testing.T) {
	f := Format{Pixels: "yuv420p", Width: 3, Height: 3, Range: Full, Matrix: BT601}
	data := append(slices.Repeat([]byte{100}, 9), 128, 200, 60, 128 /* Cb */, 128, 128, 128, 128)
	if f.Bytes() != len(data) {
		t.Fatalf("%d bytes, want %d", f.Bytes(), len(data))
	}
	c, err := NewConverter(f, Output{Colour: true})
	if err != nil {
		t.Fatal(err)
	}
	img := c.New()
	c.Convert(img, data)
	var blues []string
	for y := range 3 {
		for x := range 3 {
			blues = append(blues, fmt.Sprint(img.Pix[(y*3+x)*3+2]))
		}
	}
	if got, want := strings.Join(blues, " "), "100 100 228 100 100 228 0 0 100"; got != want {
		t.Errorf("blue is %s, want %s", got, want)
	}
}

func TestFormatsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		f    Format
		want string
	}{
		{Format{Pixels: "bayer_rggb8", Width: 4, Height: 4, Range: Full}, "bayer_rggb8 is not read"},
		{Format{Pixels: "gray", Width: 0, Height: 4, Range: Full}, "0x4"},
		{Format{Pixels: "gray", Width: 4, Height: 4}, "the range"},
		{Format{Pixels: "yuv420p", Width: 4, Height: 4, Range: Full}, "the colour matrix"},
	} {
		if _, err := NewConverter(c.f, Output{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: the error is %v, want one with %q", c.f, err, c.want)
		}
	}
}

// TestLayoutsAreThoseOfFFmpeg has ffmpeg write one smooth picture in every pixel format that it
// shares with this package, and compares sizes, and pixels within what subsampling and
// rounding take.
func TestLayoutsAreThoseOfFFmpeg(t *testing.T) {
	f := testFFmpeg(t)
	known, err := exec.Command(f.Path, "-v", "error", "-pix_fmts").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"-v", "error", "-nostdin", "-f", "lavfi", "-i",
		"color=s=65x49:d=0.04:r=25,format=gbrp,geq=r='20+X*3':g='10+Y*4':b='220-X*2',format=rgb24", "-threads", "1"}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(layouts)) {
		if regexp.MustCompile(`(?m)^.O... `+name+` `).Match(known) && name != "pal8" {
			names = append(names, name)
			args = append(args, "-map", "0", "-sws_flags", "accurate_rnd+full_chroma_int+bicubic", "-pix_fmt", name, "-frames:v", "1", "-f", "rawvideo", filepath.Join(dir, name))
		}
	}
	out, err := exec.Command(f.Path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(names) < 100 {
		t.Errorf("only %d pixel formats are known to ffmpeg", len(names))
	}
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		comparePicture(t, name, data)
	}
}

func comparePicture(t *testing.T, name string, data []byte) {
	t.Helper()
	l := layouts[name]
	f := Format{Pixels: name, Width: 65, Height: 49, Range: Full}
	if l.kind == yuv {
		f.Range, f.Matrix = Limited, BT601
	}
	if f.Bytes() != len(data) {
		t.Errorf("%s: %d bytes, want %d", name, f.Bytes(), len(data))
		return
	}
	c, err := NewConverter(f, Output{Colour: true})
	if err != nil {
		t.Fatal(err)
	}
	img := c.New()
	c.Convert(img, data)
	sum, worst := 0, 0
	for i, got := range img.Pix {
		x, y := i/3%65, i/3/65
		if x == 64 { // ffmpeg halves an odd row with what lies behind it
			continue
		}
		want := [3]int{20 + x*3, 10 + y*4, 220 - x*2}[i%3]
		if l.kind == grey {
			want = int(imaging.Luma(uint8(20+x*3), uint8(10+y*4), uint8(220-x*2)))
		}
		d := max(int(got)-want, want-int(got))
		sum, worst = sum+d, max(worst, d)
	}
	if mean := float64(sum) / float64(len(img.Pix)); mean > 5 || worst > 24 {
		t.Errorf("%s: differs from the picture by %.1f on average and %d at most", name, mean, worst)
	}
}

package augment

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

func grey(width int, pix ...uint8) imaging.Image {
	return imaging.Image{Width: width, Height: len(pix) / width, Channels: 1, Pix: pix}
}

func TestWarpByHand(t *testing.T) {
	src := grey(3,
		1, 2, 3,
		4, 5, 6,
		7, 8, 9)
	tests := []struct {
		name string
		m    matrix
		want []uint8
	}{
		{"identity", matrix{one, 0, 0, one}, []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"quarter turn", matrix{0, -one, one, 0}, []uint8{3, 6, 9, 2, 5, 8, 1, 4, 7}},
		{"half turn", matrix{-one, 0, 0, -one}, []uint8{9, 8, 7, 6, 5, 4, 3, 2, 1}},
		{"half size", matrix{2 * one, 0, 0, 2 * one}, []uint8{200, 200, 200, 200, 5, 200, 200, 200, 200}},
		{"double size", matrix{one / 2, 0, 0, one / 2}, []uint8{3, 4, 4, 5, 5, 6, 6, 7, 7}}, // halves go up
		{"slant", matrix{one, one, 0, one}, []uint8{200, 1, 2, 4, 5, 6, 8, 9, 200}},
	}
	for _, test := range tests {
		dst := imaging.New(3, 3, 1)
		warp(dst, src, test.m, outside{fill: 200})
		if diff := cmp.Diff(test.want, dst.Pix); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}

func TestSampleBetweenPixels(t *testing.T) {
	src := grey(2, 0, 100, 200, 60)
	tests := []struct {
		sx, sy int
		want   uint8
	}{
		{0, 0, 0},
		{256, 256, 60},
		{128, 128, 90},
		{64, 0, 25},
		{-128, 0, 5},      // half of the fill level
		{256 + 64, 0, 78}, // 100 and 10, three to one: 77.5
		{512, 0, 10},
		{0, -257, 10},
	}
	for _, test := range tests {
		got := []uint8{0}
		sample(got, src, test.sx, test.sy, outside{fill: 10})
		if got[0] != test.want {
			t.Errorf("(%d,%d)/256: %d, want %d", test.sx, test.sy, got[0], test.want)
		}
	}
}

func TestTranslateByHand(t *testing.T) {
	src := grey(3, 1, 2, 3)
	tests := []struct {
		name string
		from source
		dx   int
		want []uint8
	}{
		{"constant", constant, 1, []uint8{2, 3, 99}},
		{"constant, all outside", constant, -5, []uint8{99, 99, 99}},
		{"edge", edge, 2, []uint8{3, 3, 3}},
		{"reflect", reflect, 1, []uint8{2, 3, 2}},
		{"reflect twice", reflect, -4, []uint8{1, 2, 3}},
	}
	for _, test := range tests {
		dst := imaging.New(3, 1, 1)
		translate(dst, src, test.dx, 0, test.from, 99)
		if diff := cmp.Diff(test.want, dst.Pix); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
	one := imaging.New(1, 1, 1)
	translate(one, grey(1, 7), -3, 2, reflect, 99)
	if one.Pix[0] != 7 {
		t.Errorf("one pixel reflected is %d, want 7", one.Pix[0])
	}
}

func TestShiftReachesEveryOffset(t *testing.T) {
	img := imaging.New(7, 7, 1)
	img.Pix[3*7+3] = 255
	p := parse(t, "shift:pixels=2")
	seen := map[int]bool{}
	for item := range 600 {
		at := slices.Index(apply(p, img, stream(item)).Pix, 255)
		if x, y := at%7, at/7; x < 1 || x > 5 || y < 1 || y > 5 {
			t.Fatalf("moved to (%d,%d)", x, y)
		}
		seen[at] = true
	}
	if len(seen) != 25 {
		t.Errorf("%d offsets, want 25", len(seen))
	}
}

func TestFlip(t *testing.T) {
	src := imaging.Image{Width: 2, Height: 2, Channels: 3, Pix: []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}
	for list, want := range map[string][]uint8{
		"flip:p=1":                    {4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9},
		"flip:p=1:direction=vertical": {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6},
	} {
		if diff := cmp.Diff(want, apply(parse(t, list), src, stream(0)).Pix); diff != "" {
			t.Errorf("%s: -want +got:\n%s", list, diff)
		}
	}
}

func TestGeometryOfAConstantImage(t *testing.T) {
	img := imaging.New(17, 12, 3)
	for i := range img.Pix {
		img.Pix[i] = 130
	}
	p := parse(t, "rotate:degrees=90:fill=130,scale:min=0.4:max=3:fill=130,shear:degrees=50:fill=130,elastic:fill=130:sigma=2,crop:fill=130")
	for item := range 20 {
		for i, v := range apply(p, img, stream(item)).Pix {
			if v != 130 {
				t.Fatalf("byte %d is %d, want 130", i, v)
			}
		}
	}
}

func TestEraseShare(t *testing.T) {
	img := imaging.New(40, 30, 1)
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	p := parse(t, "erase:p=1:min=0.1:max=0.3:fill=7")
	smallest, largest := 1.0, 0.0
	for item := range 300 {
		erased := 0
		for _, v := range apply(p, img, stream(item)).Pix {
			if v == 7 {
				erased++
			}
		}
		share := float64(erased) / 1200
		smallest, largest = min(smallest, share), max(largest, share)
	}
	if smallest < 0.09 || smallest > 0.12 || largest < 0.27 || largest > 0.32 {
		t.Errorf("shares of %.3f to %.3f, want 0.1 to 0.3", smallest, largest)
	}
}

func TestEraseAll(t *testing.T) {
	p := parse(t, "erase:p=1:min=1:max=1")
	img := pattern(6, 4, 3)
	for item := range 20 {
		if got := apply(p, img, stream(item)); !got.SameShape(img) {
			t.Fatal("shape changed")
		}
	}
}

func TestBrightnessAndContrast(t *testing.T) {
	img := grey(4, 0, 50, 150, 200) // mean 100
	bright, dark := false, false
	for item := range 50 {
		got := apply(parse(t, "brightness:amount=0.5"), img, stream(item)).Pix
		if got[0] != 0 || got[1] < 25 || got[1] > 75 || got[2]/3 < got[1]-1 || got[2]/3 > got[1]+1 {
			t.Fatalf("brightness: %v", got)
		}
		bright, dark = bright || got[1] > 60, dark || got[1] < 40

		got = apply(parse(t, "contrast:amount=0.5"), img, stream(item)).Pix
		if below, above := 100-int(got[1]), int(got[2])-100; below < above-1 || below > above+1 || below < 24 || below > 76 {
			t.Fatalf("contrast: %v", got)
		}
	}
	if !bright || !dark {
		t.Error("brightness does not reach both ends")
	}
}

func TestNoiseMoments(t *testing.T) {
	img := imaging.New(200, 100, 1)
	for i := range img.Pix {
		img.Pix[i] = 128
	}
	var sum, squares float64
	for _, v := range apply(parse(t, "noise:sigma=12"), img, stream(0)).Pix {
		d := float64(v) - 128
		sum += d
		squares += d * d
	}
	n := float64(len(img.Pix))
	if mean, variance := sum/n, squares/n; mean < -0.3 || mean > 0.3 || variance < 138 || variance > 150 {
		t.Errorf("mean %v, variance %v, want 0 and 144", mean, variance)
	}
}

func TestByteSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		want := 0
		for i := range 8 {
			want += int(v >> (8 * i) & 255)
		}
		if got := byteSum(v); got != want {
			t.Fatalf("%x: %d, want %d", v, got, want)
		}
	})
}

func TestBoxSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := rapid.SliceOfN(rapid.IntRange(-1000, 1000), 1, 30).Draw(t, "src")
		radius := rapid.IntRange(0, 35).Draw(t, "radius")
		want := make([]int, len(src))
		for i := range want {
			for j := max(0, i-radius); j <= min(len(src)-1, i+radius); j++ {
				want[i] += src[j]
			}
		}
		got := make([]int, len(src))
		boxSum(got, src, radius)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

func TestBoxWidths(t *testing.T) {
	for sigma := 0.5; sigma <= 32; sigma += 0.125 {
		variance := 0.0
		for _, w := range boxWidths(sigma) {
			if w < 1 || w%2 == 0 {
				t.Fatalf("sigma %v: width %d", sigma, w)
			}
			variance += float64(w*w-1) / 12
		}
		// One width more or less changes the variance by (w+1)/3.
		if off := variance - sigma*sigma; off > (2*sigma+3)/6+0.2 || off < -(2*sigma+3)/6-0.2 {
			t.Errorf("sigma %v: variance %v, want %v", sigma, variance, sigma*sigma)
		}
	}
}

// The strongest displacement that the options allow must not overflow.
func TestDisplacementLimits(t *testing.T) {
	whole, field := 256, 255
	for _, w := range boxWidths(32) {
		whole *= w * w
		field *= w * w
	}
	if got, want := displacement(field, 1000*256, whole), 255*1000; got != want {
		t.Errorf("%d, want %d", got, want)
	}
}

// TestReplicateByHand checks that the nearest pixel of the image lies outside of it.
func TestReplicateByHand(t *testing.T) {
	src := grey(3,
		1, 2, 3,
		4, 5, 6,
		7, 8, 9)
	dst := imaging.New(3, 3, 1)
	warp(dst, src, matrix{2 * one, 0, 0, 2 * one}, outside{fill: 200, nearest: true})
	if diff := cmp.Diff([]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9}, dst.Pix); diff != "" {
		t.Errorf("half size: -want +got:\n%s", diff)
	}
	got := []uint8{0}
	for _, test := range []struct {
		sx, sy int
		want   uint8
	}{{-128, 0, 1}, {-5000, 5000, 7}, {600, 128, 5}, {2 << 8, 2 << 8, 9}} {
		if sample(got, src, test.sx, test.sy, outside{nearest: true}); got[0] != test.want {
			t.Errorf("(%d,%d)/256: %d, want %d", test.sx, test.sy, got[0], test.want)
		}
	}
	for _, list := range []string{"shift:pixels=5", "rotate:degrees=90", "scale:min=0.3:max=0.9", "shear:degrees=40", "elastic:alpha=80"} {
		p, img := parse(t, list+":edge=replicate:fill=0"), imaging.New(9, 8, 1)
		for i := range img.Pix {
			img.Pix[i] = 130
		}
		for item := range 8 {
			if got := apply(p, img, stream(item)); slices.ContainsFunc(got.Pix, func(v uint8) bool { return v != 130 }) {
				t.Errorf("%s: a flat image is no longer flat", list)
			}
		}
	}
}

func TestBlurByHand(t *testing.T) {
	src, dst := grey(5, 0, 0, 200, 0, 0), imaging.New(5, 1, 1)
	blurred(dst, src, []int{one, one / 2}, make([]int, 5)) // 1 2 1
	if diff := cmp.Diff([]uint8{0, 50, 100, 50, 0}, dst.Pix); diff != "" {
		t.Errorf("a line: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]int{one, 39750, 8869, 728}, gaussian(1)); diff != "" {
		t.Errorf("weights: -want +got:\n%s", diff)
	}
	if w := gaussian(16); len(w) != 49 {
		t.Errorf("%d weights of the widest Gaussian, want 49", len(w))
	}
	white := imaging.New(50, 50, 3)
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	got := imaging.New(50, 50, 3)
	blurred(got, white, gaussian(16), make([]int, len(got.Pix)))
	if !slices.Equal(got.Pix, white.Pix) {
		t.Error("a white image is no longer white")
	}
}

func TestLevelShift(t *testing.T) {
	p, seen := parse(t, "level-shift:levels=2"), map[uint8]bool{}
	for item := range 60 {
		got := apply(p, grey(3, 0, 100, 255), stream(item))
		by := int(got.Pix[1]) - 100
		if got.Pix[0] != clamp(by) || got.Pix[2] != clamp(255+by) {
			t.Fatalf("pixels %v: want the same added to all", got.Pix)
		}
		seen[got.Pix[1]] = true
	}
	if len(seen) != 5 {
		t.Errorf("levels %v, want 98 to 102", seen)
	}
}

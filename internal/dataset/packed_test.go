package dataset

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// TestPackedGivesBackWhatItWasGiven writes images of any content in pieces of any
// length.
func TestPackedGivesBackWhatItWasGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		images := rapid.SliceOf(rapid.SliceOfN(rapid.OneOf(rapid.Just(uint8(0)), rapid.Uint8()), size, size)).Draw(t, "images")
		all := bytes.Join(images, nil)
		p := &packed{size: size}
		w := p.writer()
		for rest := all; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			if written, err := w.Write(rest[:n]); written != n || err != nil {
				t.Fatalf("%d of %d bytes written, %v", written, n, err)
			}
			rest = rest[n:]
		}
		if len(p.images) != len(images) {
			t.Fatalf("%d of %d images", len(p.images), len(images))
		}
		for i, want := range images {
			if len(p.images[i]) > size {
				t.Fatalf("image %d takes %d bytes, more than %d", i, len(p.images[i]), size)
			}
			used := bytes.Repeat([]uint8{7}, rapid.IntRange(0, 50).Draw(t, "buffer"))
			if got := p.image(i, used); !bytes.Equal(got, want) {
				t.Fatalf("image %d is %v, want %v", i, got, want)
			}
		}
	})
}

func TestPackedIsSmall(t *testing.T) {
	p := &packed{size: 784}
	p.add(make([]uint8, 784))
	p.add(bytes.Repeat([]uint8{1}, 784))
	for i, want := range []uint8{0, 1} {
		if !bytes.Equal(p.image(i, nil), bytes.Repeat([]uint8{want}, 784)) {
			t.Errorf("image %d does not come back", i)
		}
	}
	if black, grey := len(p.images[0]), len(p.images[1]); black != 2*4 || grey != 784 {
		t.Errorf("a black image takes %d bytes and a grey one %d, want 8 and 784", black, grey)
	}
}

// TestPackedCounts has runs as long as a byte can count, and longer.
func TestPackedCounts(t *testing.T) {
	for _, n := range []int{254, 255, 256, 257, 510, 511, 512} {
		zeros, others := make([]uint8, n), bytes.Repeat([]uint8{9}, n)
		rest := make([]uint8, 2000-2*n)
		for _, pieces := range [][][]uint8{{zeros, others, rest}, {others, zeros, rest}, {rest, others, zeros}, {rest, zeros, others}} {
			want, p := bytes.Join(pieces, nil), &packed{size: 2000}
			p.add(want)
			if !bytes.Equal(p.image(0, nil), want) {
				t.Errorf("an image with runs of %d does not come back", n)
			}
		}
	}
}

func BenchmarkPacked(b *testing.B) {
	p := &packed{size: 784}
	pix := make([]uint8, 784)
	for y := 4; y < 24; y++ {
		for x := 9; x < 17; x++ {
			pix[28*y+x] = uint8(x * y)
		}
	}
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			p.pack(pix)
		}
	})
	p.add(pix)
	b.Run("image", func(b *testing.B) {
		buffer := make([]uint8, p.size)
		for b.Loop() {
			p.image(0, buffer)
		}
	})
}

package augment

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// TestOperationsAsPillow compares the operations that are Pillow's to the byte with digests
// that testdata/pillow_operations.py printed.
func TestOperationsAsPillow(t *testing.T) {
	numbers := map[string]int{"shear-x": 1, "shear-y": 2, "translate-x": 3, "translate-y": 4, "rotate": 5, "posterize": 10, "solarize": 11, "equalize": 13}
	f, err := os.Open("testdata/pillow_operations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	src, compared := pattern(61, 47, 3), 0
	for lines := bufio.NewScanner(f); lines.Scan(); compared++ {
		var name, want string
		var bin, sign int
		if _, err := fmt.Sscan(lines.Text(), &name, &bin, &sign, &want); err != nil {
			t.Fatal(err)
		}
		d := &drawn{dst: src.Black(src.Width, src.Height), src: src, bin: bin, sign: sign}
		operations[numbers[name]](&trivialAugment{translate: 32}, d)
		sum := sha256.Sum256(d.dst.Pix)
		if got := hex.EncodeToString(sum[:8]); got != want {
			t.Errorf("%s, step %d, sign %d: digest %s, want %s", name, bin, sign, got, want)
		}
	}
	if compared != 48 {
		t.Errorf("%d operations compared, want 48", compared)
	}
}

// TestBlendsByHand has what brings values nearer to others or further from them.
func TestBlendsByHand(t *testing.T) {
	row := grey(3, 10, 10, 10, 10, 100, 10, 10, 10, 10)
	for _, test := range []struct {
		name string
		do   func(m imaging.Image)
		in   imaging.Image
		want []uint8
	}{
		{"sharpen fully", func(m imaging.Image) { sharpen(m, row, 2*one) }, row, []uint8{10, 10, 10, 10, 155, 10, 10, 10, 10}}, // smoothed: 580/13, 45
		{"smooth", func(m imaging.Image) { sharpen(m, row, 0) }, row, []uint8{10, 10, 10, 10, 45, 10, 10, 10, 10}},
		{"autocontrast", autocontrast, grey(4, 50, 60, 75, 100), []uint8{0, 51, 127, 255}}, // 127.5 is cut off
		{"autocontrast of one level", autocontrast, grey(2, 9, 9), []uint8{9, 9}},
		{"no colour", func(m imaging.Image) { saturate(m, 0) }, imaging.Image{Width: 1, Height: 1, Channels: 3, Pix: []uint8{200, 100, 50}}, []uint8{124, 124, 124}},
		{"more colour", func(m imaging.Image) { saturate(m, 2*one) }, imaging.Image{Width: 1, Height: 1, Channels: 3, Pix: []uint8{200, 100, 50}}, []uint8{255, 76, 0}},
		{"colour of grey", func(m imaging.Image) { saturate(m, 0) }, grey(2, 3, 9), []uint8{3, 9}},
	} {
		got := test.in
		got.Pix = append([]uint8(nil), test.in.Pix...)
		test.do(got)
		if string(got.Pix) != string(test.want) {
			t.Errorf("%s: %v, want %v", test.name, got.Pix, test.want)
		}
	}
}

func TestTurnHue(t *testing.T) {
	for _, test := range []struct {
		in   [3]uint8
		turn int
		want [3]uint8
	}{
		{[3]uint8{255, 0, 0}, 0, [3]uint8{255, 0, 0}},
		{[3]uint8{255, 0, 0}, one / 2, [3]uint8{0, 255, 255}},
		{[3]uint8{255, 0, 0}, -one / 2, [3]uint8{0, 255, 255}},
		{[3]uint8{255, 0, 0}, one / 4, [3]uint8{128, 255, 0}}, // 127.5, halves go up
		{[3]uint8{200, 120, 40}, one / 2, [3]uint8{40, 120, 200}},
		{[3]uint8{7, 7, 7}, one / 3, [3]uint8{7, 7, 7}},
	} {
		got := test.in
		turnHue(got[:], test.turn)
		if got != test.want {
			t.Errorf("%v turned by %d/65536: %v, want %v", test.in, test.turn, got, test.want)
		}
	}
	for colour := range 1 << 12 { // a turn and its reverse give the colour back, but for two roundings
		in := [3]uint8{uint8(colour >> 8 * 17), uint8(colour >> 4 & 15 * 17), uint8(colour & 15 * 17)}
		got := in
		turnHue(got[:], 9876)
		turnHue(got[:], -9876)
		for c := range got {
			if d := int(got[c]) - int(in[c]); d < -1 || d > 1 {
				t.Fatalf("%v comes back as %v", in, got)
			}
		}
	}
}

// TestEveryOperation wants each of the fourteen drawn about equally often.
func TestEveryOperation(t *testing.T) {
	seen := make([]int, len(operations))
	for item := range 14000 {
		seen[stream(item).IntN(len(operations))]++
	}
	for i, n := range seen {
		if n < 850 || n > 1150 {
			t.Errorf("operation %d is drawn %d times of 14000", i, n)
		}
	}
}

// TestOperationsNoteMoves moves a bright dot and wants it within a pixel of where the motion
// says.
func TestOperationsNoteMoves(t *testing.T) {
	seen := 0
	for operation := range operations {
		for item := range 60 {
			img, at := dot(item)
			d := &drawn{dst: img.Black(img.Width, img.Height), src: img, moves: &Moves{}, bin: item % 12, sign: 1 - item%2*2}
			operations[operation](&trivialAugment{translate: 20}, d)
			m := d.moves.motion()
			if moving := operation >= 1 && operation <= 5; !moving || !d.acted {
				if m != nil {
					t.Errorf("operation %d notes a move", operation)
				}
				continue
			}
			if at = m.Move(at); at.X < 5*256 || at.Y < 5*256 || at.X > 43*256 || at.Y > 35*256 {
				continue
			}
			seen++
			if got := centre(d.dst); max(got.X-at.X, at.X-got.X) > 256 || max(got.Y-at.Y, at.Y-got.Y) > 256 {
				t.Errorf("operation %d, item %d: the dot is at %v, want %v", operation, item, got, at)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d dots stayed inside", seen)
	}
}

package sensor

import (
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// deep is a frame of 16 bits whose values go from first on in steps.
func deep(first, step int) imaging.Image {
	img := imaging.Image{Width: 40, Height: 30, Channels: 1, Wide: make([]uint16, 1200)}
	for i := range img.Wide {
		img.Wide[i] = uint16(first + i*step)
	}
	return img
}

// TestShown brings frames to 8 bits as the camera does at severity 0, and takes what it made of them
// for what a camera shows as it is.
func TestShown(t *testing.T) {
	for _, test := range []struct {
		name, text, old, new string
		low, high            int // that become black and white
	}{
		{"fixed", thermalText, `"width": 320,
  "height": 256`, `"width": 0, "height": 0`, 7000, 9250},
		{"linear", strings.Replace(visibleText, "45000", "60000", 1), `"width": 640,
  "height": 480`, `"width": 0, "height": 0`, 3, 596}, // 0.5 and 99.5 per cent of 600 values, two pixels each
	} {
		t.Run(test.name, func(t *testing.T) {
			p := mustParse(t, strings.Replace(test.text, test.old, test.new, 1))
			frame := deep(6900, 2)
			if p.AGC.Mode == LinearAGC {
				frame = deep(0, 1)
				for i := range frame.Wide {
					frame.Wide[i] /= 2
				}
			}
			got, err := p.Shown(frame)
			if err != nil || got.Wide != nil {
				t.Fatal(err)
			}
			for i, v := range frame.Wide {
				d := test.high - test.low
				if want := uint8((510*min(max(int(v)-test.low, 0), d) + d) / (2 * d)); got.Pix[i] != want {
					t.Fatalf("DN %d became %d, want %d", v, got.Pix[i], want)
				}
			}
			seen, err := p.Camera(1, 2, 0).Image(nil, frame, View{})
			if err != nil || !slices.Equal(seen.Pix, got.Pix) {
				t.Errorf("at severity 0 the camera shows %v, and Shown %v (%v)", seen.Pix[:40], got.Pix[:40], err)
			}
			again, err := p.OfShown().Camera(1, 2, 0).Image(nil, got, View{})
			if err != nil || !slices.Equal(again.Pix, got.Pix) {
				t.Errorf("what was shown is shown as %v, want %v (%v)", again.Pix[:40], got.Pix[:40], err)
			}
			if same, err := p.Shown(got); err != nil || !slices.Equal(same.Pix, got.Pix) {
				t.Errorf("8 bits became %v (%v)", same.Pix[:40], err)
			}
			frame.Wide[7] = uint16(p.MaxDN() + 1)
			if _, err := p.Shown(frame); err == nil || !strings.Contains(err.Error(), "bit_depth: the sensor profile has") {
				t.Errorf("a value that the converter does not have: %v", err)
			}
		})
	}
}

// TestAsStored takes samples for DN where the profile has their depth.
func TestAsStored(t *testing.T) {
	for _, test := range []struct {
		profile, depth int
		want           bool
		err            string
	}{
		{14, 14, true, ""},
		{14, 16, true, ""},
		{16, 16, true, ""},
		{16, 12, false, ""},
		{14, 12, false, "bit_depth: the sensor profile has 14, and frames have values of 12 bits"},
		{8, 16, false, "bit_depth: the sensor profile has 8, and frames have values of 16 bits"},
	} {
		p := mustParse(t, thermalText)
		p.BitDepth = test.profile
		got, err := p.AsStored(test.depth)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("a profile of %d bits and frames of %d: %t, %v", test.profile, test.depth, got, err)
		}
	}
}

// TestToBytesDivides compares the product with a reciprocal with the division that it is for.
func TestToBytesDivides(t *testing.T) {
	values := make([]int32, 1<<16)
	for i := range values {
		values[i] = int32(i)
	}
	got := make([]uint8, len(values))
	for _, span := range []int{1, 2, 3, 5, 127, 254, 256, 257, 1000, 4095, 1 << 14, 54321, 65534, 65535} {
		for _, low := range []int{0, (65535 - span) / 2, 65535 - span} {
			toBytes(got, values, 1, low, low+span)
			for v, found := range got {
				above := min(max(v-low, 0), span)
				if want := uint8((510*above + span) / (2 * span)); found != want {
					t.Fatalf("%d between %d and %d: %d, want %d", v, low, low+span, found, want)
				}
			}
		}
	}
}

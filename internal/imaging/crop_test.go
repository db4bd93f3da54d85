package imaging

import (
	"slices"
	"testing"
)

func TestCrop(t *testing.T) {
	img := New(4, 3, 3)
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	wide := Image{Width: 4, Height: 3, Channels: 1, Wide: []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	part, err := img.Crop(1, 1, 2, 2)
	if want := []uint8{15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32}; err != nil || part.Width != 2 || part.Height != 2 || !slices.Equal(part.Pix, want) {
		t.Errorf("%v, %v: want %v", part, err, want)
	}
	if part, err := wide.Crop(2, 0, 2, 3); err != nil || part.Pix != nil || !slices.Equal(part.Wide, []uint16{2, 3, 6, 7, 10, 11}) {
		t.Errorf("%v, %v", part, err)
	}
	if whole, err := img.Crop(0, 0, 4, 3); err != nil || whole.Sum() != img.Sum() {
		t.Errorf("the whole image is another one: %v", err)
	}
	const largest = int(^uint(0) >> 1)
	for _, box := range [][4]int{{0, 0, 5, 3}, {1, 0, 4, 3}, {0, 1, 4, 3}, {-1, 0, 2, 2}, {0, -1, 2, 2}, {0, 0, 0, 1}, {0, 0, 1, 0}, {largest, 0, 1, 1}, {0, 0, largest, 1}} {
		if _, err := img.Crop(box[0], box[1], box[2], box[3]); err == nil {
			t.Errorf("%v: no error", box)
		}
	}
}

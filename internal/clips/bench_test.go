package clips

import (
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// BenchmarkBackground measures a frame of 320x256 pixels, all of which change.
func BenchmarkBackground(b *testing.B) {
	d := drawnClip{width: 320, height: 256, channels: 1}
	var frames []imaging.Image
	for number := range 80 {
		frames = append(frames, d.frame(number))
	}
	s := NewBackground(64)
	at := 0
	for b.Loop() {
		if _, err := s.Subtract(frames[at%len(frames)]); err != nil {
			b.Fatal(err)
		}
		at++
	}
}

// BenchmarkBackgroundStill is the same with one pixel in ten that changes.
func BenchmarkBackgroundStill(b *testing.B) {
	d := drawnClip{width: 320, height: 256, channels: 1}
	frames := []imaging.Image{d.frame(0)}
	for number := range 79 {
		frame := d.frame(0)
		for i, v := range d.frame(number + 1).Pix {
			frame.Pix[i] = frames[number].Pix[i]
			if (i+number)%10 == 0 {
				frame.Pix[i] = v
			}
		}
		frames = append(frames, frame)
	}
	s := NewBackground(64)
	at := 0
	for b.Loop() {
		if _, err := s.Subtract(frames[at%len(frames)]); err != nil {
			b.Fatal(err)
		}
		at++
	}
}

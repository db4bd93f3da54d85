package runtest

import (
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/clips/clipstest"
)

// DrawClips writes two classes of clips, in parts: folders of 31 frames of 40x32 pixels with
// a target that moves over a backdrop. The clips of the test part show scenes of the
// training part.
func DrawClips(t testing.TB, dir string) {
	t.Helper()
	for _, part := range []struct {
		name  string
		clips int
	}{{"train", 6}, {"test", 2}} {
		for class, name := range []string{"bird", "drone"} {
			for n := range part.clips {
				DrawClip(t, filepath.Join(dir, part.name, name, fmt.Sprint(n)), class, 10*n+class, len(part.name))
			}
		}
	}
}

// DrawClip writes a clip of a class, one of two, before the backdrop of a scene. shift moves the
// target.
func DrawClip(t testing.TB, dir string, class, scene, shift int) {
	t.Helper()
	const frames = 31
	boxes := make([]clips.Box, frames)
	for frame := range boxes {
		boxes[frame] = clips.Box{X: 2 + frame%20 + shift, Y: 8 + class*frame%9, W: 4, H: 3}
	}
	clipstest.Write(t, dir, frames, func(frame int) image.Image {
		img := image.NewGray(image.Rect(0, 0, 40, 32))
		for at := range img.Pix {
			x, y := at%40, at/40
			img.Pix[at] = uint8(60 + (x*x*(scene%5+1)+y*y*(scene%7+1)+x*y*scene)%90)
		}
		for i := range 12 {
			img.SetGray(boxes[frame].X+i%4, boxes[frame].Y+i/4, color.Gray{250})
		}
		return img
	}, boxes)
}

package runtest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	var exist, rect []string
	for frame := range 31 {
		img := image.NewGray(image.Rect(0, 0, 40, 32))
		for at := range img.Pix {
			x, y := at%40, at/40
			img.Pix[at] = uint8(60 + (x*x*(scene%5+1)+y*y*(scene%7+1)+x*y*scene)%90)
		}
		x, y := 2+frame%20+shift, 8+class*frame%9
		for i := range 12 {
			img.SetGray(x+i%4, y+i/4, color.Gray{250})
		}
		exist, rect = append(exist, "1"), append(rect, fmt.Sprintf("[%d,%d,4,3]", x, y))
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.png", frame)), b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text := fmt.Sprintf(`{"exist":[%s],"gt_rect":[%s]}`, strings.Join(exist, ","), strings.Join(rect, ","))
	if err := os.WriteFile(filepath.Join(dir, "label.json"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

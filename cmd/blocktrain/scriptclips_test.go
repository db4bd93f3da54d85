package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// Width and height of the frames that drawClip draws.
const clipWidth, clipHeight = 48, 36

// drawClip draws COUNT frames of the scene that SCENE names, and a target that flies through it, and writes
// their labels beside them. A TARGET "drone" is a disc that moves steadily, and "bird" a bar that flaps and
// wavers. Clips of one scene have the same background.
func drawClip(ts *testscript.TestScript, args []string) error {
	dir, target, count := args[0], args[2], number(ts, args[3])
	scene, path := drawScene(args[1]), randomOf(dir)
	x, y, step := 8+path.IntN(8), 8+path.IntN(20), 1+path.IntN(2)
	var labels struct {
		Exist []int    `json:"exist"`
		Rect  [][4]int `json:"gt_rect"`
	}
	for i := range count {
		width, height := 5, 5
		if target == "bird" {
			width, height, y = 9, 3+2*(i%2), min(30, max(6, y+path.IntN(5)-2))
		}
		box := image.Rect(x, y, x+width, y+height)
		frame := image.NewGray(scene.Rect)
		for at, level := range scene.Pix {
			frame.Pix[at] = level + uint8(path.IntN(7))
		}
		for by := box.Min.Y; by < box.Max.Y; by++ {
			for bx := box.Min.X; bx < box.Max.X; bx++ {
				frame.SetGray(bx, by, color.Gray{Y: 200 + uint8(path.IntN(40))})
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, frame); err != nil {
			return err
		}
		if err := write(ts, filepath.Join(dir, fmt.Sprintf("%04d.png", i+1)), b.Bytes()); err != nil {
			return err
		}
		labels.Exist = append(labels.Exist, 1)
		labels.Rect = append(labels.Rect, [4]int{box.Min.X, box.Min.Y, width, height})
		if x += step; x < 4 || x > clipWidth-16 {
			step = -step
		}
	}
	text, err := json.Marshal(labels)
	if err != nil {
		return err
	}
	return write(ts, filepath.Join(dir, "label.json"), text)
}

// drawScene draws the background that belongs to a name: patches of different grey.
func drawScene(name string) *image.Gray {
	scene, random := image.NewGray(image.Rect(0, 0, clipWidth, clipHeight)), randomOf(name)
	for y := 0; y < clipHeight; y += 6 {
		for x := 0; x < clipWidth; x += 6 {
			level := uint8(30 + random.IntN(120))
			for i := range 36 {
				scene.SetGray(x+i%6, y+i/6, color.Gray{Y: level})
			}
		}
	}
	return scene
}

// Package clipstest draws clips for tests.
package clipstest

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/clips"
)

// Write writes a clip as a folder of PNG files, 000.png and so on, with its labels in label.json.
// Of each entry the boxes have the place of the target; an empty one is a frame without. There
// may be more or fewer entries than frames.
func Write(t testing.TB, dir string, frames int, draw func(frame int) image.Image, boxes []clips.Box) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for frame := range frames {
		WriteFrame(t, dir, frame, draw(frame))
	}
	labels := &clips.Labels{Entries: make([]clips.Entry, len(boxes))}
	for frame, box := range boxes {
		if box != (clips.Box{}) {
			labels.Entries[frame].Targets = []clips.Target{{Box: box}}
		}
	}
	if err := clips.WriteJSON(filepath.Join(dir, "label.json"), labels); err != nil {
		t.Fatal(err)
	}
}

// WriteFrame writes one frame of a clip, counted from 0, into its folder.
func WriteFrame(t testing.TB, dir string, frame int, img image.Image) {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, fmt.Sprintf("%03d.png", frame)))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, img); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

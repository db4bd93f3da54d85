package video

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// shots gives frames of one colour each.
func shots(width, height, channels, n int) func(func(imaging.Image) error) error {
	return func(write func(imaging.Image) error) error {
		for i := range n {
			m := imaging.New(width, height, channels)
			for j := range m.Pix {
				m.Pix[j] = []uint8{200, uint8(10 * i), 40}[j%channels]
			}
			if err := write(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestWriteMP4 writes files and reads them again: colours come back within what coding takes.
func TestWriteMP4(t *testing.T) {
	s := newStudio(t)
	for _, c := range []struct {
		name          string
		width, height int
		colour        bool
	}{{"colour.mp4", 65, 49, true}, {"grey.mp4", 64, 48, false}} {
		channels := 1
		if c.colour {
			channels = 3
		}
		m := MP4{Width: c.width, Height: c.height, Colour: c.colour, Rate: Rational{30000, 1001}, FFmpeg: s.ffmpeg}
		path := s.path(c.name)
		if err := WriteMP4(t.Context(), path, m, shots(c.width, c.height, channels, 20)); err != nil {
			t.Fatal(err)
		}
		r, err := Open(t.Context(), path, Options{FFmpeg: s.ffmpeg})
		info, summary, data, times := whole(t, r, err)
		if info.Format.Width != (c.width+1)/2*2 || info.Format.Height != (c.height+1)/2*2 || summary.Frames != 20 || info.Rate != m.Rate || times[10] != "0.333667" {
			t.Errorf("%+v, %d frames, frame 10 at %s s", info, summary.Frames, times[10])
		}
		convert, err := NewConverter(info.Format, Output{Colour: c.colour})
		if err != nil {
			t.Fatal(err)
		}
		img := convert.New()
		convert.Convert(img, data[10*info.Format.Bytes():])
		at := (20*img.Width + 20) * channels
		want := []uint8{200, 100, 40}[:channels]
		for i, w := range want {
			if got := img.Pix[at+i]; max(got, w)-min(got, w) > 6 {
				t.Errorf("%s: channel %d is %d, want %d", c.name, i, got, w)
			}
		}
		again := s.path("again-" + c.name)
		if err := WriteMP4(t.Context(), again, m, shots(c.width, c.height, channels, 20)); err != nil {
			t.Fatal(err)
		}
		if string(s.read(path)) != string(s.read(again)) {
			t.Errorf("%s: the same frames give other bytes", c.name)
		}
	}
}

// TestWriteMP4Fails leaves the file that was there, and nothing beside it.
func TestWriteMP4Fails(t *testing.T) {
	s := newStudio(t)
	m := MP4{Width: 64, Height: 48, FFmpeg: s.ffmpeg}
	enough := errors.New("enough")
	for name, c := range map[string]struct {
		frames func(func(imaging.Image) error) error
		want   string
	}{
		"caller": {func(write func(imaging.Image) error) error {
			return errors.Join(shots(64, 48, 1, 3)(write), enough)
		}, "enough"},
		"none":  {shots(64, 48, 1, 0), "no frames to write"},
		"size":  {shots(63, 48, 1, 1), "63x48"},
		"kind":  {shots(64, 48, 3, 1), "3 channels"},
		"close": {func(func(imaging.Image) error) error { return enough }, "enough"},
	} {
		path := s.write("a.mp4", []byte("before"))
		err := WriteMP4(t.Context(), path, m, c.frames)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: the error is %v, want %q", name, err, c.want)
		}
		if string(s.read(path)) != "before" {
			t.Errorf("%s: the file has changed", name)
		}
		entries, err := os.ReadDir(s.dir)
		if err != nil || len(entries) != 1 {
			t.Errorf("%s: %v is left, %v", name, entries, err)
		}
	}
	if err := WriteMP4(t.Context(), s.path("none/a.mp4"), m, shots(64, 48, 1, 1)); err == nil {
		t.Error("a file is written where there is no folder")
	}
}

// TestFullDisk writes to the device that is always full.
func TestFullDisk(t *testing.T) {
	s := newStudio(t)
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full")
	}
	m := MP4{Width: 64, Height: 48, FFmpeg: s.ffmpeg}
	for _, n := range []int{2, 200} {
		noisy := func(write func(imaging.Image) error) error {
			for i := range n {
				img := imaging.New(64, 48, 1)
				for j := range img.Pix {
					img.Pix[j] = uint8((i + 1) * j * 2654435761 >> 7)
				}
				if err := write(img); err != nil {
					return fmt.Errorf("frame %d: %w", i, err)
				}
			}
			return nil
		}
		if err := m.encode(t.Context(), "/dev/full", noisy); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%d frames: the error is %v", n, err)
		}
	}
}

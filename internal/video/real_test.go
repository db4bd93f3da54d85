package video

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// testFFmpeg finds ffmpeg or skips the test.
func testFFmpeg(t testing.TB) *FFmpeg {
	t.Helper()
	f, err := Find(context.Background(), "")
	if errors.Is(err, Missing) {
		t.Skip("ffmpeg is not installed, so no videos are decoded: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// readAll counts the frames of a video and returns its summary.
func readAll(r *Reader) (Summary, error) {
	defer r.Close()
	for {
		_, err := r.Next()
		if err == io.EOF {
			return r.Summary(), nil
		}
		if err != nil {
			return r.Summary(), err
		}
	}
}

// realClips are the clips of the data, every nth of them.
func realClips(t testing.TB, nth int) []string {
	t.Helper()
	data := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if data == "" {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set")
	}
	clips, err := filepath.Glob(filepath.Join(data, "drone-ir", "*", "*", "*.mp4"))
	if err != nil || len(clips) == 0 {
		t.Skip("there is no folder drone-ir with clips")
	}
	var some []string
	for i := 0; i < len(clips); i += nth {
		some = append(some, clips[i])
	}
	return some
}

// TestRealClips decodes clips of the data twice, as files and through a pipe.
func TestRealClips(t *testing.T) {
	f := testFFmpeg(t)
	for _, clip := range realClips(t, 25) {
		o := Options{FFmpeg: f, Digest: true}
		r, err := Open(t.Context(), clip, o)
		if err != nil {
			t.Error(err)
			continue
		}
		info := r.Info()
		first, err := readAll(r)
		if err != nil {
			t.Error(err)
			continue
		}
		o.Threads = 2
		if r, err = Open(t.Context(), clip, o); err != nil {
			t.Error(err)
			continue
		}
		second, err := readAll(r)
		if err != nil || first.Digest != second.Digest || first.Frames != second.Frames || first.Frames == 0 {
			t.Errorf("%s: %+v, then %+v, %v", clip, first, second, err)
		}
		if got := info.Format.String(); got != "yuv420p 320x256 limited bt601" || info.Tagged || info.Rate != (Rational{30, 1}) {
			t.Errorf("%s: %s, %s frames a second", clip, got, info.Rate)
		}
	}
}

// BenchmarkDecode reads a clip, and has ffmpeg decode it to nothing, in turns.
func BenchmarkDecode(b *testing.B) {
	f := testFFmpeg(b)
	clip := realClips(b, 1000)[0]
	var ours, theirs, converted time.Duration
	frames := 0
	for b.Loop() {
		begun := time.Now()
		out, err := exec.Command(f.Path, "-v", "error", "-nostdin", "-threads", "1", "-i", clip, "-f", "null", "-").CombinedOutput()
		if err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		theirs += time.Since(begun)
		frames += read(b, f, clip, nil, &ours)
		read(b, f, clip, &Output{}, &converted)
	}
	b.ReportMetric(float64(frames)/theirs.Seconds(), "ffmpeg-frames/s")
	b.ReportMetric(float64(frames)/ours.Seconds(), "frames/s")
	b.ReportMetric(float64(frames)/converted.Seconds(), "grey-frames/s")
}

// read reads a clip, with the digest of its planes, and makes pixels of it if asked to.
func read(b *testing.B, f *FFmpeg, clip string, o *Output, took *time.Duration) int {
	begun := time.Now()
	r, err := Open(b.Context(), clip, Options{FFmpeg: f, Digest: true})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	var c *Converter
	var img imaging.Image
	if o != nil {
		if c, err = NewConverter(r.Info().Format, *o); err != nil {
			b.Fatal(err)
		}
		img = c.New()
	}
	n := 0
	for {
		frame, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if c != nil {
			c.Convert(img, frame.Data)
		}
		n++
	}
	*took += time.Since(begun)
	return n
}

func BenchmarkConvert(b *testing.B) {
	for _, pixels := range []string{"yuv420p", "yuv420p10le", "gray16le"} {
		for _, colour := range []bool{false, true} {
			f := Format{Pixels: pixels, Width: 640, Height: 512, Range: Limited, Matrix: BT601}
			c, err := NewConverter(f, Output{Colour: colour})
			if err != nil {
				b.Fatal(err)
			}
			data, img := make([]byte, f.Bytes()), c.New()
			b.Run(fmt.Sprintf("%s/colour=%v", pixels, colour), func(b *testing.B) {
				b.SetBytes(640 * 512)
				for b.Loop() {
					c.Convert(img, data)
				}
			})
		}
	}
}

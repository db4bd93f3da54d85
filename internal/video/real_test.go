package video

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
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

// TestRealClips decodes the clips of the data twice.
func TestRealClips(t *testing.T) {
	data := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if data == "" {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set")
	}
	f := testFFmpeg(t)
	clips, err := filepath.Glob(filepath.Join(data, "drone-ir", "*", "*", "*.mp4"))
	if err != nil || len(clips) == 0 {
		t.Skip("there is no drone-ir")
	}
	for i, clip := range clips {
		if testing.Short() && i%20 > 0 {
			continue
		}
		r, err := Open(context.Background(), clip, Options{FFmpeg: f, Digest: true})
		if err != nil {
			t.Error(err)
			continue
		}
		info := r.Info()
		s, err := readAll(r)
		if err != nil {
			t.Error(err)
			continue
		}
		if i < 3 {
			t.Logf("%+v %+v", info, s)
		}
	}
}

// Package watch predicts on videos: it finds targets, or takes whole frames, classifies them,
// and says of each frame and each clip what they show.
package watch

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/video"
)

// Request says how videos are predicted on.
type Request struct {
	// Raw says what files and standard input hold that are streams of frames without headers;
	// nil: they are videos.
	Raw *video.Raw
	// Stream says that standard input is a video, and that files are, whatever their names.
	Stream  bool
	Every   Every
	Retries int // how often a network address is opened again
	Lag     int // frames after which the path of a target is decided; 0: those of the model
	// Stall is the longest wait for a frame; 0 is that of package video.
	Stall time.Duration
}

// Every says which frames have lines: each so many, or the first in each time of that length,
// counted from the first frame. The zero value is every frame.
type Every struct {
	Frames int
	Time   time.Duration
}

// ParseEvery reads a number of frames, such as 5, or a time, such as 0.5s.
func ParseEvery(text string) (Every, error) {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 {
			return Every{}, fmt.Errorf("want 1 frame or more")
		}
		return Every{Frames: n}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Millisecond {
		return Every{}, fmt.Errorf("%q: want a number of frames, such as 5, or a time of a millisecond or more, such as 0.5s", text)
	}
	return Every{Time: d}, nil
}

// String is the form that ParseEvery reads.
func (e Every) String() string {
	if e.Time > 0 {
		return e.Time.String()
	}
	return strconv.Itoa(max(1, e.Frames))
}

// choice chooses the frames of one clip.
type choice struct {
	Every
	begun bool
	last  time.Duration // the number of the time that the last frame chosen was in
}

// of says whether a frame has a line, by its number and its time since the first.
func (c *choice) of(frame int, elapsed time.Duration) bool {
	if c.Time <= 0 {
		return frame%max(1, c.Frames) == 0
	}
	slot := elapsed / c.Time
	if c.begun && slot <= c.last {
		return false
	}
	c.begun, c.last = true, slot
	return true
}

// rawForm is the form of [ParseRaw] in words.
const rawForm = "want WIDTHxHEIGHT:FORMAT:RATE, such as 320x256:gray8:30"

// ParseRaw reads what a stream of frames without headers holds, such as 320x256:gray8:30: size,
// pixel format by ffmpeg's name (gray8 is gray, and gray16 is gray16le), frames a second.
func ParseRaw(text string) (*video.Raw, error) {
	words := strings.Split(text, ":")
	if len(words) != 3 {
		return nil, fmt.Errorf("%q: %s", text, rawForm)
	}
	width, height, ok := strings.Cut(words[0], "x")
	w, err1 := strconv.Atoi(width)
	h, err2 := strconv.Atoi(height)
	rate, err := parseRate(words[2])
	if !ok || err1 != nil || err2 != nil || err != nil {
		return nil, fmt.Errorf("%q: %s", text, rawForm)
	}
	format := video.Format{Pixels: words[1], Width: w, Height: h, Range: video.Full, Matrix: video.BT601}
	if name, short := map[string]string{"gray8": "gray", "gray16": "gray16le"}[words[1]]; short {
		format.Pixels = name
	}
	if err := format.Check(); err != nil {
		return nil, fmt.Errorf("%q: %w", text, err)
	}
	format.Range, format.Matrix = "", "" // as package video takes raw frames
	return &video.Raw{Format: format, Rate: rate}, nil
}

// parseRate reads 30, 29.97 or 30000/1001.
func parseRate(text string) (video.Rational, error) {
	num, den, fraction := strings.Cut(text, "/")
	if !fraction {
		whole, decimals, _ := strings.Cut(text, ".")
		num, den = whole+decimals, "1"+strings.Repeat("0", len(decimals))
	}
	n, err1 := strconv.ParseInt(num, 10, 32)
	d, err2 := strconv.ParseInt(den, 10, 32)
	if err1 != nil || err2 != nil || n < 1 || d < 1 {
		return video.Rational{}, fmt.Errorf("%q is no number of frames a second", text)
	}
	return video.Rational{Num: n, Den: d}, nil
}

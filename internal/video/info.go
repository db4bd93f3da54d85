package video

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Rational is a number of seconds, a time base or a frame rate. Den is 0 where it is unknown.
type Rational struct {
	Num int64 `json:"num"`
	Den int64 `json:"den"`
}

// Known says whether the number is known.
func (r Rational) Known() bool { return r.Den > 0 }

// Float is the nearest number of the type, for figures that need not be exact.
func (r Rational) Float() float64 { return float64(r.Num) / float64(r.Den) }

// Decimal writes the number with a fixed count of decimals, to nearest, halves away from 0.
// It is exact for all numbers.
func (r Rational) Decimal(places int) string {
	if !r.Known() {
		return ""
	}
	num, sign := uint64(r.Num), ""
	if r.Num < 0 {
		num, sign = -num, "-"
	}
	den := uint64(r.Den)
	whole, rest := num/den, num%den
	digits := make([]byte, 0, places)
	for range places {
		hi, lo := bits.Mul64(rest, 10)
		var d uint64
		d, rest = bits.Div64(hi, lo, den)
		digits = append(digits, '0'+byte(d))
	}
	if rest >= den-rest { // half or more
		for i := len(digits) - 1; ; i-- {
			if i < 0 {
				whole++
				break
			}
			if digits[i]++; digits[i] <= '9' {
				break
			}
			digits[i] = '0'
		}
	}
	text := fmt.Sprint(whole)
	if places > 0 {
		text += "." + string(digits)
	}
	if strings.Trim(text, "0.") == "" {
		sign = ""
	}
	return sign + text
}

// String is the number as a fraction, without the denominator where that is 1.
func (r Rational) String() string {
	switch {
	case !r.Known():
		return "unknown"
	case r.Den == 1:
		return fmt.Sprint(r.Num)
	}
	return fmt.Sprintf("%d/%d", r.Num, r.Den)
}

// Info is what is known of a video when its first frame is.
type Info struct {
	Name      string   `json:"name"` // as messages name it
	Container string   `json:"container"`
	Codec     string   `json:"codec"`
	Format    Format   `json:"format"`
	TimeBase  Rational `json:"time_base"`  // unit of time stamps, in seconds
	Rate      Rational `json:"frame_rate"` // frames a second, as the file says; may be unknown
	// Tagged says whether range and matrix are those of the stream's tags; otherwise they
	// follow the rule for untagged video.
	Tagged       bool   `json:"tagged"`
	Rotation     string `json:"rotation,omitempty"` // degrees of the tag, which is not applied
	VideoStreams int    `json:"video_streams"`
	Program      string `json:"ffmpeg,omitempty"` // version of ffmpeg, "" where it was not needed
}

// Policy says what becomes of a video with a flaw.
type Policy int

// The policies.
const (
	Refuse Policy = iota // an error
	Warn                 // a warning, and the frames as they are
)

// Options say how a video is read. The zero value refuses every flaw.
type Options struct {
	FFmpeg  *FFmpeg       // the program; nil: looked for by [Find]
	Threads int           // of the decoder; 0 is 1. Frames do not depend on it.
	Stall   time.Duration // longest wait for a frame; 0 is a minute
	// MaxPixels is the largest frame, in pixels; 0 is 2^26. Frames that need more are refused
	// before memory is taken for them.
	MaxPixels int
	Stream    int    // which of several video streams is read, from 1 on; 0: there must be one
	Range     Range  // instead of the tag and the rule for untagged video; "": not
	Matrix    Matrix // likewise

	// Damage: frames that cannot be decoded, files cut short, sizes that change. With Warn the
	// frames that could be read are delivered, and then [Summary.Damage] says what is wrong.
	Damage Policy
	// Timing: a rate that varies, and time stamps that repeat or go backwards.
	Timing   Policy
	Rotation Policy // a rotation tag: with Warn frames are delivered as they are stored
	Streams  Policy // several video streams: with Warn the first is taken

	Digest bool // compute [Summary.Digest]

	// Rate is the frame rate of folders of frames, which say none; 0 is 25. KeepDepth gives
	// the 16 bits of their files.
	Rate      Rational
	KeepDepth bool

	// Retries is how often a network address is opened again in all, Pause the wait before it;
	// 0 is a second.
	Retries int
	Pause   time.Duration

	// Warn gets warnings: a message and attributes of the log. May be nil.
	Warn func(message string, attributes ...any)
}

// MaxSide bounds width and height, in pixels.
const MaxSide = 65535

func (o Options) stall() time.Duration {
	if o.Stall > 0 {
		return o.Stall
	}
	return time.Minute
}

func (o Options) maxPixels() int {
	if o.MaxPixels > 0 {
		return o.MaxPixels
	}
	return 1 << 26
}

func (o Options) warn(message string, attributes ...any) {
	if o.Warn != nil {
		o.Warn(message, attributes...)
	}
}

// checkSize refuses frames that are larger than the options allow.
func (o Options) checkSize(name string, width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide || width > o.maxPixels()/height {
		return failf(name, TooLarge, "frames of %dx%d pixels, which is more than the %d that are read: make them smaller, as with ffmpeg -i IN -vf scale=1920:-2 OUT.mp4",
			width, height, o.maxPixels())
	}
	return nil
}

package clips

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/video"
)

// Video decodes the files and folders of clips.
type Video struct {
	FFmpeg *video.FFmpeg // nil where there are only folders
	Rate   int           // frames a second of folders
	// Wide gives the values of 16 bits of frames with more than 8; else all have 8.
	Wide bool
	// AsStored leaves grey and RGB as they are, with Wide, and does not bring them to 16 bits.
	AsStored bool
	// Levelled refuses grey and RGB of more than 8 bits, of which nothing says what levels are black
	// and white; else they are cut to 8 bits, unless Wide.
	Levelled bool
	// Sensor brings such frames to 8 bits, unless Wide; nil where no profile is given.
	Sensor *sensor.Profile
}

// Name implements [Decoder].
func (v *Video) Name() string {
	version := ""
	if v.FFmpeg != nil {
		version = v.FFmpeg.Version
	}
	name := fmt.Sprintf("ffmpeg %s, rate %d, wide %t, %s", version, v.Rate, v.Wide, imaging.DecoderRules)
	if v.AsStored {
		name += ", as stored"
	}
	if v.Sensor != nil && !v.Wide {
		name += ", " + v.Sensor.ShownName()
	}
	return name
}

// Frames implements [Decoder]. A file whose frames cannot all be read is refused, and one
// whose rate varies is not: labels go by the numbers of frames.
func (v *Video) Frames(ctx context.Context, c Clip, colour bool, end *Ending) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		options := video.Options{
			FFmpeg: v.FFmpeg, Rate: video.Rational{Num: int64(v.Rate), Den: 1}, KeepDepth: v.Wide || v.Levelled || v.Sensor != nil, Timing: video.Warn, Digest: true,
		}
		r, err := video.Open(ctx, c.Path, options)
		if err != nil {
			yield(Frame{}, err)
			return
		}
		defer r.Close()
		format := r.Info().Format
		end.Shown = !v.Wide && Brings(v.Sensor, format)
		if v.Levelled && !v.Wide && !end.Shown && format.Deep() {
			yield(Frame{}, config.Usagef("%s has values of %d bits, and nothing says which of them are black and white: give --levels LOW,HIGH, or --sensor with a profile of the camera that has its bit depth; 'blocktrain sensor fit' measures both%s",
				c.Path, format.Depth(), RangeText(r)))
			return
		}
		if err := v.yieldAll(r, format, colour, yield); err != nil && !errors.Is(err, errStopped) {
			if end.Shown {
				err = fmt.Errorf("%s: %w", c.Path, err)
			}
			yield(Frame{}, err)
			return
		}
		summary := r.Summary()
		end.Digest = summary.Digest
		for _, warning := range summary.Warnings {
			end.Warnings = append(end.Warnings, c.Path+": "+strings.TrimPrefix(warning, c.Path+": "))
		}
	}
}

// errStopped says that no more frames are wanted.
var errStopped = errors.New("stopped")

// yieldAll yields frames to the end.
func (v *Video) yieldAll(r *video.Reader, format video.Format, colour bool, yield func(Frame, error) bool) error {
	converter, err := NewConverter(format, video.Output{Colour: colour, Wide: v.Wide, AsStored: v.AsStored}, v.Sensor)
	if err != nil {
		return err
	}
	for {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !colour && !format.Colourless(frame.Data) {
			return ErrColour
		}
		img, err := converter.Frame(frame.Data)
		if err != nil {
			return err
		}
		if !yield(Frame{Time: duration(frame.Elapsed), Image: img}, nil) {
			return errStopped
		}
	}
}

// duration is a number of seconds to the nanosecond, rounded down.
func duration(seconds video.Rational) time.Duration {
	if !seconds.Known() {
		return 0
	}
	whole, rest := seconds.Num/seconds.Den, seconds.Num%seconds.Den
	return time.Duration(whole)*time.Second + time.Duration(rest*int64(time.Second)/seconds.Den)
}

package clips

import (
	"errors"
	"fmt"
	"io"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
	"github.com/blocktrain/blocktrain/internal/video"
)

// Frames of more than 8 bits whose values are levels of a camera ([video.Format.Deep]) say nothing of
// what is black and white. Either the range of --levels brings them to 8 bits, or a sensor profile.

// Brings says whether a profile brings frames of a format to 8 bits, as [Converter.Frame] does: those that
// are levels of a camera, where its converter has more than 8 bits.
func Brings(p *sensor.Profile, format video.Format) bool {
	return p != nil && p.BitDepth > 8 && format.Deep()
}

// Converter makes pixels of the frames of a video, of 16 bits or of 8. Those that a profile brings to 8
// bits are 16 bits on the way, and shown as whole frames.
type Converter struct {
	*video.Converter
	by *sensor.Profile // nil: nothing is shown
}

// NewConverter makes a converter for frames of a format. Wide of the output is about frames that have
// more than 8 bits alone, and outranks the profile, which may be nil. The error of a profile that frames
// of that depth do not suit names its key.
func NewConverter(format video.Format, output video.Output, by *sensor.Profile) (*Converter, error) {
	c := &Converter{}
	if !output.Wide && Brings(by, format) {
		var err error
		if output.AsStored, err = by.AsStored(format.Depth()); err != nil {
			return nil, config.Usage(err)
		}
		output.Wide, c.by = true, by
	}
	output.Wide = output.Wide && format.Depth() > 8
	var err error
	c.Converter, err = video.NewConverter(format, output)
	return c, err
}

// Frame is a new image of a frame.
func (c *Converter) Frame(data []byte) (imaging.Image, error) {
	img := c.New()
	c.Convert(img, data)
	if c.by == nil {
		return img, nil
	}
	shown, err := c.by.Shown(img)
	if err != nil {
		return img, config.Usage(err)
	}
	return shown, nil
}

// rangeFrames are the frames by which the range of a video is found at most.
const rangeFrames = 64

// RangeText says how --levels would be given for a video of which no frame was read: the range that
// sensor fit finds, in its first frames. It is empty where none can be read.
func RangeText(r *video.Reader) string {
	levels, frames, err := rangeOf(r)
	if err != nil || frames == 0 {
		return ""
	}
	return fmt.Sprintf("; all but a thousandth of the values at either end of its first %d frames lie in %d to %d: --levels %s", frames, levels.Low, levels.High, levels)
}

func rangeOf(r *video.Reader) (levels imaging.Levels, frames int, err error) {
	var counts measure.Histogram
	var c *video.Converter
	format := r.Info().Format
	for ; frames < rangeFrames; frames++ {
		frame, err := r.Next()
		if errors.Is(err, io.EOF) || err != nil && frames > 0 {
			break
		}
		if err != nil {
			return levels, 0, err
		}
		if c == nil {
			output := video.Output{Colour: !format.Colourless(frame.Data), Wide: true}
			if c, err = video.NewConverter(format, output); err != nil {
				return levels, 0, err
			}
		}
		img := c.New()
		c.Convert(img, frame.Data)
		counts = counts.Count(img)
	}
	if frames == 0 {
		return levels, 0, nil
	}
	return counts.Levels().Range(), frames, nil
}

package watch

import (
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/video"
)

// arrival is what is remembered of a frame until its line is written.
type arrival struct {
	frame   int
	elapsed video.Rational // since the first frame
	chosen  bool           // it has a line
	picture imaging.Image  // where it will be drawn on
	at      time.Time
}

// feed gives the frames of a video. A stream is cut where an address was opened again, and where
// a video without colours gets some, since pictures then have other channels.
//
// A video is read as training reads it: in colour if it has colours, grey otherwise. A stream
// does not say beforehand which it is.
type feed struct {
	reader *video.Reader
	format video.Format
	wide   bool
	choice choice
	keep   bool // pictures are kept for drawing

	sensor       *sensor.Profile // that brings frames to 8 bits; nil: none does
	grey, colour *clips.Converter
	coloured     bool
	reopened     int

	mu      sync.Mutex
	waiting []arrival // of frames that were read, without those that were taken
}

func newFeed(r *video.Reader, wide bool, by *sensor.Profile, every Every, keep bool) *feed {
	format := r.Info().Format
	return &feed{reader: r, format: format, wide: wide, sensor: by, choice: choice{Every: every}, keep: keep}
}

// frames yields all frames. For each that it yields, one arrival waits.
func (f *feed) frames() iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		for {
			frame, err := f.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(frame, err) || err != nil {
				return
			}
		}
	}
}

// next reads a frame.
func (f *feed) next() (clips.Frame, error) {
	read, err := f.reader.Next()
	if err != nil {
		return clips.Frame{}, err
	}
	coloured := f.coloured || !f.format.Colourless(read.Data)
	cut := read.Index > 0 && (coloured != f.coloured || read.Reopened != f.reopened)
	f.coloured, f.reopened = coloured, read.Reopened
	img, err := f.convert(read.Data)
	if err != nil {
		return clips.Frame{}, err
	}
	frame := clips.Frame{Time: duration(read.Elapsed), Image: img, Cut: cut}
	arrived := arrival{frame: read.Index, elapsed: read.Elapsed, chosen: f.choice.of(read.Index, frame.Time), at: time.Now()}
	if f.keep {
		arrived.picture = img
	}
	f.put(arrived)
	return frame, nil
}

// convert makes the picture of a frame.
func (f *feed) convert(data []byte) (imaging.Image, error) {
	made := &f.grey
	if f.coloured {
		made = &f.colour
	}
	if *made == nil {
		var err error
		if *made, err = clips.NewConverter(f.format, video.Output{Colour: f.coloured, Wide: f.wide}, f.sensor); err != nil {
			return imaging.Image{}, err
		}
	}
	return (*made).Frame(data)
}

// duration is a number of seconds to the nanosecond, rounded down.
func duration(seconds video.Rational) time.Duration {
	if !seconds.Known() {
		return 0
	}
	whole, rest := seconds.Num/seconds.Den, seconds.Num%seconds.Den
	return time.Duration(whole)*time.Second + time.Duration(rest*int64(time.Second)/seconds.Den)
}

func (f *feed) put(a arrival) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, a)
}

// front is the oldest frame that was not taken.
func (f *feed) front() arrival {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.waiting[0]
}

// take is front, and forgets it.
func (f *feed) take() arrival {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.waiting[0]
	f.waiting[0] = arrival{} // so that its picture can go
	f.waiting = f.waiting[1:]
	return a
}

package video

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// Frame is one frame of a video.
type Frame struct {
	Index int // from 0 on
	// PTS is the time stamp in units of Info.TimeBase: the stream's own. Frames of streams that
	// have none are counted at the frame rate.
	PTS int64
	// Time is the time stamp in seconds, Elapsed what has passed since the first frame.
	Time, Elapsed Rational
	// Reopened counts how often the address was opened again before the frame. Frames on
	// either side of a gap are not neighbours.
	Reopened int
	// Data are the planes, Format.Bytes bytes, valid until the next call of Next.
	Data []byte
}

// Summary is what is known of a video when all frames are read.
type Summary struct {
	Frames int `json:"frames"`
	// Digest is the SHA-256, in hexadecimal, of "blocktrain planes 1\n", the format's String
	// and "\n", and the planes of all frames. "" if it was not asked for.
	Digest   string   `json:"planes_sha256,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Damage says why not all frames could be read, or not as they were; "" if they could.
	Damage string `json:"damage,omitempty"`
}

// stamped is a frame as a source gives it.
type stamped struct {
	data     []byte
	pts      int64
	timed    bool
	reopened int
}

// A source gives the frames of a video in order.
type source interface {
	// next reads a frame into buf, or memory of its own where that is too small. It returns
	// io.EOF at the end.
	next(buf []byte) (stamped, error)
	// info is valid when the first frame is read.
	info() Info
	close()
}

// A Reader yields the frames of one video in order. It is used by one goroutine at a time.
type Reader struct {
	source   source
	options  Options
	info     Info
	ahead    *stamped // the first frame, which was read for its format
	buf      []byte
	digest   hash.Hash
	clock    clock
	summary  Summary
	finished error
}

// newReader reads the first frame of a source, and closes that if there is none.
func newReader(s source, o Options) (*Reader, error) {
	first, err := s.next(nil)
	if err != nil {
		s.close()
		return nil, err
	}
	r := &Reader{source: s, options: o, info: s.info(), ahead: &first, buf: first.data}
	r.clock = newClock(&r.info, first.timed)
	if o.Digest {
		r.digest = sha256.New()
		fmt.Fprintf(r.digest, "blocktrain planes 1\n%s\n", r.info.Format)
	}
	if err := r.tagged(); err != nil {
		s.close()
		return nil, err
	}
	return r, nil
}

// tagged looks at what the whole stream is marked with.
func (r *Reader) tagged() error {
	name := r.info.Name
	if n := r.info.VideoStreams; n > 1 && r.options.Stream == 0 {
		err := failf(name, Ambiguous, "has %d video streams, want one: take one out, as with ffmpeg -i IN -map 0:v:0 -c copy OUT.mkv", n)
		if err := r.flaw(r.options.Streams, err, "the first is taken"); err != nil {
			return err
		}
	}
	if r.info.Rotation != "" {
		err := failf(name, Rotated, "is marked to be shown turned by %s degrees, and it is not known whether boxes and labels are those of the turned picture: remove the mark, as with ffmpeg -noautorotate -i IN -c:v ffv1 OUT.mkv, or turn the pixels, as with ffmpeg -i IN -c:v ffv1 OUT.mkv", r.info.Rotation)
		if err := r.flaw(r.options.Rotation, err, "frames are read as they are stored"); err != nil {
			return err
		}
	}
	return nil
}

// flaw returns an error, or notes it as a warning if the policy says so.
func (r *Reader) flaw(p Policy, err error, consequence string) error {
	if p == Refuse {
		return err
	}
	r.note(err.Error() + "; " + consequence)
	return nil
}

func (r *Reader) note(warning string) {
	if !slices.Contains(r.summary.Warnings, warning) {
		r.summary.Warnings = append(r.summary.Warnings, warning)
		r.options.warn(warning)
	}
}

// Info is what is known of the video.
func (r *Reader) Info() Info { return r.info }

// Next returns the next frame, or io.EOF when there is none. After an error the same comes
// again.
func (r *Reader) Next() (*Frame, error) {
	if r.finished != nil {
		return nil, r.finished
	}
	f, err := r.next()
	if err != nil {
		r.finish(err)
		return nil, r.finished
	}
	return f, nil
}

func (r *Reader) next() (*Frame, error) {
	s := r.ahead
	if r.ahead = nil; s == nil {
		read, err := r.source.next(r.buf)
		if err != nil {
			return nil, err
		}
		s, r.buf = &read, read.data
	}
	f := &Frame{Index: r.summary.Frames, Data: s.data, Reopened: s.reopened}
	flaw := r.clock.stamp(f, s)
	if flaw != nil {
		flaw.Name = r.info.Name
		if err := r.flaw(r.options.Timing, flaw, "frames are read as they come"); err != nil {
			return nil, err
		}
	}
	if r.digest != nil {
		r.digest.Write(s.data)
	}
	r.summary.Frames++
	return f, nil
}

// finish ends the reading. What damage leaves is the whole video if the options say so.
func (r *Reader) finish(err error) {
	r.source.close()
	r.finished = err
	damage := errors.Is(err, Damaged) || errors.Is(err, Stalled) || errors.Is(err, Changed)
	if damage && r.options.Damage == Warn {
		r.summary.Damage = err.Error()
		r.options.warn(err.Error()+"; what could be read is used", "frames", r.summary.Frames)
		r.finished = io.EOF
	}
	if r.digest != nil && errors.Is(r.finished, io.EOF) {
		r.summary.Digest = hex.EncodeToString(r.digest.Sum(nil))
	}
}

// Summary is complete when Next has returned io.EOF.
func (r *Reader) Summary() Summary { return r.summary }

// Close ends the reading and the program that decodes. It may be called more than once.
func (r *Reader) Close() {
	if r.finished == nil {
		r.source.close()
		r.finished = errClosed
	}
}

var errClosed = errors.New("the video is closed")

package video

import (
	"context"
	"errors"
	"io"
	"time"
)

// Raw says what a stream of frames without any header holds.
type Raw struct {
	Format Format   // Range and Matrix may be "": full, and limited BT.601 of YUV
	Rate   Rational // frames a second; unknown is 25
}

// raw is a stream of planes, read without ffmpeg.
type raw struct {
	ctx    context.Context
	known  Info
	stall  time.Duration
	frames int
	pieces chan piece
	free   chan []byte
	buf    []byte
}

// piece is a frame, or the end of the stream.
type piece struct {
	data []byte
	n    int
	err  error
}

// OpenRaw reads a stream of frames without headers, one after the other. name stands for it in
// messages. r is closed by Close if it can be; a read from it that waits then goes on until
// it ends.
func OpenRaw(ctx context.Context, name string, r io.Reader, what Raw, o Options) (*Reader, error) {
	f := what.Format
	if l, ok := layouts[f.Pixels]; ok && l.kind == yuv {
		f.Range, f.Matrix = either(f.Range, Limited), either(f.Matrix, BT601)
	} else {
		f.Range = either(f.Range, Full)
	}
	if o.Range != "" {
		f.Range = o.Range
	}
	if err := f.Check(); err != nil {
		return nil, failf(name, Unsupported, "%v", err)
	}
	if err := o.checkSize(name, f.Width, f.Height); err != nil {
		return nil, err
	}
	s := &raw{ctx: ctx, stall: o.stall(), pieces: make(chan piece), free: make(chan []byte, 2),
		known: Info{Name: name, Container: "raw", Codec: "rawvideo", Format: f, Rate: what.Rate, Tagged: true, VideoStreams: 1}}
	for range cap(s.free) {
		s.free <- make([]byte, f.Bytes())
	}
	ctx, cancel := context.WithCancel(ctx)
	s.ctx = ctx
	go s.read(r)
	return newReader(&closing{s, cancel, r}, o)
}

func either[T ~string](a, b T) T {
	if a != "" {
		return a
	}
	return b
}

// closing ends the reading of a raw stream.
type closing struct {
	*raw
	cancel context.CancelFunc
	from   io.Reader
}

func (c *closing) close() {
	c.cancel()
	if closer, ok := c.from.(io.Closer); ok {
		_ = closer.Close()
	}
}

// read takes frames from the stream until it ends. It is a goroutine of its own, since a read
// from a pipe cannot be ended.
func (s *raw) read(r io.Reader) {
	for {
		var buf []byte
		select {
		case buf = <-s.free:
		case <-s.ctx.Done():
			return
		}
		n, err := io.ReadFull(r, buf)
		select {
		case s.pieces <- piece{buf, n, err}:
		case <-s.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

func (s *raw) info() Info { return s.known }

// next implements source. The frame before is given back to be filled again.
func (s *raw) next([]byte) (stamped, error) {
	if s.buf != nil {
		s.free <- s.buf
		s.buf = nil
	}
	timer := time.NewTimer(s.stall)
	defer timer.Stop()
	name := s.known.Name
	select {
	case <-s.ctx.Done():
		return stamped{}, context.Cause(s.ctx)
	case <-timer.C:
		return stamped{}, failf(name, Stalled, "gave no frame for %s after frame %d: look whether its sender still sends", s.stall, s.frames)
	case p := <-s.pieces:
		switch {
		case p.err == nil:
			s.frames++
			s.buf = p.data
			return stamped{data: p.data}, nil
		case errors.Is(p.err, io.ErrUnexpectedEOF):
			return stamped{}, failf(name, Damaged, "ends with %d bytes of frame %d, want %d: look at the format that was given, %s", p.n, s.frames, len(p.data), s.known.Format)
		case !errors.Is(p.err, io.EOF):
			return stamped{}, failf(name, Damaged, "cannot be read after frame %d: %v", s.frames, p.err)
		case s.frames == 0:
			return stamped{}, failf(name, Empty, "has no frames: give a stream that has some")
		}
		return stamped{}, io.EOF
	}
}

package engine

import "github.com/blocktrain/blocktrain/internal/nn"

// Where the tensors of a single image outgrow the cache, a group's operations go
// through the image strip by strip: each does as many rows as the operations before
// it have made ready, so that these are read while they are in the cache. What is
// done of an image at a time does not affect any bit: outputs are chains of their
// own, and sums over pixels go on from one strip to the next in the order of pixels.

// access is which pixels an operation touches when it does the first of its units,
// which are pixels of an image.
type access struct {
	align  int     // a part has a multiple of so many units, but at the image's end; 0 for any
	writes *tensor // the units themselves; nil for a sum over them
	reads  []read
}

// read is a tensor that an operation reads: the units themselves, or others.
type read struct {
	t      *tensor
	pixels int                          // of an example
	ready  func(pixels int) (units int) // what can be done with the first pixels; nil for as many
}

// inStrips says that an operation can go through an image strip by strip, in so many
// units; it cannot where a tensor is an image of another shape to those who made it.
func (o *op) inStrips(units int, a access) {
	if a.writes != nil && a.writes.pixels != units {
		return
	}
	for _, r := range a.reads {
		if r.t.pixels != r.pixels {
			return
		}
	}
	o.units, o.access = units, &a
}

// divisible says that an operation can do any of its units.
func (o *op) divisible() bool { return o.units > 0 && (o.access == nil || o.access.align == 0) }

// pointwise says that an operation reads only the pixels that it writes, of which it
// can do any.
func (o *op) pointwise() bool {
	if !o.divisible() || o.access == nil || o.access.writes == nil {
		return false
	}
	for _, r := range o.access.reads {
		if r.ready != nil {
			return false
		}
	}
	return true
}

// emitOnPixels appends an operation on images of a shape that computes each pixel of
// writes from the same pixel of the tensors that it reads, or sums over pixels where
// writes is nil.
func (c *compiler) emitOnPixels(name string, shape nn.Shape, run func(w *worker, s span), writes *tensor, reads ...*tensor) *op {
	uses := reads
	if writes != nil {
		uses = append([]*tensor{writes}, reads...)
	}
	o, a, pixels := c.emit(name, run, uses...), access{writes: writes}, shape.H*shape.W
	for _, t := range reads {
		a.reads = append(a.reads, read{t, pixels, nil})
	}
	o.inStrips(pixels, a)
	return o
}

// stream is a run of a group's operations that go through an image together.
type stream []streamed

// streamed is an operation of a stream.
type streamed struct {
	*op
	waits []wait
}

// wait is what an operation waits for: units of an operation before it.
type wait struct {
	operation int
	ready     func(pixels int) (units int)
}

// cutStreams cuts the operations of a group into streams.
func (g *group) cutStreams() (streams []stream) {
	for _, o := range g.ops {
		if last := len(streams) - 1; last >= 0 {
			if waits, ok := streams[last].waits(o); ok {
				streams[last] = append(streams[last], streamed{o, waits})
				continue
			}
		}
		streams = append(streams, stream{{o, nil}})
	}
	return streams
}

// waits lists what o waits for in the stream; ok is false if it cannot join, because
// it or the stream takes images as a whole, or it overwrites what others may not have
// read yet.
func (st stream) waits(o *op) (waits []wait, ok bool) {
	if o.access == nil || st[0].access == nil {
		return nil, false
	}
	for i, before := range st {
		if written := before.access.writes; written != nil {
			for _, r := range o.access.reads {
				if r.t == written {
					waits = append(waits, wait{i, r.ready})
				}
			}
		}
		own := o.access.writes
		if own == nil {
			continue
		}
		if own == before.access.writes {
			waits = append(waits, wait{i, nil})
		}
		for _, r := range before.access.reads {
			if r.t != own {
				continue
			}
			if r.ready != nil {
				return nil, false
			}
			waits = append(waits, wait{i, nil})
		}
	}
	return waits, true
}

// run takes an image through the stream.
func (st stream) run(w *worker, s span, strips int) {
	if len(st) == 1 {
		st[0].run(w, s)
		return
	}
	done := w.progress[:len(st)]
	clear(done)
	for strip := range strips {
		for i, o := range st {
			s.from, s.to = done[i], o.target(done, strip+1, strips)
			if s.from < s.to {
				o.run(w, s)
				done[i] = s.to
			}
		}
	}
}

// target returns the number of units that are to be done at the end of a strip, with
// what is done of the other operations.
func (o streamed) target(done []int, strip, strips int) int {
	if strip == strips {
		return o.units
	}
	target := o.units
	if len(o.waits) == 0 {
		target = o.units * strip / strips
	}
	for _, on := range o.waits {
		ready := done[on.operation]
		if on.ready != nil {
			ready = on.ready(ready)
		}
		target = min(target, ready)
	}
	if o.access.align > 0 {
		target -= target % o.access.align
	}
	return target
}

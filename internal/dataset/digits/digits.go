// Package digits draws handwritten-like digits. A digit starts as a description
// of pen strokes in a unit square (glyphs_*.go), one of the ways in which people
// write it. Then
//
//   - the strokes are varied (shape.go): between related ways of writing, each
//     point and each stroke by itself;
//   - the digit is warped (warp.go): balance of its halves, elastic
//     displacement, width, slant, rotation;
//   - a pen follows the strokes (path.go, pen.go) with a width that changes on
//     the way;
//   - the trace is fitted into the frame (fit.go), inked with soft edges and
//     given noise (canvas.go).
//
// All arithmetic is on integers, so that every machine draws the same pixels.
//
// The images have the format of MNIST (LeCun, Cortes, Burges, 1998): bright ink
// on black, 28x28, the ink about 20 pixels on its longer side and its centre of
// mass about in the middle. The strokes were written down by hand. Looking at
// the real digits that a network trained on drawn ones misread showed which ways
// of writing were missing; no number was fitted to real images by a program.
package digits

import (
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// Size is the width and height of an image in pixels.
const Size = 28

// Classes is the number of different digits.
const Classes = 10

// The stages of drawing have streams of random numbers of their own, so that a
// change in one leaves the others' choices alone.
const (
	laneShape = iota
	laneWarp
	lanePen
	laneFit
	laneNoise
)

// Draw returns digit number index of the series that seed names, as an image of
// shape [Size,Size,1], and which digit it shows: index modulo 10. Equal
// arguments give equal pixels on every machine. index must not be negative.
func Draw(seed uint64, index int) (image imaging.Image, label int) {
	key := rng.NewKey(seed, rng.DrawDigit)
	lane := func(n uint32) hand {
		return hand{key.Stream(uint32(index), uint32(uint64(index)>>32), n)}
	}
	label = index % Classes
	strokes := shape(label, lane(laneShape))
	warp(strokes, lane(laneWarp))
	p := newPen(lane(lanePen))
	trace := p.trace(strokes)
	radius := fit(trace, p, lane(laneFit))
	var ink canvas
	ink.stamp(trace, radius, p.softness)
	return ink.develop(p, lane(laneNoise)), label
}

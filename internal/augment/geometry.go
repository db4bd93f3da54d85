package augment

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// matrix takes a position in the varied image, relative to its centre, to one
// in the original. Its elements are in 1/65536.
type matrix struct{ xx, xy, yx, yy int }

// warp fills dst with src seen through m, interpolated bilinearly. Outside of
// src lies o.
func warp(dst, src imaging.Image, m matrix, o outside) {
	// Positions are doubled, so that the centre (W-1)/2, (H-1)/2 is whole.
	right, bottom := src.Width-1, src.Height-1
	for y := range dst.Height {
		v := 2*y - bottom
		row := dst.Row(y)
		for x := range dst.Width {
			u := 2*x - right
			sx := (m.xx*u + m.xy*v + right*one + 1<<8) >> 9 // in 1/256 pixel
			sy := (m.yx*u + m.yy*v + bottom*one + 1<<8) >> 9
			sample(row[x*src.Channels:(x+1)*src.Channels], src, sx, sy, o)
		}
	}
}

// sample writes to dst the pixel of src at (sx, sy), in 1/256 pixel, as the
// mean of its four neighbours weighted by 1/65536, rounded, halves up.
func sample(dst []uint8, src imaging.Image, sx, sy int, o outside) {
	fill := o.fill
	if o.nearest {
		sx, sy = min(max(sx, 0), (src.Width-1)<<8), min(max(sy, 0), (src.Height-1)<<8)
	}
	x, y, fx, fy := sx>>8, sy>>8, sx&255, sy&255
	if x < -1 || y < -1 || x >= src.Width || y >= src.Height {
		for c := range dst {
			dst[c] = fill
		}
		return
	}
	if x < 0 || y < 0 || x+1 >= src.Width || y+1 >= src.Height {
		for c := range dst {
			dst[c] = blend(
				pixel(src, x, y, c, fill), pixel(src, x+1, y, c, fill),
				pixel(src, x, y+1, c, fill), pixel(src, x+1, y+1, c, fill), fx, fy)
		}
		return
	}
	n := src.Channels
	top := src.Pix[(y*src.Width+x)*n:][:2*n]
	bottom := src.Pix[((y+1)*src.Width+x)*n:][:2*n]
	for c := range dst {
		dst[c] = blend(top[c], top[n+c], bottom[c], bottom[n+c], fx, fy)
	}
}

// blend is the mean of four corners (top left, top right, bottom left, bottom
// right) at the position (fx, fy) between them, in 1/256.
func blend(tl, tr, bl, br uint8, fx, fy int) uint8 {
	top := int(tl)*(256-fx) + int(tr)*fx
	bottom := int(bl)*(256-fx) + int(br)*fx
	return uint8((top*(256-fy) + bottom*fy + 1<<15) >> 16)
}

// pixel is channel c of the pixel at (x, y), which may lie outside.
func pixel(src imaging.Image, x, y, c int, fill uint8) uint8 {
	if x < 0 || y < 0 || x >= src.Width || y >= src.Height {
		return fill
	}
	return src.Pix[(y*src.Width+x)*src.Channels+c]
}

// angle draws an angle between -degrees and +degrees and returns its sine and
// cosine in 1/65536.
func angle(s *rng.Stream, degrees float32) (sin, cos int) {
	const radian = math.Pi / 180
	drawn := s.Uniform(-degrees, degrees)
	radians := float32(drawn * radian)
	return fixed(kernel.Sin(radians)), fixed(kernel.Cos(radians))
}

// source finds where the pixels of a moved line of n come from: index i is the
// position in the original, or -1 outside.
type source func(i, n int) int

// translate copies src to dst so that the pixel at (x, y) comes from
// (x+dx, y+dy). Where that is outside, from says what to take.
func translate(dst, src imaging.Image, dx, dy int, from source, fill uint8) {
	for y := range dst.Height {
		row := dst.Row(y)
		sy := from(y+dy, src.Height)
		for x := range dst.Width {
			to := row[x*src.Channels : (x+1)*src.Channels]
			sx := from(x+dx, src.Width)
			if sx >= 0 && sy >= 0 {
				copy(to, src.Pix[(sy*src.Width+sx)*src.Channels:])
				continue
			}
			for c := range to {
				to[c] = fill
			}
		}
	}
}

// constant leaves what is outside to the fill level.
func constant(i, n int) int {
	if i < 0 || i >= n {
		return -1
	}
	return i
}

// edge repeats the outermost pixel.
func edge(i, n int) int { return min(max(i, 0), n-1) }

// reflect mirrors the image at its outermost pixel, as often as it takes.
func reflect(i, n int) int {
	period := max(2*(n-1), 1)
	if i %= period; i < 0 {
		i += period
	}
	return min(i, period-i)
}

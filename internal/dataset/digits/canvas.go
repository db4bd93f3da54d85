package digits

import "github.com/blocktrain/blocktrain/internal/imaging"

// canvas holds how much of each pixel is inked: 0 to 255.
type canvas [Size * Size]uint8

// stamp inks every dot. Overlapping ink does not add up.
func (c *canvas) stamp(dots []dot, radius, softness int64) {
	for i := range dots {
		d := &dots[i]
		c.disc(d.point, mul(radius, d.width), softness)
	}
}

// disc inks a disc whose edge fades over the width of softness. To take no root
// it fades with the square of the distance, and it reckons in 1/256 of a pixel.
func (c *canvas) disc(centre point, radius, softness int64) {
	const pixel, full = 256, 255
	inner := max(radius-softness/2, 0) / pixel
	outer := (radius + softness/2) / pixel
	x, y := centre.x>>8, centre.y>>8
	edge := outer * outer
	slope := full * one / (edge - inner*inner + 1)
	for row := max((y-outer)>>8, 0); row <= min((y+outer)>>8, Size-1); row++ {
		dy := row*pixel + pixel/2 - y
		line := c[row*Size : (row+1)*Size]
		for column := max((x-outer)>>8, 0); column <= min((x+outer)>>8, Size-1); column++ {
			dx := column*pixel + pixel/2 - x
			if inside := edge - dx*dx - dy*dy; inside > 0 {
				line[column] = max(line[column], uint8(min(inside*slope>>16, full)))
			}
		}
	}
}

// develop returns the canvas as an image: grey levels after the pen's ink, with
// noise where there is ink.
func (c *canvas) develop(p *pen, h hand) imaging.Image {
	img := imaging.New(Size, Size, 1)
	for i, cover := range c {
		if cover == 0 {
			continue
		}
		noise := h.between(-p.grain, p.grain+1)
		level := int64(cover)*p.ink/255 + noise
		img.Pix[i] = uint8(min(max(level, 0), 255))
	}
	return img
}

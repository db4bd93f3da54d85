package augment

import "github.com/blocktrain/blocktrain/internal/imaging"

// What is done to the colours of an image in place, frame by frame. Factors and shares of
// a turn are in 1/65536. Each value is rounded once, halves up, and limited to a byte.

// brighten multiplies values by a factor.
func brighten(m imaging.Image, factor int) {
	for i, p := range m.Pix {
		m.Pix[i] = clamp((int(p)*factor + one/2) >> 16)
	}
}

// contrastBy brings values nearer to the image's mean or further from it.
func contrastBy(m imaging.Image, factor int) {
	rest := meanLuma(m) * (one - factor)
	for i, p := range m.Pix {
		m.Pix[i] = clamp((int(p)*factor + rest + one/2) >> 16)
	}
}

// saturate brings colours nearer to their grey value or further from it. Grey images stay.
func saturate(m imaging.Image, factor int) {
	if !m.Colour() {
		return
	}
	for i := 0; i+3 <= len(m.Pix); i += 3 {
		pixel := m.Pix[i : i+3]
		rest := int(imaging.Luma(pixel[0], pixel[1], pixel[2])) * (one - factor)
		for c, p := range pixel {
			pixel[c] = clamp((int(p)*factor + rest + one/2) >> 16)
		}
	}
}

// turnHues moves every colour along the hexagon of hues by a share of a turn. The largest
// and the smallest of its values stay what they are. Grey images stay.
func turnHues(m imaging.Image, turn int) {
	if !m.Colour() {
		return
	}
	for i := 0; i+3 <= len(m.Pix); i += 3 {
		turnHue(m.Pix[i:i+3], turn)
	}
}

// turnHue is turnHues for one pixel. The hexagon has six sides, from red to yellow, green,
// cyan, blue, magenta and back. On each of them one value goes from the smallest to the
// largest or back. So the place of a hue is exact in units of 1/(6*65536*(largest-smallest))
// of a turn, and what is rounded is that one value.
func turnHue(pixel []uint8, turn int) {
	r, g, b := int(pixel[0]), int(pixel[1]), int(pixel[2])
	most, least := max(r, g, b), min(r, g, b)
	spread := most - least
	if spread == 0 {
		return
	}
	var hue int // from red on, in 1/(6*spread) of a turn
	switch most {
	case r:
		hue = g - b
	case g:
		hue = 2*spread + b - r
	default:
		hue = 4*spread + r - g
	}
	side := spread * one
	at := (hue*one + 6*spread*turn) % (6 * side)
	if at < 0 {
		at += 6 * side
	}
	along := at % side
	rising, falling := uint8(least+(along+one/2)>>16), uint8((most*one-along+one/2)>>16)
	high, low := uint8(most), uint8(least)
	values := [6][3]uint8{{high, rising, low}, {falling, high, low}, {low, high, rising}, {low, falling, high}, {rising, low, high}, {high, low, falling}}
	copy(pixel, values[at/side][:])
}

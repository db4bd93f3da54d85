package augment

import "github.com/blocktrain/blocktrain/internal/imaging"

// place is what a matrix turns and slants about.
type place int

const (
	middle place = iota // of the image
	corner              // its top left one
)

// warpNearest fills dst with the nearest pixels of src seen through m. Outside of src lies
// the grey level fill.
func warpNearest(dst, src imaging.Image, m matrix, about place, fill uint8) {
	// Positions are doubled and counted from edges of pixels.
	centreX, centreY := src.Width, src.Height
	if about == corner {
		centreX, centreY = 0, 0
	}
	for y := range dst.Height {
		v := 2*y + 1 - centreY
		row := dst.Row(y)
		for x := range dst.Width {
			u := 2*x + 1 - centreX
			sx, sy := (m.xx*u+m.xy*v+centreX*one)>>17, (m.yx*u+m.yy*v+centreY*one)>>17
			to := row[x*src.Channels : (x+1)*src.Channels]
			if sx >= 0 && sy >= 0 && sx < src.Width && sy < src.Height {
				copy(to, src.Pix[(sy*src.Width+sx)*src.Channels:])
				continue
			}
			for c := range to {
				to[c] = fill
			}
		}
	}
}

// sharpen brings the pixels of dst, which are those of src, nearer to a smoothed image or
// further from it, by a factor in 1/65536. Smoothed is the mean of a pixel and its eight
// neighbours, in which it counts five times, rounded; pixels at the edges are not smoothed.
func sharpen(dst, src imaging.Image, factor int) {
	n := src.Channels
	for y := 1; y < src.Height-1; y++ {
		above, row, below := src.Row(y-1), src.Row(y), src.Row(y+1)
		out := dst.Row(y)
		for i := n; i < len(row)-n; i++ {
			sum := 5 * int(row[i])
			sum += int(above[i-n]) + int(above[i]) + int(above[i+n])
			sum += int(row[i-n]) + int(row[i+n])
			sum += int(below[i-n]) + int(below[i]) + int(below[i+n])
			smooth := (2*sum + 13) / 26
			out[i] = clamp((int(row[i])*factor + smooth*(one-factor) + one/2) >> 16)
		}
	}
}

// posterize keeps so many of the upper bits of every value.
func posterize(m imaging.Image, bits int) {
	mask := uint8(0xff << (8 - bits))
	for i := range m.Pix {
		m.Pix[i] &= mask
	}
}

// solarize inverts values from a threshold on, which is given in halves.
func solarize(m imaging.Image, halves int) {
	for i, p := range m.Pix {
		if 2*int(p) >= halves {
			m.Pix[i] = 255 - p
		}
	}
}

// autocontrast stretches the values of each channel to 0 to 255, fractions cut off.
func autocontrast(m imaging.Image) {
	eachChannel(m, func(counts *[256]int, table *[256]uint8) bool {
		low, high := 0, 255
		for low < 255 && counts[low] == 0 {
			low++
		}
		for high > 0 && counts[high] == 0 {
			high--
		}
		for v := low; v <= high && low < high; v++ {
			table[v] = uint8((v - low) * 255 / (high - low))
		}
		return low < high
	})
}

// equalize makes the values of each channel about equally frequent, by the formula of
// Pillow's ImageOps.equalize.
func equalize(m imaging.Image) {
	eachChannel(m, func(counts *[256]int, table *[256]uint8) bool {
		total, last := 0, 0
		for _, n := range counts {
			total += n
			if n > 0 {
				last = n
			}
		}
		step := (total - last) / 255
		if step == 0 {
			return false
		}
		sum := step / 2
		for v, n := range counts {
			table[v] = clamp(sum / step)
			sum += n
		}
		return true
	})
}

// eachChannel replaces the values of each channel by a table that is made of how often it
// has each value. A channel whose table is not made stays.
func eachChannel(m imaging.Image, fill func(counts *[256]int, table *[256]uint8) bool) {
	for c := range m.Channels {
		var counts [256]int
		var table [256]uint8
		for i := c; i < len(m.Pix); i += m.Channels {
			counts[m.Pix[i]]++
		}
		if !fill(&counts, &table) {
			continue
		}
		for i := c; i < len(m.Pix); i += m.Channels {
			m.Pix[i] = table[m.Pix[i]]
		}
	}
}

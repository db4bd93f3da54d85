package measure

import "github.com/blocktrain/blocktrain/internal/imaging"

// Histogram counts the grey or green values of frames, by value: 256 of them or 65536.
type Histogram []int64

func newHistogram(wide bool) Histogram {
	if wide {
		return make(Histogram, 1<<16)
	}
	return make(Histogram, 1<<8)
}

// Count returns the histogram with the values of another frame, of the depth of those before.
// One of nil is made.
func (h Histogram) Count(img imaging.Image) Histogram {
	if h == nil {
		h = newHistogram(img.Wide != nil)
	}
	for i := range img.Width * img.Height {
		h[valueOf(img, i)]++
	}
	return h
}

// valueOf is the value of a pixel that is measured: grey, or green.
func valueOf(img imaging.Image, pixel int) uint16 {
	at := pixel*img.Channels + img.Channels/2
	if img.Wide != nil {
		return img.Wide[at]
	}
	return uint16(img.Pix[at])
}

// Levels describes the values, of which there must be one.
func (h Histogram) Levels() Levels {
	total := int64(0)
	for _, n := range h {
		total += n
	}
	l := Levels{Least: -1}
	at := func(permille int64) int {
		below := int64(0)
		for v, n := range h {
			if below += n; below*1000 > total*permille {
				return v
			}
		}
		return len(h) - 1
	}
	l.P01, l.Median, l.P999 = at(1), at(500), at(999)
	for v, n := range h {
		if n == 0 {
			continue
		}
		if l.Least < 0 {
			l.Least = v
		}
		l.Greatest = v
		l.Step = divisor(l.Step, v-l.Least)
	}
	l.Step = max(l.Step, 1)
	l.AtLeast, l.AtGreatest = float64(h[l.Least])/float64(total), float64(h[l.Greatest])/float64(total)
	l.BitDepth = h.depth(l)
	l.Bottom, l.Top = -1, 1<<16
	const much = 0.002
	if next := l.Least + l.Step; l.Least == 0 || l.AtLeast > much && next <= l.Greatest && h[l.Least] > 2*h[next] {
		l.Bottom = l.Least
	}
	if next := l.Greatest - l.Step; l.Greatest == 1<<l.BitDepth-1 || l.AtGreatest > much && next >= l.Least && h[l.Greatest] > 2*h[next] {
		l.Top = l.Greatest
	}
	return l
}

// depth are the bits of the converter: 8 or 16 as the file has, or 10, 12 or 14 where these lie
// in the low bits of 16.
func (h Histogram) depth(l Levels) int {
	if len(h) == 1<<8 {
		return 8
	}
	for _, bits := range []int{10, 12, 14} {
		if l.Step == 1 && l.Greatest < 1<<bits {
			return bits
		}
	}
	return 16
}

// divisor is the greatest common one.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

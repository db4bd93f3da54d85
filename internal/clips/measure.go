package clips

import (
	"bytes"
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Measures is what was measured of a clip while its frames passed. Grey levels are those of 8
// bits, 0 to 255, in 1/256 of a level; of frames of 16 bits the high byte is the whole level.
type Measures struct {
	Entries  int `json:"entries"`  // of the file of labels; 0 where there is none
	Shift    int `json:"shift"`    // entries before that of the first frame
	Missing  int `json:"missing"`  // frames behind the last entry, of which nothing is known
	Surplus  int `json:"surplus"`  // entries behind that of the last frame
	Labelled int `json:"labelled"` // frames of which the labels say whether they show a target
	Present  int `json:"present"`  // of these, those with a target
	// Unchanged counts pixels that equal those of the frame before, over all frames but the
	// first, and Repeated the frames all of whose pixels do.
	Unchanged int64 `json:"unchanged"`
	Repeated  int   `json:"repeated"`
	// Level, Contrast and Sharpness are sums over so many Frames, every 15th, of their mean,
	// standard deviation, and standard deviation of the Laplacian.
	Frames    int   `json:"frames"`
	Level     int64 `json:"level"`
	Contrast  int64 `json:"contrast"`
	Sharpness int64 `json:"sharpness"`
	// Seen are the labelled frames that were looked at, one every stride of the [Cutting], and
	// Targets what they show.
	Seen    int           `json:"seen"`
	Several int           `json:"several"` // of these frames, those with more than one target
	Empty   int           `json:"empty"`   // and those without
	Targets []MeasuredBox `json:"targets"`
}

// MeasuredBox is a target in a frame.
type MeasuredBox struct {
	Frame    int   `json:"frame"`
	Box      Box   `json:"box"`
	Contrast int64 `json:"contrast"` // mean inside the box less that of its surround, in 1/256 of a level
	Clutter  int64 `json:"clutter"`  // standard deviation of the surround, likewise
}

// measure takes a frame as it is, before its background is subtracted.
func (p *pass) measure(number int, img imaging.Image) {
	m := &p.measures
	if number > 0 {
		same := equalPixels(p.previous, img)
		m.Unchanged += int64(same)
		if same == img.Width*img.Height {
			m.Repeated++
		}
	}
	p.previous = img
	if number%backdropStride == 0 {
		plane := greyPlane(img, wholeOf(img))
		all, edges := imaging.MomentsOf(plane), imaging.Laplacian(img.Width, plane)
		m.Frames++
		m.Level += all.Mean(1)
		m.Contrast += all.Deviation(1)
		m.Sharpness += edges.Deviation(1)
	}
	if p.labels != nil && number%p.Stride == p.Stride/2 {
		m.see(number, p.labels.Entry(p.lies, number), img)
	}
}

// see measures the targets of a frame.
func (m *Measures) see(number int, entry Entry, img imaging.Image) {
	if entry.Unknown {
		return
	}
	m.Seen++
	switch n := len(entry.Targets); {
	case n == 0:
		m.Empty++
	case n > 1:
		m.Several++
	}
	for _, t := range entry.Targets {
		b := t.Box
		around := Box{b.X - b.W, b.Y - b.H, 3 * b.W, 3 * b.H}.Within(wholeOf(img))
		left, top := b.X-around.X, b.Y-around.Y
		inside, surround := imaging.Surround(around.W, greyPlane(img, around), left, top, left+b.W, top+b.H)
		one := MeasuredBox{Frame: number, Box: b, Clutter: surround.Deviation(1)}
		if inside.N > 0 && surround.N > 0 {
			one.Contrast = inside.Mean(1) - surround.Mean(1)
		}
		m.Targets = append(m.Targets, one)
	}
}

// finish enters how the labels lie against the frames.
func (m *Measures) finish(labels *Labels, lies Alignment, frames int) {
	m.Entries, m.Shift, m.Missing = len(labels.Entries), lies.Shift, frames-lies.Labelled
	m.Surplus = max(0, m.Entries-m.Shift-frames)
	for at := range frames {
		entry := labels.Entry(lies, at)
		if entry.Unknown {
			continue
		}
		m.Labelled++
		if len(entry.Targets) > 0 {
			m.Present++
		}
	}
}

// greyPlane are the grey levels of an area inside an image, in 1/256.
func greyPlane(img imaging.Image, area Box) []uint16 {
	plane := make([]uint16, 0, area.W*area.H)
	c := img.Channels
	for y := area.Y; y < area.Y+area.H; y++ {
		from, to := (y*img.Width+area.X)*c, (y*img.Width+area.X+area.W)*c
		switch {
		case img.Wide != nil && c == 3:
			for at := from; at < to; at += 3 {
				plane = append(plane, uint16(imaging.Luma(uint8(img.Wide[at]>>8), uint8(img.Wide[at+1]>>8), uint8(img.Wide[at+2]>>8)))<<8)
			}
		case img.Wide != nil:
			plane = append(plane, img.Wide[from:to]...)
		case c == 3:
			for at := from; at < to; at += 3 {
				plane = append(plane, uint16(imaging.Luma(img.Pix[at], img.Pix[at+1], img.Pix[at+2]))<<8)
			}
		default:
			for _, v := range img.Pix[from:to] {
				plane = append(plane, uint16(v)<<8)
			}
		}
	}
	return plane
}

// equalPixels counts the pixels in which two images of one shape are equal.
func equalPixels(a, b imaging.Image) int {
	if a.Wide != nil {
		return equalIn(a.Wide, b.Wide, a.Channels, slices.Equal)
	}
	return equalIn(a.Pix, b.Pix, a.Channels, bytes.Equal)
}

// equalIn compares 64 pixels at a time, most of which are equal in videos, and those of the
// rest one by one.
func equalIn[T uint8 | uint16](a, b []T, channels int, equal func(a, b []T) bool) (n int) {
	const block = 64
	for step := block * channels; len(a) > 0; a, b = a[step:], b[step:] {
		step = min(step, len(a))
		if equal(a[:step], b[:step]) {
			n += step / channels
			continue
		}
	next:
		for at := 0; at < step; at += channels {
			for k := range channels {
				if a[at+k] != b[at+k] {
					continue next
				}
			}
			n++
		}
	}
	return n
}

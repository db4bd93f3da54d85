package measure

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Options say how a clip is measured.
type Options struct {
	Name string
	// Depth are the bits of the camera's converter, 1 to 16; 0: those of the images. Images of
	// 16 bits hold such values multiplied by 65535/(2^Depth-1).
	Depth  int
	RateHz float64 // frames a second; 0: unknown
	// Black is the level without light in DN, where it is known.
	Black *float64
}

const (
	// maxWindow are the most frames that noise is measured from, and maxSamples their most
	// pixels, of two bytes.
	maxWindow  = 128
	maxSamples = 1 << 26
	// lookStride is every how manieth frame is described by a [Look].
	lookStride = 15
	blockSide  = 8 // pixels of the squares by which gain is followed
)

// A Meter takes the frames of one clip and then reports. It is used by one goroutine at a time.
type Meter struct {
	options       Options
	width, height int
	wide, colour  bool
	depth         int

	frames    int
	histogram []int64 // of the files' values
	previous  []uint16
	unchanged int64
	window    [][]uint16 // the first frames, in DN
	means     []float64  // of all frames, in DN
	blocks    [][]float32
	look      Look
	looked    int
}

// NewMeter makes a meter for one clip.
func NewMeter(o Options) *Meter { return &Meter{options: o} }

// Add takes the next frame: grey or colour, of 8 or 16 bits. All frames must be alike.
func (m *Meter) Add(img imaging.Image) error {
	if m.frames == 0 {
		if err := m.begin(img); err != nil {
			return err
		}
	}
	if img.Width != m.width || img.Height != m.height || (img.Wide != nil) != m.wide || img.Colour() != m.colour {
		return fmt.Errorf("%s: frame %d is %s, want %s as the frames before: give a clip whose frames have one size and kind, or measure the parts as clips of their own",
			m.options.Name, m.frames, shape(img.Width, img.Height, img.Wide != nil, img.Colour()), shape(m.width, m.height, m.wide, m.colour))
	}
	plane := m.plane(img)
	if m.frames%lookStride == 0 {
		m.see(plane)
	}
	m.count(plane)
	m.levelled(plane)
	if m.frames < m.windowFrames() {
		m.window = append(m.window, plane)
	}
	m.previous = plane
	m.frames++
	return nil
}

func shape(width, height int, wide, colour bool) string {
	bits, kind := 8, "grey"
	if wide {
		bits = 16
	}
	if colour {
		kind = "colour"
	}
	return fmt.Sprintf("%dx%d, %s of %d bits", width, height, kind, bits)
}

// begin takes size and kind from the first frame.
func (m *Meter) begin(img imaging.Image) error {
	if img.FrameCount() > 1 || img.Channels != 1 && img.Channels != 3 {
		return fmt.Errorf("%s: a frame of %d channels, want grey or colour", m.options.Name, img.Channels)
	}
	m.width, m.height, m.wide, m.colour = img.Width, img.Height, img.Wide != nil, img.Colour()
	m.depth = m.options.Depth
	most := 8
	if m.wide {
		most = 16
	}
	if m.depth < 1 || m.depth > most {
		m.depth = most
	}
	m.histogram = make([]int64, 1<<most)
	return nil
}

func (m *Meter) windowFrames() int {
	return max(2, min(maxWindow, maxSamples/(m.width*m.height)))
}

// plane copies the grey or green values, as DN, and counts those of the file.
func (m *Meter) plane(img imaging.Image) []uint16 {
	plane := make([]uint16, m.width*m.height)
	step, first := img.Channels, img.Channels/2
	top := uint32(1)<<m.depth - 1
	for i := range plane {
		at := i*step + first
		if !m.wide {
			plane[i] = uint16(img.Pix[at])
			m.histogram[img.Pix[at]]++
			continue
		}
		v := img.Wide[at]
		m.histogram[v]++
		plane[i] = v
		if m.depth < 16 {
			plane[i] = uint16((uint32(v)*top + 32767) / 65535)
		}
	}
	return plane
}

// see adds to the look of the clip: the same figures that clips of a dataset have.
func (m *Meter) see(plane []uint16) {
	all, edges := imaging.MomentsOf(plane), imaging.Laplacian(m.width, plane)
	unit := m.unit()
	const fine = 256
	m.look.Level += float64(all.Mean(fine)) / fine / unit
	m.look.Contrast += float64(all.Deviation(fine)) / fine / unit
	m.look.Sharpness += float64(edges.Deviation(fine)) / fine / unit
	m.looked++
}

// unit is how many DN a level of 8 bits is.
func (m *Meter) unit() float64 { return float64(uint32(1)<<m.depth-1) / 255 }

// count compares a frame with the one before.
func (m *Meter) count(plane []uint16) {
	for i, v := range m.previous {
		if v == plane[i] {
			m.unchanged++
		}
	}
}

// levelled keeps the mean of a frame and of its squares.
func (m *Meter) levelled(plane []uint16) {
	across, down := m.width/blockSide, m.height/blockSide
	blocks := make([]float32, across*down)
	for by := range down {
		for bx := range across {
			sum := int64(0)
			for y := by * blockSide; y < (by+1)*blockSide; y++ {
				for _, v := range plane[y*m.width+bx*blockSide:][:blockSide] {
					sum += int64(v)
				}
			}
			blocks[by*across+bx] = float32(sum) / (blockSide * blockSide)
		}
	}
	sum := int64(0)
	for _, v := range plane {
		sum += int64(v)
	}
	m.means = append(m.means, float64(sum)/float64(len(plane)))
	m.blocks = append(m.blocks, blocks)
}

// levels describes the histogram.
func (m *Meter) levels() Levels {
	total := int64(0)
	for _, n := range m.histogram {
		total += n
	}
	l := Levels{Least: -1, AtBottom: float64(m.histogram[0]) / float64(total), AtTop: float64(m.histogram[len(m.histogram)-1]) / float64(total)}
	at := func(permille int64) int {
		below := int64(0)
		for v, n := range m.histogram {
			if below += n; below*1000 > total*permille {
				return v
			}
		}
		return len(m.histogram) - 1
	}
	l.P01, l.Median, l.P999 = at(1), at(500), at(999)
	for v, n := range m.histogram {
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
	return l
}

// divisor is the greatest common one.
func divisor(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

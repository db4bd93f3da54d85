package measure

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Options say how a clip is measured.
type Options struct {
	Name   string
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

	frames    int
	histogram Histogram
	previous  []uint16
	unchanged int64
	window    [][]uint16 // the first frames
	means     []float64  // of all frames
	blocks    [][]float32
	look      Look
	looked    int
	unit      float64 // DN of a level of 8 bits; known at the end
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
		m.see(img)
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
	m.histogram = newHistogram(m.wide)
	return nil
}

func (m *Meter) windowFrames() int {
	return max(2, min(maxWindow, maxSamples/(m.width*m.height)))
}

// plane copies the grey or green values, and counts them.
func (m *Meter) plane(img imaging.Image) []uint16 {
	plane := make([]uint16, m.width*m.height)
	for i := range plane {
		plane[i] = valueOf(img, i)
		m.histogram[plane[i]]++
	}
	return plane
}

// see adds to the look of the clip.
func (m *Meter) see(img imaging.Image) {
	look := LookOf(img)
	m.look.Level += look.Level
	m.look.Contrast += look.Contrast
	m.look.Sharpness += look.Sharpness
	m.looked++
}

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

// LookOf describes an image: by its grey levels, of 16 bits in 1/256 of a level.
func LookOf(img imaging.Image) Look {
	width, plane := img.Width, make([]uint16, img.Width*img.Height)
	const fine = 256
	for i := range plane {
		at := i * img.Channels
		switch {
		case img.Wide != nil && img.Channels >= 3:
			plane[i] = uint16((19595*uint32(img.Wide[at]) + 38470*uint32(img.Wide[at+1]) + 7471*uint32(img.Wide[at+2]) + 1<<15) >> 16)
		case img.Wide != nil:
			plane[i] = img.Wide[at]
		case img.Channels >= 3:
			plane[i] = fine * uint16(imaging.Luma(img.Pix[at], img.Pix[at+1], img.Pix[at+2]))
		default:
			plane[i] = fine * uint16(img.Pix[at])
		}
	}
	all, edges := imaging.MomentsOf(plane), imaging.Laplacian(width, plane)
	return Look{float64(all.Mean(1)) / fine, float64(all.Deviation(1)) / fine, float64(edges.Deviation(1)) / fine}
}

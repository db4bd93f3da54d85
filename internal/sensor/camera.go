package sensor

import (
	"math"
	"math/bits"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// MaxSeverity is the largest severity of a [Camera], and AsGiven that at which it is as its
// profile says.
const (
	MaxSeverity = 5
	AsGiven     = 3
)

// dnBits are the bits of fraction of DN.
const dnBits = 8

// Camera is a camera that was drawn from a profile, for one clip. Several goroutines may use
// it.
type Camera struct {
	profile *Profile
	key     rng.Key
	clip    uint32
	share   int64 // severity/3, in 1/65536

	psf, motion int        // in 1/256 px
	shown       [256]int32 // what values of 8 bits stand for, in 1/256 DN
	top         int64      // the largest value, in 1/256 DN
	gain        uint64     // in DN for 2^24 e; 0: no shot noise
	black       int64      // in 1/256 DN
	prnu        int64      // in 1/65536
	sigma       sigmas
	defects     uint32 // of 2^32 pixels
	low, high   int    // of the AGC: DN, or 1/65536 per cent
	quality     int    // of JPEG; 0: none
}

// sigmas are the standard deviations of the 3-D noise, in 1/256 DN.
type sigmas struct{ tvh, vh, v, h, tv, th, t int64 }

// The numbers that a clip draws, by address. They are part of the reproducibility contract:
// append only.
const (
	drawPSF = iota
	drawMotion
	drawGain
	drawFullWell
	drawRead
	drawDSNU
	drawPRNU
	drawBlack
	drawTVH
	drawVH
	drawV
	drawH
	drawTV
	drawTH
	drawT
	drawDefects
	drawLow
	drawHigh
	drawQuality
)

// The lanes of the random numbers of a clip (item) and, where they vary in time, a frame
// (epoch). They are append only too; the channel stands above them.
const (
	laneClip        = 1 + iota // index: the draws above
	lanePixel                  // index: row and pair of columns
	laneRow                    // index: four rows
	laneColumn                 // index: four columns
	laneFramePixel             // index: row and four columns
	laneFrameRow               // index: four rows
	laneFrameColumn            // index: four columns
	laneFrame                  // of a picture as a whole
	laneMotion                 // likewise
)

// laneBits is where the channel stands in a lane.
const laneBits = 8

// Camera draws a camera for a clip, with a severity from 0 to 5; see [Profile]. The same
// seed and clip draw the same numbers at every severity. The profile must be valid.
func (p *Profile) Camera(seed uint64, clip uint32, severity float64) *Camera {
	c := &Camera{profile: p, key: rng.NewKey(seed, rng.SensorNoise), clip: clip}
	c.share = fixed(min(max(severity, 0), MaxSeverity) / AsGiven)
	c.psf = int(c.weakened(drawPSF, p.PSFSigmaPx) >> (16 - pxBits))
	c.motion = int(c.weakened(drawMotion, p.MotionPx) >> (16 - pxBits))
	c.top = int64(p.MaxDN()) << dnBits
	if p.Modality == Visible {
		c.setVisible()
	} else {
		c.setThermal()
	}
	c.defects = uint32(min(c.weakened(drawDefects, p.DefectPPM)<<16/1_000_000, math.MaxUint32))
	c.setAGC()
	if p.JPEGQuality != nil && c.share > 0 {
		lost := 100<<16 - c.draw(drawQuality, *p.JPEGQuality)
		c.quality = max(1, int((100<<16-(lost*c.share+1<<15)>>16+1<<15)>>16))
	}
	low, span := int64(p.Range[0])<<dnBits, int64(p.Range[1]-p.Range[0])<<dnBits
	for v := range c.shown {
		c.shown[v] = int32(low + (2*int64(v)*span+255)/510)
	}
	return c
}

// draw is a number of the clip, in 1/65536.
func (c *Camera) draw(index int, v Value) int64 {
	low, span := fixed(v.Low), fixed(v.High)-fixed(v.Low)
	words := c.key.Block(uint32(index)/4, c.clip, 0, laneClip)
	part, _ := bits.Mul64(uint64(span), uint64(words[index%4])<<32)
	return low + int64(part)
}

// weakened is a number of the clip, by the severity.
func (c *Camera) weakened(index int, v Value) int64 {
	high, low := bits.Mul64(uint64(c.draw(index, v)), uint64(c.share))
	return int64(high<<48 | low>>16)
}

// fixed brings a number to 1/65536.
func fixed(v float64) int64 { return int64(math.Floor(float64(v*(1<<16)) + 0.5)) }

// setVisible computes DN from electrons, of which there are 2^16 in a draw.
func (c *Camera) setVisible() {
	p := c.profile
	// 2^24 instead of 2^16, since gains may be small.
	gain := uint64(max(1, c.draw(drawGain, Value{Low: p.GainDNPerE.Low * (1 << 8), High: p.GainDNPerE.High * (1 << 8)})))
	inDN := func(electrons int64) int64 {
		high, low := bits.Mul64(uint64(electrons), gain)
		if high >= 1<<30 {
			return c.top
		}
		return min(c.top, int64(high<<32|low>>32))
	}
	c.gain = gain
	if c.share == 0 {
		c.gain = 0
	}
	c.black = c.draw(drawBlack, *p.BlackLevelDN) >> (16 - dnBits)
	c.top = min(c.top, c.black+inDN(c.draw(drawFullWell, *p.FullWellE)))
	c.prnu = c.weakened(drawPRNU, *p.PRNUPercent) / 100
	c.sigma.tvh = inDN(c.weakened(drawRead, *p.ReadNoiseE))
	// EMVA's one number is divided: half of the variance by pixel, a quarter by row and by column.
	dsnu := inDN(c.weakened(drawDSNU, *p.DSNUE))
	c.sigma.vh, c.sigma.v, c.sigma.h = (dsnu*46341+1<<15)>>16, (dsnu+1)/2, (dsnu+1)/2
}

// setThermal takes the components of the 3-D noise.
func (c *Camera) setThermal() {
	n := c.profile.Noise3D
	inDN := func(index int, v Value) int64 { return c.weakened(index, v) >> (16 - dnBits) }
	c.sigma = sigmas{
		tvh: inDN(drawTVH, n.TVH), vh: inDN(drawVH, n.VH), v: inDN(drawV, n.V), h: inDN(drawH, n.H),
		tv: inDN(drawTV, n.TV), th: inDN(drawTH, n.TH), t: inDN(drawT, n.T),
	}
}

// setAGC draws the limits of the AGC, about the middle of their ranges.
func (c *Camera) setAGC() {
	agc := c.profile.AGC
	about := func(index int, v Value) int64 {
		middle := fixed(v.Middle())
		return middle + ((c.draw(index, v)-middle)*c.share+1<<15)>>16
	}
	// Severities above 3 can bring the limits out of order and beyond their ends.
	low, high := about(drawLow, agc.Low), about(drawHigh, agc.High)
	if agc.Mode == LinearAGC {
		c.low, c.high = int(min(max(low, 0), 100<<16)), int(min(max(high, low), 100<<16))
		return
	}
	c.low = min(max(int((low+1<<15)>>16), 0), c.profile.MaxDN()-1)
	c.high = min(max(int((high+1<<15)>>16), c.low+1), c.profile.MaxDN())
}

// Image is what the camera shows of an image of 8 or 16 bits, as one of 8 bits. It is written to
// buffer if there is room. src is not changed. The steps are, in this order and for each channel
// by itself: blur by the point spread function, reduction to the sensor's size, blur by motion,
// gain, shot noise, PRNU, DSNU or the 3-D noise, read noise, defects, clipping and rounding to
// DN, AGC, JPEG. Motion comes behind the reduction, where it takes less time.
//
// Noise is addressed by the position on the sensor. A part of a frame therefore comes out as
// that part of what comes out of the frame, but for the pixels at its edges that [Camera.Margin]
// tells; an AGC that finds its limits by itself finds those of the part. Beyond the edges of the
// image, or frame, lie its outermost values.
//
// The errors are those of [Profile.CheckData].
func (c *Camera) Image(buffer []uint8, src imaging.Image, v View) (imaging.Image, error) {
	if err := c.profile.CheckData(src.Colour(), src.Wide != nil); err != nil {
		return imaging.Image{}, err
	}
	x, y := c.profile.axes(src, v)
	s := takeScratch()
	defer s.release()
	e := exposure{Camera: c, view: v, src: src, x: x, y: y, width: x.size(), height: y.size(), scratch: s}
	e.expose()
	out := imaging.Image{Width: e.width, Height: e.height, Channels: src.Channels, Frames: src.Frames, Profile: src.Profile}
	if out.Pix = buffer; cap(buffer) < e.width*e.height*src.Channels {
		out.Pix = make([]uint8, e.width*e.height*src.Channels)
	}
	out.Pix = out.Pix[:e.width*e.height*src.Channels]
	e.show(out.Pix)
	e.compress(out)
	return out, nil
}

// Margin is how many pixels of the sensor at each edge of a part of a frame may differ from
// those of the frame: what blur and reduction reach, and with JPEG two of its units of 16 pixels.
func (c *Camera) Margin() int {
	margin := 0
	if weights := gaussian(c.psf); weights != nil {
		margin += len(weights)
	}
	if c.motion > 0 {
		margin += c.motion>>(pxBits+1) + 2
	}
	if c.profile.Width > 0 {
		margin += 2
	}
	if c.quality > 0 {
		margin += 32
	}
	return margin
}

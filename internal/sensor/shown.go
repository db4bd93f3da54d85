package sensor

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// AsStored says whether the samples of frames with so many bits, from 9 to 16, are the DN of the
// profile's converter as they are stored. Else they are DN when they are brought to 16 bits, as a
// profile of 16 bits has it, which sensor fit makes of such frames. Another bit depth is refused.
func (p *Profile) AsStored(depth int) (bool, error) {
	switch {
	case p.BitDepth == depth, depth == 16 && p.BitDepth > 8: // of 16, some may be without use
		return true, nil
	case p.BitDepth == 16:
		return false, nil
	}
	return false, fmt.Errorf("bit_depth: the sensor profile has %d, and frames have values of %d bits: want a profile with the bit depth that they have", p.BitDepth, depth)
}

// Shown is a whole frame of 16 bits, whose values are DN, as the profile's AGC brings it to 8: with
// fixed limits by the middles of their ranges, and with linear ones by those that the frame has
// there. It is what the camera shows at severity 0 of a frame of its own size. Values and rounding are
// those of [imaging.Levels]. A frame of 8 bits is returned as it is. DN that the converter does not
// have are refused.
func (p *Profile) Shown(frame imaging.Image) (imaging.Image, error) {
	if frame.Wide == nil {
		return frame, nil
	}
	if err := p.CheckValues(frame); err != nil {
		return imaging.Image{}, err
	}
	values := make([]int32, len(frame.Wide))
	counts := make([]uint32, p.MaxDN()+1)
	for i, v := range frame.Wide {
		values[i] = int32(v)
		counts[v]++
	}
	c := p.Camera(0, 0, 0)
	low, high := c.low, c.high
	if p.AGC.Mode == LinearAGC {
		low, high = c.limitsOf(counts, len(values))
	}
	out := frame.Black(frame.Width, frame.Height)
	toBytes(out.Pix, values, 1, low, high)
	return out, nil
}

// CheckValues refuses images of 16 bits with DN that the profile's converter does not have.
func (p *Profile) CheckValues(img imaging.Image) error {
	for _, v := range img.Wide {
		if int(v) > p.MaxDN() {
			return fmt.Errorf("bit_depth: the sensor profile has %d, and the image has the value %d, beyond %d: want a profile with the bit depth of what it is used on", p.BitDepth, v, p.MaxDN())
		}
	}
	return nil
}

// ShownName says what of the profile decides what [Profile.Shown] gives.
func (p *Profile) ShownName() string {
	return fmt.Sprintf("shown by %d bits, agc %s %v %v", p.BitDepth, p.AGC.Mode, p.AGC.Low, p.AGC.High)
}

// OfShown is the profile of what [Profile.Shown] makes of frames: black and white of images of 8 bits
// stand for the limits of a fixed AGC, so that at severity 0 the camera shows them as they are. What a
// linear AGC has shown is taken for the whole range, and shown as it is too.
func (p *Profile) OfShown() *Profile {
	if p.AGC.Mode != FixedAGC {
		return p
	}
	c, of := p.Camera(0, 0, 0), *p
	of.Range = [2]int{c.low, c.high}
	return &of
}

package dataset

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// Sensor shows the images of a dataset through cameras of a profile, before they are brought to
// the size of a network. A clip has one camera, whose patterns are in all examples that were
// taken from it, and its frames have the noise of their numbers. A still image has a camera of
// its own.
type Sensor struct {
	Profile *sensor.Profile
	Seed    uint64
	// Grey says that the data is grey, whatever colours its files have: those of infrared clips
	// are often stored in colour. A thermal camera sees its grey values.
	Grey bool
}

// Through returns d as cameras of one severity show it. Its digest is that of d.
func (s *Sensor) Through(d Dataset, severity float64) Dataset {
	return s.over(detail(d), s.Seed, severity)
}

// inTraining returns d as an example is shown in an epoch that had it so often before: by other
// cameras in each epoch, with a severity drawn for the example from 0 to that of the profile
// as given.
func (s *Sensor) inTraining(d detailed, i int, epoch, earlier uint32) *seen {
	key := rng.NewKey(s.Seed, rng.SensorSeverity)
	word := key.Block(0, uint32(i), epoch, earlier)[0]
	cameras := key.Block(1, 0, epoch, earlier)
	seed := uint64(cameras[0])<<32 | uint64(cameras[1])
	return s.over(d, seed, float64(float64(word)*sensor.AsGiven)/(1<<32))
}

func (s *Sensor) over(d detailed, seed uint64, severity float64) *seen {
	offsets, _ := FrameOffsets(d) // checked when the data was divided
	return &seen{detailed: d, profile: s.Profile, grey: s.grey(), offsets: offsets, seed: seed, severity: severity}
}

// grey says whether images are made grey before they are shown.
func (s *Sensor) grey() bool {
	return s.Grey && s.Profile.Modality == sensor.Thermal
}

// seen is a dataset as cameras show it.
type seen struct {
	detailed
	profile  *sensor.Profile
	grey     bool
	offsets  []int // of the frames of an image
	seed     uint64
	severity float64
}

// view is where the camera of example i has seen it, and the number of its clip.
func (s *seen) view(i int) (sensor.View, uint32) {
	p := s.Info(i).Place
	if p == nil {
		return sensor.View{}, uint32(i)
	}
	v := sensor.View{X: p.Area.X, Y: p.Area.Y, Width: p.Clip.Width, Height: p.Clip.Height}
	offsets := s.offsets
	if offsets == nil {
		offsets = []int{0}
	}
	for _, offset := range offsets { // a clip's first and last frame are repeated
		v.Frames = append(v.Frames, min(max(p.Frame+offset, 0), p.Clip.Frames-1))
	}
	return v, clipNumber(p.Clip.Digest)
}

// clipNumber is the beginning of a clip's digest, so that its camera does not depend on what
// other data there is.
func clipNumber(digest string) uint32 {
	var b [4]byte
	_, _ = hex.Decode(b[:], []byte(digest[:min(len(digest), 2*len(b))])) // it is one
	return binary.BigEndian.Uint32(b[:])
}

func (s *seen) Image(i int) (imaging.Image, error) { return s.imageIn(i, nil) }

func (s *seen) imageIn(i int, buffer []uint8) (imaging.Image, error) {
	img, err := s.detailed.imageIn(i, nil)
	defer img.Release()
	if err != nil {
		return imaging.Image{}, err
	}
	if s.grey {
		img = img.Grey()
	}
	v, clip := s.view(i)
	profile := s.profile
	if p := s.Info(i).Place; p != nil && p.Clip.Shown {
		profile = profile.OfShown()
	}
	shown, err := profile.Camera(s.seed, clip, s.severity).Image(buffer, img, v)
	shown.Levelled = true // of 8 bits, whatever it was
	return shown, err
}

func (s *seen) shape(i int) (shape, error) {
	own, err := s.detailed.shape(i)
	if err != nil {
		return own, err
	}
	v, _ := s.view(i)
	width, height := s.profile.Extent(int(own.width), int(own.height), v)
	own.width, own.height, own.wide = int32(width), int32(height), false
	if s.grey {
		own.channels = own.frames
	}
	return own, nil
}

// FrameOffsets implements Framed.
func (s *seen) FrameOffsets() []int { return s.offsets }

// Check refuses data that cameras of the profile cannot have taken. It says how many of the still
// images have less detail than the sensor sees.
func (s *Sensor) Check(ctx context.Context, d Dataset) (smaller int, err error) {
	sizes, err := MeasureSizes(ctx, d)
	if err != nil {
		return 0, err
	}
	if err := s.Profile.CheckData(sizes.Channels == 3 && (!s.grey() || sizes.Wide), sizes.Wide); err != nil {
		return 0, config.Usagef("%w; --channels 1 says that data is grey which is stored in colours of 8 bits", err)
	}
	list := Clips(d)
	for _, clip := range list {
		if err := s.checkClip(clip); err != nil {
			return 0, config.Usagef("clip %s: %w", clip.Source, err)
		}
	}
	if s.Profile.Width == 0 {
		return 0, nil
	}
	known := detail(d)
	for i := range d.Len() {
		if d.Info(i).Place != nil {
			continue
		}
		own, err := known.shape(i)
		if err != nil {
			return 0, err
		}
		if s.Profile.Smaller(int(own.width), int(own.height)) {
			smaller++
		}
	}
	return smaller, nil
}

// checkClip refuses a clip whose frames are not those of the sensor, or whose examples are not
// what a camera shows.
func (s *Sensor) checkClip(clip *Clip) error {
	switch cutting := clip.Cutting(); {
	case cutting.Window > 0:
		return errors.New("level=median: a sensor profile is of frames as they are, and not of their differences from a background: want level=raw")
	case !cutting.Whole && s.Profile.AGC.Mode == sensor.LinearAGC:
		return fmt.Errorf("agc.mode: %s finds its limits in whole frames, and the examples are parts of them: want %s, with ranges for low and high, or crop=frame", sensor.LinearAGC, sensor.FixedAGC)
	}
	return s.Profile.CheckClip(clip.Width, clip.Height)
}

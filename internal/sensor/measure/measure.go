package measure

import (
	"errors"
	"fmt"
	"math"
)

// What may be declined.
const (
	whatNoise   = "noise"
	whatFixed   = "fixed patterns"
	whatGain    = "gain"
	whatBlur    = "blur"
	whatDrift   = "drift"
	whatDefects = "defects"
)

const (
	// maxUnchanged is the share of pixels that repeat from frame to frame above which a video
	// was compressed: noise above half a level changes more.
	maxUnchanged = 0.5
	// minStatic is the share of static pixels below which noise cannot be told from motion.
	// Where the scene becomes another, that limit is mostStatic: texture that moves past is like
	// noise in time.
	minStatic  = 0.1
	mostStatic = 0.7
	// minFrames are needed for noise, and wantedFrames for good figures.
	minFrames    = 4
	wantedFrames = 16
	minSide      = 32 // of frames, in pixels
	// maxClipped is the share of pixels at the lowest or highest level above which noise is not
	// measured.
	maxClipped = 0.8
)

// CompressedWords say why noise is declined where over half of the pixels repeat.
const CompressedWords = "compressed: noise cannot be measured"

// Report measures. There must have been a frame.
func (m *Meter) Report() (*Report, error) {
	if m.frames == 0 {
		return nil, errors.New("no frame was given to measure")
	}
	r := &Report{Name: m.options.Name, Frames: m.frames, Measured: len(m.window), Width: m.width, Height: m.height, Colour: m.colour,
		RateHz: m.options.RateHz, Notes: []string{}, Declined: []Declined{}}
	r.Levels = m.histogram.Levels()
	m.unit = float64(int(1)<<r.Levels.BitDepth-1) / 255
	n := float64(m.looked)
	r.Look = Look{m.look.Level / n, m.look.Contrast / n, m.look.Sharpness / n}
	if m.frames > 1 {
		r.Unchanged = float64(m.unchanged) / float64(m.frames-1) / float64(m.width*m.height)
		r.Drift = m.drift()
	} else {
		r.decline("there is one frame: give a clip of several", whatDrift)
	}
	if m.colour {
		r.note("The frames have colours: everything is measured of the green values. If colours were interpolated from a mosaic, neighbours share noise, and noise of pixels is higher than it seems.")
	}
	if why := m.unfit(r); why != "" {
		r.decline(why, whatNoise, whatFixed, whatGain, whatDefects)
		m.blur(r, nil, nil, nil)
		return r, nil
	}
	m.noise(r)
	return r, nil
}

// unfit says why noise cannot be measured of the frames, whatever they show; "" if it can.
func (m *Meter) unfit(r *Report) string {
	even := r.Levels.Least == r.Levels.Greatest
	switch {
	case even && r.Levels.Greatest == 0:
		return "black: all pixels are 0, so nothing can be measured; look whether the lens cap is on and the video is the right one"
	case even && r.Levels.Greatest == 1<<r.Levels.BitDepth-1:
		return "saturated: all pixels have the largest value, so nothing can be measured; shorten the exposure"
	case even && m.frames > 1:
		return fmt.Sprintf("all pixels are %d in all frames, so nothing can be measured; look whether the video is the right one", r.Levels.Greatest)
	case r.Levels.AtGreatest > maxClipped:
		return fmt.Sprintf("saturated: %.0f %% of the values are the largest, whose noise is cut off; shorten the exposure", 100*r.Levels.AtGreatest)
	case r.Levels.AtLeast > maxClipped && r.Levels.Bottom >= 0:
		return fmt.Sprintf("black: %.0f %% of the values are %d, the least, whose noise is cut off; give more light, or raise the black level", 100*r.Levels.AtLeast, r.Levels.Least)
	case min(m.width, m.height) < minSide:
		return fmt.Sprintf("frames of %dx%d pixels are too small; give whole frames of the camera, of at least %[3]dx%[3]d", m.width, m.height, minSide)
	case m.frames == 1:
		return "there is one frame: noise over time cannot be told from the scene; give a clip of at least 4 frames, better 32"
	case r.Unchanged > maxUnchanged:
		return fmt.Sprintf("%s (%.1f %% of the pixels repeat from frame to frame)", CompressedWords, 100*r.Unchanged)
	case m.frames < minFrames:
		return fmt.Sprintf("there are %d frames, too few to tell noise from motion; give a clip of at least 4, better 32", m.frames)
	}
	return ""
}

// noise measures all that needs frames which differ by noise.
func (m *Meter) noise(r *Report) {
	s := newScene(m, r.Levels)
	s.leaveMotionOut()
	r.Static = s.staticShare
	moves := r.Drift.AGC == UnknownAGC && s.staticShare < mostStatic // what it shows becomes something else
	if s.staticShare < minStatic || moves {
		r.decline(fmt.Sprintf("only %.0f %% of the pixels show the same in all frames, so noise cannot be told from motion; give a clip of a camera that stands still", 100*s.staticShare), whatNoise, whatFixed, whatGain, whatDefects)
		m.blur(r, nil, nil, nil)
		return
	}
	if m.frames < wantedFrames {
		r.note(fmt.Sprintf("There are %d frames: errors are large. 32 or more make them small.", m.frames))
	}
	if s.clippedShare > 0.05 {
		r.note(fmt.Sprintf("%.0f %% of the pixels reach the lowest or the highest level and are left out.", 100*s.clippedShare))
	}
	r.Noise = &Noise3D{}
	s.temporal(r.Noise)
	rows, columns := s.fixed(r.Noise)
	m.notFixed(r)
	var why string
	if r.Transfer, why = s.transfer(m.options.Black, m.unit); why != "" {
		r.decline(why, whatGain)
	}
	pattern := float64(0)
	for _, f := range []*Figure{r.Noise.VH, r.Noise.V, r.Noise.H} {
		if f != nil {
			pattern += square(f.Value)
		}
	}
	r.Defects = s.defects(math.Sqrt(pattern), m.unit, r.Unchanged)
	m.blur(r, s, rows, columns)
}

// notFixed says which fixed patterns could not be measured.
func (m *Meter) notFixed(r *Report) {
	for _, of := range []struct {
		f    *Figure
		what string
	}{{r.Noise.VH, "vh"}, {r.Noise.V, "v"}, {r.Noise.H, "h"}} {
		if of.f == nil {
			r.decline("the picture has too few even places: give a clip with sky, a wall or the like", whatFixed+" ("+of.what+")")
		}
	}
}

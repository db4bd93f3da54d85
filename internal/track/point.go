package track

import (
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Point is where the target is in a frame.
type Point struct {
	Frame int           // from 0 on
	Time  time.Duration // of the frame, as the stream gives it
	// Track is 0 for the first, and one more after each cut: where the size of frames
	// changes, or a stream was opened again.
	Track int
	Box   clips.Box // estimated extent
	// Score is that of the proposal, contrast times difference: comparable over frames. It is
	// 0 where Missed.
	Score  float64
	Missed bool       // no proposal of the frame lies on the track, and Box is between its neighbours
	Others []Proposal // the frame's further proposals, best first
	// Crop is cut out around Box as clips.Cutting cuts examples, [H,W,frames*C].
	Crop  imaging.Image
	Shape Shape
}

// Observation is the point as the features of a track need it. Its time is to the nearest
// millisecond, as some containers have times and others have them finer: a video has the same
// features in all of them.
func (p *Point) Observation() Observation {
	return Observation{Time: p.Time.Round(time.Millisecond), Box: p.Box, Shape: p.Shape, Missed: p.Missed}
}

// Proposal is a place in a frame where the target may be.
type Proposal struct {
	Box   clips.Box
	Score float64
}

// Package track finds the one moving target of a stream of frames: proposals in each frame,
// a path through them, and the crop and the measures at the box that the path goes through.
// It only computes: frames come from elsewhere, and nothing is read or written here.
//
// All that decides is integer arithmetic, or float64 with each operation rounded by itself:
// the same frames give the same points on every machine and for any number of workers.
package track

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
)

// Rule says how the target is found in a stream of frames and cut out.
type Rule struct {
	Square    clips.Square `json:"square"`    // around the box, that is cut out
	Offsets   []int        `json:"offsets"`   // frames of a crop, by how much they come after the present one
	Window    int          `json:"window"`    // frames of the background that is subtracted; 0: none is
	Proposals int          `json:"proposals"` // places considered in a frame, best first
	Gap       int          `json:"gap"`       // frames before and after, that the temporal difference looks at
	Lag       int          `json:"lag"`       // frames after which the place in a frame is decided

	Apart    int     `json:"apart"`    // pixels: of two places nearer than this, along both axes, the better is kept
	Around   int     `json:"around"`   // pixels: side of the square whose mean contrast and difference are compared with
	Floor    float64 `json:"floor"`    // levels of 8 bits added to those means
	Edge     int     `json:"edge"`     // hundredths of the height of a target over its surroundings, at which it ends
	Pad      int     `json:"pad"`      // pixels that a box has more on each side
	Grow     int     `json:"grow"`     // hundredths of its sides that a box has more
	Open     float64 `json:"open"`     // factor of the score of what does not end, such as a mast or an edge
	Absent   float64 `json:"absent"`   // the score that a frame without the target is given
	Leave    float64 `json:"leave"`    // cost of passing over to frames without the target, and of coming back
	Speed    float64 `json:"speed"`    // pixels a frame that cost Stiff
	Stiff    float64 `json:"stiff"`    // cost of a move, in units of the logarithm of the score; it grows with the square of the distance
	Furthest float64 `json:"furthest"` // the most that a move costs, in times Stiff
}

// DefaultRule is the rule whose figures doc/Research.md gives.
func DefaultRule() Rule {
	return Rule{
		Square: clips.Square{Margin: 250, Minimum: 32}, Offsets: []int{-4, 0, 4},
		Proposals: 5, Gap: 8, Lag: 64,
		Apart: 8, Around: 31, Floor: 1, Edge: 25, Pad: 4, Grow: 10, Open: 0.4,
		Absent: 0.5, Leave: 1.2, Speed: 3, Stiff: 0.4, Furthest: 6,
	}
}

// limits of a rule.
const (
	maxProposals = 64
	maxLag       = 1024
	maxReach     = 64
)

// Check returns an error that names what is wrong with the rule.
func (r Rule) Check() error {
	low, high := clips.Reach(r.Offsets)
	switch {
	case r.Square.Margin < 0 || r.Square.Minimum < 1:
		return config.Usagef("margin %d and minimum %d: want at least 0 and 1", r.Square.Margin, r.Square.Minimum)
	case len(r.Offsets) == 0 || !slices.Contains(r.Offsets, 0) || low < -maxReach || high > maxReach:
		return config.Usagef("offsets %v: want frames from -%d to %d, 0 among them", r.Offsets, maxReach, maxReach)
	case r.Window < 0 || r.Window > clips.MaxWindow:
		return config.Usagef("window %d: want 0 to %d frames", r.Window, clips.MaxWindow)
	case r.Proposals < 1 || r.Proposals > maxProposals:
		return config.Usagef("%d proposals: want 1 to %d", r.Proposals, maxProposals)
	case r.Gap < 1 || r.Gap > maxReach:
		return config.Usagef("gap %d: want 1 to %d frames", r.Gap, maxReach)
	case r.Lag < max(r.Gap, high) || r.Lag > maxLag:
		return config.Usagef("lag %d: want %d to %d frames: no fewer than the gap and the offsets look ahead", r.Lag, max(r.Gap, high), maxLag)
	}
	return r.checkMethod()
}

// checkMethod checks the constants of the method.
func (r Rule) checkMethod() error {
	if r.Apart < 1 || r.Around < 3 || r.Around%2 == 0 || r.Around > 2*maxRadius+1 {
		return config.Usagef("apart %d, around %d: want at least 1, and an odd number from 3 to %d", r.Apart, r.Around, 2*maxRadius+1)
	}
	if r.Edge < 1 || r.Edge > 100 || r.Pad < 0 || r.Pad > 64 || r.Grow < 0 || r.Grow > 400 {
		return config.Usagef("edge %d, pad %d, grow %d: want 1 to 100, 0 to 64 and 0 to 400", r.Edge, r.Pad, r.Grow)
	}
	for _, v := range []float64{r.Floor, r.Open, r.Absent, r.Leave, r.Speed, r.Stiff, r.Furthest} {
		if !(v > 0 && v < 1e6) {
			return config.Usagef("floor %g, open %g, absent %g, leave %g, speed %g, stiff %g, furthest %g: want numbers over 0", r.Floor, r.Open, r.Absent, r.Leave, r.Speed, r.Stiff, r.Furthest)
		}
	}
	return nil
}

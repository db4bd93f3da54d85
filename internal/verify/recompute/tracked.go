package recompute

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// checkTracked counts again what was decided on the clips of a part, and compares the clips
// with those of the record. It reads how features were scaled, too.
func (s *Subject) checkTracked(part dataset.Part) error {
	i := &s.Record.Identity
	if !i.FollowsClips() {
		return nil
	}
	name := rundir.ClipsFile(part)
	r, err := metric.ReadTracked(s.file(name), i.Classes)
	if err != nil {
		return s.lacking(name, err)
	}
	for at, c := range r.Each {
		if found := s.framesOf(c.Clip); !slices.Contains(found, c.Frames) || c.Found < 0 || c.Found > c.Frames {
			return &finding.Difference{File: name, Figure: fmt.Sprintf("each[%d]", at), Recorded: fmt.Sprintf("%d of %d frames of %s", c.Found, c.Frames, c.Clip),
				Found: fmt.Sprintf("clips of that name with %v frames", found), Cause: finding.Changed(name, rundir.RecordFile)}
		}
	}
	want := *r
	want.SumUp(i.Classes)
	want.Part, want.Method, want.WeightsSHA256, want.DecisionSHA256 = part.String(), decision.ByMean, s.Record.Training.WeightsSHA256, ""
	if n := len(s.Later); n > 0 {
		want.Method, want.DecisionSHA256 = decision.ByNetwork, s.Later[n-1].Note.WeightsSHA256
	}
	return s.compare(name, want, rundir.RecordFile)
}

// framesOf are how many frames the clips of that name have.
func (s *Subject) framesOf(clip string) []int {
	var frames []int
	for _, d := range s.Record.Identity.Datasets {
		for _, c := range d.Clips {
			if c.File == clip {
				frames = append(frames, c.Frames)
			}
		}
	}
	return frames
}

// checkScale reads how features were scaled.
func (s *Subject) checkScale() error {
	if len(s.Later) == 0 {
		return nil
	}
	name := layout.FeaturesFile
	scale, err := decision.ReadScale(s.file(name), s.Record.Identity.Classes)
	if err != nil {
		return s.lacking(name, err)
	}
	if n := s.Record.Identity.DecisionFolds + 1; len(s.Later) != n {
		return recordDiffers("networks", strconv.Itoa(len(s.Later)), strconv.Itoa(n)+" that decide on tracks")
	}
	return s.compare(name, scale)
}

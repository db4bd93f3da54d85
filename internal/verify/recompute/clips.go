package recompute

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// controlled says whether the run has controls: there are figures of clips.
func (s *Subject) controlled() bool {
	for _, r := range s.results {
		if e, is := r.(*metric.Evaluation); is && e.Clips != nil {
			return true
		}
	}
	return false
}

// checkControls compares the controls with the evaluations that they are of, and the clips
// with those of the record.
func (s *Subject) checkControls() error {
	if !s.controlled() {
		return nil
	}
	c, err := metric.ReadControls(s.file(rundir.ControlsFile))
	if err != nil {
		return s.lacking(rundir.ControlsFile, err)
	}
	if s.Ours && c.LeftOut != "" && !controls.IsReason(c.LeftOut) {
		return &finding.Difference{File: rundir.ControlsFile, Figure: "left_out", Recorded: c.LeftOut, Found: "no such reason", Cause: finding.Changed(rundir.ControlsFile)}
	}
	var parts []string
	for _, part := range rundir.EvaluatedParts() {
		e, is := s.results[part].(*metric.Evaluation)
		if !is || e.Clips == nil {
			continue
		}
		parts = append(parts, part.String())
		if err := c.CheckAgainst(e); err != nil {
			return finding.Unreadable(rundir.ControlsFile, err)
		}
		if err := s.checkClips(rundir.EvaluationFile(part), e.Clips); err != nil {
			return err
		}
	}
	var found []string
	for _, p := range c.Parts {
		found = append(found, p.Part)
	}
	if !slices.Equal(parts, found) {
		return &finding.Difference{File: rundir.ControlsFile, Figure: "parts", Recorded: strings.Join(found, ", "), Found: strings.Join(parts, ", "), Cause: finding.Changed(rundir.ControlsFile)}
	}
	return s.compare(rundir.ControlsFile, c)
}

// checkClips compares the clips of an evaluation with those that the record lists.
func (s *Subject) checkClips(name string, f *metric.ClipFigures) error {
	for i, l := range f.Each {
		known := l.Dataset < len(s.Record.Identity.Datasets) && slices.ContainsFunc(s.Record.Identity.Datasets[l.Dataset].Clips, func(c rundir.ClipNote) bool {
			return c.File == l.Clip && c.Scene == l.Scene
		})
		if !known {
			return &finding.Difference{File: name, Figure: fmt.Sprintf("clips.each[%d]", i), Recorded: l.Clip + " of the scene " + l.Scene, Found: "no such clip in " + rundir.RecordFile,
				Cause: finding.Changed(name, rundir.RecordFile)}
		}
	}
	return nil
}

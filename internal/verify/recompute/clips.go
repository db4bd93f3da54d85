package recompute

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/controls"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/transfer/distance"
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
	scale, err := decision.ReadScale(s.file(name))
	if err != nil {
		return s.lacking(name, err)
	}
	if n := len(layout.LaterNetworks(s.Record.Identity.DecisionFolds)); len(s.Later) != n {
		return recordDiffers("networks", strconv.Itoa(len(s.Later)), strconv.Itoa(n)+" that decide on tracks")
	}
	return s.compare(name, scale)
}

// sensed says whether the model was scored on what a sensor shows.
func (s *Subject) sensed() bool {
	_, is := s.results[dataset.PartTest].(*metric.Evaluation)
	return is && s.Record.Identity.Sensor != nil
}

// profiled says whether the run has the file of its sensor profile. All runs of this program have it,
// and those of older ones may lack it.
func (s *Subject) profiled() bool {
	return s.Record.Identity.Sensor != nil && (s.Ours || s.Record.Files[layout.ProfileFile] != "")
}

// checkProfile compares the file of the sensor profile with the record.
func (s *Subject) checkProfile() error {
	if !s.profiled() {
		return nil
	}
	return s.compare(layout.ProfileFile, s.Record.Identity.Sensor.Profile)
}

// checkSensor reads how the model does through the sensor, whose figures follow from its counts,
// and compares it with the evaluation of the test part and with the record.
func (s *Subject) checkSensor() error {
	if !s.sensed() {
		return nil
	}
	name := layout.SensorFile
	c, err := metric.ReadSensorCurve(s.file(name))
	if err != nil {
		return s.lacking(name, err)
	}
	if err := c.CheckAgainst(s.results[dataset.PartTest].(*metric.Evaluation)); err != nil {
		return finding.Unreadable(name, err)
	}
	if c.Seed != uint64(s.settings.Seed) {
		return &finding.Difference{File: name, Figure: "seed", Recorded: fmt.Sprint(c.Seed), Found: fmt.Sprint(s.settings.Seed), Cause: finding.Changed(name, rundir.RecordFile)}
	}
	if n := len(c.Points); c.CheckSeverities(sensor.MaxSeverity) != nil {
		return &finding.Difference{File: name, Figure: "severities", Recorded: fmt.Sprint(n), Found: fmt.Sprintf("%d, from 0 to %d", sensor.MaxSeverity+1, sensor.MaxSeverity), Cause: finding.Changed(name)}
	}
	s.curve = c
	return s.compare(name, c)
}

// measuresDistance says whether the run has what predict says by how unusual an image is. All
// runs of this program have it whose head had a phase of its own, and those of older ones may lack it.
func (s *Subject) measuresDistance() bool {
	if _, has := distance.HeadOf(s.Record, s.Trained); !has {
		return false
	}
	return s.Ours || s.Record.Files[layout.ReferenceFile] != ""
}

// checkReference reads what distances are to, and compares the number of distances of the
// validation part with that of its evaluation.
func (s *Subject) checkReference() error {
	if !s.measuresDistance() {
		return nil
	}
	name := layout.ReferenceFile
	r, err := distance.Read(s.Folder, s.Record, s.Trained)
	if err != nil {
		return s.lacking(name, err)
	}
	want := s.results[dataset.PartValidation].Header().Examples
	if n := r.ValidationImages(); n != want {
		return &finding.Difference{File: name, Figure: "images of the validation part", Recorded: strconv.Itoa(n), Found: strconv.Itoa(want), Cause: finding.Changed(name, rundir.EvaluationFile(dataset.PartValidation))}
	}
	return nil
}

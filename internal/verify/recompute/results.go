package recompute

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// evaluated says whether the record has evaluations, as it must where there is a
// decision. What an interrupted evaluation left is no part of the run yet.
func (s *Subject) evaluated() bool {
	return s.Release != nil || s.Record.Files[rundir.EvaluationFile(dataset.PartTest)] != ""
}

// checkResults computes the figures of the evaluations again, as far as they follow
// from others, and the tables, and compares them with the record and the history.
func (s *Subject) checkResults() error {
	s.results = map[dataset.Part]metric.Result{}
	if err := errors.Join(s.checkHistoryTables(), s.checkScale(), s.checkProfile()); err != nil || !s.evaluated() {
		return err
	}
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.EvaluationFile(part)
		r, err := target.ReadResult(s.file(name))
		if err != nil {
			return s.lacking(name, err)
		}
		s.results[part] = r
		if err := s.checkResult(name, part, r); err != nil {
			return err
		}
		if err := s.checkTracked(part); err != nil {
			return err
		}
	}
	if err := s.checkAbsent(); err != nil {
		return err
	}
	if err := s.checkControls(); err != nil {
		return err
	}
	if err := s.checkSensor(); err != nil {
		return err
	}
	if err := s.checkReference(); err != nil {
		return err
	}
	return s.checkBest()
}

// checkAbsent refuses a part that lacks a class, unless the settings that the run was
// started with allow it. Older programs did not refuse such split lists.
func (s *Subject) checkAbsent() error {
	if !s.Ours || s.started == nil || s.started.AllowMissingClass {
		return nil
	}
	for _, part := range rundir.EvaluatedParts() {
		e, is := s.results[part].(*metric.Evaluation)
		if !is || part == dataset.PartValidation && len(s.settings.TrainClasses) > 0 {
			continue
		}
		if missing := e.WithoutExamples(); len(missing) > 0 {
			return &finding.Difference{File: rundir.SettingsFile, Figure: "BLOCKTRAIN_ALLOW_MISSING_CLASS", Recorded: "false",
				Found: fmt.Sprintf("no examples of %q in the %s part", missing[0], part), Cause: finding.Changed(rundir.SettingsFile, rundir.EvaluationFile(part))}
		}
	}
	return nil
}

func (s *Subject) checkResult(name string, part dataset.Part, r metric.Result) error {
	for _, check := range []func(string, dataset.Part, metric.Result) error{s.checkHead, s.checkFigures, s.checkLatency, s.checkTables} {
		if err := check(name, part, r); err != nil {
			return err
		}
	}
	return nil
}

// checkHead compares what was evaluated with the record.
func (s *Subject) checkHead(name string, part dataset.Part, r metric.Result) error {
	head := *r.Header()
	want := metric.Head{
		Schema: head.Schema, Target: head.Target, Dataset: strings.Join(s.Record.DatasetNames(), ","), Part: part.String(),
		Weights: s.Record.Weights, WeightsSHA256: s.Record.Training.WeightsSHA256, Examples: len(s.Split.Indexes(part)),
	}
	if part == dataset.PartValidation && len(s.settings.TrainClasses) > 0 { // of which the data alone says how many there are
		want.Examples = head.Examples
	}
	if found := s.modules.Target.Properties().Name; head.TargetName() != found {
		return s.resultDiffers(name, "target", head.TargetName(), found)
	}
	if head != want {
		return s.resultDiffers(name, "what was evaluated", fmt.Sprintf("%+v", head), fmt.Sprintf("%+v", want))
	}
	return nil
}

func (s *Subject) resultDiffers(name, figure, recorded, found string) error {
	return &finding.Difference{File: name, Figure: figure, Recorded: orNothing(recorded), Found: orNothing(found), Cause: finding.Changed(name, rundir.RecordFile)}
}

// checkFigures computes the figures again that follow from others.
func (s *Subject) checkFigures(name string, _ dataset.Part, r metric.Result) error {
	e, is := r.(*metric.Evaluation)
	if !is {
		return s.compare(name, r)
	}
	var labels []string
	for _, c := range e.PerClass {
		labels = append(labels, c.Label)
	}
	if classes := s.Record.Identity.Classes; !slices.Equal(labels, classes) {
		return s.resultDiffers(name, "labels", strings.Join(labels, ","), strings.Join(classes, ","))
	}
	made, err := e.Recomputed()
	if err != nil {
		return finding.Unreadable(name, err)
	}
	return s.compare(name, made)
}

// checkDetection computes again what the files of targets found imply, and compares their clips
// with the record's, their thresholds with each other, and those with the validation part's.
func (s *Subject) checkDetection() error {
	s.detected = map[dataset.Part]*detection.Result{}
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.DetectionFile(part)
		if !s.evaluated() || !s.detects(part) {
			continue
		}
		r, err := detection.Read(s.file(name))
		if err != nil {
			return s.lacking(name, err)
		}
		if err := s.checkFound(name, part, r); err != nil {
			return err
		}
		s.detected[part] = r
	}
	validation, test := s.detected[dataset.PartValidation], s.detected[dataset.PartTest]
	if validation != nil {
		at, enough := validation.ChosenHere()
		if t := validation.Thresholds; at != t.Chosen || enough != t.Enough {
			return s.resultDiffers(rundir.DetectionFile(dataset.PartValidation), "thresholds", fmt.Sprint(t.Chosen, t.Enough), fmt.Sprint(at, enough))
		}
	}
	if test != nil && (validation != nil && !validation.SameThresholds(test) || validation == nil && len(test.Thresholds.Scores) > 0) {
		return s.resultDiffers(rundir.DetectionFile(dataset.PartTest), "thresholds", "others", "those of the validation part")
	}
	return nil
}

// detects says whether a run has the file of the targets that were found in a part. Of older
// programs, some have none.
func (s *Subject) detects(part dataset.Part) bool {
	return s.Record.LooksForTargets(s.Split, part) && (s.Ours || s.Record.Files[rundir.DetectionFile(part)] != "")
}

// Detects says whether the run has files of the targets that were found in clips.
func (s *Subject) Detects() bool { return len(s.detected) > 0 }

// checkFound compares a file of targets found with the record and with what it implies itself.
func (s *Subject) checkFound(name string, part dataset.Part, r *detection.Result) error {
	if found := strings.Join(s.Record.DatasetNames(), ","); r.Dataset != found || r.Part != part.String() {
		return s.resultDiffers(name, "what was evaluated", r.Dataset+" "+r.Part, found+" "+part.String())
	}
	if (r.Speed != nil) != (part == dataset.PartTest) {
		return s.resultDiffers(name, "speed", presence(r.Speed != nil), presence(part == dataset.PartTest))
	}
	for i, l := range r.Each {
		known := l.Dataset < len(s.Record.Identity.Datasets) && slices.ContainsFunc(s.Record.Identity.Datasets[l.Dataset].Clips, func(c rundir.ClipNote) bool { return c.File == l.Clip })
		if !known {
			return s.resultDiffers(name, fmt.Sprintf("each[%d].clip", i), l.Clip, "no such clip")
		}
	}
	made, err := r.Recomputed(s.Record.Identity.Classes)
	if err != nil {
		return finding.Unreadable(name, err)
	}
	return s.compare(name, made)
}

// checkLatency refuses times that no measurement gives. They are of the test part.
func (s *Subject) checkLatency(name string, part dataset.Part, r metric.Result) error {
	l := r.MeasuredLatency()
	if (l != nil) != (part == dataset.PartTest) {
		return s.resultDiffers(name, "latency_ms", presence(l != nil), presence(part == dataset.PartTest))
	}
	if l == nil {
		return nil
	}
	if err := l.Check(); err != nil {
		return finding.Unreadable(name, err)
	}
	if s.Ours && (l.Batch != 1 || l.Workers != 1 || l.Samples != classifier.LatencySamples) {
		return s.resultDiffers(name, "latency_ms", fmt.Sprintf("batch %d, %d workers, %d samples", l.Batch, l.Workers, l.Samples),
			fmt.Sprintf("1, 1 and %d", classifier.LatencySamples))
	}
	if c := l.Calibration; s.Ours && c != nil && c.Network != classifier.CalibrationNetwork {
		return s.resultDiffers(name, "latency_ms.calibration.network", c.Network, classifier.CalibrationNetwork)
	}
	return nil
}

// checkTables writes the tables of a result again.
func (s *Subject) checkTables(name string, part dataset.Part, r metric.Result) error {
	for _, table := range r.Tables() {
		var b bytes.Buffer
		if err := table.Write(&b); err != nil {
			return err
		}
		if err := s.checkTable(rundir.EvaluationDir+"/"+part.String()+table.Suffix, b.Bytes(), name); err != nil {
			return err
		}
	}
	return nil
}

// maxTable is the length of the longest table in bytes.
const maxTable = 64 << 20

func (s *Subject) checkTable(name string, want []byte, source string) error {
	found, err := fileio.ReadFile(s.file(name), maxTable)
	if err != nil {
		return s.lacking(name, err)
	}
	if !bytes.Equal(found, want) {
		return &finding.Difference{File: name, Figure: "content", Recorded: firstOther(found, want), Found: firstOther(want, found) + " by " + source, Cause: finding.Changed(name, source)}
	}
	return nil
}

// checkHistoryTables writes the tables of the histories again, which run directories
// have. A training that was interrupted at its very end may lack one, and what verify
// keeps has none.
func (s *Subject) checkHistoryTables() error {
	for _, n := range slices.Concat(s.Networks, s.Later) {
		name := rundir.HistoryTableOf(n.Name)
		if s.Packaged || !fileio.Exists(s.file(name)) && !(s.Ours && s.Release != nil) {
			continue
		}
		var b bytes.Buffer
		if err := metric.WriteHistoryCSV(&b, n.History); err != nil {
			return err
		}
		if err := s.checkTable(name, b.Bytes(), rundir.HistoryOf(n.Name)); err != nil {
			return err
		}
	}
	return nil
}

// checkBest compares the evaluation of the validation part with the line of the history
// of the best epoch: both are of the same weights.
func (s *Subject) checkBest() error {
	n := s.Networks[len(s.Networks)-1]
	best, validation := n.History[n.Note.BestEpoch-1], s.results[dataset.PartValidation]
	figure, value := validation.Measured()
	for _, f := range []struct {
		name            string
		recorded, found float64
	}{{"validation_loss", best.ValidationLoss, validation.MeanLoss()}, {figure.Monitor(), best.ValidationFigure(), value}} {
		if f.recorded != f.found {
			return &finding.Difference{File: rundir.HistoryOf(n.Name), Epoch: best.Epoch, Figure: f.name, Recorded: config.Exact(f.recorded),
				Found: config.Exact(f.found) + " in " + rundir.EvaluationFile(dataset.PartValidation), Cause: finding.Changed(rundir.HistoryOf(n.Name), rundir.EvaluationFile(dataset.PartValidation))}
		}
	}
	return nil
}

// checkDuplicates compares the counts of identical images with the list of them.
func (s *Subject) checkDuplicates() error {
	d, err := dataset.ReadDuplicates(s.file(rundir.DuplicatesFile))
	if err != nil {
		return s.lacking(rundir.DuplicatesFile, err)
	}
	if err := s.compare(rundir.DuplicatesFile, d); err != nil {
		return err
	}
	if err := d.Check(s.Record.Identity.Classes); err != nil {
		return finding.Unreadable(rundir.DuplicatesFile, err)
	}
	if d.Validation > len(s.Split.Validation) || d.Test > len(s.Split.Test) {
		return &finding.Difference{File: rundir.DuplicatesFile, Figure: "validation, test", Recorded: strconv.Itoa(d.Validation) + ", " + strconv.Itoa(d.Test),
			Found: fmt.Sprintf("parts of %d and %d images", len(s.Split.Validation), len(s.Split.Test)), Cause: finding.Changed(rundir.DuplicatesFile)}
	}
	return nil
}

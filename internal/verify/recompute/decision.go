package recompute

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/release/agreement"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// checkDecision lets the criteria, with the recorded thresholds, judge the evaluation and
// the model again, and compares the whole decision.
func (s *Subject) checkDecision() error {
	if s.Release == nil {
		return s.checkUndecided()
	}
	if s.Record.ForceReason != s.Release.ForceReason {
		return recordDiffers("force_reason", s.Record.ForceReason, s.Release.ForceReason+" in "+rundir.ReleaseFile)
	}
	if err := s.checkBaseline(); err != nil {
		return err
	}
	if err := s.checkAgreement(); err != nil {
		return err
	}
	sizes, err := s.modelBytes()
	if err != nil {
		return err
	}
	var first error
	for _, size := range sizes {
		made, err := s.decide(size)
		if err != nil {
			return finding.Unreadable(rundir.ReleaseFile, err)
		}
		if err = s.compareDecision(made); err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// checkUndecided refuses what only a decision explains.
func (s *Subject) checkUndecided() error {
	r := s.Record
	switch {
	case r.ForceReason != "":
		return recordDiffers("force_reason", r.ForceReason, "")
	case r.Package != nil:
		return recordDiffers("package", presence(true), presence(false)+", without a decision")
	}
	return nil
}

// decide is the decision that the recorded criteria come to, of a model of that size.
func (s *Subject) decide(size int64) (*criterion.Release, error) {
	test := s.results[dataset.PartTest]
	m := criterion.Measurements{Test: test, Latency: test.MeasuredLatency(), ModelBytes: &size, Agreement: s.agreement, Baseline: s.Release.Baseline, Sensor: s.curve}
	var criteria []criterion.Criterion
	for _, recorded := range s.Release.Criteria {
		c, _, err := criterion.MakeCriterion(recorded.Name, recorded.Options())
		if err != nil {
			return nil, err
		}
		criteria = append(criteria, c)
	}
	properties := s.modules.Target.Properties()
	if err := properties.CheckCriteria(criteria); err != nil {
		return nil, err
	}
	made, err := criterion.Decide(criteria, m, criterion.Weights{Name: s.Record.Weights, SHA256: s.Record.Training.WeightsSHA256})
	if err != nil {
		return nil, err
	}
	if s.Release.Forced {
		err = made.Force(s.Release.ForceReason)
	}
	return made, err
}

// compareDecision compares the recorded decision with one that was made again. What it
// says beyond that, such as the baseline, is taken over.
func (s *Subject) compareDecision(made *criterion.Release) error {
	found := *s.Release
	found.Approved, found.Forced, found.Reason, found.ForceReason = made.Approved, made.Forced, made.Reason, made.ForceReason
	found.Criteria, found.Weights, found.Machine = made.Criteria, made.Weights, made.Machine
	found.EvaluationSHA256 = s.Record.Files[rundir.EvaluationFile(dataset.PartTest)]
	if s.Release.Schema > 1 {
		found.AgreementSHA256 = s.Record.Files[rundir.AgreementFile]
	}
	err := s.compare(rundir.ReleaseFile, &found, rundir.EvaluationFile(dataset.PartTest))
	var d *finding.Difference
	if err == nil || s.Ours || !errors.As(err, &d) {
		return err
	}
	found.Reason = s.Release.Reason
	found.Criteria = slices.Clone(found.Criteria)
	for i := range found.Criteria {
		found.Criteria[i].Reason = s.Release.Criteria[i].Reason
	}
	if err := s.compare(rundir.ReleaseFile, &found, rundir.EvaluationFile(dataset.PartTest)); err != nil {
		return err
	}
	return s.inOtherWords(d) // the reasons alone
}

// checkBaseline refuses a comparison with a baseline that is not of this evaluation.
func (s *Subject) checkBaseline() error {
	b := s.Release.Baseline
	if b == nil {
		return nil
	}
	test, is := s.results[dataset.PartTest].(*metric.Evaluation)
	c := b.Comparison
	if !is || min(c.BothRight, c.OnlyCandidate, c.OnlyBaseline, c.BothWrong) < 0 || c.Examples() != test.Examples || c.BothRight+c.OnlyCandidate != test.Correct {
		return &finding.Difference{File: rundir.ReleaseFile, Figure: "baseline.comparison", Recorded: fmt.Sprintf("%+v", c),
			Found: "an evaluation of other examples, or with another number of right ones", Cause: finding.Changed(rundir.ReleaseFile, rundir.EvaluationFile(dataset.PartTest))}
	}
	if err := c.CheckGroups(); err != nil || c.Groups != nil && len(c.Groups) != test.Groups() {
		return &finding.Difference{File: rundir.ReleaseFile, Figure: "baseline.comparison.groups", Recorded: fmt.Sprintf("%d groups", len(c.Groups)),
			Found: fmt.Sprintf("%d groups in the evaluation, or other counts", test.Groups()), Cause: finding.Changed(rundir.ReleaseFile, rundir.EvaluationFile(dataset.PartTest))}
	}
	if b.Name == "" || b.TrainedOn < 0 || b.TrainedOn > test.Examples {
		return &finding.Difference{File: rundir.ReleaseFile, Figure: "baseline.trained_on", Recorded: strconv.Itoa(b.TrainedOn),
			Found: fmt.Sprintf("a named baseline, and a test part of %d examples", test.Examples), Cause: finding.Changed(rundir.ReleaseFile)}
	}
	return nil
}

// modelBytes are the sizes that model.onnx may have had when the model was judged. The
// names of the program and of the model are in it, and the model may have been named
// anew since, of which run.env knows the first name.
func (s *Subject) modelBytes() ([]int64, error) {
	var sizes []int64
	err := s.eachTitle(func(named *rundir.Record, program string) error {
		size, err := rundir.ModelBytesBy(named, s.Trained, program)
		if err == nil && !slices.Contains(sizes, *size) {
			sizes = append(sizes, *size)
		}
		return err
	})
	return sizes, err
}

// eachTitle visits the names of model and program that model.onnx may have had when the
// model was judged.
func (s *Subject) eachTitle(visit func(named *rundir.Record, program string) error) error {
	programs := map[string]bool{s.Record.Execution.Program: true, buildinfo.Program(): !s.Ours}
	if s.Record.Package != nil {
		programs[s.Record.Package.Program] = true
	}
	type title struct{ name, version string }
	titles := []title{{s.Record.Name, s.Record.ReleaseVersion}}
	if s.started != nil {
		titles = append(titles, title{s.started.ReleaseName(), s.started.ReleaseVersion})
	}
	for _, t := range titles {
		named := *s.Record
		named.Name, named.ReleaseVersion = t.name, t.version
		for _, program := range slices.Sorted(maps.Keys(programs)) {
			if err := visit(&named, program); err != nil {
				return finding.Unreadable(rundir.RecordFile, err)
			}
		}
	}
	return nil
}

// checkAgreement reads how model.onnx agreed with the trained model, where the decision
// rests on that, and compares digests and thresholds with model and decision. Whether the
// outputs differ so much cannot be found without the data.
func (s *Subject) checkAgreement() error {
	if !criterion.AsksAgreement(s.Release) {
		return nil
	}
	a, err := criterion.ReadAgreement(s.file(rundir.AgreementFile))
	if err != nil {
		return s.lacking(rundir.AgreementFile, err)
	}
	s.agreement = a
	if v := s.Release.Of(criterion.ONNXAgreementName); v.Labels != nil && (a.SameLabel != v.Labels.Threshold || a.LargestDifference != v.Threshold) {
		return agreementDiffers("least_same_label", fmt.Sprintf("%v, largest_difference %v", a.SameLabel, a.LargestDifference), fmt.Sprintf("%v, %v in %s", v.Labels.Threshold, v.Threshold, rundir.ReleaseFile))
	}
	networks := s.Trained.Exported()
	if len(networks) != len(a.Networks) {
		return agreementDiffers("networks", strconv.Itoa(len(a.Networks)), strconv.Itoa(len(networks)))
	}
	for i, t := range networks {
		if err := s.checkRunFile(fmt.Sprintf("networks[%d]", i), &a.Networks[i], t); err != nil {
			return err
		}
	}
	return s.checkPackagedOpset()
}

// checkRunFile compares what is said of the file of a network with the file that the
// weights give.
func (s *Subject) checkRunFile(figure string, n *criterion.NetworkAgreement, t *rundir.Trained) error {
	for _, f := range []struct{ name, recorded, found string }{
		{"name", n.Name, t.Name}, {"weights_sha256", n.WeightsSHA256, t.Params.Digest()},
	} {
		if f.recorded != f.found {
			return agreementDiffers(figure+"."+f.name, f.recorded, f.found)
		}
	}
	if err := checkRuns(figure, n, t); err != nil {
		return err
	}
	file, err := agreement.File(s.Record, t, n.Opset, buildinfo.Program())
	if err != nil {
		return finding.Unreadable(rundir.AgreementFile, err)
	}
	computes, err := agreement.Computation(file)
	if err != nil {
		return finding.Unreadable(rundir.AgreementFile, err)
	}
	if computes != n.ComputationSHA256 {
		return s.inOtherWords(agreementDiffers(figure+".computation_sha256", n.ComputationSHA256, computes))
	}
	var known []string
	err = s.eachTitle(func(named *rundir.Record, program string) error {
		file, err := agreement.File(named, t, n.Opset, program)
		known = append(known, fileio.SHA256Of(file))
		return err
	})
	if err == nil && !slices.Contains(known, n.FileSHA256) {
		return s.inOtherWords(agreementDiffers(figure+".file_sha256", n.FileSHA256, known[0]))
	}
	return err
}

// checkRuns compares what is said of the outputs of a network with those that it has.
func checkRuns(figure string, n *criterion.NetworkAgreement, t *rundir.Trained) error {
	labelled := t.Target.Properties().Labelled
	var want []string
	for _, o := range t.Graph.Outputs {
		want = append(want, o.Name)
	}
	for i, r := range n.Runtimes {
		where := fmt.Sprintf("%s.runtimes[%d].", figure, i)
		if (r.SameLabel != nil) != labelled {
			return agreementDiffers(where+"same_label", presence(r.SameLabel != nil), presence(labelled))
		}
		var names []string
		for k, o := range r.Outputs {
			if names = append(names, o.Name); labelled && o.Range != 1 {
				return agreementDiffers(fmt.Sprintf("%soutputs[%d].range", where, k), fmt.Sprint(o.Range), "1, that of probabilities")
			}
		}
		if !slices.Equal(names, want) {
			return agreementDiffers(where+"outputs", fmt.Sprint(names), fmt.Sprint(want))
		}
	}
	return nil
}

// checkPackagedOpset compares the operator set with that of the file in the package.
func (s *Subject) checkPackagedOpset() error {
	if s.Record.Package == nil {
		return nil
	}
	formats, err := settings.PackageExportersOf(s.Record.Package)
	if err != nil {
		return finding.Unreadable(rundir.RecordFile, err)
	}
	for i, n := range s.agreement.Networks {
		if opset := formats.Opset(); opset != n.Opset {
			return agreementDiffers(fmt.Sprintf("networks[%d].opset", i), strconv.Itoa(n.Opset), strconv.Itoa(opset)+" in the package")
		}
	}
	return nil
}

func agreementDiffers(figure, recorded, found string) *finding.Difference {
	return &finding.Difference{File: rundir.AgreementFile, Figure: figure, Recorded: orNothing(recorded), Found: orNothing(found), Cause: finding.Changed(rundir.AgreementFile, rundir.ReleaseFile)}
}

package recompute

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/release/agreement"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

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

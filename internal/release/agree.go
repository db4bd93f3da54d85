package release

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/onnx/ort"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/release/agreement"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// The exported model has to agree with the trained one before it is released. It is run
// from the bytes that the package will have. Only what it says of itself, such as name,
// version and the reason of a forced release, may still change: the digest of what it
// computes is compared when it is packaged.

// wantedAgreement is the verdict, on nothing, of the criterion that asks for the agreement;
// nil where none does.
func wantedAgreement(m *settings.Modules) *criterion.Verdict {
	for _, c := range m.Criteria {
		if c.Measures() == criterion.ONNXAgreement {
			v := c.Judge(criterion.Measurements{})
			return &v
		}
	}
	return nil
}

// CheckRuntime refuses settings that ask for ONNX Runtime where it cannot be had.
func CheckRuntime(s *settings.Settings, m *settings.Modules) error {
	wanted := wantedAgreement(m)
	asked := wanted != nil && wanted.Labels.Runtime == criterion.ONNXRuntime
	switch {
	case !asked && (wanted == nil || s.ONNXRuntimeLib == ""):
		return nil
	case !ort.Built:
		return config.Usagef("criterion %s is to be judged by ONNX Runtime, and this program was built without it: %s", wanted.Name, ort.BuildAdvice)
	case s.ONNXRuntimeLib == "":
		return config.Usagef("criterion %s:runtime=%s needs the library: name its file with --onnxruntime-lib, such as libonnxruntime.so.1.24.3", wanted.Name, criterion.ONNXRuntime)
	case !fileio.Exists(s.ONNXRuntimeLib):
		return config.Usagef("--onnxruntime-lib %s: there is no such file", s.ONNXRuntimeLib)
	}
	return nil
}

// NeedsTestPart says whether a decision has to run models on the test part.
func (c *Candidate) NeedsTestPart() (bool, error) {
	if c.Settings.Baseline != "" {
		return true, nil
	}
	wanted := wantedAgreement(c.Modules)
	if wanted == nil {
		return false, nil
	}
	standing, err := c.standingAgreement(wanted)
	return standing == nil, err
}

// WithoutData is the error of a decision that has to run models on the test part, whose data
// cannot be opened. Whoever names a baseline knows that.
func (c *Candidate) WithoutData(err error) error {
	if c.Settings.Baseline != "" {
		return err
	}
	return fmt.Errorf("the gate has to run model.onnx on the test part: %w; --criteria names what a model is asked instead, without %s", err, criterion.ONNXAgreementName)
}

// measureAgreement runs the files that the package will have on the test part, unless that
// was done before. It is nil where no criterion asks for it.
func (c *Candidate) measureAgreement(ctx context.Context, part *TestPart) (*criterion.Agreement, error) {
	wanted := wantedAgreement(c.Modules)
	if wanted == nil {
		return nil, nil
	}
	if standing, err := c.standingAgreement(wanted); err != nil || standing != nil {
		return standing, err
	}
	if err := CheckRuntime(c.Settings, c.Modules); err != nil {
		return nil, err
	}
	if part == nil {
		return nil, fmt.Errorf("model.onnx has to be run on the test part, whose data is not open: repeat blocktrain gate --run %s", config.ShellWord(c.Dir.Path))
	}
	opset, err := agreement.PackageOpset(c.Settings)
	if err != nil {
		return nil, err
	}
	t, err := c.Trained()
	if err != nil {
		return nil, err
	}
	seen, remove := progress.ObserveScoring(c.Env.Log, c.Env.Progress, "running model.onnx on the test part")
	defer remove()
	return agreement.Measure(ctx, &agreement.Request{
		Record: c.Record, Trained: t, Opset: opset, Program: buildinfo.Program(), Library: c.Settings.ONNXRuntimeLib,
		Workers: c.Settings.WorkerCount(), Loader: part.Loader, Indexes: part.Indexes, Tracks: part.Tracks, Known: c.Known, Seen: seen,
	}, wanted)
}

// standingAgreement is what was measured before, of files that compute what the package's
// would, by every runtime that is asked for; nil where there is none.
func (c *Candidate) standingAgreement(wanted *criterion.Verdict) (*criterion.Agreement, error) {
	a := c.lastAgreement()
	if a == nil || !a.Has(wanted.Labels.Runtime) {
		return nil, nil
	}
	if by, err := c.byLibrary(a); err != nil || !by {
		return nil, err
	}
	opset, err := agreement.PackageOpset(c.Settings)
	if err != nil {
		return nil, err
	}
	if differs, err := c.differsFrom(a, opset, buildinfo.Program()); err != nil || differs != "" {
		return nil, err
	}
	a.JudgeBy(wanted)
	return a, nil
}

// byLibrary says whether an agreement rests on the library of ONNX Runtime that is given, if
// one is. A program without ONNX Runtime cannot ask a library for its version: any will do.
func (c *Candidate) byLibrary(a *criterion.Agreement) (bool, error) {
	library := c.Settings.ONNXRuntimeLib
	if library == "" {
		return true, nil
	}
	if !ort.Built {
		return a.Has(criterion.ONNXRuntime), nil
	}
	if err := CheckRuntime(c.Settings, c.Modules); err != nil {
		return false, err
	}
	version, err := ort.Version(library)
	return err == nil && a.HasVersion(version), err
}

// lastAgreement is what an earlier decision rested on; nil where there is none, or where
// it is not as it was written, so that it is measured again.
func (c *Candidate) lastAgreement() *criterion.Agreement {
	if c.Dir.CheckFile(c.Record, rundir.AgreementFile) != nil {
		return nil
	}
	a, err := criterion.ReadAgreement(c.Dir.File(rundir.AgreementFile))
	if err != nil {
		return nil
	}
	return a
}

// differsFrom says in words what of the networks' files, as this version of the program
// writes them, is not what was run; empty where nothing is.
func (c *Candidate) differsFrom(a *criterion.Agreement, opset int, program string) (string, error) {
	t, err := c.Trained()
	if err != nil {
		return "", err
	}
	networks := t.Exported()
	if len(networks) != len(a.Networks) {
		return fmt.Sprintf("%d networks were run, and the model has %d", len(a.Networks), len(networks)), nil
	}
	for i, n := range networks {
		file, err := agreement.File(c.Record, n, opset, program)
		if err != nil {
			return "", err
		}
		computes, err := agreement.Computation(file)
		if err != nil {
			return "", err
		}
		if was := a.Networks[i]; was.Name != n.Name || was.ComputationSHA256 != computes {
			return fmt.Sprintf("the file of opset %d that was run has the digest %s, and the one of opset %d to be packaged has %s", was.Opset, was.ComputationSHA256, opset, computes), nil
		}
	}
	return "", nil
}

// agreementSHA256 is the digest of the file that a decision rests on.
func (c *Candidate) agreementSHA256() (string, error) {
	if c.agreement == nil {
		return "", nil
	}
	text, err := fileio.MarshalJSON(c.agreement)
	return fileio.SHA256Of(text), err
}

// publishAgreement writes what the decision rests on and enters it in the record, or
// removes what an earlier one rested on.
func (c *Candidate) publishAgreement() error {
	path := c.Dir.File(rundir.AgreementFile)
	if c.agreement == nil {
		delete(c.Record.Files, rundir.AgreementFile)
		return fileio.Remove(path)
	}
	text, err := fileio.MarshalJSON(c.agreement)
	if err != nil {
		return err
	}
	if err := fileio.WriteBytes(path, text); err != nil {
		return err
	}
	return c.Dir.NoteFiles(c.Record, rundir.AgreementFile)
}

// checkAgreement refuses to package other files than those that were judged. A model that
// no criterion asked it of needs none.
func (c *Candidate) checkAgreement(formats settings.Exporters, program string) error {
	decided, err := criterion.ReadRelease(c.Dir.File(rundir.ReleaseFile))
	if err != nil {
		return err
	}
	if !criterion.AsksAgreement(decided) {
		return nil
	}
	a, err := criterion.ReadAgreement(c.Dir.File(rundir.AgreementFile))
	if err != nil {
		return err
	}
	differs, err := c.differsFrom(a, formats.Opset(), program)
	if err == nil && differs != "" {
		err = config.Usagef("model.onnx was judged with other content than it is to be packaged with: %s; repeat blocktrain gate --run %s with the same --exporters",
			differs, config.ShellWord(c.Dir.Path))
	}
	return err
}

package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify/recompute"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// What verification finds without training: whether the files of a run or package
// say the same of each other.

// checkFiles compares a package with its list of digests.
func (v *verification) checkFiles(context.Context) error {
	v.packaged = v.source.Packaged
	switch {
	case v.packaged:
		return v.checkList()
	case rundir.HoldsRun(v.folder):
		return nil
	}
	return config.Usagef("%s is neither a run directory nor a package: it has no %s", v.request.Path, rundir.RecordFile)
}

// checkList compares the files of a package with its list of digests.
func (v *verification) checkList() error {
	differences, err := v.source.Check()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Difference{File: fileio.ChecksumFile, Figure: "file", Recorded: "one in every package", Found: nothing, Cause: "the list was removed"}
	case err != nil:
		return v.lacking(fileio.ChecksumFile, err)
	case len(differences) > 0:
		return unlisted(differences[0])
	}
	return nil
}

// unlisted is a difference between a package's files and its list.
func unlisted(d fileio.Difference) *Difference {
	recorded, cause := "the file's digest", changed(d.Path, fileio.ChecksumFile)
	switch d.Kind {
	case fileio.Missing:
		cause = d.Path + " was removed from the package"
	case fileio.Foreign:
		return foreign(d.Path)
	case fileio.Unlisted:
		recorded, cause = nothing, d.Path+" was added to the package"
	}
	return &Difference{File: fileio.ChecksumFile, Figure: d.Path, Recorded: recorded, Found: string(d.Kind), Cause: cause}
}

// foreign is the difference of a file or folder that no package has.
func foreign(path string) *Difference {
	return &Difference{File: path, Figure: "file", Recorded: nothing, Found: "a file or folder that no package has", Cause: "it was added to the package"}
}

// readRecord reads run.json, whose identity must be the one that its digest is of.
func (v *verification) readRecord(context.Context) (err error) {
	v.record, err = rundir.ReadRecord(v.file(rundir.RecordFile))
	var other *rundir.ChangedIdentity
	switch {
	case errors.As(err, &other):
		return &Difference{File: rundir.RecordFile, Figure: "identity_sha256", Recorded: other.Recorded, Found: other.Found, Cause: "the identity was edited after the run"}
	case err != nil:
		return v.lacking(rundir.RecordFile, err)
	case !v.record.Finished() && (v.packaged || v.record.Decision != "" || v.record.Training == nil && len(v.record.Files) > 0):
		return &Difference{File: rundir.RecordFile, Figure: "training", Recorded: nothing, Found: "files of a finished training", Cause: changed(rundir.RecordFile)}
	case !v.record.Finished():
		return config.Usagef("%s has not been trained to its end: there is nothing to compare with", v.request.Path)
	}
	v.result.weights = v.record.Weights
	first, later := v.record.Trainings()
	for _, n := range first {
		v.networks = append(v.networks, recompute.Network{Name: n.Name, Note: &n.TrainingNote})
	}
	v.networks = append(v.networks, recompute.Network{Note: v.record.Training})
	for _, n := range later {
		v.later = append(v.later, recompute.Network{Name: n.Name, Note: &n.TrainingNote})
	}
	v.result.IdentitySHA256 = v.record.IdentitySHA256
	for _, n := range v.trained() {
		v.result.Recorded += n.Note.Epochs
	}
	if v.request.Epochs > v.result.Recorded {
		return config.Usagef("--epochs %d: the training had %d", v.request.Epochs, v.result.Recorded)
	}
	v.warnOfVersions()
	return nil
}

// trained are all networks of the run, in the order of training.
func (v *verification) trained() []*recompute.Network {
	var all []*recompute.Network
	for _, list := range [][]recompute.Network{v.networks, v.later} {
		for i := range list {
			all = append(all, &list[i])
		}
	}
	return all
}

// warnOfVersions warns of another program or contract, which bits alone judge.
func (v *verification) warnOfVersions() {
	if then := v.record.Execution.Program; then != buildinfo.Program() {
		v.warn(fmt.Sprintf("the model was made by %s, this is %s", then, buildinfo.Program()))
	}
	if then := v.record.Identity.ContractVersion; then != engine.ContractVersion {
		text := fmt.Sprintf("the model was made under version %d of the reproducibility contract, this program keeps version %d", then, engine.ContractVersion)
		if followed(then) {
			text += fmt.Sprintf(" and follows the rules of version %d here, but for how JPEG and GIF files, alpha and 16 bits are decoded", then)
		}
		v.warn(text)
	}
}

// checkSplit compares the split list with the digest of it.
func (v *verification) checkSplit(context.Context) error {
	split, err := dataset.ReadSplit(v.file(rundir.SplitFile))
	if err != nil {
		return v.lacking(rundir.SplitFile, err)
	}
	v.split = split
	if recorded := v.record.Identity.Split.SHA256; split.Digest() != recorded {
		return &Difference{File: rundir.SplitFile, Figure: "sha256", Recorded: recorded, Found: split.Digest(), Cause: "the split list was edited"}
	}
	for _, part := range dataset.Parts() {
		if recorded, found := v.record.Identity.Split.Of(part), len(split.Indexes(part)); recorded != found {
			return &Difference{File: rundir.RecordFile, Figure: "identity.split." + part.String(), Recorded: strconv.Itoa(recorded), Found: strconv.Itoa(found), Cause: changed(rundir.RecordFile)}
		}
	}
	if err := split.CheckWithin(v.record.Identity.Examples()); err != nil {
		return unreadable(rundir.SplitFile, err)
	}
	return nil
}

// checkHistory reads the epochs to compare with.
func (v *verification) checkHistory(context.Context) error {
	for _, n := range v.trained() {
		if err := v.checkHistoryOf(n); err != nil {
			return err
		}
	}
	return nil
}

func (v *verification) checkHistoryOf(n *recompute.Network) (err error) {
	name, t := rundir.HistoryOf(n.Name), n.Note
	if n.History, err = metric.ReadHistory(v.file(name)); err != nil {
		return v.lacking(name, err)
	}
	if len(n.History) != t.Epochs {
		return &Difference{File: name, Figure: "epochs", Recorded: strconv.Itoa(t.Epochs), Found: strconv.Itoa(len(n.History)), Cause: changed(name, rundir.RecordFile)}
	}
	if t.BestEpoch < 1 || t.BestEpoch > t.Epochs {
		return &Difference{File: rundir.RecordFile, Figure: n.Figure("best_epoch"), Recorded: strconv.Itoa(t.BestEpoch), Found: fmt.Sprintf("%d epochs", t.Epochs), Cause: changed(rundir.RecordFile)}
	}
	best := n.History[t.BestEpoch-1]
	digest := best.WeightsSHA256
	if v.record.Weights == "ema" {
		digest = best.EMASHA256
	}
	if digest != t.WeightsSHA256 {
		return &Difference{File: name, Epoch: best.Epoch, Figure: "digest of the " + v.record.Weights + " weights", Recorded: t.WeightsSHA256, Found: digest,
			Cause: changed(name, rundir.RecordFile)}
	}
	return nil
}

// checkWeights compares the weights with the digests of them.
func (v *verification) checkWeights(context.Context) error {
	for _, n := range v.trained() {
		if v.packaged && layout.IsFold(n.Name) {
			continue
		}
		name := v.weightsOf(n.Name)
		digest, err := weights.DigestFile(v.file(name))
		if err != nil {
			return v.lacking(name, err)
		}
		if digest != n.Note.WeightsSHA256 {
			return &Difference{File: name, Figure: "digest of the weights", Recorded: n.Note.WeightsSHA256, Found: digest, Cause: changed(name, rundir.RecordFile)}
		}
	}
	return nil
}

// checkCheckpoints compares the last checkpoints that a run has with their digests, and
// the best weights with what they say of them. Those of older programs have none.
func (v *verification) checkCheckpoints(context.Context) error {
	for _, n := range v.trained() {
		name := lastOf(n.Name)
		if v.packaged || !fileio.Exists(v.file(name)) {
			continue
		}
		switch err := train.CheckLast(rundir.At(v.folder).Network(n.Name).Path); {
		case errors.Is(err, train.ErrOlder):
			v.unsealed = append(v.unsealed, name)
		case err != nil:
			return v.lacking(name, err)
		}
	}
	return nil
}

// lastOf is the file of the last checkpoint of a network.
func lastOf(network string) string {
	return path.Join(path.Dir(rundir.HistoryOf(network)), train.CheckpointDir, train.LastFile)
}

// weightsOf is the file of the weights of a network.
func (v *verification) weightsOf(network string) string {
	name := path.Join(train.CheckpointDir, train.BestFile)
	if v.packaged {
		name = exporter.WeightsFile
	}
	if network != "" {
		name = path.Join(rundir.NetworksDir, network, name)
	}
	return name
}

// checkRelease compares the decision with the record. A run that was only trained
// has none.
func (v *verification) checkRelease(context.Context) error {
	release, err := criterion.ReadRelease(v.file(rundir.ReleaseFile))
	if errors.Is(err, fs.ErrNotExist) && !v.packaged && v.record.Decision == "" {
		return nil
	}
	if err != nil {
		return v.lacking(rundir.ReleaseFile, err)
	}
	if recorded := v.record.Training.WeightsSHA256; release.Weights.SHA256 != recorded {
		return &Difference{File: rundir.ReleaseFile, Figure: "weights.sha256", Recorded: recorded, Found: release.Weights.SHA256, Cause: "the decision is on other weights, or was edited"}
	}
	if release.Decision() != v.record.Decision {
		return &Difference{File: rundir.ReleaseFile, Figure: "decision", Recorded: v.record.Decision, Found: release.Decision(), Cause: changed(rundir.ReleaseFile, rundir.RecordFile)}
	}
	if err := v.record.CheckTaken(release); err != nil {
		return &Difference{File: rundir.ReleaseFile, Figure: "decided", Recorded: "as in " + rundir.RecordFile, Found: err.Error(), Cause: changed(rundir.ReleaseFile, rundir.RecordFile)}
	}
	if recorded := v.record.Files[rundir.EvaluationFile(dataset.PartTest)]; release.EvaluationSHA256 != recorded {
		return &Difference{File: rundir.ReleaseFile, Figure: "evaluation_sha256", Recorded: recorded, Found: release.EvaluationSHA256,
			Cause: "the model was evaluated again after the decision, which the gate must then repeat; or a file was edited"}
	}
	if v.packaged && !release.Approved {
		return &Difference{File: rundir.ReleaseFile, Figure: "approved", Recorded: "true in every package", Found: "false", Cause: changed(rundir.ReleaseFile)}
	}
	v.release = release
	return nil
}

// checkEvaluations compares the evaluations' weights with the record's. A run that was
// only trained has none.
func (v *verification) checkEvaluations(context.Context) error {
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.EvaluationFile(part)
		e, err := target.ReadResult(v.file(name))
		if errors.Is(err, fs.ErrNotExist) && v.release == nil {
			continue
		}
		if err != nil {
			return v.lacking(name, err)
		}
		if recorded := v.record.Training.WeightsSHA256; e.Header().WeightsSHA256 != recorded {
			return &Difference{File: name, Figure: "weights_sha256", Recorded: recorded, Found: e.Header().WeightsSHA256, Cause: "the evaluation is of other weights, or was edited"}
		}
	}
	return nil
}

// recompute compares the files with what others of them imply.
func (v *verification) recompute(context.Context) error {
	name := v.weightsOf("")
	t, err := v.source.Restore(v.record, v.file(name))
	if err != nil {
		return unreadable(name, err)
	}
	v.subject = &recompute.Subject{
		Folder: v.folder, Packaged: v.packaged, Ours: v.ours(), Record: v.record, Split: v.split, Networks: v.networks, Later: v.later,
		Release: v.release, Trained: t, Warn: v.warn,
	}
	return v.subject.Check()
}

// lacking is the error of a file that verification needs.
func (v *verification) lacking(name string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Difference{File: name, Figure: "file", Recorded: "one in every " + v.kind(), Found: nothing, Cause: "the file was removed, or an older version of the program made the " + v.kind()}
	case errors.As(err, &path): // the disk, not the content
		return err
	}
	d := unreadable(name, err)
	d.Found = strings.ReplaceAll(d.Found, v.folder+string(filepath.Separator), "") // which may be a temporary one
	return d
}

func (v *verification) kind() string {
	if v.packaged {
		return "package"
	}
	return "run"
}

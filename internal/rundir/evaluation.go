package rundir

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
)

// CheckSources compares with the record the files that training leaves besides
// weights.
func (d *Dir) CheckSources(record *Record) error {
	for _, name := range record.FileNames() {
		if name == ReleaseFile || name == AgreementFile || madeByEvaluation(name) {
			continue
		}
		if err := d.CheckFile(record, name); err != nil {
			return err
		}
	}
	return nil
}

// CheckEvaluations reports results of the stage evaluate that are missing, that
// were changed, or that are of other weights.
func (d *Dir) CheckEvaluations(record *Record) error {
	for _, part := range EvaluatedParts() {
		name := EvaluationFile(part)
		if err := d.CheckFile(record, name); err != nil {
			return err
		}
		e, err := target.ReadResult(d.File(name))
		if err != nil {
			return err
		}
		if e.Header().WeightsSHA256 != record.Training.WeightsSHA256 {
			return fmt.Errorf("%s is of other weights than the run's", d.File(name))
		}
		if record.Identity.FollowsClips() {
			if err := d.CheckFile(record, ClipsFile(part)); err != nil {
				return err
			}
		}
	}
	for _, name := range record.FileNames() {
		if !madeByEvaluation(name) {
			continue
		}
		if err := d.CheckFile(record, name); err != nil {
			return err
		}
	}
	return nil
}

// madeByEvaluation says whether the stage evaluate writes the file of that name: the
// figures of a part, tables of them, and plots.
func madeByEvaluation(name string) bool {
	own := slices.ContainsFunc(EvaluatedParts(), func(p dataset.Part) bool {
		if name == DetectionFile(p) {
			return true
		}
		rest, is := strings.CutPrefix(name, path.Join(EvaluationDir, p.String()))
		return name == ClipsFile(p) || is && (strings.HasPrefix(rest, ".") || strings.HasPrefix(rest, "-"))
	})
	return own || name == ControlsFile || name == layout.SensorFile || name == layout.ReferenceFile || strings.HasPrefix(name, PlotsDir+"/")
}

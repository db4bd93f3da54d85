package crossval

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Tracked is how many clips of all folds are decided on rightly by models that find the target
// themselves, as in evaluation/clips-test.json of the folds.
type Tracked struct {
	Methods []string `json:"methods"` // how it is decided on a clip, each once, in the order of the folds
	metric.TrackedFigures
	BoxesGiven metric.TrackedFigures `json:"boxes_given"`
}

// readTracked reads what the fold says of targets that are found without labelled boxes.
func (f *Fold) readTracked() (err error) {
	classes := f.Record.Identity.Classes
	if f.Record.Identity.FollowsClips() {
		if f.Tracked, err = metric.ReadTracked(f.Dir.File(rundir.ClipsFile(dataset.PartTest)), classes); err != nil {
			return err
		}
		if f.Tracked.WeightsSHA256 != f.Record.Training.WeightsSHA256 {
			return fmt.Errorf("%s is of other weights than the run's", f.Dir.File(rundir.ClipsFile(dataset.PartTest)))
		}
	}
	if name := rundir.DetectionFile(dataset.PartTest); f.Record.Files[name] != "" {
		if f.Detection, err = detection.Read(f.Dir.File(name)); err == nil {
			f.Detection, err = f.Detection.Recomputed(classes)
		}
	}
	return err
}

// poolTracked puts together what the folds say of targets that are found without labelled boxes.
func (cv *CrossValidation) poolTracked() (err error) {
	classes := cv.Folds[0].Record.Identity.Classes
	var tracked []*metric.TrackedClips
	var found []*detection.Result
	for _, f := range cv.Folds {
		if f.Tracked != nil {
			tracked = append(tracked, f.Tracked)
		}
		if f.Detection != nil {
			found = append(found, f.Detection)
		}
	}
	if len(tracked) > 0 {
		pooled := metric.PoolTracked(tracked, classes)
		cv.Result.Tracked = &Tracked{methodsOf(tracked), pooled.TrackedFigures, pooled.BoxesGiven}
	}
	if len(found) > 0 {
		cv.Result.Detection, err = detection.Pool(found, classes)
	}
	return err
}

// methodsOf are the methods of all, each once.
func methodsOf(list []*metric.TrackedClips) (methods []string) {
	known := map[string]bool{}
	for _, t := range list {
		if !known[t.Method] {
			known[t.Method] = true
			methods = append(methods, t.Method)
		}
	}
	return methods
}

// writeTracked writes what is known of targets that are found without labelled boxes.
func (cv *CrossValidation) writeTracked(b *strings.Builder) {
	if t := cv.Result.Tracked; t != nil {
		fmt.Fprintf(b, "\nclips decided on, with labelled boxes:\nright on %s\n", t.BoxesGiven.Text())
		writeUndecided(b, &t.BoxesGiven)
		fmt.Fprintf(b, "clips decided on, with their targets found without labelled boxes:\nright on %s\n", t.Text())
		writeUndecided(b, &t.TrackedFigures)
		fmt.Fprintf(b, "by: %s\n", strings.Join(t.Methods, "; "))
		classes := cv.Folds[0].Record.Identity.Classes
		for _, c := range t.Confused() {
			fmt.Fprintf(b, "clips of %s taken for %s: %s\n", metric.Clip(classes[c.True], 25), metric.Clip(classes[c.Predicted], 25), metric.Count(c.Count))
		}
	}
	if d := cv.Result.Detection; d != nil {
		fmt.Fprintf(b, "\n%s", d.Table())
	}
}

// writeUndecided writes how many clips have no decision, if any.
func writeUndecided(b *strings.Builder, t *metric.TrackedFigures) {
	if text := t.UndecidedText(); text != "" {
		fmt.Fprintln(b, text)
	}
}

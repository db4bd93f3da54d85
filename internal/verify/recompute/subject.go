// Package recompute finds what the files of a run or a package say otherwise than
// other files of it imply. It needs neither the data nor a training.
package recompute

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Subject is a run or package whose record, split list, histories and decision were
// read and fit each other's digests.
type Subject struct {
	Folder   string // of the run, or of the package where it is unpacked
	Packaged bool   // a package, not a run directory
	// Ours says that this version of the program made the record. What another one
	// writes in words, or draws, is not known.
	Ours     bool
	Record   *rundir.Record
	Split    *dataset.Split
	Networks []Network          // in the order of training; the last is the one that is judged
	Later    []Network          // those trained after it, in order
	Release  *criterion.Release // nil where there is none
	Trained  *rundir.Trained    // the network with the weights of the run or package
	Warn     func(text string)

	settings  *settings.Settings // those that the identity was made from
	modules   *settings.Modules
	started   *settings.Settings // those of run.env; nil where this program cannot read it
	results   map[dataset.Part]metric.Result
	detected  map[dataset.Part]*detection.Result // of parts with clips
	curve     *metric.SensorCurve                // through the sensor; nil where there is none
	agreement *criterion.Agreement               // that the decision rests on; nil where there is none
	drawn     []string                           // names of the plots
	undrawn   []visualization.Figure             // those that cannot be drawn again without the data
}

// Network is what is recorded of the training of a network.
type Network struct {
	Name    string // empty for the last and for a single one
	Note    *rundir.TrainingNote
	History []metric.Epoch
}

// Figure is the name in the record of a figure of the training.
func (n *Network) Figure(name string) string {
	if n.Name == "" {
		return "training." + name
	}
	return "networks (" + n.Name + ")." + name
}

// Check takes the checks in order until one finds a difference. The error is then a
// *finding.Difference.
func (s *Subject) Check() error {
	for _, check := range []func() error{
		s.checkForms, s.readSettings, s.checkRecord, s.checkStartedWith, s.checkSplit, s.checkTraining,
		s.checkDuplicates, s.checkResults, s.checkDetection, s.checkDecision, s.checkPlots, s.checkFiles,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *Subject) file(name string) string {
	return filepath.Join(s.Folder, filepath.FromSlash(name))
}

// recordDiffers is a difference of run.json.
func recordDiffers(figure, recorded, found string) error {
	return &finding.Difference{File: rundir.RecordFile, Figure: figure, Recorded: orNothing(recorded), Found: orNothing(found), Cause: finding.Changed(rundir.RecordFile)}
}

func orNothing(text string) string {
	if text == "" {
		return finding.Nothing
	}
	return text
}

// compare finds the first value of a file that is not what was computed; nil if there
// is none. The sources are the files that it was computed from.
func (s *Subject) compare(name string, computed any, sources ...string) error {
	recorded, err := finding.Read(s.file(name))
	if err != nil {
		return s.lacking(name, err)
	}
	return finding.Between(name, "", finding.Changed(append([]string{name}, sources...)...), recorded, computed)
}

// lacking is the error of a file that cannot be read.
func (s *Subject) lacking(name string, err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &finding.Difference{File: name, Figure: "file", Recorded: "one, as other files say", Found: finding.Nothing, Cause: "the file was removed"}
	case errors.As(err, &path): // the disk, not the content
		return err
	}
	d := finding.Unreadable(name, err)
	d.Found = strings.ReplaceAll(d.Found, s.Folder+string(filepath.Separator), "") // which may be a temporary one
	return d
}

// inOtherWords is what to do about a difference of words, or of a drawing: it is one
// where this version of the program made the record, and else only told.
func (s *Subject) inOtherWords(d *finding.Difference) error {
	if s.Ours {
		return d
	}
	s.Warn(d.File + " is not what this version of the program writes: whether it says what the other files say was not verified")
	return nil
}

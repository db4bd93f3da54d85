package release

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Detect measures how well the targets of the clips of the run's parts are found, where
// examples were cut out around boxes. It writes the files, enters them into the record and
// shows the figures in the log. As of an evaluation, what a decided run has stays as it is,
// and the new figures are written beside it.
func (c *Candidate) Detect(ctx context.Context, d dataset.Dataset, split *dataset.Split) (*detection.Parts, error) {
	if !c.Record.LooksForTargets(split, dataset.PartValidation) && !c.Record.LooksForTargets(split, dataset.PartTest) {
		return &detection.Parts{}, nil
	}
	c.Env.Log.Info("looking for the targets of the clips of both parts")
	workers := c.Settings.WorkerCount()
	found, err := detection.OfParts(ctx, d, split, strings.Join(c.Record.DatasetNames(), ","), workers)
	if err != nil {
		return nil, err
	}
	if err := found.MeasureSpeed(ctx, workers, machine.Name()); err != nil {
		return nil, err
	}
	for _, part := range rundir.EvaluatedParts() {
		r := found.Of(part)
		if r == nil {
			continue
		}
		name := rundir.DetectionFile(part)
		stands := c.Record.Decision != "" && c.Dir.CheckFile(c.Record, name) == nil
		if stands {
			name = strings.TrimSuffix(name, ".json") + again + ".json"
		}
		if err := c.writeDetection(r, name); err != nil {
			return nil, err
		}
		if !stands {
			if err := c.Dir.NoteFiles(c.Record, name); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// DetectElsewhere measures how well the targets of the clips of other data than the run's are
// found, at the thresholds of the run, and writes the figures under a name of their own. It
// does nothing where no examples were cut out of clips around boxes.
func (c *Candidate) DetectElsewhere(ctx context.Context, d dataset.Dataset, list []int, part, name string) ([]*detection.Result, error) {
	found, err := detection.Of(ctx, d, list, c.Settings.WorkerCount())
	if err != nil || found.Clips() == 0 {
		return nil, err
	}
	thresholds := detection.Thresholds{Scores: []float64{}}
	own := rundir.DetectionFile(dataset.PartValidation)
	if c.Record.Files[own] != "" {
		if err := c.Dir.CheckFile(c.Record, own); err != nil {
			return nil, err
		}
		validation, err := detection.Read(c.Dir.File(own))
		if err != nil {
			return nil, err
		}
		thresholds = validation.Thresholds
	}
	r := found.Result(part, thresholds)
	r.Dataset = strings.Join(c.Settings.DatasetNames(), ",")
	return []*detection.Result{r}, c.writeDetection(r, rundir.EvaluationDir+"/detection-"+name+".json")
}

// writeDetection writes and shows a result. A file with the same bytes stays.
func (c *Candidate) writeDetection(r *detection.Result, name string) error {
	if err := c.Dir.MakeDir(rundir.EvaluationDir); err != nil {
		return err
	}
	text, err := fileio.MarshalJSON(r)
	if err != nil {
		return err
	}
	path := c.Dir.File(name)
	if was, err := os.ReadFile(path); err != nil || !bytes.Equal(was, text) {
		if err := fileio.WriteBytes(path, text); err != nil {
			return err
		}
	}
	attributes := []any{"dataset", r.Dataset, "part", r.Part, "frames", r.All.Targets, "first", r.All.First.Count, "track", r.All.Track.Count, "among_five", r.All.Best.Count, "file", path}
	c.Env.Show("targets found", fmt.Sprintf("targets found: %s\n%s", path, r.Table()), attributes...)
	return nil
}

package release

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
)

// again is in the names of evaluations that stand beside those that the decision rests on.
const again = "-again"

// WriteEvaluation writes the figures of a part of the run's data, enters the files into
// the record and shows the figures in the log. It returns the path of the JSON file. Once
// there is a decision, the files that it rests on stay as they are: the new ones are
// written beside them, with "-again" in their names, and are of no record.
func (c *Candidate) WriteEvaluation(e metric.Result) (path string, err error) {
	base := rundir.EvaluationDir + "/" + e.Header().Part
	decided := c.rests(base + ".json")
	return c.writeEvaluation(e, func(suffix string) (name string, noted bool) {
		if decided && c.Dir.CheckFile(c.Record, base+suffix) == nil {
			return base + again + suffix, false
		}
		return base + suffix, true
	})
}

// WriteElsewhere writes the figures of other data than the run's under a name of their
// own. Nothing rests on them, so that no record has them.
func (c *Candidate) WriteElsewhere(e metric.Result, name string) (path string, err error) {
	return c.writeEvaluation(e, func(suffix string) (string, bool) { return rundir.EvaluationDir + "/" + name + suffix, false })
}

// rests says whether the decision rests on the evaluation of that name, which is as it was
// written and of the present weights.
func (c *Candidate) rests(name string) bool {
	if c.Record.Decision == "" || c.Dir.CheckFile(c.Record, name) != nil {
		return false
	}
	e, err := target.ReadResult(c.Dir.File(name))
	return err == nil && e.Header().WeightsSHA256 == c.Record.Training.WeightsSHA256
}

// PlotsStand says whether the run is decided and all its plots are as they were drawn.
func (c *Candidate) PlotsStand() bool {
	found := false
	for _, name := range c.Record.FileNames() {
		if !strings.HasPrefix(name, rundir.PlotsDir+"/") {
			continue
		}
		if found = true; c.Dir.CheckFile(c.Record, name) != nil {
			return false
		}
	}
	return found && c.Record.Decision != ""
}

// writeEvaluation writes the figures as JSON and the tables as CSV. For each suffix, where
// gives the name of the file, from the run directory, and whether the record has it.
func (c *Candidate) writeEvaluation(e metric.Result, where func(suffix string) (name string, noted bool)) (path string, err error) {
	if err := c.Dir.MakeDir(rundir.EvaluationDir); err != nil {
		return "", err
	}
	name, noted := where(".json")
	path = c.Dir.File(name)
	if err := fileio.WriteJSON(path, e); err != nil {
		return "", err
	}
	var files []string
	if noted {
		files = append(files, name)
	}
	for _, table := range e.Tables() {
		name, noted := where(table.Suffix)
		if err := fileio.WriteAtomic(c.Dir.File(name), table.Write); err != nil {
			return "", err
		}
		if noted {
			files = append(files, name)
		}
	}
	if err := c.Dir.NoteFiles(c.Record, files...); err != nil {
		return "", err
	}
	head := e.Header()
	figure, value := e.Measured()
	c.Env.Show("evaluated", fmt.Sprintf("evaluated: %s\n%s", path, e.Table()),
		"dataset", head.Dataset, "part", head.Part, figure.Name, logging.Rounded(value), "loss", logging.Rounded(e.MeanLoss()), "file", path)
	return path, nil
}

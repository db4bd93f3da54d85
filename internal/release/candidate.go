// Package release takes a trained run to its package: the decision of the gate, the
// comparison with an earlier model, the documents, the exported model and the
// package itself.
package release

import (
	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Candidate is a trained run whose model is to be judged and, if it is approved,
// released.
type Candidate struct {
	Env      *rundir.Environment
	Settings *settings.Settings
	Modules  *settings.Modules
	Dir      *rundir.Dir
	Record   *rundir.Record
	Known    *classifier.Known // what the command has computed so far; nil: all is computed anew

	trained   *rundir.Trained      // read once
	agreement *criterion.Agreement // that the last decision rests on; nil where no criterion asks for it
}

// Trained is the network with the weights that are judged, read the first time.
func (c *Candidate) Trained() (*rundir.Trained, error) {
	if c.trained == nil {
		t, err := rundir.LoadTrained(c.Dir, c.Record)
		if err != nil {
			return nil, err
		}
		c.trained = t
	}
	return c.trained, nil
}

// Classifier is the network as it is used.
func (c *Candidate) Classifier() (*classifier.Classifier, error) {
	t, err := c.Trained()
	if err != nil {
		return nil, err
	}
	model := classifier.Of(c.Record, t)
	model.Known = c.Known
	return model, nil
}

// TestEvaluation reads how the run's weights did on the test part.
func (c *Candidate) TestEvaluation() (metric.Result, error) {
	name := rundir.EvaluationFile(dataset.PartTest)
	path := c.Dir.File(name)
	if err := c.Dir.CheckFile(c.Record, name); err != nil {
		return nil, err
	}
	test, err := target.ReadResult(path)
	switch {
	case err != nil:
		return nil, err
	case test.Header().WeightsSHA256 != c.Record.Training.WeightsSHA256:
		return nil, config.Usagef("%s is of other weights than the run's: repeat blocktrain evaluate --run %s", path, config.ShellWord(c.Dir.Path))
	}
	return test, nil
}

// Documents are the files that say to people what the run came to.
type Documents struct{ Card, Report string }

// WriteDocuments writes the model card and the report from what the run directory
// holds.
func (c *Candidate) WriteDocuments() (Documents, error) {
	made := Documents{c.Dir.File(rundir.CardFile), c.Dir.File(rundir.ReportFile)}
	t, err := c.Trained()
	if err != nil {
		return made, err
	}
	content, err := report.Gather(c.Dir, c.Record, t, buildinfo.Program())
	if err != nil {
		return made, err
	}
	card, err := report.ModelCard(content, rundir.PlotsDir)
	if err != nil {
		return made, err
	}
	if err := fileio.WriteBytes(made.Card, card); err != nil {
		return made, err
	}
	page, err := report.HTML(content)
	if err != nil {
		return made, err
	}
	if err := fileio.WriteBytes(made.Report, page); err != nil {
		return made, err
	}
	c.Env.Log.Info("report written", "file", made.Report)
	return made, nil
}

package recompute

import (
	"fmt"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// checkSplit compares the split list with what the identity says of it.
func (s *Subject) checkSplit() error {
	if err := s.compare(rundir.SplitFile, s.Split); err != nil {
		return err
	}
	note := s.Record.Identity.Split
	for _, f := range []struct{ figure, recorded, found string }{
		{"identity.dataset_sha256", s.Record.Identity.DatasetSHA256, s.Split.Dataset},
		{"identity.split.seed", strconv.FormatUint(note.Seed, 10), strconv.FormatUint(s.Split.Seed, 10)},
		{"identity.split.ratio", fmt.Sprint(note.Ratio), fmt.Sprint(s.Record.Identity.UsedRatio(s.Split.Ratios, s.Record.Schema))},
		{"identity.split.train", strconv.Itoa(note.Train), strconv.Itoa(len(s.Split.Train))},
		{"identity.split.validation", strconv.Itoa(note.Validation), strconv.Itoa(len(s.Split.Validation))},
		{"identity.split.test", strconv.Itoa(note.Test), strconv.Itoa(len(s.Split.Test))},
	} {
		if f.recorded != f.found {
			return recordDiffers(f.figure, f.recorded, f.found+" in "+rundir.SplitFile)
		}
	}
	return s.checkIndexes()
}

// checkIndexes refuses indexes that are in no dataset of the identity, or in two lists.
func (s *Subject) checkIndexes() error {
	examples := 0
	for _, d := range s.Record.Identity.Datasets {
		examples += d.Examples
	}
	seen := map[int]bool{}
	for _, part := range dataset.Parts() {
		for at, i := range s.Split.Indexes(part) {
			if i < 0 || i >= examples || seen[i] {
				return &finding.Difference{File: rundir.SplitFile, Figure: fmt.Sprintf("%s[%d]", part, at), Recorded: strconv.Itoa(i),
					Found: fmt.Sprintf("examples 0 to %d, each in one list at most", examples-1), Cause: finding.Changed(rundir.SplitFile, rundir.RecordFile)}
			}
			seen[i] = true
		}
	}
	return nil
}

// checkTraining replays early stopping over the histories, and computes the learning
// rates again.
func (s *Subject) checkTraining() error {
	for k := range s.Networks {
		own, modules, err := s.networkSettings(k)
		if err != nil {
			return finding.Unreadable(rundir.RecordFile, err)
		}
		n := &s.Networks[k]
		if err := s.checkEnd(n, own, modules.Target.Properties()); err != nil {
			return err
		}
		examples := len(s.Split.Train)
		if own.LimitTrain > 0 {
			examples = min(examples, own.LimitTrain)
		}
		if err := s.checkEpochs(n, own, modules, examples); err != nil {
			return err
		}
	}
	return s.checkLater()
}

// checkLater does so for the networks that decide on tracks. How many examples they have, the
// data alone says.
func (s *Subject) checkLater() error {
	for k := range s.Later {
		n := &s.Later[k]
		own, modules, err := s.settings.OfLater(n.Name, s.Record.Identity.DecisionFolds)
		if err != nil {
			return finding.Unreadable(rundir.RecordFile, err)
		}
		if err := s.checkEnd(n, own, modules.Target.Properties()); err != nil {
			return err
		}
		if err := s.checkEpochs(n, own, modules, 0); err != nil {
			return err
		}
	}
	return nil
}

// checkEnd compares how a training ended with how its history says that it did.
func (s *Subject) checkEnd(n *Network, own *settings.Settings, p target.Properties) error {
	found, ended := own.Stopping(p).Replay(n.History, own.TotalEpochs())
	if !ended {
		return recordDiffers(n.Figure("epochs"), strconv.Itoa(n.Note.Epochs), fmt.Sprintf("%d epochs asked for, and no reason to stop before", own.TotalEpochs()))
	}
	for _, f := range []struct{ name, recorded, found string }{
		{"epochs", strconv.Itoa(n.Note.Epochs), strconv.Itoa(found.Epochs)},
		{"best_epoch", strconv.Itoa(n.Note.BestEpoch), strconv.Itoa(found.BestEpoch)},
		{"stopped", n.Note.Stopped, found.Stopped},
	} {
		if f.recorded == f.found {
			continue
		}
		d := &finding.Difference{File: rundir.RecordFile, Figure: n.Figure(f.name), Recorded: orNothing(f.recorded), Found: orNothing(f.found),
			Cause: finding.Changed(rundir.RecordFile, rundir.HistoryOf(n.Name))}
		if f.name == "stopped" && f.recorded != "" && f.found != "" { // for the same reason in other words
			return s.inOtherWords(d)
		}
		return d
	}
	return nil
}

// checkEpochs compares with each line of a history what is known of it beforehand. The number
// of examples is 0 where it is not known.
func (s *Subject) checkEpochs(n *Network, own *settings.Settings, modules *settings.Modules, examples int) error {
	p, known := modules.Target.Properties(), examples > 0 && len(own.TrainClasses) == 0 // else the data alone says how many steps there are
	knownExamples := 0
	if known {
		knownExamples = examples
	}
	highest, _ := own.Rates(modules)
	rates := train.NewRates(train.Options{
		Epochs: own.TotalEpochs(), Head: train.Head{Kind: own.Head, Epochs: own.Epochs}, BatchSize: own.BatchSize, LearningRate: highest, Warmup: own.Warmup, OverfitBatch: own.OverfitBatch,
	}, modules.Schedule, max(1, examples))
	for _, e := range n.History {
		differs := func(figure, recorded, found string) error {
			return &finding.Difference{File: rundir.HistoryOf(n.Name), Epoch: e.Epoch, Figure: figure, Recorded: orNothing(recorded), Found: orNothing(found),
				Cause: finding.Changed(rundir.HistoryOf(n.Name), rundir.RecordFile)}
		}
		rate := config.Exact(float64(rates.AtEnd(e.Epoch)))
		phase, stepped := rates.PhaseOf(e.Epoch)
		switch recorded := config.Exact(e.LearningRate); {
		case e.FigureName() != p.Figure.Name:
			return differs("figure", e.FigureName(), p.Figure.Name)
		case (e.EMASHA256 != "") != (own.EMA > 0):
			return differs("ema_sha256", e.EMASHA256, fmt.Sprintf("averaged weights with ema=%v", own.EMA))
		case e.Phase != phase:
			return differs("phase", e.Phase, orNothing(phase)+" by the settings")
		case (e.Head != nil) == stepped:
			return differs("head", fmt.Sprint(e.Head != nil), fmt.Sprintf("%t by the settings", !stepped))
		case (e.OptimizerSHA256 != "") != (stepped && len(modules.Optimizer.Slots()) > 0):
			return differs("optimizer_sha256", e.OptimizerSHA256, "a digest where the optimizer has a state")
		case e.Seconds < 0 || e.ImagesPerSecond < 0:
			return differs("seconds", config.Exact(e.Seconds), "times of at least 0")
		case known && recorded != rate:
			return differs("learning_rate", recorded, rate+" by the schedule")
		}
		if e.Head == nil {
			continue
		}
		if err := checkSolved(e, own, knownExamples, differs); err != nil {
			return err
		}
	}
	return nil
}

// networkSettings are the settings and modules that network k is trained by.
func (s *Subject) networkSettings(k int) (*settings.Settings, *settings.Modules, error) {
	sequence, several := s.modules.Model.(model.Sequence)
	first := []model.Network{}
	if several {
		first = sequence.First()
	}
	if len(s.Networks) != len(first)+1 {
		return nil, nil, fmt.Errorf("networks: it has %d, and the model %d", len(s.Networks), len(first)+1)
	}
	if !several {
		return s.settings, s.modules, nil
	}
	models := append(first, model.Network{Model: s.modules.Model})
	if name := s.Networks[k].Name; name != models[k].Name {
		return nil, nil, fmt.Errorf("networks: number %d is called %q, and by the model %q", k+1, name, models[k].Name)
	}
	return s.settings.OfNetwork(s.modules, k, models[k].Model)
}

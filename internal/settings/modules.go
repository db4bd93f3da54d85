package settings

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// Modules are all modules of a run, made before anything is read, so that a
// misspelt name or option never costs a training run.
type Modules struct {
	Augment        *augment.Pipeline
	Model          model.Model
	Target         target.Target // of the model
	Loss           loss.Loss
	Optimizer      optimizer.Optimizer
	Schedule       optimizer.Schedule
	Criteria       []criterion.Criterion
	Exporters      Exporters
	Visualizations []visualization.Visualization

	SourceNotes                                      []rundir.ModuleNote
	ModelNote, LossNote, OptimizerNote, ScheduleNote rundir.ModuleNote
}

// MakeModules makes every module that the settings name. The error names all
// that cannot be made.
func (s *Settings) MakeModules() (*Modules, error) {
	m := &Modules{}
	var errs []error
	for _, entry := range s.Datasets {
		name, module := dataset.CutName(entry)
		_, note, err := Noted(dataset.MakeDataset, module, s.OptionsOf(name))
		m.SourceNotes = append(m.SourceNotes, note)
		errs = append(errs, config.FromFlag("dataset-options", err))
	}
	var failures [6]error
	m.Augment, failures[0] = augment.Parse(s.Augment)
	m.Model, m.ModelNote, failures[1] = Noted(model.MakeModel, s.Model, s.ModelOptions)
	m.Target, failures[5] = targetOf(m.Model)
	m.Loss, m.LossNote, failures[2] = Noted(loss.MakeLoss, s.lossName(m.Target), s.LossOptions)
	m.Optimizer, m.OptimizerNote, failures[3] = Noted(optimizer.MakeOptimizer, s.Optimizer, s.OptimizerOptions)
	m.Schedule, m.ScheduleNote, failures[4] = Noted(optimizer.MakeSchedule, s.Schedule, s.ScheduleOptions)
	for i, flag := range []string{"augment", "model-options", "loss-options", "optimizer-options", "schedule-options", "model"} {
		errs = append(errs, config.FromFlag(flag, failures[i]))
	}
	errs = append(errs, m.makeLists(s))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, errors.Join(m.checkFit(s), s.checkFrozen(m.Model), s.checkSequence(m), s.checkHead(m), s.checkNormalize(m))
}

// targetOf makes the target of a model. Of a model that could not be made there is none.
func targetOf(m model.Model) (target.Target, error) {
	if m == nil {
		return nil, nil
	}
	return target.MakeTarget(model.TargetOf(m))
}

// targetProperties are those of the target of the model that the settings name.
func (s *Settings) targetProperties() (target.Properties, error) {
	m, _, err := model.MakeModel(s.Model, s.ModelOptions)
	if err != nil {
		return target.Properties{}, nil //nolint:nilerr // said where all modules are made
	}
	t, err := targetOf(m)
	if err != nil {
		return target.Properties{}, err
	}
	return t.Properties(), nil
}

// lossName is the loss that the settings name, or that suits the target.
func (s *Settings) lossName(t target.Target) string {
	switch {
	case s.Loss != Default:
		return s.Loss
	case t == nil: // which is said already
		return "mse"
	}
	return t.Properties().Loss
}

// checkFit refuses modules that do not go with the target.
func (m *Modules) checkFit(s *Settings) error {
	p := m.Target.Properties()
	errs := []error{p.CheckLoss(m.LossNote.Name, m.Loss), p.CheckMonitor(s.Monitor), p.CheckCriteria(m.Criteria)}
	if name := m.Augment.Mixer(); name != "" {
		errs = append(errs, p.CheckMixup(name, m.Loss))
	}
	return errors.Join(errs...)
}

// makeLists makes the kinds of which a run has several.
func (m *Modules) makeLists(s *Settings) error {
	selections, err := s.CriteriaSelections()
	errs := []error{err}
	m.Criteria, err = MakeAll(criterion.MakeCriterion, selections)
	errs = append(errs, config.FromFlag("criteria", err))
	m.Exporters, err = s.makeExporters()
	errs = append(errs, config.FromFlag("exporters", err))
	m.Visualizations, err = makeNamed("visualizations", visualization.MakeVisualization, s.visualizationNames())
	return errors.Join(append(errs, config.FromFlag("visualizations", err))...)
}

// visualizationNames resolves the words all and none.
func (s *Settings) visualizationNames() []string {
	switch {
	case slices.Equal(s.Visualizations, []string{"all"}):
		var names []string
		for _, d := range visualization.Modules() {
			names = append(names, d.Name)
		}
		return names
	case slices.Equal(s.Visualizations, []string{"none"}):
		return nil
	}
	return s.Visualizations
}

// Maker is a kind's factory.
type Maker[T any] func(name, options string) (T, map[string]string, error)

// Noted makes a module and says which options it was made with.
func Noted[T any](factory Maker[T], name, options string) (T, rundir.ModuleNote, error) {
	made, resolved, err := factory(name, options)
	return made, rundir.ModuleNote{Name: name, Options: maps.Clone(resolved)}, err
}

// makeNamed makes the modules of a list of words, the value of a setting.
func makeNamed[T any](setting string, factory Maker[T], words []string) ([]T, error) {
	selections, err := config.Selections(words)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return MakeAll(factory, selections)
}

// MakeAll makes the modules of a list.
func MakeAll[T any](factory Maker[T], selections []config.Selection) ([]T, error) {
	var all []T
	var errs []error
	for _, s := range selections {
		made, _, err := factory(s.Name, s.Options)
		all, errs = append(all, made), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// checkModules makes every module that the settings name and drops it again,
// which costs nothing.
func (s *Settings) checkModules() error {
	_, err := s.MakeModules()
	return err
}

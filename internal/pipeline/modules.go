package pipeline

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
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// modules are all modules of a run, made before anything is read, so that a
// misspelt name or option never costs a training run.
type modules struct {
	sources        []dataset.Source
	augment        *augment.Pipeline
	model          model.Model
	loss           loss.Loss
	optimizer      optimizer.Optimizer
	schedule       optimizer.Schedule
	criteria       []criterion.Criterion
	exporters      exporters
	visualizations []visualization.Visualization

	sourceNotes                                      []ModuleNote
	modelNote, lossNote, optimizerNote, scheduleNote ModuleNote
}

// makeModules makes every module that the settings name. The error names all
// that cannot be made.
func makeModules(s *Settings) (*modules, error) {
	m := &modules{}
	var errs []error
	for _, name := range s.Datasets {
		source, note, err := noted(dataset.MakeDataset, name, s.OptionsOf(name))
		m.sources, m.sourceNotes = append(m.sources, source), append(m.sourceNotes, note)
		errs = append(errs, err)
	}
	var failures [5]error
	m.augment, failures[0] = augment.Parse(s.Augment)
	m.model, m.modelNote, failures[1] = noted(model.MakeModel, s.Model, s.ModelOptions)
	m.loss, m.lossNote, failures[2] = noted(loss.MakeLoss, s.Loss, s.LossOptions)
	m.optimizer, m.optimizerNote, failures[3] = noted(optimizer.MakeOptimizer, s.Optimizer, s.OptimizerOptions)
	m.schedule, m.scheduleNote, failures[4] = noted(optimizer.MakeSchedule, s.Schedule, s.ScheduleOptions)
	errs = append(errs, failures[:]...)
	errs = append(errs, m.makeLists(s))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, errors.Join(checkTarget(s.Model, m.model), m.checkMixup(), s.checkFrozen(m.model))
}

// makeLists makes the kinds of which a run has several.
func (m *modules) makeLists(s *Settings) error {
	selections, err := s.CriteriaSelections()
	errs := []error{err}
	m.criteria, err = makeAll(criterion.MakeCriterion, selections)
	errs = append(errs, err)
	m.exporters, err = s.makeExporters()
	errs = append(errs, err)
	m.visualizations, err = makeNamed("visualizations", visualization.MakeVisualization, s.visualizationNames())
	return errors.Join(append(errs, err)...)
}

// checkTarget refuses models whose networks learn something else than a class.
func checkTarget(name string, m model.Model) error {
	if target := model.TargetOf(m); target != "class" {
		return config.Usagef("model %s learns another target, %s, than the class of an image, which is what runs train for: choose another model", name, target)
	}
	return nil
}

func (m *modules) checkMixup() error {
	if _, on := m.augment.Mixup(); on && !m.loss.MixupAllowed() {
		return config.Usagef("augmentation mixup needs the loss cross-entropy: other losses do not take two labels for an image")
	}
	return nil
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

// maker is a kind's factory.
type maker[T any] func(name, options string) (T, map[string]string, error)

// noted makes a module and says which options it was made with.
func noted[T any](factory maker[T], name, options string) (T, ModuleNote, error) {
	made, resolved, err := factory(name, options)
	return made, ModuleNote{name, maps.Clone(resolved)}, err
}

// makeNamed makes the modules of a list of words, the value of a setting.
func makeNamed[T any](setting string, factory maker[T], words []string) ([]T, error) {
	selections, err := config.Selections(words)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return makeAll(factory, selections)
}

func makeAll[T any](factory maker[T], selections []config.Selection) ([]T, error) {
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
	_, err := makeModules(s)
	return err
}

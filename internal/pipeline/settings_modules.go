package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// checkModules makes every module that the settings name and drops it again. That
// costs nothing, and a misspelt name or option never costs a training run.
func (s *Settings) checkModules() error {
	var errs []error
	for _, name := range s.Datasets {
		errs = append(errs, failure(dataset.MakeDataset(name, s.OptionsOf(name))))
	}
	_, err := augment.Parse(s.Augment)
	errs = append(errs, err,
		failure(model.MakeModel(s.Model, s.ModelOptions)),
		checkEach(s.ExporterSelections, exporter.MakeExporter),
		checkEach(s.CriterionSelections, criterion.MakeCriterion),
		checkEach(s.VisualizationSelections, visualization.MakeVisualization),
	)
	return errors.Join(errs...)
}

// checkEach makes every module of a list.
func checkEach[T any](list func() ([]config.Selection, error), makeOne func(name, options string) (T, map[string]string, error)) error {
	selections, err := list()
	errs := []error{err}
	for _, selection := range selections {
		errs = append(errs, failure(makeOne(selection.Name, selection.Options)))
	}
	return errors.Join(errs...)
}

// failure is the error of a factory.
func failure[T any](_ T, _ map[string]string, err error) error { return err }

// ExporterSelections are the exporters with their options.
func (s *Settings) ExporterSelections() ([]config.Selection, error) {
	return selections("exporters", s.Exporters, exporter.Modules)
}

// VisualizationSelections are the visualizations with their options.
func (s *Settings) VisualizationSelections() ([]config.Selection, error) {
	return selections("visualizations", s.Visualizations, visualization.Modules)
}

// selections reads a list of modules in which "all" stands for every one with its
// defaults and "none" for an empty list.
func selections(setting string, words []string, modules func() []config.Description) ([]config.Selection, error) {
	switch {
	case slices.Equal(words, []string{"none"}):
		return nil, nil
	case slices.Equal(words, []string{"all"}):
		words = nil
		for _, module := range modules() {
			words = append(words, module.Name)
		}
	}
	list, err := config.Selections(words)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return list, nil
}

// noRegression is the criterion that compares with the baseline.
const noRegression = "no_regression"

// CriterionSelections are the criteria of the gate with their thresholds. A
// threshold in the list itself, "min_test_accuracy:threshold=0.9", outranks the
// setting, and a baseline brings the criterion no_regression with it.
func (s *Settings) CriterionSelections() ([]config.Selection, error) {
	list, err := config.Selections(s.Criteria)
	if err != nil {
		return nil, fmt.Errorf("criteria: %w", err)
	}
	compared := false
	for i, selection := range list {
		compared = compared || selection.Name == noRegression
		threshold, known := s.thresholds()[selection.Name]
		if known && selection.Options == "" {
			list[i].Options = "threshold=" + strconv.FormatFloat(threshold, 'g', -1, 64)
		}
	}
	if s.Baseline != "" && !compared {
		list = append(list, config.Selection{Name: noRegression})
	}
	return list, nil
}

// thresholds are the settings that criteria take their thresholds from.
func (s *Settings) thresholds() map[string]float64 {
	return map[string]float64{
		"min_test_accuracy":      s.MinTestAccuracy,
		"min_per_class_accuracy": s.MinPerClassAccuracy,
		"max_inference_time_ms":  s.MaxInferenceTimeMS,
		"max_model_size_mb":      s.MaxModelSizeMB,
	}
}

package pipeline

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// settings rebuilds, from the record alone, the settings that its identity was
// made from. How the work is done is left at its defaults, and nothing is exported
// or drawn.
func (record *Record) settings() (*Settings, error) {
	input := record.identitySettings()
	for _, v := range record.Identity.Settings {
		input[v.Name] = v.Value
	}
	s, o := &Settings{}, config.NewOptions(input)
	s.Declare(o)
	if err := o.Err(); err != nil {
		return nil, fmt.Errorf("this program cannot rebuild the recorded configuration: %w", err)
	}
	s.Origins = config.Origins{}
	return s, nil
}

// identitySettings are the settings that the identity has fields of its own for.
func (record *Record) identitySettings() map[string]string {
	i := &record.Identity
	input := map[string]string{
		"dataset": strings.Join(record.datasetNames(), ","), "dataset-options": i.datasetOptions(), "augment": i.Augment,
		"split-seed": strconv.FormatUint(i.Split.Seed, 10),
		"resize":     i.Input.Mode, "image-size": fmt.Sprintf("%dx%d", i.Input.Width, i.Input.Height), "channels": strconv.Itoa(i.Input.Channels),
		"model": i.Model.Name, "model-options": i.Model.text(), "loss": i.Loss.Name, "loss-options": i.Loss.text(),
		"optimizer": i.Optimizer.Name, "optimizer-options": i.Optimizer.text(), "schedule": i.Schedule.Name, "schedule-options": i.Schedule.text(),
		"learning-rate": decimal(i.LearningRate), "weight-decay": decimal(i.WeightDecay),
		"name": record.Name, "release-version": record.ReleaseVersion, "exporters": "", "visualizations": "none",
	}
	ratios := fmt.Sprintf("%d/%d/%d", i.Split.Ratio[0], i.Split.Ratio[1], i.Split.Ratio[2])
	if isRatio(ratios) == nil { // a split list that was made by hand may have others
		input["split-ratio"] = ratios
	}
	return input
}

// datasetOptions gives the options of all datasets in the form of --dataset-options.
func (i *Identity) datasetOptions() string {
	var options []string
	for _, d := range i.Datasets {
		if text := d.text(); text != "" {
			options = append(options, d.Name+":"+strings.ReplaceAll(text, ",", ","+d.Name+":"))
		}
	}
	return strings.Join(options, ",")
}

// decimal is the shortest text that is read as v again.
func decimal(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// recorded is the value that a setting of the class execution had in the run.
func (record *Record) recorded(name string) string {
	for _, v := range record.Execution.Settings {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

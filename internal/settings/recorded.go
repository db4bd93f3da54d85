package settings

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// FromRecord rebuilds, from the record alone, the settings that its identity was
// made from. How the work is done is left at its defaults, and nothing is exported
// or drawn.
func FromRecord(record *rundir.Record) (*Settings, error) {
	input := identitySettings(record)
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
func identitySettings(record *rundir.Record) map[string]string {
	i := &record.Identity
	input := map[string]string{
		"dataset": strings.Join(record.DatasetNames(), ","), "dataset-options": datasetOptions(i), "augment": i.Augment,
		"split-seed": strconv.FormatUint(i.Split.Seed, 10),
		"resize":     i.Input.Mode, "image-size": fmt.Sprintf("%dx%d", i.Input.Width, i.Input.Height), "channels": strconv.Itoa(i.Input.Channels),
		"model": i.Model.Name, "model-options": i.Model.Text(), "loss": i.Loss.Name, "loss-options": i.Loss.Text(),
		"optimizer": i.Optimizer.Name, "optimizer-options": i.Optimizer.Text(), "schedule": i.Schedule.Name, "schedule-options": i.Schedule.Text(),
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
func datasetOptions(i *rundir.Identity) string {
	var options []string
	for _, d := range i.Datasets {
		if text := d.Text(); text != "" {
			options = append(options, d.Name+":"+strings.ReplaceAll(text, ",", ","+d.Name+":"))
		}
	}
	return strings.Join(options, ",")
}

// decimal is the shortest text that is read as v again.
func decimal(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

// TakePaths makes the settings of an existing run, in the directory at path, fit the
// folder that this command was given in. What a flag names is named from there.
func (s *Settings) TakePaths(then *rundir.Record, path string) {
	if s.Origins["data-dir"] != config.OriginFlag {
		s.DataDirs = then.DirsFromHere(path, s.DataDirs)
	}
	if s.Origins["init-from"] != config.OriginFlag {
		s.InitFrom = then.RecordedPath(path, s.InitFrom)
	}
}

// Rename gives the record the name and version of flags. Without them the model keeps
// those it has, be they of an earlier call.
func (s *Settings) Rename(record *rundir.Record) (changed bool) {
	name, version := record.Name, record.ReleaseVersion
	if s.Origins["name"] == config.OriginFlag {
		record.Name = s.ReleaseName()
	}
	if s.Origins["release-version"] == config.OriginFlag {
		record.ReleaseVersion = s.ReleaseVersion
	}
	return record.Name != name || record.ReleaseVersion != version
}

// Execution describes this process, on the machine of that name, for run.json.
func (s *Settings) Execution(machine string) rundir.Execution {
	return rundir.Execution{
		Program: buildinfo.Program(), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH,
		Machine: machine, SIMD: kernel.Implementations()[0], Workers: s.WorkerCount(), Settings: s.Values(config.Execution),
	}
}

// WorkerCount is the number of goroutines that compute.
func (s *Settings) WorkerCount() int {
	if s.Workers > 0 {
		return s.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// OtherIdentity lists the settings of the class identity that a record's identity has
// no field of its own for.
func (s *Settings) OtherIdentity() []config.NamedValue {
	var values []config.NamedValue
	for _, v := range s.Values(config.Identity) {
		switch v.Name {
		case "epochs", "batch-size", "shard-size", "gradient-clip", "warmup", "ema", "seed", "sampling", "overfit-batch",
			"limit-train", "freeze", "monitor", "min-delta", "patience":
			values = append(values, v)
		}
	}
	return values
}

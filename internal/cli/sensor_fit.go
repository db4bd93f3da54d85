package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/sensorfit"
)

// fitting is what sensor fit is asked for.
type fitting struct {
	run, output, modality string
	clips                 int
	rate, black, response float64
	json                  bool
}

func sensorFitCommand() *command {
	var f fitting
	return &command{
		use: "fit DIR|VIDEO", short: "measure a camera by its clips, and write a profile of it", group: groupData,
		long: `Measures noise, fixed patterns, gain, blur, levels, drift and defects of the
camera that made a video, a folder of numbered frames, or the clips in a folder.
The clips may show anything. Best is a camera that stands still, 32 frames or
more, uncompressed, with some even places, some sharp edges, and levels from
dark to bright. Noise cannot be measured where a codec has removed it: none is
given where over half of the pixels repeat from frame to frame.

With --run, or with --dataset and --data-dir, it says how far the training part
of these data is from what was measured: level, contrast, blur and target size.`,
		example: `  blocktrain sensor fit recordings --output camera.json
  blocktrain sensor fit clip.mkv --black-level 16 --json
  blocktrain sensor fit recordings --run runs/first`,
		settings: named("dataset", "dataset-options", "data-dir", "data-mode", "on-corrupt", "index", "cache-size", "levels", "sensor", "alpha",
			"split", "split-ratio", "split-seed", "workers"),
		recorded: &f.run, recordedIn: firstRun,
		own: func(o *config.Options) {
			o.String(&f.run, "run", "", "run directory with whose training data the clips are compared")
			o.String(&f.output, "output", "", "file for the profile, as JSON; it must not exist")
			o.Int(&f.clips, "clips", 20, "clips that are measured, evenly taken from those of a folder; 0: all", config.AtLeast(0))
			o.Float64(&f.rate, "frame-rate", 0, "frames a second, where files do not say; 0: unknown", config.Between(0, 100000))
			o.Float64(&f.black, "black-level", -1, "level without light in DN, where it is known; -1: unknown", config.Between(-1, 65535))
			o.Choice(&f.modality, "modality", "auto", "what the camera sees; auto: visible where noise rises with light or frames have colours", "auto", "visible", "thermal")
			o.Float64(&f.response, "response-dn-per-k", 0, "of a thermal camera: levels for a kelvin, which clips do not tell; 0: unknown", config.Between(0, 1_000_000))
			o.Bool(&f.json, "json", false, "write JSON")
		},
		args: func(args []string) error {
			if len(args) != 1 {
				return config.Usagef("want one video, folder of numbered frames, or folder of clips")
			}
			return nil
		},
		run: func(ctx context.Context, c *call) error { return c.fit(ctx, f) },
	}
}

// fit measures, compares, prints and writes the profile.
func (c *call) fit(ctx context.Context, f fitting) error {
	if f.output != "" {
		if fileio.Exists(f.output) {
			return config.Usagef("%s exists already: remove it, or give another file by --output", f.output)
		}
		if err := fileio.CheckOutput(filepath.Dir(f.output)); err != nil {
			return config.Usage(err)
		}
	}
	o := sensorfit.Options{Path: c.args[0], Most: f.clips, RateHz: f.rate, ResponseDNPerK: f.response, Workers: c.settings.WorkerCount()}
	if f.black >= 0 {
		o.Black = &f.black
	}
	if f.modality != "auto" {
		o.Modality = sensor.Modality(f.modality)
	}
	data, split, err := c.trainingData(ctx, f.run)
	if err != nil {
		return err
	}
	o.Targets = data != nil && len(dataset.TargetClips(data, split.Train)) > 0
	result, err := sensorfit.Fit(ctx, o)
	if err != nil {
		return err
	}
	if data != nil {
		if err := result.Compare(ctx, data, split.Train); err != nil {
			return err
		}
	}
	if f.json {
		err = writeJSON(c.stdout, result)
	} else {
		result.Write(c.stdout)
	}
	if err != nil || f.output == "" {
		return err
	}
	return c.writeProfile(result, f)
}

// writeProfile writes the profile, unless there is nothing in it.
func (c *call) writeProfile(r *sensorfit.Result, f fitting) error {
	if r.Profile == nil {
		return fmt.Errorf("%s is not written: nothing was measured that a profile could have; give a clip that shows something", f.output)
	}
	if err := r.Profile.Write(f.output); err != nil {
		return err
	}
	if !f.json {
		fmt.Fprintln(c.stdout, f.output)
	}
	return nil
}

// trainingData opens the data that the clips are compared with: a run's, or those that flags
// name; nil where neither is given.
func (c *call) trainingData(ctx context.Context, run string) (dataset.Dataset, *dataset.Split, error) {
	if run == "" {
		given := func(name string) bool { return c.settings.Origins[name] == config.OriginFlag }
		if !given("data-dir") && !given("dataset") {
			return nil, nil, nil
		}
		data, err := rundata.Look(ctx, c.env, c.settings)
		if err != nil {
			return nil, nil, err
		}
		return data.All, data.Split, nil
	}
	runs, err := heldout.FindRuns(run)
	if err != nil {
		return nil, nil, err
	}
	data, err := rundata.LookAgain(ctx, c.env, c.settings, runs.Dirs[0])
	if err != nil {
		return nil, nil, err
	}
	split, err := runs.Split(data.All)
	return data.All, split, err
}

package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda"
	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// exploring is what eda is asked for.
type exploring struct {
	run, output string
	parts       []string
}

func edaCommand() *command {
	var e exploring
	return &command{
		use: "eda", short: "look at data: counts, sizes, duplicates, outliers, wrong labels", group: groupData,
		long: `Writes a report on the training part of a split: eda.html for people, eda.json
for programs, and plots. Other parts are looked at only where --part names
them; of the rest, the report names images that are duplicates of what was
looked at, and nothing else. With --run, labels that may be wrong are found by
the predictions of networks that have not seen the images: those of all folds
of a cross-validation, or of a run on its validation part, which
--part validation then asks for.`,
		example: `  blocktrain eda --dataset fashion-mnist
  blocktrain eda --dataset folder --data-dir photos --split photos.json
  blocktrain eda --run runs/first --part validation`,
		settings: named("dataset", "dataset-options", "data-dir", "data-mode", "on-corrupt", "index", "cache-size", "levels", "sensor", "alpha",
			"split", "split-ratio", "split-seed", settings.MissingClass, "workers"),
		recorded: &e.run, recordedIn: firstRun,
		own: func(o *config.Options) {
			o.String(&e.run, "run", "", "run directory, or folder of a cross-validation, for data, split and predictions")
			o.List(&e.parts, "part", dataset.PartTrain.String(), "parts to look at: train, validation, test", checkPart)
			o.String(&e.output, "output", "eda", "folder to write")
		},
		run: func(ctx context.Context, c *call) error { return c.explore(ctx, e) },
	}
}

// firstRun is the run whose record says what the data is.
func firstRun(dir string) (string, error) {
	if err := rundir.CheckPath(dir); err == nil { // a run, or a folder that has a record of its own
		return dir, nil
	}
	runs, err := heldout.FindRuns(dir)
	if err != nil {
		return "", err
	}
	return runs.Dirs[0], nil
}

func checkPart(name string) error {
	if !slices.Contains(dataset.PartNames(dataset.Parts()), name) {
		return fmt.Errorf("part %q: want one of %s", name, strings.Join(dataset.PartNames(dataset.Parts()), ", "))
	}
	return nil
}

// explore looks at data and writes the report.
func (c *call) explore(ctx context.Context, e exploring) error {
	if err := checkReplaced(e.output); err != nil {
		return err
	}
	c.settings.OutputDir = e.output // whose files are no data
	request := eda.Request{}
	for _, part := range dataset.Parts() {
		if slices.Contains(e.parts, part.String()) {
			request.Parts = append(request.Parts, part)
		}
	}
	if c.settings.Levels != "" {
		levels, err := imaging.ParseLevels(c.settings.Levels)
		if err != nil {
			return config.Usage(err)
		}
		request.Levels = &levels
	}
	if err := c.takeData(ctx, &request, e.run); err != nil {
		return err
	}
	made, err := eda.Explore(ctx, request)
	if err != nil {
		return err
	}
	if err := made.Write(e.output); err != nil {
		return err
	}
	c.summarize(&made.Report, e.output)
	return nil
}

// checkReplaced refuses to put a report in the place of anything but an earlier one.
func checkReplaced(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0 && !fileio.Exists(filepath.Join(dir, eda.JSONFile)):
		return config.Usagef("--output %s: the folder holds something else than a report on data: name another one", dir)
	case err == nil:
		return nil
	case !os.IsNotExist(err):
		return config.Usage(err)
	}
	if err := fileio.CheckOutput(dir); err != nil {
		return config.Usage(err)
	}
	return nil
}

// takeData opens the data, with its split and, of a run, the predictions.
func (c *call) takeData(ctx context.Context, r *eda.Request, run string) error {
	var data *rundata.Data
	var runs *heldout.Runs
	var err error
	if run == "" {
		data, err = rundata.Look(ctx, c.env, c.settings)
	} else if runs, err = heldout.FindRuns(run); err == nil {
		if !runs.Folds && !slices.Equal(r.Parts, []dataset.Part{dataset.PartValidation}) {
			return config.Usagef("--run %s is a single run, which has learnt the labels of its training part: want --part validation, or the folder of a cross-validation", run)
		}
		data, err = rundata.LookAgain(ctx, c.env, c.settings, runs.Dirs[0])
	}
	if err != nil {
		return err
	}
	r.Data, r.Split = data.All, data.Split
	for i, name := range c.settings.DatasetNames() {
		r.Members = append(r.Members, eda.Member{Name: name, SHA256: data.Members[i].Digest()})
	}
	if runs == nil {
		return nil
	}
	if r.Split, err = runs.Split(data.All); err != nil {
		return err
	}
	r.Predictions, err = runs.Predict(ctx, data.All, c.settings.WorkerCount())
	return err
}

// summarize prints what was found.
func (c *call) summarize(r *eda.Report, dir string) {
	fmt.Fprintf(c.stdout, "%s: %s examples of %d classes\n", strings.Join(r.Parts, ", "), metric.Count(r.Examples), len(r.Classes))
	if k := r.Clips; k != nil {
		fmt.Fprintf(c.stdout, "clips: %s with %s scenes; a target in %s of %s labelled frames\n", metric.Count(k.Count), metric.Count(k.Scenes), metric.Count(k.Present), metric.Count(k.Labelled))
		if n := k.Nearest; n != nil {
			fmt.Fprintf(c.stdout, "class by the most similar background: right for %s of %s clips, by other scenes for %s\n", metric.Count(n.Right), metric.Count(n.Clips), metric.Count(n.Unseen))
		}
		for _, o := range k.Overlap {
			fmt.Fprintf(c.stdout, "scenes: %s of %s clips of the %s part show scenes of the %s part\n", metric.Count(o.Clips), metric.Count(o.Of), dataset.PartNoun(o.Part), dataset.PartNoun(o.With))
		}
		p := r.Duplicates.Clips
		fmt.Fprintf(c.stdout, "clips that are nearly the same: %s pairs; %d of two classes, %d across parts\n", metric.Count(p.Pairs), p.Conflicting, p.Across)
	}
	if r.HasImages() {
		c.summarizeDuplicates(&r.Duplicates)
	}
	fmt.Fprintf(c.stdout, "outliers: %s\n", metric.Count(r.Outliers.Images))
	if r.Labels != nil {
		fmt.Fprintf(c.stdout, "labels that may be wrong: %s of %s, and %s with less confidence\n", metric.Count(r.Labels.Candidates), metric.Count(r.Labels.Examples), metric.Count(r.Labels.Others))
	}
	fmt.Fprintf(c.stdout, "%s\n", filepath.Join(dir, eda.PageFile))
}

// summarizeDuplicates prints how many images are there several times.
func (c *call) summarizeDuplicates(d *eda.Duplicates) {
	for _, kind := range []struct {
		words string
		found eda.Alike
	}{{"duplicates", d.Exact}, {"near duplicates", d.Near}} {
		fmt.Fprintf(c.stdout, "%s: %s sets, %s surplus images; %d sets with several labels, %d across parts\n",
			kind.words, metric.Count(kind.found.Sets), metric.Count(kind.found.Surplus), kind.found.Conflicting, kind.found.Across)
	}
}

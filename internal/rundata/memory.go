package rundata

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Memory is what images take in memory in the forms in which they are used, in bytes. A dry
// run finds it out, in either mode.
type Memory struct{ Need, Budget int64 }

// place keeps images in memory, or has them decoded each time they are used. Where the
// settings leave the choice to the program, they say afterwards which it took.
func (d *Data) place(ctx context.Context, env *rundir.Environment, s *settings.Settings, p *augment.Pipeline) error {
	err := d.fit(ctx, s, p)
	var tooMuch *dataset.MemoryError
	if left := s.DataMode == settings.DataAuto; !errors.As(err, &tooMuch) {
		if left && err == nil && !d.listsAlone {
			s.DataMode = string(dataset.ModeRAM)
		}
		return err
	} else if !left {
		smaller := "--image-size"
		if d.Reduced != nil {
			smaller = "--keep-size"
		}
		return config.Usagef("%w: want --data-mode disk, which decodes them each time they are used, or more --memory, or a smaller %s", err, smaller)
	}
	env.Log.Warn("images are decoded each time they are used, which is slower, since there is no room for all of them in memory: --memory gives them more, --data-mode disk says so without this warning",
		"need", megabytes(tooMuch.Need), "budget", megabytes(tooMuch.Budget))
	s.DataMode = string(dataset.ModeDisk)
	dataset.Release(d.All)
	return d.fit(ctx, s, p)
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// fit keeps images in memory in the forms in which they are used. Its error is a
// [dataset.MemoryError] where there is no room for them. A dry run, which uses no image,
// only finds out whether there is.
func (d *Data) fit(ctx context.Context, s *settings.Settings, p *augment.Pipeline) error {
	d.Fitted, d.TestFitted, d.Native = d.All, d.All, nil
	if s.SensorTrains() {
		d.Native = d.All
	}
	if p.First() {
		if least, side := min(d.Rule.Width, d.Rule.Height), s.ReducedSide(d.Rule); side < least {
			return config.Usagef("--keep-size %d: parts of images of that size would be enlarged to the input of %dx%d: want at least %d", side, d.Rule.Width, d.Rule.Height, least)
		}
		d.Reduced = d.All
	}
	if d.listsAlone || s.Mode() != dataset.ModeRAM && !s.DryRun {
		return nil
	}
	forms := formsOf(s, d.Rule, d.TestRule, p.First())
	places := []*dataset.Dataset{&d.TestFitted, &d.Fitted}
	switch {
	case d.Native != nil:
		forms[1].Of, places[1] = d.TrainList(s), &d.Native
	case p.First(): // by the rule, the statistics alone see images of training, once
		forms[1].Of, places[1] = d.TrainList(s), &d.Reduced
	}
	if s.DryRun {
		return d.foretell(s, forms)
	}
	fitted, err := dataset.Fit(ctx, d.All, memoryFor(s), forms...)
	if err != nil {
		return err
	}
	for at := range fitted {
		*places[at] = fitted[at]
	}
	if reflect.DeepEqual(d.Rule, d.TestRule) {
		d.Fitted = d.TestFitted
	}
	return nil
}

// foretell finds out what fit would take.
func (d *Data) foretell(s *settings.Settings, forms []dataset.Form) (err error) {
	d.Memory.Budget = memoryFor(s)
	if d.Memory.Need, err = dataset.FitBytes(d.All, forms...); err != nil {
		return err
	}
	if s.Mode() == dataset.ModeRAM && d.Memory.Need > d.Memory.Budget {
		return &dataset.MemoryError{Need: d.Memory.Need, Budget: d.Memory.Budget}
	}
	return nil
}

// fallbackMemory is for images where the machine does not say how much memory it has.
const fallbackMemory = 4 << 30

// memoryFor is how many bytes images may take in RAM mode.
func memoryFor(s *settings.Settings) int64 {
	total, _ := machine.Memory()
	if total == 0 {
		total = 2 * fallbackMemory
	}
	return s.MemoryBudget(total)
}

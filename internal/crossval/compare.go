package crossval

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Comparison is a paired comparison of two cross-validations over the same examples and folds.
// Every example is judged once in each. Differences are the candidate's accuracy less the
// baseline's, with intervals by groups.
type Comparison struct {
	Schema      int            `json:"schema"`
	Baseline    Compared       `json:"baseline"`
	Candidate   Compared       `json:"candidate"`
	Differing   string         `json:"settings_that_differ"` // in words; empty: none
	Examples    *metric.Paired `json:"examples"`             // as they are
	Clips       *metric.Paired `json:"clips,omitempty"`      // of examples that show targets of clips
	Sensor      []Severity     `json:"sensor,omitempty"`     // where both have the curve of one sensor
	NotSeverity string         `json:"sensor_left_out,omitempty"`
}

// Compared is one of the two.
type Compared struct {
	Directory string `json:"directory"` // its name alone
	SHA256    string `json:"cv_sha256"` // of cv.json
}

// Severity compares the two as their sensor shows the examples.
type Severity struct {
	Severity float64        `json:"severity"` // 3 is the profile as given
	Examples *metric.Paired `json:"examples"`
	Clips    *metric.Paired `json:"clips,omitempty"`
}

// Compare compares the cross-validations in two directories. Those of other data, folds or classes
// are refused, and so is data without groups.
func Compare(baseline, candidate string) (*Comparison, error) {
	var both [2]*CrossValidation
	made := &Comparison{Schema: 1}
	for i, dir := range []string{baseline, candidate} {
		var err error
		if both[i], err = Open(dir); err != nil {
			return nil, err
		}
		side := []*Compared{&made.Baseline, &made.Candidate}[i]
		side.Directory = filepath.Base(filepath.Clean(dir))
		if side.SHA256, err = fileio.SHA256(filepath.Join(dir, ResultFile)); err != nil {
			return nil, err
		}
	}
	if made.Baseline.SHA256 == made.Candidate.SHA256 {
		return nil, config.Usagef("%s and %s are the same cross-validation: want two, of different settings", baseline, candidate)
	}
	if err := checkComparable(both[0], both[1]); err != nil {
		return nil, err
	}
	made.Differing = differing(both[0].Folds[0], both[1].Folds[0])
	var err error
	if made.Examples, made.Clips, err = pairs(both[0], both[1], func(f *Fold) ([][]int, *metric.ClipFigures) {
		e, _ := f.Result.(*metric.Evaluation)
		return e.GroupCounts, e.Clips
	}); err != nil {
		return nil, err
	}
	return made, made.addSensor(both[0], both[1])
}

// checkComparable refuses cross-validations that are not of the same examples in the same folds.
func checkComparable(a, b *CrossValidation) error {
	_, first, err := readPlan(a.Dir)
	if err != nil {
		return err
	}
	_, second, err := readPlan(b.Dir)
	if err != nil {
		return err
	}
	refused := func(why string, of ...any) error {
		return config.Usagef("%s and %s cannot be compared: %s", a.Dir, b.Dir, fmt.Sprintf(why, of...))
	}
	switch {
	case a.Pooled == nil || b.Pooled == nil:
		return refused("want two with target class")
	case first.Dataset != second.Dataset:
		return refused("they are of different data, or of examples that were made of it in different ways")
	case !slices.Equal(a.Folds[0].Record.Identity.Classes, b.Folds[0].Record.Identity.Classes):
		return refused("they have different classes")
	case !reflect.DeepEqual(first.Folds, second.Folds):
		return refused("they have different folds: want the same --folds, --split-seed and --include-test")
	case !a.Pooled.Grouped() || !b.Pooled.Grouped():
		return refused("examples are paired by groups, and the data has none: no evaluation says which of its images were right; make groups by a dataset option such as group=folder, or compare the intervals in the two %s", ResultFile)
	}
	return nil
}

// differing are the settings that the two do not share, in words.
func differing(a, b *Fold) string {
	first, second := a.Record.Identity, b.Record.Identity
	first.Split, second.Split = rundir.SplitNote{}, rundir.SplitNote{}
	if reflect.DeepEqual(first, second) {
		return ""
	}
	return settings.Differences(&first, &second)
}

// pairs puts together what the folds of both count.
func pairs(baseline, candidate *CrossValidation, counted func(*Fold) ([][]int, *metric.ClipFigures)) (examples, clips *metric.Paired, err error) {
	var all metric.Pairs
	for k, f := range candidate.Folds {
		groups, ofClips := counted(f)
		baseGroups, baseClips := counted(baseline.Folds[k])
		if err := all.Add(groups, baseGroups, ofClips, baseClips); err != nil {
			return nil, nil, fmt.Errorf("%s and %s, fold %d: %w", baseline.Dir, candidate.Dir, f.Number, err)
		}
	}
	return all.Examples(), all.Clips(), nil
}

// addSensor compares the two at each severity where both have the curve of the same sensor.
func (c *Comparison) addSensor(baseline, candidate *CrossValidation) error {
	a, b := baseline.Folds[0], candidate.Folds[0]
	switch {
	case a.Sensor == nil && b.Sensor == nil:
		return nil
	case a.Sensor == nil || b.Sensor == nil:
		c.NotSeverity = "one of the two has no sensor: give both the same --sensor, and --sensor-train=false to the one that is trained without it"
		return nil
	case !reflect.DeepEqual(a.Record.Identity.Sensor.Profile, b.Record.Identity.Sensor.Profile):
		c.NotSeverity = "the two have different sensors"
		return nil
	case a.Sensor.Schema != b.Sensor.Schema:
		c.NotSeverity = "one of the two was made by an earlier version of the program, which has no clips by severity"
		return nil
	}
	for at, p := range a.Sensor.Points {
		s := Severity{Severity: p.Severity}
		var err error
		s.Examples, s.Clips, err = pairs(baseline, candidate, func(f *Fold) ([][]int, *metric.ClipFigures) {
			return f.Sensor.Points[at].GroupCounts, f.Sensor.Points[at].Clips
		})
		if err != nil {
			return err
		}
		c.Sensor = append(c.Sensor, s)
	}
	return nil
}

// Table is the comparison for people.
func (c *Comparison) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "baseline   %s\ncandidate  %s\n", metric.Clip(c.Baseline.Directory, 60), metric.Clip(c.Candidate.Directory, 60))
	if c.Differing == "" {
		b.WriteString("they have the same settings\n")
	} else {
		fmt.Fprintf(&b, "they differ in: %s\n", c.Differing)
	}
	fmt.Fprintf(&b, "\n%-22s %8s %9s %11s  %s\n", "accuracy in %", "baseline", "candidate", "difference", "95 % interval by groups")
	write := func(name, of string, p *metric.Paired) {
		if p == nil {
			return
		}
		fmt.Fprintf(&b, "%-22s %8s %9s %11s  %s\n", name+", "+of, metric.Percent(p.BaselineAccuracy), metric.Percent(p.CandidateAccuracy), signed(p.Difference),
			signed(p.Interval.Low)+" to "+signed(p.Interval.High))
	}
	write("as they are", "examples", c.Examples)
	write("as they are", "clips", c.Clips)
	for _, s := range c.Sensor {
		write(fmt.Sprintf("severity %v", s.Severity), "examples", s.Examples)
	}
	for _, s := range c.Sensor {
		write(fmt.Sprintf("severity %v", s.Severity), "clips", s.Clips)
	}
	fmt.Fprintf(&b, "\n%s examples in %s groups", metric.Count(c.Examples.Count), metric.Count(c.Examples.Groups))
	if c.Clips != nil {
		fmt.Fprintf(&b, ", %s clips", metric.Count(c.Clips.Count))
	}
	b.WriteByte('\n')
	if c.NotSeverity != "" {
		fmt.Fprintf(&b, "nothing is compared through a sensor: %s\n", c.NotSeverity)
	}
	return b.String()
}

// signed is a difference of shares in points of percent, with its sign.
func signed(d float64) string { return fmt.Sprintf("%+.2f", 100*d) }

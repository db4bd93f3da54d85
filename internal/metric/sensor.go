package metric

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// SensorCurve is how well a classifier does on a part that is seen through a sensor, by
// severity: the content of evaluation/sensor.json.
type SensorCurve struct {
	Schema        int           `json:"schema"`
	Part          string        `json:"part"`
	WeightsSHA256 string        `json:"weights_sha256"`
	Seed          uint64        `json:"seed"` // of the cameras
	Examples      int           `json:"examples"`
	Labels        []string      `json:"labels"`
	Support       []int         `json:"support"` // examples of each class
	Points        []SensorPoint `json:"severities"`
}

// Schemas of evaluation/sensor.json. That of clips has their figures at each severity.
const (
	SensorSchema      = 1
	SensorClipsSchema = 2
)

// SensorPoint is how well it does at one severity. Classes without examples have neither
// accuracy nor interval.
type SensorPoint struct {
	Severity float64       `json:"severity"` // 3 is the profile as given, 0 size and rounding alone
	Correct  int           `json:"correct"`
	Accuracy float64       `json:"accuracy"`
	Interval Interval      `json:"accuracy_interval"`
	PerClass []SensorClass `json:"per_class"`
	// GroupCounts are there where intervals are by groups; see Evaluation.
	GroupCounts [][]int `json:"group_counts,omitempty"`
	// Clips are there where examples show targets of clips.
	Clips               *ClipFigures `json:"clips,omitempty"`
	ProbabilitiesSHA256 string       `json:"probabilities_sha256"`
}

// SensorClass is how well one class is recognised.
type SensorClass struct {
	Correct  int       `json:"correct"`
	Accuracy *float64  `json:"accuracy"`
	Interval *Interval `json:"interval"`
}

// NewSensorCurve begins the curve of the model of an evaluation, on the same part.
func NewSensorCurve(of *Evaluation, seed uint64) *SensorCurve {
	c := &SensorCurve{Schema: SensorSchema, Part: of.Part, WeightsSHA256: of.WeightsSHA256, Seed: seed, Examples: of.Examples}
	if of.Clips != nil {
		c.Schema = SensorClipsSchema
	}
	for _, class := range of.PerClass {
		c.Labels, c.Support = append(c.Labels, class.Label), append(c.Support, class.Support)
	}
	return c
}

// Add adds the evaluation at a severity.
func (c *SensorCurve) Add(severity float64, e *Evaluation) {
	p := SensorPoint{
		Severity: severity, Correct: e.Correct, Accuracy: e.Accuracy, Interval: e.AccuracyInterval,
		GroupCounts: e.GroupCounts, Clips: e.Clips, ProbabilitiesSHA256: e.ProbabilitiesSHA256,
	}
	sums := sumsOf(e.Cells(), len(e.PerClass))
	for i, class := range e.PerClass {
		p.PerClass = append(p.PerClass, SensorClass{sums[i].correct, class.Accuracy, class.Interval})
	}
	c.Points = append(c.Points, p)
}

// At is the point of a severity; nil where there is none.
func (c *SensorCurve) At(severity float64) *SensorPoint {
	if c == nil {
		return nil
	}
	at := slices.IndexFunc(c.Points, func(p SensorPoint) bool { return p.Severity == severity })
	if at < 0 {
		return nil
	}
	return &c.Points[at]
}

// ReadSensorCurve reads a curve and refuses what cannot be.
func ReadSensorCurve(path string) (*SensorCurve, error) {
	c := new(SensorCurve)
	err := fileio.ReadJSON(path, c, fileio.Form{MaxBytes: 48 << 20, Schemas: fileio.UpTo(SensorClipsSchema)})
	if err == nil {
		if err = c.check(); err != nil {
			err = fmt.Errorf("%s: %w: evaluate the run again", path, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (c *SensorCurve) check() error {
	total := 0
	for _, n := range c.Support {
		total += max(n, 0)
	}
	switch {
	case len(c.Labels) == 0 || len(c.Labels) != len(c.Support) || slices.Min(c.Support) < 0 || total != c.Examples || total == 0:
		return fmt.Errorf("support: %d classes with %d examples, want %d classes with %d", len(c.Support), total, len(c.Labels), c.Examples)
	case len(c.Points) == 0:
		return errors.New("severities: there are none")
	}
	for i := range c.Points {
		p := &c.Points[i]
		if i > 0 && p.Severity <= c.Points[i-1].Severity || p.Severity < 0 {
			return fmt.Errorf("severities[%d]: %v, want them in rising order from 0 on", i, p.Severity)
		}
		made, err := c.recomputed(p)
		if err == nil && !reflect.DeepEqual(p, made) {
			err = errors.New("its figures are not those of its counts")
		}
		if err != nil {
			return fmt.Errorf("severities[%d]: %w", i, err)
		}
	}
	return nil
}

// recomputed is a point by its counts alone.
func (c *SensorCurve) recomputed(p *SensorPoint) (*SensorPoint, error) {
	if len(p.PerClass) != len(c.Support) {
		return nil, fmt.Errorf("per_class: %d classes, want %d", len(p.PerClass), len(c.Support))
	}
	e := &Evaluation{PerClass: make([]Class, len(c.Support)), GroupCounts: p.GroupCounts}
	if e.Grouped() {
		e.Schema = GroupedSchema
	}
	if (p.Clips != nil) != (c.Schema == SensorClipsSchema) {
		return nil, fmt.Errorf("clips: they are in curves of schema %d, and always there", SensorClipsSchema)
	}
	made := &SensorPoint{Severity: p.Severity, GroupCounts: p.GroupCounts, ProbabilitiesSHA256: p.ProbabilitiesSHA256}
	sums := make([]classSums, len(c.Support))
	for i, support := range c.Support {
		sums[i] = classSums{support: support, correct: p.PerClass[i].Correct}
		if sums[i].correct < 0 || sums[i].correct > support {
			return nil, fmt.Errorf("per_class[%d]: %d of %d examples cannot be right", i, sums[i].correct, support)
		}
		made.Correct += sums[i].correct
	}
	if err := e.checkGroups(sums); err != nil {
		return nil, err
	}
	if e.Clips = p.Clips; e.Clips != nil {
		if err := e.checkEach(); err != nil {
			return nil, err
		}
		made.Clips = figuresOfClips(e.Clips.Each)
	}
	whole, classes := e.intervals(sums)
	made.Accuracy, made.Interval = ratio(made.Correct, c.Examples), whole
	for i, sum := range sums {
		class := SensorClass{Correct: sum.correct}
		if sum.support > 0 {
			accuracy := ratio(sum.correct, sum.support)
			class.Accuracy, class.Interval = &accuracy, &classes[i]
		}
		made.PerClass = append(made.PerClass, class)
	}
	return made, nil
}

// CheckAgainst refuses a curve that is not of the model and the part of an evaluation.
func (c *SensorCurve) CheckAgainst(e *Evaluation) error {
	want := NewSensorCurve(e, c.Seed)
	want.Points = c.Points
	if c.Schema == SensorSchema { // earlier ones of clips, too
		want.Schema = SensorSchema
	}
	if !reflect.DeepEqual(c, want) || c.Schema == SensorClipsSchema && slices.ContainsFunc(c.Points, func(p SensorPoint) bool { return !sameClips(p.Clips, e.Clips) }) {
		return fmt.Errorf("the curve is of other examples or weights than the evaluation of the %s part", e.Part)
	}
	return nil
}

// CheckSeverities refuses a curve that has not each severity from 0 to most once.
func (c *SensorCurve) CheckSeverities(most int) error {
	for severity := range most + 1 {
		if c.At(float64(severity)) == nil || len(c.Points) != most+1 {
			return fmt.Errorf("severities: there are %d, want %d, from 0 to %d", len(c.Points), most+1, most)
		}
	}
	return nil
}

// sameClips says whether figures are of the same clips, in the same order.
func sameClips(a, b *ClipFigures) bool {
	return slices.EqualFunc(a.Each, b.Each, func(l, m ClipLine) bool {
		l.Decided, l.Correct = m.Decided, m.Correct
		return reflect.DeepEqual(l, m)
	})
}

// InFirstSchema is the curve as it was before it had figures of clips.
func (c *SensorCurve) InFirstSchema() *SensorCurve {
	made := *c
	made.Schema, made.Points = SensorSchema, slices.Clone(c.Points)
	for i := range made.Points {
		made.Points[i].Clips = nil
	}
	return &made
}

// PoolSensorCurves is the curve of the examples of several parts, of which each was judged by a
// model of its own: the counts are added up at each severity. The parts have the same classes and
// severities, and no example and no group in common. In the place of digests are those of the
// parts, one after the other, by their SHA-256.
func PoolSensorCurves(parts []*SensorCurve) (*SensorCurve, error) {
	first := parts[0]
	pooled := &SensorCurve{Schema: first.Schema, Part: "pooled", Seed: first.Seed, Labels: first.Labels, Support: make([]int, len(first.Support))}
	weights := sha256.New()
	for i, part := range parts {
		if !slices.Equal(part.Labels, first.Labels) || !slices.EqualFunc(part.Points, first.Points, samePlace) {
			return nil, fmt.Errorf("cannot pool curves through a sensor: that with number %d has other classes, groups or severities than the first", i+1)
		}
		pooled.Schema = min(pooled.Schema, part.Schema)
		pooled.Examples += part.Examples
		for class, n := range part.Support {
			pooled.Support[class] += n
		}
		weights.Write([]byte(part.WeightsSHA256))
	}
	pooled.WeightsSHA256 = hex.EncodeToString(weights.Sum(nil))
	for at := range first.Points {
		made, err := pooled.recomputed(pooled.poolPoints(parts, at))
		if err != nil {
			return nil, err
		}
		pooled.Points = append(pooled.Points, *made)
	}
	return pooled, nil
}

func samePlace(a, b SensorPoint) bool {
	return a.Severity == b.Severity && (a.GroupCounts != nil) == (b.GroupCounts != nil)
}

// poolPoints adds up the counts of the parts at one severity. The groups of each part come behind
// those of the parts before.
func (c *SensorCurve) poolPoints(parts []*SensorCurve, at int) *SensorPoint {
	p := &SensorPoint{Severity: parts[0].Points[at].Severity, PerClass: make([]SensorClass, len(c.Support))}
	digests, groups := sha256.New(), 0
	var each []ClipLine
	for _, part := range parts {
		of := &part.Points[at]
		for class := range of.PerClass {
			p.PerClass[class].Correct += of.PerClass[class].Correct
		}
		if c.Schema == SensorClipsSchema {
			for _, l := range of.Clips.Each {
				l.Group += groups
				each = append(each, l)
			}
		}
		for _, count := range of.GroupCounts {
			p.GroupCounts = append(p.GroupCounts, []int{groups + count[0], count[1], count[2], count[3]})
		}
		groups += (&Evaluation{GroupCounts: of.GroupCounts}).Groups()
		digests.Write([]byte(of.ProbabilitiesSHA256))
	}
	if c.Schema == SensorClipsSchema {
		p.Clips = &ClipFigures{Each: each}
	}
	p.ProbabilitiesSHA256 = hex.EncodeToString(digests.Sum(nil))
	return p
}

// Table is the curve for the log, at most 80 columns wide.
func (c *SensorCurve) Table() string {
	var b strings.Builder
	words := " 95 % interval"
	if c.Points[0].GroupCounts != nil {
		words += " by groups"
	}
	fmt.Fprintf(&b, "%-10s %8s %s  %s\n", "severity", "accuracy", words, "worst class")
	for _, p := range c.Points {
		label, accuracy := "", 2.0
		for i, class := range p.PerClass {
			if class.Accuracy != nil && *class.Accuracy < accuracy {
				label, accuracy = c.Labels[i], *class.Accuracy
			}
		}
		fmt.Fprintf(&b, "%-10v %8s  %-*s  %s %s\n", p.Severity, Percent(p.Accuracy), len(words)-1, p.Interval.Percent(), Percent(accuracy), Clip(label, 24))
	}
	if c.Schema < SensorClipsSchema {
		return b.String()
	}
	fmt.Fprintf(&b, "%-10s %8s %s  %s\n", "severity", "clips", words, "scenes")
	for _, p := range c.Points {
		f := p.Clips
		fmt.Fprintf(&b, "%-10v %8s  %-*s  %s\n", p.Severity, Percent(f.Clips.Accuracy), len(words)-1, f.Clips.Interval.Percent(), Percent(f.Scenes.Accuracy))
	}
	return b.String()
}

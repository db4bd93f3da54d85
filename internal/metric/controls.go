package metric

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Controls are what an evaluation of clips is held against: how many clips are put into their
// class without a look at the target. The content of evaluation/controls.json.
type Controls struct {
	Schema        int    `json:"schema"`
	WeightsSHA256 string `json:"weights_sha256"` // of the network that is held against them
	// Painted says how the network was trained that saw no target; LeftOut why there is none.
	Painted *PaintedNote     `json:"painted,omitempty"`
	LeftOut string           `json:"left_out,omitempty"`
	Parts   []ControlledPart `json:"parts"`
}

// ControlsSchema is that of evaluation/controls.json.
const ControlsSchema = 1

// PaintedNote says how a network of the same kind was trained on images with every target
// painted over.
type PaintedNote struct {
	IdentitySHA256 string `json:"identity_sha256"` // of its data, split, network and settings
	Epochs         int    `json:"epochs"`
	BestEpoch      int    `json:"best_epoch"`
	WeightsSHA256  string `json:"weights_sha256"`
}

// ControlledPart are the controls of the evaluation of a part.
type ControlledPart struct {
	Part      string   `json:"part"`
	Network   Control  `json:"network"`             // the one that is judged
	Backdrops *Control `json:"backdrops,omitempty"` // the class of the training clip with the nearest backdrop; nil where there is no training clip
	Painted   *Control `json:"painted,omitempty"`   // the network that saw no target
}

// Control is how many clips are put into their class.
type Control struct {
	Clips   Share  `json:"clips"`
	Unseen  *Share `json:"unseen,omitempty"` // those of scenes that the training part does not show
	Decided []int  `json:"decided"`          // class of each clip, in the order of the evaluation
}

// NewControl is what decisions on the clips come to.
func (f *ClipFigures) NewControl(decided []int) *Control {
	each := slices.Clone(f.Each)
	for at := range each {
		each[at].Decided = decided[at]
	}
	all := figuresOfClips(each)
	return &Control{all.Clips, all.Unseen, decided}
}

// Decisions are those on the clips.
func (f *ClipFigures) Decisions() []int {
	var decided []int
	for _, l := range f.Each {
		decided = append(decided, l.Decided)
	}
	return decided
}

// ReadControls reads controls and refuses what cannot be.
func ReadControls(path string) (*Controls, error) {
	c := new(Controls)
	err := fileio.ReadJSON(path, c, fileio.Form{MaxBytes: 48 << 20, Schemas: fileio.UpTo(ControlsSchema)})
	if err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w: evaluate the run again", path, err)
	}
	return c, nil
}

func (c *Controls) check() error {
	switch p := c.Painted; {
	case (p == nil) == (c.LeftOut == ""):
		return errors.New("painted: want the network that saw no target, or in left_out why there is none, and not both")
	case p != nil && (p.Epochs < 1 || p.BestEpoch < 1 || p.BestEpoch > p.Epochs):
		return fmt.Errorf("painted: epoch %d of %d cannot be the best", p.BestEpoch, p.Epochs)
	case len(c.Parts) == 0:
		return errors.New("parts: there are none")
	}
	for at := range c.Parts {
		p := &c.Parts[at]
		if (p.Painted == nil) != (c.Painted == nil) {
			return fmt.Errorf("parts[%d].painted: want it in every part if the network was trained, else in none", at)
		}
		if slices.ContainsFunc(c.Parts[:at], func(o ControlledPart) bool { return o.Part == p.Part }) {
			return fmt.Errorf("parts[%d]: %.40q comes twice", at, p.Part)
		}
		if (p.Backdrops == nil) != (c.Parts[0].Backdrops == nil) {
			return fmt.Errorf("parts[%d].backdrops: want it in every part, or in none", at)
		}
	}
	return nil
}

// Of are the controls of a part; nil where there are none.
func (c *Controls) Of(part string) *ControlledPart {
	if c == nil {
		return nil
	}
	at := slices.IndexFunc(c.Parts, func(p ControlledPart) bool { return p.Part == part })
	if at < 0 {
		return nil
	}
	return &c.Parts[at]
}

// PoolControls are the controls of several parts together, whose clips, in the order of the
// parts, are those of f. A control that a part lacks is left out.
func (f *ClipFigures) PoolControls(name string, parts []*ControlledPart) *ControlledPart {
	pooled := &ControlledPart{Part: name, Network: *f.NewControl(f.Decisions())}
	pool := func(of func(*ControlledPart) *Control) *Control {
		var decided []int
		for _, p := range parts {
			if of(p) == nil {
				return nil
			}
			decided = append(decided, of(p).Decided...)
		}
		return f.NewControl(decided)
	}
	pooled.Backdrops = pool(func(p *ControlledPart) *Control { return p.Backdrops })
	pooled.Painted = pool(func(p *ControlledPart) *Control { return p.Painted })
	return pooled
}

// CheckAgainst refuses controls that are not of the evaluation of a part.
func (c *Controls) CheckAgainst(e *Evaluation) error {
	p := c.Of(e.Part)
	switch {
	case e.Clips == nil || p == nil:
		return fmt.Errorf("parts: want one for each evaluation of clips, such as %q", e.Part)
	case c.WeightsSHA256 != e.WeightsSHA256:
		return errors.New("weights_sha256: the evaluation is of other weights")
	case !slices.Equal(p.Network.Decided, e.Clips.Decisions()):
		return fmt.Errorf("parts: the decisions of the network on the %s part are not those of its evaluation", e.Part)
	}
	for _, row := range p.Rows() {
		if err := row.checkAgainst(e); err != nil {
			return fmt.Errorf("%s part: %s: %w", e.Part, row.Name, err)
		}
	}
	return nil
}

func (c *Control) checkAgainst(e *Evaluation) error {
	if len(c.Decided) != len(e.Clips.Each) {
		return fmt.Errorf("decided: %d classes of %d clips", len(c.Decided), len(e.Clips.Each))
	}
	if slices.ContainsFunc(c.Decided, func(class int) bool { return class < 0 || class >= len(e.PerClass) }) {
		return fmt.Errorf("decided: want classes from 0 to %d", len(e.PerClass)-1)
	}
	return sameJSON("decided", c, e.Clips.NewControl(c.Decided))
}

// closePoints is how near to the network's figure, in percentage points, that of the network
// that saw no target must be to be warned of.
const closePoints = 15

// Warning says in words that the part's figure is hardly above that of a network that saw no
// target; empty where it is.
func (p *ControlledPart) Warning() string {
	if p.Painted == nil || 100*(p.Network.Clips.Correct-p.Painted.Clips.Correct) > closePoints*p.Network.Clips.Count {
		return ""
	}
	on := p.words()
	if on != allFolds {
		on = "the " + on
	}
	return fmt.Sprintf("On %s, a network of the same kind that saw no target, since all were painted over, is right on %s %% of the clips, and this one on %s %%: at most %d points more. Much of what it knows may be of the scenes, and not of the targets.",
		on, Percent(p.Painted.Clips.Accuracy), Percent(p.Network.Clips.Accuracy), closePoints)
}

const allFolds = "all folds"

// words name the part, or what the folds of a cross-validation are together.
func (p *ControlledPart) words() string {
	if p.Part == "pooled" {
		return allFolds
	}
	return p.Part + " part"
}

// Warnings are those of all parts.
func (c *Controls) Warnings() []string {
	if c == nil {
		return nil
	}
	var all []string
	for at := range c.Parts {
		if w := c.Parts[at].Warning(); w != "" {
			all = append(all, w)
		}
	}
	return all
}

// ControlRow is a line of the table of controls.
type ControlRow struct {
	Name string
	*Control
}

// Rows are the figures of a part as lines of a table.
func (p *ControlledPart) Rows() []ControlRow {
	rows := []ControlRow{{"the network", &p.Network}}
	if p.Backdrops != nil {
		rows = append(rows, ControlRow{"nearest backdrop alone", p.Backdrops})
	}
	if p.Painted != nil {
		rows = append(rows, ControlRow{"targets painted over", p.Painted})
	}
	return rows
}

// UnseenAccuracy is nil where no clip is of an unseen scene.
func (r ControlRow) UnseenAccuracy() *float64 {
	if r.Unseen == nil {
		return nil
	}
	return &r.Unseen.Accuracy
}

// UnseenInterval likewise.
func (r ControlRow) UnseenInterval() *Interval {
	if r.Unseen == nil {
		return nil
	}
	return &r.Unseen.Interval
}

// Table is all of it for the log, at most 80 columns wide but for sentences.
func (c *Controls) Table() string {
	var b strings.Builder
	for at := range c.Parts {
		c.Parts[at].WriteTable(&b)
	}
	if c.LeftOut != "" {
		fmt.Fprintf(&b, "no network was trained on painted-over targets: %s\n", c.LeftOut)
	}
	return b.String()
}

// WriteTable writes the controls of a part, at most 80 columns wide.
func (p *ControlledPart) WriteTable(b *strings.Builder) {
	fmt.Fprintf(b, "%-22s %5s %8s %-16s %8s %s\n", Clip(p.words(), 20), "clips", "accuracy", " 95 % interval", "unseen", " 95 % interval")
	for _, r := range p.Rows() {
		interval := ""
		if i := r.UnseenInterval(); i != nil {
			interval = i.Percent()
		}
		fmt.Fprintf(b, "%-22s %5s %8s  %-15s %8s  %s\n", r.Name, Count(r.Clips.Count), Percent(r.Clips.Accuracy), r.Clips.Interval.Percent(), PercentOrDash(r.UnseenAccuracy()), interval)
	}
}

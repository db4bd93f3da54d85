// Package target holds what a network can be trained for: to tell the class of an
// image, or to reconstruct the image. A target says what is learnt of an example, which
// losses, figures, monitors and criteria go with it, under which names the results are
// served, and how they are judged.
package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/loss"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// Target is what networks are trained for.
type Target interface {
	// Properties are what is known before there are data.
	Properties() Properties
	// Blank is an empty result to read a file into.
	Blank() metric.Result
	// Task is the target for images of one shape and for the classes of a dataset. Its
	// error names what the target lacks.
	Task(input nn.Shape, classes []string) (Task, error)
}

// Task is the target of one run. As an Encoder it gives the values that the network is
// to learn. All methods may be used by several goroutines at once.
type Task interface {
	dataset.Encoder
	// Check refuses a network whose output does not have the target's shape. Its error
	// names both.
	Check(g *nn.Graph) error
	// Trained is the network with what the loss wants behind it: its last node is what
	// the loss compares with the encoded targets. A loss that does not fit is refused.
	Trained(g *nn.Graph, l loss.Loss) (*nn.Graph, error)
	// Served is the network with its outputs, under the names by which they are served.
	Served(g *nn.Graph) *nn.Graph
	// Figure is the value that the target's figure has for one example, from the output
	// of the trained graph and the encoded target [Size]. The figure of a part is the
	// mean over its examples.
	Figure(output, target []float32) float64
	// NewTally begins a result for about so many examples.
	NewTally(examples int) Tally
}

// Batch is what a network made of some examples.
type Batch struct {
	Infos   []dataset.Info // [N]
	Images  []uint8        // [N,H,W,C], as the network saw them
	Targets []float32      // [N,Size], from the loader's encoder; nil without one
	Outputs [][]float32    // in the order in which they are served, each [N, size of the output]
}

// output is output k, which has that name and size values for each example.
func (b *Batch) output(k int, name string, size int) ([]float32, error) {
	var values []float32
	if k < len(b.Outputs) {
		values = b.Outputs[k]
	}
	if len(values) != len(b.Infos)*size {
		return nil, fmt.Errorf("output %s has %d values for %d examples, want %d", name, len(values), len(b.Infos), len(b.Infos)*size)
	}
	return values, nil
}

// Tally collects what a network makes of the examples of a part, batch by batch.
type Tally interface {
	// Add counts a batch, of which nothing is kept that is used again.
	Add(b Batch) error
	// Result is the result over all examples.
	Result() (metric.Result, error)
}

// Properties are what a target allows and what it uses where nothing is chosen.
type Properties struct {
	Name         string
	Figure       metric.Figure
	Kind         loss.Kind               // of the encoded targets
	Loss         string                  // the default
	Mixup        bool                    // targets of two examples can be mixed
	Labelled     bool                    // outputs are those of classes, which have labels
	Measurements []criterion.Measurement // those there are
	Criteria     []string                // the default
	Prose        Prose
}

// Prose is how documents for people speak of a network. The texts are plain, and are
// escaped for the format that they go into.
type Prose struct {
	Task   string   // the pipeline tag of Hugging Face's model cards
	Metric string   // the name of the figure there
	What   string   // "An auto-encoder of images"
	Gives  string   // "gives its reconstruction of the image and ..."
	Limits []string // what the network cannot do, in sentences
}

// modules is the table of targets. Models name the one that they are for.
var modules = map[string]config.Module[Target]{
	metric.TargetClass: {Doc: "which class an image shows", New: newClass},
	metric.TargetImage: {Doc: "the image itself, for an auto-encoder", New: newImage},
}

// MakeTarget makes the target of that name.
func MakeTarget(name string) (Target, error) {
	t, _, err := config.Make("target", modules, name, "")
	return t, err
}

// Modules documents every target, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// AddForTest adds a target until the end of a test.
func AddForTest(t interface{ Cleanup(func()) }, name string, m config.Module[Target]) {
	config.AddForTest(t, modules, name, m)
}

// ReadResult reads the result of any target and refuses one whose figures do not fit
// together, or whose target there is not.
func ReadResult(path string) (metric.Result, error) {
	return metric.ReadResult(path, func(name string) (metric.Result, error) {
		t, err := MakeTarget(name)
		if err != nil {
			return nil, err
		}
		return t.Blank(), nil
	})
}

// LossMonitor is the monitor that every target has, and the default.
const LossMonitor = "validation_loss"

// Monitors are the figures that can pick the best epoch, the default first.
func (p *Properties) Monitors() []string { return []string{LossMonitor, p.Figure.Monitor()} }

// CheckMonitor refuses a monitor that the target does not have.
func (p *Properties) CheckMonitor(name string) error {
	if all := p.Monitors(); !slices.Contains(all, name) {
		return fmt.Errorf("monitor %s does not fit target %s: want %s", name, p.Name, strings.Join(all, " or "))
	}
	return nil
}

// LargerIsBetter says whether a monitored figure is better the larger it is.
func (p *Properties) LargerIsBetter(monitor string) bool {
	return monitor != LossMonitor && p.Figure.LargerIsBetter
}

// CheckLoss refuses a loss, which has that name, that does not take the target.
func (p *Properties) CheckLoss(name string, l loss.Loss) error {
	return loss.CheckFit(name, l, p.Name, p.Kind)
}

// CheckMixup refuses mixed examples, which the augmentation of that name makes, where the
// target or the loss does not take them.
func (p *Properties) CheckMixup(name string, l loss.Loss) error {
	switch {
	case !p.Mixup:
		return fmt.Errorf("augmentation %s does not fit target %s: leave it out", name, p.Name)
	case !l.MixupAllowed():
		return fmt.Errorf("augmentation %s needs the loss cross-entropy: other losses do not take two labels for an image", name)
	}
	return nil
}

// CheckCriteria refuses criteria of measurements that the target does not have.
func (p *Properties) CheckCriteria(all []criterion.Criterion) error {
	for _, c := range all {
		if err := criterion.CheckFit(c, p.Name, p.Measurements); err != nil {
			return err
		}
	}
	return nil
}

// checkLoss is CheckLoss for a loss whose name is not at hand.
func (p *Properties) checkLoss(l loss.Loss) error {
	if !l.Fits(p.Kind) {
		return fmt.Errorf("the loss does not fit target %s: want %s", p.Name, strings.Join(loss.Fitting(p.Kind), " or "))
	}
	return nil
}

// checkOutput compares a network's output with the shape that the target has, of which
// meaning says what it stands for.
func (p *Properties) checkOutput(g *nn.Graph, want nn.Shape, meaning string) error {
	if err := g.Err(); err != nil {
		return err
	}
	if got := g.Output().Shape; got != want {
		return fmt.Errorf("the network's output is %v, but target %s has the shape %v, %s: use a model for target %s", got, p.Name, want, meaning, p.Name)
	}
	return nil
}

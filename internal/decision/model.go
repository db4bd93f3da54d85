package decision

import (
	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/track"
)

// Model decides what tracks show, by what the crop network says of them and what a second network
// says of their motion. Without the second it goes by the mean of the logarithms of the crop
// network's probabilities.
type Model struct {
	Classes []string
	Network *rundir.Trained // nil where there is none
	scale   *Scale
	record  *rundir.Record
}

// Open is the model that decides, of a run or package in a folder, of which record and
// network t were read. A file of features that is not as training left it is refused: it
// changes what is decided.
func Open(folder string, record *rundir.Record, t *rundir.Trained) (*Model, error) {
	m := &Model{Classes: record.Identity.Classes, Network: t.Decision, record: record}
	if m.Network == nil {
		return m, nil
	}
	dir := rundir.At(folder)
	err := dir.CheckFile(record, layout.FeaturesFile)
	if err == nil {
		m.scale, err = ReadScale(dir.File(layout.FeaturesFile))
	}
	return m, err
}

// The words for how it is decided.
const (
	ByNetwork = postprocess.ByNetwork
	ByMean    = postprocess.ByMean
)

// Method says how it is decided.
func (m *Model) Method() string {
	if m.Network == nil {
		return ByMean
	}
	return ByNetwork
}

// Decider decides on one track while its points come. It is used by one goroutine at a time.
type Decider struct {
	model     *Model
	plan      *classifier.Plan // nil without a network
	collector Collector
	sure, all sums // of windows in which the target was found often enough, and of all
}

// sums add up logarithms of probabilities.
type sums struct {
	of []float64
	n  int
}

func (s *sums) add(logs []float64) {
	if s.of == nil {
		s.of = make([]float64, len(logs))
	}
	for k, l := range logs {
		s.of[k] += l
	}
	s.n++
}

// NewDecider begins with a track. Close ends its worker.
func (m *Model) NewDecider() (*Decider, error) {
	d := &Decider{model: m}
	d.collector = Collector{Classes: len(m.Classes), Emit: d.window}
	if m.Network == nil {
		return d, nil
	}
	var err error
	d.plan, err = classifier.Of(m.record, m.Network).NewPlan(1, 1)
	return d, err
}

// Name says how it is decided.
func (d *Decider) Name() string { return d.model.Method() }

// Add takes the next point, with the crop network's probabilities [classes] where [Asked]
// says so; others are not looked at.
func (d *Decider) Add(p *track.Point, probabilities []float32) {
	if !Asked(p) {
		probabilities = nil
	}
	d.add(p, probabilities)
}

// add takes the next point, with probabilities if there are some.
func (d *Decider) add(p *track.Point, probabilities []float32) {
	if d.plan != nil {
		d.collector.Add(p, probabilities)
	} else if probabilities != nil {
		d.sure.add(logsOf(probabilities))
	}
}

func (d *Decider) window(w Window) {
	logs := d.judge(w)
	d.all.add(logs)
	if w.Found >= postprocess.LeastFound {
		d.sure.add(logs)
	}
}

// judge are the logarithms of what both networks say of a window, pooled.
func (d *Decider) judge(w Window) []float64 {
	return d.model.scale.Weights.pool(w.Logs, d.model.logs(d.plan, w))
}

// logs are the logarithms of the probabilities that the network on tracks gives for a window.
func (m *Model) logs(plan *classifier.Plan, w Window) []float64 {
	outputs := plan.Run(1, m.scale.Bytes(w.Features))
	return logsOf(classifier.Of(m.record, m.Network).Output(outputs, target.Probabilities))
}

// Decide is what the track shows by all windows so far, [classes]: the geometric mean of the
// pooled probabilities, over their sum. Before the first window is whole, it goes by what
// there is of it. It is nil as long as nothing is known.
func (d *Decider) Decide() []float32 {
	s := d.sure
	if s.n == 0 {
		s = d.all
	}
	if s.n == 0 && d.plan != nil && len(d.collector.points) > 0 {
		s.add(d.judge(d.collector.present()))
	}
	if s.n == 0 {
		return nil
	}
	p, total := make([]float32, len(s.of)), 0.0
	for k, sum := range s.of {
		p[k] = kernel.Exp(float32(sum / float64(s.n)))
		total += float64(p[k])
	}
	for k := range p {
		p[k] = float32(float64(p[k]) / total)
	}
	return p
}

// Close ends the worker.
func (d *Decider) Close() {
	if d.plan != nil {
		d.plan.Close()
	}
}

// asker asks a crop network about the images of tracks.
type asker struct {
	*classifier.Classifier
	plan *classifier.Plan
	size int // bytes of an image
}

const askedAtOnce = 128

func newAsker(record *rundir.Record, t *rundir.Trained, workers int) (*asker, error) {
	c := classifier.Of(record, t)
	plan, err := c.NewPlan(askedAtOnce, workers)
	input := record.Identity.ServedInput()
	return &asker{c, plan, input.Height * input.Width * input.Channels}, err
}

// ask gives the points of a track in their order, with the probabilities where they were
// asked for.
func (a *asker) ask(f *Followed, add func(*track.Point, []float32)) {
	classes, answers := len(a.Labels), a.answers(f.images)
	next := 0
	for i := range f.points {
		var probabilities []float32
		if next < len(f.asked) && f.asked[next] == i {
			probabilities = answers[next*classes : (next+1)*classes]
			next++
		}
		add(&f.points[i], probabilities)
	}
}

// answers are the probabilities of the classes for images [n,H,W,C]: [n,classes].
func (a *asker) answers(images []uint8) []float32 {
	all := len(images) / a.size
	answers := make([]float32, 0, all*len(a.Labels))
	for at := 0; at < all; at += a.plan.BatchSize() {
		n := min(a.plan.BatchSize(), all-at)
		outputs := a.plan.Run(n, images[at*a.size:(at+n)*a.size])
		answers = append(answers, a.Output(outputs, target.Probabilities)...)
	}
	return answers
}

// windows are those of a track that count.
func (a *asker) windows(f *Followed) []Window {
	var windows []Window
	c := Collector{Classes: len(a.Labels), Emit: func(w Window) { windows = append(windows, w) }}
	a.ask(f, c.Add)
	c.End()
	return Chosen(windows)
}

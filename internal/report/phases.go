package report

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/features"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/train"
)

// Phases are how a training went from the last layer to all of the network.
type Phases struct {
	Words      string // which phase was chosen, and by what
	Rows       []PhaseRow
	Head       *metric.HeadNote // how a solver found the last layer; nil where none did
	MoreImages string           // whether more training images would help; empty where nobody knows
}

// PhaseRow is a phase with its best epoch.
type PhaseRow struct {
	Phase  string // metric.PhaseHead or metric.PhaseFinetune
	Epochs int
	Best   *metric.Epoch
	Won    bool // the weights are those of its best epoch
}

// Name is what learns in the phase.
func (r PhaseRow) Name() string { return metric.PhaseWords(r.Phase) }

// addPhases says what each phase came to, of a history that names any. Best is the epoch, from 1,
// whose weights were kept by the figure monitor. Figures are those of the validation part, by the
// inference plan of the whole network.
func (r *Report) addPhases(best int, monitor string) {
	p := &Phases{Head: metric.HeadOf(r.History)}
	for _, phase := range []string{metric.PhaseHead, metric.PhaseFinetune} {
		row := PhaseRow{Phase: phase, Best: metric.BestOfPhase(r.History, phase, monitor == train.ValidationLoss)}
		if row.Best == nil {
			continue
		}
		for i := range r.History {
			if e := &r.History[i]; e.Phase == phase {
				row.Epochs++
				row.Won = row.Won || e.Epoch == best
			}
		}
		p.Rows = append(p.Rows, row)
		if row.Won {
			p.Words = fmt.Sprintf("The weights are those of epoch %d, of the phase “%s”, which has the best %s. Every epoch is judged on the validation part by the network as it is served.", best, row.Name(), monitorWords(monitor))
		}
	}
	if len(p.Rows) == 0 {
		return
	}
	if p.Head != nil && metric.Present(r.Validation) {
		p.MoreImages = p.Head.MoreImages(r.Validation.Header().Examples)
	}
	r.Phases = p
}

func monitorWords(monitor string) string {
	if monitor == train.ValidationLoss {
		return "loss"
	}
	return "accuracy"
}

// wonByHead says whether the last layer alone has other weights than the training began with.
func (p *Phases) wonByHead() bool {
	if p == nil {
		return false
	}
	for _, row := range p.Rows {
		if row.Won {
			return row.Phase == metric.PhaseHead
		}
	}
	return false
}

// frozenBelowHead counts the trainable numbers below the last layer.
func frozenBelowHead(g *nn.Graph) (int, error) {
	h, err := features.HeadOf(g)
	if err != nil {
		return 0, err
	}
	below, n := h.Below(g), 0
	for _, p := range g.Params {
		if p.Trainable && nn.Frozen(below, p.Name) {
			n += p.Elements()
		}
	}
	return n, nil
}

package pipeline

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/decision"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// Decided says that the networks are trained that decide on tracks.
type Decided struct{}

var decisionStage = stage{name: "decision", stands: func(found *standing) bool { return found.decided },
	run: made(func(ctx context.Context, s *session) (Decided, error) {
		return Decided{}, s.Decide(ctx, s.Dir, func(n *Prepared) error {
			work := n.Work(0, false)
			work.Small = layout.OnTracks(n.Name)
			_, err := n.train(ctx, s.Dir, work)
			return err
		})
	})}

// Decide prepares the networks that decide on tracks one after the other, and has each
// trained. A run without them has none.
func (p *Prepared) Decide(ctx context.Context, dir *rundir.Dir, train func(*Prepared) error) error {
	return p.Decision(dir).Train(ctx, func(n *decision.Network) error {
		own := &Prepared{Env: p.Env, Settings: n.Settings, Modules: n.Modules, Data: n.Data, Record: p.Record, Name: n.Name, derived: !n.Fold}
		if err := own.draw(n.Built); err != nil {
			return err
		}
		if first := p.Initial; first != nil && n.Fold {
			same := *first
			if own.Initial = &same; first.Tensors == nil && !dir.Network(n.Name).HasCheckpoint() {
				return config.Usagef("the weights that training began with are not where they were, and %s begins with them: put the file back", n.Name)
			}
		}
		statistics, err := dataset.Measure(ctx, n.Data.Fitted, n.Data.TrainList(n.Settings), n.Data.Rule)
		if err != nil {
			return err
		}
		statistics.Normalize(own.Params)
		if err := own.takeTarget(); err != nil {
			return err
		}
		if err := own.takeInitial(); err != nil {
			return err
		}
		return train(own)
	})
}

// Decision is the run as what decides on tracks sees it.
func (p *Prepared) Decision(dir *rundir.Dir) *decision.Run {
	main := rundir.Built{Graph: p.Graph, Target: p.Modules.Target}
	return &decision.Run{Env: p.Env, Settings: p.Settings, Data: p.Data, Record: p.Record, Dir: dir, Main: main}
}

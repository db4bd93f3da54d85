package transfer

import (
	"fmt"
	"time"

	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/logging"
)

// toldInterval is how often the log says how far the solver is, which takes minutes where there
// are many classes.
const toldInterval = 10 * time.Second

// solving tells the log how far the solver is.
type solving struct {
	log  *logging.Log
	what string // is sought
	told time.Time
}

func newSolving(log *logging.Log, what string) *solving {
	return &solving{log: log, what: what, told: time.Now()}
}

// step is head.Options.Stepped.
func (s *solving) step(at head.Step) {
	now := time.Now()
	if now.Sub(s.told) < toldInterval {
		return
	}
	s.told = now
	s.log.Info("looking for "+s.what, "penalty", at.Penalty, "number", fmt.Sprintf("%d of %d", at.Number, at.Of),
		"iterations", at.Iterations, "gradient_norm", fmt.Sprintf("%.2g", at.GradientNorm), "wanted", fmt.Sprintf("%.2g", at.Target))
}

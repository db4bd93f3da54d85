package optimizer

import (
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// Schedule gives the learning rate's course as factors of its highest value.
type Schedule interface {
	// Factor is the factor at a step, counted from 0, of a training of total
	// steps.
	Factor(step, total int) float32
}

var schedules = map[string]config.Module[Schedule]{
	"constant":  {Doc: "the same learning rate throughout", New: newConstant},
	"step":      {Doc: "drops by a factor at regular intervals", New: newStep},
	"cosine":    {Doc: "falls along half a cosine wave", New: newCosine},
	"one-cycle": {Doc: "rises to its highest value and falls to nearly nothing, along cosine waves", New: newOneCycle},
}

// MakeSchedule makes the schedule called name with options in the form
// "key=value,key=value", and returns the values they resolved to.
func MakeSchedule(name, options string) (Schedule, map[string]string, error) {
	return config.Make("schedule", schedules, name, options)
}

// Schedules describes every schedule.
func Schedules() []config.Description { return config.Describe(schedules) }

// WithWarmup puts warmupSteps steps before s, over which the learning rate rises
// in a line from near 0 to where s begins; s then has the rest of the training.
func WithWarmup(s Schedule, warmupSteps int) Schedule {
	if warmupSteps <= 0 {
		return s
	}
	return &warmup{s, warmupSteps}
}

type warmup struct {
	schedule Schedule
	steps    int
}

func (w *warmup) Factor(step, total int) float32 {
	rest := max(1, total-w.steps)
	if step >= w.steps {
		return w.schedule.Factor(step-w.steps, rest)
	}
	rise := float64(step+1) / float64(w.steps+1)
	return float32(rise * float64(w.schedule.Factor(0, rest)))
}

// ease goes from one value to another as t goes from 0 to 1, along half a
// cosine wave.
func ease(from, to, t float64) float32 {
	wave := 1 + float64(kernel.Cos(float32(math.Pi*t)))
	return float32(to + float64((from-to)*wave*0.5))
}

package watch

import (
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// newFinder is what finds in videos what the model of a record classifies, and the frames a
// second of folders of frames.
func newFinder(record *rundir.Record, lag, workers int) (finder, int, error) {
	cut, rate, err := postprocess.Cutting(record)
	if err != nil {
		return nil, 0, err
	}
	if cut == nil || cut.Whole {
		whole := wholeFrames{offsets: record.Identity.Input.Frames}
		if cut != nil {
			whole.window = cut.Window
		}
		if len(whole.offsets) == 0 {
			whole.offsets = []int{0}
		}
		return whole, rate, nil
	}
	rule, err := postprocess.Rule(record)
	if err != nil {
		return nil, 0, err
	}
	rule.Lag = lag
	return targets{*rule, workers}, rate, rule.Check()
}

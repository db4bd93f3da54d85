package watch

import (
	"reflect"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/track"
)

// defaultRate is the frames a second of folders, as dataset clips has it.
const defaultRate = 30

// cutting is how the examples of a model were cut out of clips, and the frames a second of
// folders of frames. It is nil for models that saw no clips, which classify whole frames.
func cutting(record *rundir.Record) (cut *clips.Cutting, rate int, err error) {
	rate = defaultRate
	for i, d := range ofClips(record) {
		one, r, err := dataset.ClipsCutting(d.Text())
		if err != nil {
			return nil, 0, err
		}
		if i > 0 && (one.Whole != cut.Whole || one.Square != cut.Square || one.Window != cut.Window || !reflect.DeepEqual(one.Offsets, cut.Offsets)) {
			return nil, 0, config.Usagef("the model was trained on clips that were cut in different ways (%s, and %s), so that it is not known how videos are: train with the same crop, margin, minimum, frames and level for all clips", ofClips(record)[0].Words(), d.Words())
		}
		if i == 0 {
			cut, rate = one, r
		}
	}
	return cut, rate, nil
}

// TrackRule is how the model of a record finds targets in videos; nil where it classifies whole
// frames.
func TrackRule(record *rundir.Record, lag int) (*track.Rule, error) {
	cut, _, err := cutting(record)
	if err != nil || cut == nil || cut.Whole {
		return nil, err
	}
	r := track.DefaultRule()
	r.Square, r.Offsets, r.Window, r.Lag = cut.Square, cut.Offsets, cut.Window, lag
	return &r, r.Check()
}

// newFinder is what finds in videos what the model of a record classifies, and the frames a
// second of folders of frames.
func newFinder(record *rundir.Record, lag, workers int) (finder, int, error) {
	cut, rate, err := cutting(record)
	if err != nil {
		return nil, 0, err
	}
	offsets, window := record.Identity.Input.Frames, 0
	if cut != nil {
		window = cut.Window
	}
	if len(offsets) == 0 {
		offsets = []int{0}
	}
	if cut == nil || cut.Whole {
		return wholeFrames{offsets: offsets, window: window}, rate, nil
	}
	rule, err := TrackRule(record, lag)
	if err != nil {
		return nil, 0, err
	}
	return targets{*rule, workers}, rate, nil
}

package watch

import (
	"cmp"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/postprocess"
)

// findTargets sets what finds in videos what the model classifies, the frames a second of folders
// of frames, and the lag if none was asked for.
func (w *Watcher) findTargets() error {
	record, videos := w.Record(), w.Videos()
	cut, rate, err := postprocess.Cutting(record)
	if err = cmp.Or(err, videos.Err); err != nil {
		return err
	}
	w.rate = rate
	if cut == nil || cut.Whole {
		if w.Lag != 0 {
			return config.Usagef("--lag %d: the model classifies whole frames and follows no target: leave --lag out", w.Lag)
		}
		whole := wholeFrames{offsets: record.Identity.Input.Frames}
		if cut != nil {
			whole.window = cut.Window
		}
		if len(whole.offsets) == 0 {
			whole.offsets = []int{0}
		}
		w.finder = whole
		return nil
	}
	rule := *videos.Rule
	if made := record.Execution.Program; !videos.Recorded && made != buildinfo.Program() {
		w.Log().Warn("the model does not say how targets are found in videos, and another version of the program made it: they are found as this program does it; packages say how",
			"made_by", made, "here", buildinfo.Program())
	}
	if w.Lag == 0 {
		w.Lag = rule.Lag
	}
	if w.Lag != rule.Lag && w.Tracks().Network != nil {
		w.Log().Warn("the network that decides on tracks was trained with another --lag, and with this one it may see other tracks", "trained_with", rule.Lag, "lag", w.Lag)
	}
	rule.Lag = w.Lag
	w.finder, w.Decision = targets{rule, w.Workers()}, byTrack{w.Tracks()}
	return rule.Check()
}

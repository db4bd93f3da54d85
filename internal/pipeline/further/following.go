package further

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/track"
)

// passes is how often the targets of the clips of a part are followed: of the training part for
// the folds; of the validation part for the network that decides; and of the parts that are
// evaluated for the decision on clips and for the targets found, with targets and painted over.
func passes(part dataset.Part, folds int, evaluated bool) int {
	n := 0
	if folds > 0 && part != dataset.PartTest {
		n++
	}
	if evaluated && part != dataset.PartTrain {
		n += 3
	}
	return n
}

// Following is about how long it takes to follow the targets of the clips of the run, from a
// moment's worth of the first of them.
func (r *Run) Following(ctx context.Context) (time.Duration, error) {
	var first *dataset.Clip
	frames := 0
	for _, part := range dataset.Parts() {
		for _, c := range dataset.TargetClips(r.Data, r.Split.Indexes(part)) {
			first = cmp.Or(first, c.Clip)
			frames += c.Frames * passes(part, r.folds(), r.Evaluated)
		}
	}
	if frames == 0 {
		return 0, nil
	}
	each, err := timed(ctx, first)
	return time.Duration(frames) * each / time.Duration(max(1, r.Workers)), err
}

// moment is how long a clip is followed at most to learn how fast that is.
const moment = time.Second

// timed is how long a frame of the clip takes, with one worker and with decoding.
func timed(ctx context.Context, c *dataset.Clip) (time.Duration, error) {
	begun, n := time.Now(), 0
	for _, err := range track.FollowWith(ctx, track.RuleOf(c.Cutting()), 1, ending(c.Decode(ctx), begun.Add(moment))) {
		if err != nil {
			return 0, fmt.Errorf("%s: %w", c.Source, err)
		}
		n++
	}
	return time.Since(begun) / time.Duration(max(1, n)), ctx.Err()
}

// ending are frames up to a time.
func ending(frames iter.Seq2[clips.Frame, error], until time.Time) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		for f, err := range frames {
			if !yield(f, err) || err != nil || time.Now().After(until) {
				return
			}
		}
	}
}

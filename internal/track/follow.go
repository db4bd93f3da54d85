package track

import (
	"context"
	"iter"
	"runtime"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Follow yields a point for every frame, in their order, Lag frames late, and the rest when
// the frames end. The memory that it takes does not grow with their number. An error ends
// it; the points of the frames before come first, unless ctx was cancelled.
func Follow(ctx context.Context, r Rule, frames iter.Seq2[clips.Frame, error]) iter.Seq2[*Point, error] {
	return FollowWith(ctx, r, runtime.GOMAXPROCS(0), frames)
}

// FollowWith is Follow with so many workers, on which the points do not depend.
func FollowWith(ctx context.Context, r Rule, workers int, frames iter.Seq2[clips.Frame, error]) iter.Seq2[*Point, error] {
	return func(yield func(*Point, error) bool) {
		if err := r.Check(); err != nil {
			yield(nil, err)
			return
		}
		f := &follower{rule: r, yield: yield, track: -1}
		for frame, err := range frames {
			if ctx.Err() != nil {
				err = ctx.Err()
			} else if err == nil {
				err = f.take(frame)
			}
			if f.stopped {
				return
			}
			if err != nil {
				if ctx.Err() == nil {
					f.finish()
				}
				if !f.stopped {
					yield(nil, err)
				}
				return
			}
		}
		f.finish()
	}
}

// follower follows the target of one stream.
type follower struct {
	rule     Rule
	yield    func(*Point, error) bool
	stopped  bool
	track    int
	seen     int // frames of the stream
	finder   *finder
	subtract *clips.Background
	luma     []int32
	shape    imaging.Image // of the frames of this track
	kept     []*entry      // frames of this track, the last of them the newest
	begin    int           // the first kept frame's number in the track
	found    int           // frames of the track whose proposals are known
	decided  int           // frames of the track whose point was yielded
	way      path
	last     clips.Box
}

// entry is a frame that is kept.
type entry struct {
	number int // in the stream
	frame  clips.Frame
	level  imaging.Image
	smooth []int32
	list   []Proposal
}

func (f *follower) at(n int) *entry {
	if n < f.begin || n >= f.begin+len(f.kept) {
		return nil
	}
	return f.kept[n-f.begin]
}

func (f *follower) count() int { return f.begin + len(f.kept) }

// take takes the next frame.
func (f *follower) take(frame clips.Frame) error {
	img := frame.Image
	if f.track < 0 || frame.Cut || !f.shape.SameShape(img) || (f.shape.Wide != nil) != (img.Wide != nil) {
		f.finish()
		f.start(img)
	}
	e := &entry{number: f.seen, frame: frame, level: img, smooth: make([]int32, img.Width*img.Height)}
	f.seen++
	lumaOf(f.luma, img)
	f.finder.narrow(e.smooth, f.luma)
	if f.subtract != nil {
		var err error
		if e.level, err = f.subtract.Subtract(img); err != nil {
			return err
		}
	}
	f.kept = append(f.kept, e)
	if n := f.count() - 1 - f.rule.Gap; n >= 0 {
		f.propose(n)
	}
	if f.count() > f.rule.Lag {
		f.decide()
	}
	return nil
}

func (f *follower) start(img imaging.Image) {
	f.track++
	f.shape = img
	f.shape.Pix, f.shape.Wide = nil, nil
	if img.Wide != nil {
		f.shape.Wide = []uint16{}
	}
	f.finder = newFinder(f.rule, img.Width, img.Height)
	f.luma = make([]int32, img.Width*img.Height)
	f.kept, f.begin, f.found, f.decided = nil, 0, 0, 0
	f.way = path{rule: f.rule}
	f.last = clips.Box{X: img.Width / 2, Y: img.Height / 2, W: 1, H: 1}
	f.subtract = nil
	if f.rule.Window > 0 {
		f.subtract = clips.NewBackground(f.rule.Window)
	}
}

// propose finds the proposals of a frame.
func (f *follower) propose(n int) {
	smooth := func(e *entry) []int32 {
		if e == nil {
			return nil
		}
		return e.smooth
	}
	e := f.at(n)
	e.list = f.finder.find(e.smooth, smooth(f.at(n-f.rule.Gap)), smooth(f.at(n+f.rule.Gap)))
	f.way.add(e.list)
	f.found++
}

// decide yields the point of the next frame.
func (f *follower) decide() {
	if f.stopped {
		return
	}
	n := f.decided
	f.decided++
	e := f.at(n)
	p := &Point{Frame: e.number, Time: e.frame.Time, Track: f.track, Box: f.last, Missed: true, Others: e.list}
	if k := f.way.first(); k >= 0 {
		p.Box, p.Score, p.Missed = e.list[k].Box, e.list[k].Score, false
		p.Others = slices.Delete(slices.Clone(e.list), k, k+1)
	}
	f.last = p.Box
	var crop []imaging.Image
	for _, offset := range f.rule.Offsets {
		crop = append(crop, f.at(min(max(n+offset, 0), f.count()-1)).level)
	}
	p.Crop = clips.CutOut(crop, f.rule.Square.Around(p.Box))
	p.Shape = Measure(e.frame.Image, p.Box)
	f.stopped = !f.yield(p, nil)
	low, _ := clips.Reach(f.rule.Offsets)
	for len(f.kept) > 0 && f.begin < min(f.decided+low, f.found-f.rule.Gap) {
		f.kept[0] = nil
		f.kept = f.kept[1:]
		f.begin++
	}
}

// finish yields the points of the frames that are left of the track.
func (f *follower) finish() {
	for f.found < f.count() {
		f.propose(f.found)
	}
	for f.decided < f.count() && !f.stopped {
		f.decide()
	}
}

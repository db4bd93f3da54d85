package track

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// follower follows the target of one stream.
type follower struct {
	rule     Rule
	stage    *stage
	ahead    int // frames whose proposals are not waited for yet, so that workers have work
	yield    func(*Point, error) bool
	stopped  bool
	seen     int // frames of the stream
	track    int
	shape    imaging.Image // of the frames of this track
	subtract *clips.Background
	kept     []*entry // frames of this track, the last of them the newest
	first    int      // number in the track of the first of them
	asked    int      // frames of the track whose proposals were asked for
	found    int      // frames of the track whose proposals are on the path
	decided  int      // frames of the track whose point was yielded
	way      path
	lastBox  clips.Box // where the target was last, and in which frame of the track; -1: in none
	lastAt   int
	spare    [][]int32 // planes to use again
}

// at is a frame of the track by its number; nil if there is none, or it is not kept.
func (f *follower) at(n int) *entry {
	if n < f.first || n >= f.count() {
		return nil
	}
	return f.kept[n-f.first]
}

// count is how many frames the track has so far.
func (f *follower) count() int { return f.first + len(f.kept) }

// take takes the next frame.
func (f *follower) take(frame clips.Frame) error {
	img := frame.Image
	if f.track < 0 || frame.Cut || !f.shape.SameShape(img) || (f.shape.Wide != nil) != (img.Wide != nil) {
		f.finish()
		f.begin(img)
	}
	e := &entry{number: f.seen, frame: frame, level: img, smooth: f.plane(img), smoothed: make(chan struct{}), listed: make(chan struct{})}
	f.seen++
	f.kept = append(f.kept, e)
	f.stage.tasks <- task{of: e}
	if f.subtract != nil {
		var err error
		if e.level, err = f.subtract.Subtract(img); err != nil {
			return err
		}
	}
	if f.count() > f.rule.Gap {
		f.ask()
	}
	if f.asked > f.ahead {
		f.step(f.asked - f.ahead)
	}
	return nil
}

// begin begins a track.
func (f *follower) begin(img imaging.Image) {
	f.track++
	f.shape = img
	f.kept, f.first, f.asked, f.found, f.decided = nil, 0, 0, 0, 0
	f.way = path{rule: f.rule}
	f.lastAt = -1
	f.spare = nil
	f.subtract = nil
	if f.rule.Window > 0 {
		f.subtract = clips.NewBackground(f.rule.Window)
	}
}

// plane is room for a smoothed frame.
func (f *follower) plane(img imaging.Image) []int32 {
	if n := len(f.spare); n > 0 {
		plane := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return plane
	}
	return make([]int32, img.Width*img.Height)
}

// ask asks for the proposals of the next frame.
func (f *follower) ask() {
	n := f.asked
	f.asked++
	f.stage.tasks <- task{of: f.at(n), find: true, before: f.at(n - f.rule.Gap), after: f.at(n + f.rule.Gap)}
}

// step leads the path through the first frames of the track, up to the given number, and
// decides those that have Lag frames behind them, of which Gap have no proposals yet.
func (f *follower) step(frames int) {
	for f.found < frames {
		e := f.at(f.found)
		<-e.listed
		f.way.add(e.list)
		f.found++
		if old := f.at(f.found - 1 - f.rule.Gap); old != nil { // nobody looks at it any more
			f.spare = append(f.spare, old.smooth)
			old.smooth = nil
		}
		if f.found > f.decided+f.rule.Lag-f.rule.Gap {
			f.decide()
		}
	}
}

// finish yields the points of the frames that are left of the track.
func (f *follower) finish() {
	for f.asked < f.count() {
		f.ask()
	}
	f.step(f.count())
	for f.decided < f.count() {
		f.decide()
	}
}

// decide yields the point of the next frame.
func (f *follower) decide() {
	n := f.decided
	f.decided++
	if !f.stopped {
		f.stopped = !f.yield(f.point(n), nil)
	}
	low, _ := clips.Reach(f.rule.Offsets)
	for f.first < min(f.decided+low, f.found-f.rule.Gap) {
		f.kept[0] = nil
		f.kept = f.kept[1:]
		f.first++
	}
}

// point is that of a frame, the first one that is not decided.
func (f *follower) point(n int) *Point {
	e := f.at(n)
	choice, next, ahead := f.way.first()
	p := &Point{Frame: e.number, Time: e.frame.Time, Track: f.track, Missed: choice < 0, Others: e.list}
	if choice >= 0 {
		p.Box, p.Score = e.list[choice].Box, e.list[choice].Score
		p.Others = slices.Delete(slices.Clone(e.list), choice, choice+1)
		f.lastBox, f.lastAt = p.Box, n
	} else {
		p.Box = f.between(n, next.Box, ahead)
	}
	var frames []imaging.Image
	for _, offset := range f.rule.Offsets {
		frames = append(frames, f.at(min(max(n+offset, 0), f.count()-1)).level)
	}
	p.Crop = clips.CutOut(frames, f.rule.Square.Around(p.Box))
	p.Shape = Measure(e.frame.Image, p.Box)
	return p
}

// between is the box of a frame in which the target is missed: on the line from the last
// frame that has it to the next one, so many frames ahead; that of the one frame where the
// other is not known; and a small box in the middle of the frame where neither is.
func (f *follower) between(n int, next clips.Box, ahead int) clips.Box {
	switch {
	case f.lastAt < 0 && ahead == 0:
		w, h := min(f.shape.Width, 2*scales[0]), min(f.shape.Height, 2*scales[0])
		return clips.Box{X: (f.shape.Width - w) / 2, Y: (f.shape.Height - h) / 2, W: w, H: h}
	case f.lastAt < 0:
		return next
	case ahead == 0:
		return f.lastBox
	}
	part, whole := n-f.lastAt, n+ahead-f.lastAt
	line := func(a, b int) int { return (a*(whole-part)*2 + b*part*2 + whole) / (2 * whole) }
	a := f.lastBox
	return clips.Box{X: line(a.X, next.X), Y: line(a.Y, next.Y), W: line(a.W, next.W), H: line(a.H, next.H)}
}

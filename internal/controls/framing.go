package controls

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// framing says how targets are painted over in whole frames, of which the labels of their clips
// have the boxes. A target may be anywhere in its frame, so that a rectangle says about where it
// is. Therefore:
//
//   - every frame gets further rectangles, at places where other frames of the dataset show a
//     target, so that nobody knows which one covers one;
//   - all frames get as many, but for the few with very many targets, so that the number says
//     nothing of how many there are;
//   - a rectangle is drawn around a square as [drawnAround] does, which has the target in its
//     middle and the same side for all of them, or for the few largest twice or four times that.
//     Its sides are at most twice as long, so that the scene is left to be seen;
//   - frames without a target get rectangles where the nearest frame of their clip has targets.
type framing struct {
	side  int // of the square in thousandths of the frame's shorter side
	count int // rectangles of a frame at least
	spots []spot
}

// spot is the middle of a target, in thousandths of the width and height of its frame.
type spot struct{ x, y int }

// decoys are how many rectangles a frame has that cover no target, beyond the usual number of
// targets.
const decoys = 2

// usual is the share of frames, and of targets, in hundredths, that are alike in number and size
// of their rectangles.
const usual = 95

// frame takes the boxes of the clips whose examples are whole frames, and measures them. Digests
// of data do not depend on these boxes, and so the digest of what is painted over does.
func (p *painted) frame() error {
	h, found := sha256.New(), false
	for _, c := range dataset.Clips(p.Dataset) {
		if !c.Whole() {
			continue
		}
		entries, err := c.Entries()
		if err != nil {
			return fmt.Errorf("%s: %w", c.Source, err)
		}
		found = true
		fmt.Fprintf(h, "clip %s\n", c.Digest)
		for at, e := range entries {
			for _, t := range e.Targets {
				fmt.Fprintf(h, "%d %d %s\n", at, t.Track, t.Box)
				p.tracks[c] = append(p.tracks[c], seenAt{at, t.Track, t.Box})
			}
		}
	}
	if !found {
		return nil
	}
	digest := sha256.Sum256(fmt.Appendf(nil, "blocktrain dataset painted frames 1 %s %x", p.digest, h.Sum(nil)))
	p.digest = hex.EncodeToString(digest[:])
	p.measure()
	return nil
}

// measure measures the targets of whole frames.
func (p *painted) measure() {
	var sides, counts [][]int // by member
	for i := range p.Len() {
		info := p.Info(i)
		at := info.Place
		if at == nil || !at.Clip.Whole() {
			continue
		}
		for len(p.framing) <= info.Member {
			p.framing, sides, counts = append(p.framing, framing{}), append(sides, nil), append(counts, nil)
		}
		f, short := &p.framing[info.Member], min(at.Area.W, at.Area.H)
		found := p.shown(at)
		counts[info.Member] = append(counts[info.Member], len(found))
		for _, b := range found {
			sides[info.Member] = append(sides[info.Member], (1000*max(b.W, b.H)+short-1)/short)
			f.spots = append(f.spots, spot{1000 * (2*b.X + b.W) / (2 * at.Area.W), 1000 * (2*b.Y + b.H) / (2 * at.Area.H)})
		}
	}
	for member := range p.framing {
		if f := &p.framing[member]; len(f.spots) > 0 {
			f.side, f.count = mostOf(sides[member]), mostOf(counts[member])+decoys
		}
	}
}

// mostOf is the number that the usual share of some numbers does not exceed.
func mostOf(numbers []int) int {
	slices.Sort(numbers)
	return numbers[(len(numbers)-1)*usual/100]
}

// shown are the areas of a whole frame that may show a target, with some room around them, in
// any frame of an example.
func (p *painted) shown(at *dataset.Place) []clips.Box {
	if !at.Target {
		at = p.nearest(at)
	}
	var areas []clips.Box
	for _, s := range p.around(at) {
		areas = append(areas, s.box)
	}
	for _, b := range p.lingering(at) {
		if !slices.ContainsFunc(areas, func(a clips.Box) bool { return b.Within(a) == b }) {
			areas = append(areas, b)
		}
	}
	for k, b := range areas {
		areas[k] = b.Grown(3).Within(at.Area) // with its blurred edge
	}
	return areas
}

// nearest is the place of an example without a target, unless one of its frames shows one, in the
// nearest frame of the clip that shows one, the earlier of two.
func (p *painted) nearest(at *dataset.Place) *dataset.Place {
	best, least := at.Frame, -1
	for _, s := range p.tracks[at.Clip] {
		if away := max(s.frame-at.Frame, at.Frame-s.frame); least < 0 || away < least {
			best, least = s.frame, away
		}
	}
	if best >= at.Frame+p.first && best <= at.Frame+p.last {
		return at
	}
	other := *at
	other.Frame = best
	return &other
}

// lingering is where a target may be seen in frames whose background was subtracted, though it
// is there no longer: it is in the median where half of the frames show it at the same place.
// Of each track it is the smallest box that holds these places for all frames of an example.
func (p *painted) lingering(at *dataset.Place) []clips.Box {
	window := at.Clip.Cutting().Window
	if window == 0 {
		return nil
	}
	var found []seenAt // one for each track
	offsets := p.offsets
	if len(offsets) == 0 {
		offsets = []int{0}
	}
	for _, offset := range offsets {
		last := min(max(at.Frame+offset, 0), at.Clip.Frames-1)
		first := max(0, last-window+1)
		for _, s := range halfOf(between(p.tracks[at.Clip], first, last), max(1, (last-first+1)/2)) {
			if k := slices.IndexFunc(found, func(f seenAt) bool { return f.track == s.track }); k >= 0 {
				found[k].box = found[k].box.Hull(s.box)
			} else {
				found = append(found, s)
			}
		}
	}
	var boxes []clips.Box
	for _, s := range found {
		boxes = append(boxes, s.box)
	}
	return boxes
}

// halfOf is of each track a box that holds all pixels which so many of its boxes cover: such a
// pixel lies right of as many left edges, and left of as many right ones.
func halfOf(seen []seenAt, least int) []seenAt {
	var found []seenAt
	edges := map[int]*[4][]int{} // by track: left, right, upper, lower
	for _, s := range seen {
		if edges[s.track] == nil {
			edges[s.track] = &[4][]int{}
			found = append(found, s)
		}
		for k, edge := range [4]int{s.box.X, s.box.X + s.box.W, s.box.Y, s.box.Y + s.box.H} {
			edges[s.track][k] = append(edges[s.track][k], edge)
		}
	}
	kept := found[:0]
	for _, s := range found {
		e := edges[s.track]
		n := len(e[0])
		if n < least {
			continue
		}
		for k := range e {
			slices.Sort(e[k])
		}
		s.box = clips.Box{X: e[0][least-1], Y: e[2][least-1]}
		s.box.W, s.box.H = e[1][n-least]-s.box.X, e[3][n-least]-s.box.Y
		if s.box.W > 0 && s.box.H > 0 {
			kept = append(kept, s)
		}
	}
	return kept
}

// inFrame are the rectangles of example i, a whole frame, to be painted over.
func (p *painted) inFrame(i int, info *dataset.Info) []clips.Box {
	at, draws := info.Place, rng.NewKey(1, rng.PaintOver).Stream(uint32(i), 0, 0)
	f, frame := &p.framing[info.Member], at.Area
	least := max(1, (f.side*min(frame.W, frame.H)+999)/1000)
	around := func(x, y, side int) clips.Box {
		square := clips.Box{X: x - side/2, Y: y - side/2, W: side, H: side}
		return drawnWithin(draws, frame, square.Within(frame), 2*side)
	}
	var places []clips.Box
	for _, b := range p.shown(at) {
		side := least
		for side < max(b.W, b.H) {
			side *= 2
		}
		places = append(places, around(b.X+b.W/2, b.Y+b.H/2, side))
	}
	for len(places) < f.count {
		s := f.spots[draws.IntN(len(f.spots))]
		places = append(places, around(s.x*frame.W/1000, s.y*frame.H/1000, least))
	}
	return places
}

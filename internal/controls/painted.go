package controls

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// painted is a dataset of clips with every target painted over by what surrounds it.
//
// The place is a rectangle of random shape that covers the square in the middle of the crop in
// which every box of the dataset would have room, so that it says nothing of the box. Examples
// of background get one too, so that it says nothing of the class. It is made larger where the
// target, or another one, is elsewhere in other frames of the example; such targets are looked
// for in the examples before and after it. [framing] says what is different for whole frames.
type painted struct {
	dataset.Dataset
	middle  []int     // by member: side of the square in thousandths of the crop's
	framing []framing // by member
	tracks  map[*dataset.Clip][]seenAt
	offsets []int // of the frames of an example
	first   int   // frames of an example, by how much the first and the last come after its own
	last    int
	digest  string
}

// seenAt is a labelled target of a clip. Those of a clip are in the order of frames.
type seenAt struct {
	frame, track int
	box          clips.Box
}

// paintedOver is d with all targets of clips painted over. Of whole frames every clip must be
// labelled.
func paintedOver(d dataset.Dataset) (*painted, error) {
	offsets, err := dataset.FrameOffsets(d)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256([]byte("blocktrain dataset painted 2 " + d.Digest()))
	p := &painted{Dataset: d, tracks: map[*dataset.Clip][]seenAt{}, offsets: offsets, digest: hex.EncodeToString(digest[:])}
	if len(offsets) > 0 {
		p.first, p.last = slices.Min(offsets), slices.Max(offsets)
	}
	for i := range d.Len() {
		info := d.Info(i)
		at := info.Place
		if at == nil || !at.Target || at.Clip.Whole() {
			continue
		}
		for len(p.middle) <= info.Member {
			p.middle = append(p.middle, 0)
		}
		share := (1000*max(at.Box.W, at.Box.H) + at.Area.W - 1) / at.Area.W
		p.middle[info.Member] = max(p.middle[info.Member], share)
		p.tracks[at.Clip] = append(p.tracks[at.Clip], seenAt{at.Frame, at.Track, at.Box})
	}
	return p, p.frame()
}

// Digest implements dataset.Dataset.
func (p *painted) Digest() string { return p.digest }

// Image implements dataset.Dataset.
func (p *painted) Image(i int) (imaging.Image, error) {
	img, err := p.Dataset.Image(i)
	info := p.Info(i)
	if err != nil || info.Place == nil {
		return img, err
	}
	if info.Place.Clip.Whole() {
		return clips.PaintOver(img, p.inFrame(i, &info)...), nil
	}
	return clips.PaintOver(img, p.places(i, &info)...), nil
}

// places are the rectangles of example i to be painted over, from the corner of its crop.
func (p *painted) places(i int, info *dataset.Info) []clips.Box {
	const room = 3 // pixels around the boxes and for the rounding of the crop's place
	at, draws := info.Place, rng.NewKey(1, rng.PaintOver).Stream(uint32(i), 0, 0)
	crop := clips.Box{W: at.Area.W, H: at.Area.H}
	middle := 0 // of a dataset that shows no target
	if info.Member < len(p.middle) {
		middle = p.middle[info.Member]
	}
	side := min(crop.W, (middle*crop.W+999)/1000+room)
	own := drawnAround(draws, crop, clips.Box{X: (crop.W - side) / 2, Y: (crop.H - side) / 2, W: side, H: side})
	others := []clips.Box{}
	for _, o := range p.around(at) {
		o.box = clips.Box{X: o.box.X - at.Area.X - 1, Y: o.box.Y - at.Area.Y - 1, W: o.box.W + 2, H: o.box.H + 2}
		switch o.box = o.box.Within(crop); {
		case o.box.W <= 0 || o.box.H <= 0:
		case at.Target && o.track == at.Track:
			own = own.Hull(o.box)
		case o.box.Within(own) != o.box:
			others = append(others, drawnAround(draws, crop, o.box))
		}
	}
	return append(others, own)
}

// around are the targets that may be in the frames of an example: of each track the smallest
// box that holds those of the examples from the last one before its first frame to the first
// one behind its last frame, if they are near.
func (p *painted) around(at *dataset.Place) []seenAt {
	const near = 32 // frames
	low, high := at.Frame+p.first, at.Frame+p.last
	before, after := map[int]int{}, map[int]int{} // by track
	all := between(p.tracks[at.Clip], low-near, high+near)
	for _, s := range all {
		if s.frame <= low {
			before[s.track] = s.frame
		}
		if _, known := after[s.track]; s.frame >= high && !known {
			after[s.track] = s.frame
		}
	}
	var found []seenAt
	for _, s := range all {
		from, has := before[s.track]
		if !has || low-from > near {
			from = low
		}
		to, has := after[s.track]
		if !has || to-high > near {
			to = high
		}
		if s.frame < from || s.frame > to {
			continue
		}
		if k := slices.IndexFunc(found, func(f seenAt) bool { return f.track == s.track }); k >= 0 {
			found[k].box = found[k].box.Hull(s.box)
			continue
		}
		found = append(found, s)
	}
	return found
}

// between are those of the frames from one to another.
func between(all []seenAt, from, to int) []seenAt {
	low := sort.Search(len(all), func(k int) bool { return all[k].frame >= from })
	return all[low:max(low, sort.Search(len(all), func(k int) bool { return all[k].frame > to }))]
}

// drawnAround draws a rectangle in the crop that covers a box, and leaves a pixel around it
// where the box does.
func drawnAround(draws *rng.Stream, crop, box clips.Box) clips.Box {
	return drawnWithin(draws, crop, box, max(crop.W, crop.H))
}

// drawnWithin is drawnAround for a rectangle whose sides are no longer than most, unless the box
// is.
func drawnWithin(draws *rng.Stream, crop, box clips.Box, most int) clips.Box {
	span := func(size, from, length int) (int, int) {
		longest := max(length, min(size-2, most))
		wide := length + draws.IntN(longest-length+1)
		low, high := max(min(1, from), from+length-wide), min(from, max(size-1, from+length)-wide)
		return low + draws.IntN(max(0, high-low)+1), wide
	}
	var r clips.Box
	r.X, r.W = span(crop.W, box.X, box.W)
	r.Y, r.H = span(crop.H, box.Y, box.H)
	return r.Hull(box).Within(crop)
}

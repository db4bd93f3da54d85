package dataset

import (
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
)

// Clip is a recording that examples were taken from.
type Clip struct {
	*clips.Summary
	Source string // path from the folder of the data, with slashes
	Path   string // of the file or folder
	Class  string // name of the class of what it shows
	Part   Part   // the official part it belongs to
	Scene  string // source of the first clip that shows the same scene, in whatever part
	// Decoder is what decoded it, where its pixels may depend on that.
	Decoder string
}

// Place says where in a clip an example was taken.
type Place struct {
	Clip    *Clip
	Stratum int           // label of the clip's class, by which a split is balanced
	Frame   int           // from 0 on
	Time    time.Duration // of the frame since the beginning of the clip
	Track   int           // which of several targets it shows; 0 where labels do not say
	Box     clips.Box     // of the target in the frame; of background, what was cut out
	Area    clips.Box     // what was cut out; it may reach beyond the frame
	Target  bool          // it shows the target, and not background
}

// stratum is the label by which a split is balanced: that of the clip's class, so that
// background counts with the clip that it was taken from.
func (info *Info) stratum() int {
	if info.Place != nil {
		return info.Place.Stratum
	}
	return info.Label
}

// relabelled returns the place with labels[l] in place of label l.
func (p *Place) relabelled(labels []int) *Place {
	if p == nil {
		return nil
	}
	other := *p
	other.Stratum = labels[p.Stratum]
	return &other
}

// Clips lists the clips of the examples at indexes, in the order of their first examples; of
// all where indexes is nil. Examples that are of no clip have none.
func Clips(d Dataset, indexes []int) []*Clip {
	var list []*Clip
	seen := map[*Clip]bool{}
	add := func(i int) {
		if place := d.Info(i).Place; place != nil && !seen[place.Clip] {
			seen[place.Clip] = true
			list = append(list, place.Clip)
		}
	}
	for _, i := range indexes {
		add(i)
	}
	if indexes == nil {
		for i := range d.Len() {
			add(i)
		}
	}
	return list
}

// SceneThreshold is the cosine, in thousandths, above which two backgrounds are of one
// scene where nothing else was asked for.
const SceneThreshold = 950

// SharedScenes lists the clips of a part of which a clip of another list shows the same
// scene, by their backgrounds: seen maps each to the first such clip.
func SharedScenes(part, others []*Clip, threshold int) map[*Clip]*Clip {
	seen := map[*Clip]*Clip{}
	for _, clip := range part {
		for _, other := range others {
			if clip.Backdrop.Alike(&other.Backdrop, threshold) {
				seen[clip] = other
				break
			}
		}
	}
	return seen
}

// places adds those of all examples that have one, each behind its example's index, and
// nothing where none has.
func (d digester) places(of examples) {
	begun := false
	for i := range of.Len() {
		p := of.Info(i).Place
		if p == nil {
			continue
		}
		if !begun {
			d.text("places")
			begun = true
		}
		d.number(i)
		d.text(p.Clip.Digest)
		microseconds := uint64(p.Time.Microseconds())
		for _, n := range []int{
			p.Stratum, p.Frame, int(uint32(microseconds)), int(uint32(microseconds >> 32)), p.Track,
			p.Box.X, p.Box.Y, p.Box.W, p.Box.H, p.Area.X, p.Area.Y, p.Area.W, p.Area.H,
		} {
			d.number(n)
		}
	}
}

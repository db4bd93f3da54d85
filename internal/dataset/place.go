package dataset

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/sensor"
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

	of        *foundClips // of the same dataset
	threshold int         // of its scenes
	reading   *clipReading
}

// clipReading is how a clip was read.
type clipReading struct {
	clip    clips.Clip
	cutting *clips.Cutting
	decoder clips.Decoder
}

// Cutting says how the examples of the clip were cut out of it. It is not to be changed.
func (c *Clip) Cutting() *clips.Cutting { return c.reading.cutting }

// Whole says whether its examples are whole frames.
func (c *Clip) Whole() bool { return c.reading != nil && c.reading.cutting.Whole }

// ShownBy is the sensor profile that brought the frames of the clip to 8 bits; nil where none did.
func (c *Clip) ShownBy() *sensor.Profile {
	if d, is := c.reading.decoder.(*clips.Video); is && c.Shown {
		return d.Sensor
	}
	return nil
}

// Decode yields the frames of the clip once more. Behind the last there is an error if they
// are not those that the clip had when it was opened.
func (c *Clip) Decode(ctx context.Context) iter.Seq2[clips.Frame, error] {
	return func(yield func(clips.Frame, error) bool) {
		var end clips.Ending
		for frame, err := range c.reading.decoder.Frames(ctx, c.reading.clip, c.Colour, &end) {
			if !yield(frame, err) || err != nil {
				return
			}
		}
		if ctx.Err() == nil && end.Digest != c.Digest {
			yield(clips.Frame{}, fmt.Errorf("%s was changed while the program ran: its frames are not those that it had when the data was opened; repeat the command", c.Path))
		}
	}
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

// Clips lists the clips of all examples, in the order of their first examples. Examples that
// are of no clip have none.
func Clips(d Dataset) []*Clip {
	return clipsOf(d.Len(), func(n int) *Place { return d.Info(n).Place })
}

// ClipsOf lists the clips of the examples at indexes, likewise.
func ClipsOf(d Dataset, indexes []int) []*Clip {
	return clipsOf(len(indexes), func(n int) *Place { return d.Info(indexes[n]).Place })
}

func clipsOf(n int, place func(int) *Place) []*Clip {
	var list []*Clip
	seen := map[*Clip]bool{}
	for i := range n {
		if p := place(i); p != nil && !seen[p.Clip] {
			seen[p.Clip] = true
			list = append(list, p.Clip)
		}
	}
	return list
}

// TargetClip is a clip whose examples were cut out around its targets.
type TargetClip struct {
	*Clip
	Label   int // of its class
	Example int // the first of its examples in the list
}

// TargetClips lists such clips of the examples at indexes, in the order of their first examples.
func TargetClips(d Dataset, indexes []int) []TargetClip {
	var found []TargetClip
	seen := map[*Clip]bool{}
	for _, i := range indexes {
		if p := d.Info(i).Place; p != nil && !seen[p.Clip] && !p.Clip.Whole() {
			seen[p.Clip] = true
			found = append(found, TargetClip{p.Clip, p.Stratum, i})
		}
	}
	return found
}

// Unused lists the clips that lie in the folders of some of them and gave no example, be it
// since their labels hold no box, in the order of those.
func Unused(d Dataset) []*Clip {
	used := Clips(d)
	gave, seen := map[*Clip]bool{}, map[*foundClips]bool{}
	for _, clip := range used {
		gave[clip] = true
	}
	var list []*Clip
	for _, clip := range used {
		if clip.of == nil || seen[clip.of] {
			continue
		}
		seen[clip.of] = true
		for _, other := range clip.of.list {
			if !gave[&other.Clip] {
				list = append(list, &other.Clip)
			}
		}
	}
	return list
}

// sceneThreshold is the cosine, in thousandths, above which two backgrounds are of one scene
// where nothing else was asked for.
const sceneThreshold = 950

// SharedScenes finds the clips of a part that show a scene which others show: one with the
// same Scene, of the same dataset, or else one whose background is alike by the threshold of
// their dataset. It maps each to the first such clip.
func SharedScenes(part, others []*Clip) map[*Clip]*Clip {
	seen := map[*Clip]*Clip{}
	byThreshold := map[int][]*Clip{}
	for _, clip := range part {
		byThreshold[clip.threshold] = append(byThreshold[clip.threshold], clip)
	}
	for threshold, some := range byThreshold { // in any order, since each gives its own entries
		for i, first := range clips.Alike(backdropsOf(some), backdropsOf(others), threshold) {
			if first >= 0 {
				seen[some[i]] = others[first]
			}
		}
	}
	for _, clip := range part {
		same := func(other *Clip) bool { return other.of == clip.of && other.Scene == clip.Scene }
		if at := slices.IndexFunc(others, same); at >= 0 {
			seen[clip] = others[at]
		}
	}
	return seen
}

func backdropsOf(list []*Clip) []*clips.Backdrop {
	backdrops := make([]*clips.Backdrop, len(list))
	for i, clip := range list {
		backdrops[i] = &clip.Backdrop
	}
	return backdrops
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

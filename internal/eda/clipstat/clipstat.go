package clipstat

import (
	"cmp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/stat"
)

// maxListed bounds lists of clips, and maxNamed those in a scene.
const (
	maxListed = 1000
	maxNamed  = 20
)

// Request says which clips there are.
type Request struct {
	Data  dataset.Dataset
	Split *dataset.Split
	Parts []dataset.Part // that are looked at
}

// clip is one that is looked at.
type clip struct {
	*dataset.Clip
	part     dataset.Part
	member   int
	examples int
	scene    int // from 0 on
}

// survey is what the report is made of.
type survey struct {
	Request
	looked []*clip
	scenes [][]*clip
	parts  map[dataset.Part][]*dataset.Clip
}

// Look describes the clips of a dataset; nil where none is of the parts that are looked at.
func Look(r Request) *Report {
	s := &survey{Request: r, parts: map[dataset.Part][]*dataset.Clip{}}
	for _, part := range dataset.Parts() {
		s.parts[part] = dataset.ClipsOf(r.Data, r.Split.Indexes(part))
	}
	s.take()
	if len(s.looked) == 0 {
		return nil
	}
	report := &Report{Count: len(s.looked), Scenes: len(s.scenes), Shared: s.shared(), Overlap: s.overlap(), Unused: s.unused(), Nearest: s.nearest()}
	s.count(report)
	s.distribute(report)
	for _, c := range s.looked[:min(maxListed, len(s.looked))] {
		report.Listed = append(report.Listed, c.row())
	}
	return report
}

// take lists the clips that are looked at, in the order of their examples, with their scenes.
func (s *survey) take() {
	known := map[*dataset.Clip]*clip{}
	for _, part := range s.Parts {
		for _, i := range s.Split.Indexes(part) {
			info := s.Data.Info(i)
			if info.Place == nil {
				continue
			}
			c := known[info.Place.Clip]
			if c == nil {
				c = &clip{Clip: info.Place.Clip, part: part, member: info.Member}
				known[c.Clip] = c
				s.looked = append(s.looked, c)
			}
			c.examples++
		}
	}
	type key struct {
		member int
		scene  string
	}
	scenes := map[key]int{}
	for _, c := range s.looked {
		at, seen := scenes[key{c.member, c.Scene}]
		if !seen {
			at = len(s.scenes)
			scenes[key{c.member, c.Scene}] = at
			s.scenes = append(s.scenes, nil)
		}
		c.scene = at
		s.scenes[at] = append(s.scenes[at], c)
	}
}

// labelled counts the frames of which is known whether they show a target, and those that do.
// Labels without a box say nothing, where targets are cut out.
func (c *clip) labelled() (known, present int) {
	if c.Unlabelled {
		return 0, 0
	}
	return c.Measures.Labelled, c.Measures.Present
}

// count enters what is counted of clips and classes.
func (s *survey) count(r *Report) {
	byClass, scenes := map[string]*Class{}, map[string]map[int]bool{}
	for _, c := range s.looked {
		class := byClass[c.Class]
		if class == nil {
			class = &Class{Label: c.Class}
			byClass[c.Class], scenes[c.Class] = class, map[int]bool{}
		}
		known, present := c.labelled()
		class.Clips++
		class.Frames += c.Frames
		class.Labelled += known
		class.Present += present
		scenes[c.Class][c.scene] = true
		r.Examples += c.examples
		r.Repeated += c.Measures.Repeated
		r.Labels.add(c)
	}
	for name, class := range byClass {
		class.Scenes = len(scenes[name])
		r.Classes = append(r.Classes, *class)
		r.Frames += class.Frames
		r.Labelled += class.Labelled
		r.Present += class.Present
	}
	slices.SortFunc(r.Classes, func(a, b Class) int { return cmp.Compare(a.Label, b.Label) })
	r.Labels.Unlabelled = r.Frames - r.Labelled
}

func (l *Labels) add(c *clip) {
	switch m := &c.Measures; {
	case m.Entries == 0:
		l.None++
	case m.Shift > 0:
		l.Shifted++
	case m.Missing > 0:
		l.Missing++
	case m.Surplus > 0:
		l.Surplus++
	default:
		l.Agree++
	}
}

// The units in which figures of clips are distributed: shares in millionths, grey levels in
// 1/256.
const (
	million = 1_000_000
	grey    = 256
)

// unchanged is the share of the pixels that equal those of the frame before, in millionths.
func (c *clip) unchanged() int64 {
	if c.Frames < 2 {
		return 0
	}
	return c.Measures.Unchanged / int64(c.Frames-1) * million / int64(c.Width*c.Height)
}

// mean is the mean of a sum over the frames that were measured, in 1/256 of a level.
func (c *clip) mean(sum int64) int64 { return sum / int64(max(1, c.Measures.Frames)) }

// distribute describes the figures of clips.
func (s *survey) distribute(r *Report) {
	var existence, unchanged, level, contrast, sharpness []int64
	for _, c := range s.looked {
		if known, present := c.labelled(); known > 0 {
			existence = append(existence, int64(present)*million/int64(known))
		}
		if c.Frames > 1 {
			unchanged = append(unchanged, c.unchanged())
		}
		m := &c.Measures
		level, contrast, sharpness = append(level, c.mean(m.Level)), append(contrast, c.mean(m.Contrast)), append(sharpness, c.mean(m.Sharpness))
	}
	r.Existence, r.Unchanged = stat.Distribute(existence, million), stat.Distribute(unchanged, million)
	r.Level, r.Contrast, r.Sharpness = stat.Distribute(level, grey), stat.Distribute(contrast, grey), stat.Distribute(sharpness, grey)
}

// row is the clip as it is listed.
func (c *clip) row() Clip {
	m := &c.Measures
	known, present := c.labelled()
	return Clip{
		Source: c.Source, Label: c.Class, Scene: c.scene + 1, Examples: c.examples, Width: c.Width, Height: c.Height, Frames: c.Frames,
		Entries: m.Entries, Shift: m.Shift, Labelled: known, Present: present, Unchanged: float64(c.unchanged()) / million,
		Level: float64(c.mean(m.Level)) / grey, Contrast: float64(c.mean(m.Contrast)) / grey, Sharpness: float64(c.mean(m.Sharpness)) / grey,
		Warnings: append([]string{}, c.Warnings...),
	}
}

// shared lists the scenes with several clips.
func (s *survey) shared() []Scene {
	list := []Scene{}
	for _, of := range s.scenes {
		if len(of) < 2 {
			continue
		}
		scene := Scene{Count: len(of)}
		for _, c := range of {
			if len(scene.Clips) < maxNamed {
				scene.Clips = append(scene.Clips, c.Source)
			}
			if !slices.Contains(scene.Classes, c.Class) {
				scene.Classes = append(scene.Classes, c.Class)
			}
		}
		slices.Sort(scene.Classes)
		list = append(list, scene)
	}
	slices.SortStableFunc(list, func(a, b Scene) int { return b.Count - a.Count })
	return list[:min(maxListed, len(list))]
}

// overlap finds the scenes of each part that is looked at in every other part.
func (s *survey) overlap() []Overlap {
	list := []Overlap{}
	for _, part := range s.Parts {
		for _, other := range dataset.Parts() {
			some, others := s.parts[part], s.parts[other]
			if other == part || len(some) == 0 || len(others) == 0 {
				continue
			}
			o := Overlap{Part: part.String(), With: other.String(), Of: len(some), Listed: []Shared{}}
			same := dataset.SharedScenes(some, others)
			for _, c := range some {
				if same[c] == nil {
					continue
				}
				o.Clips++
				if len(o.Listed) < maxListed {
					o.Listed = append(o.Listed, Shared{c.Source, same[c].Source})
				}
			}
			list = append(list, o)
		}
	}
	return list
}

// nearest classifies each clip as the one with the most similar backdrop is; nil where all
// clips are of one class.
func (s *survey) nearest() *Nearest {
	n := &Nearest{Clips: len(s.looked)}
	backdrops, classes := make([]*clips.Backdrop, len(s.looked)), map[string]int{}
	for i, c := range s.looked {
		backdrops[i] = &c.Backdrop
		classes[c.Class]++
		n.Common = max(n.Common, classes[c.Class])
	}
	if len(classes) < 2 {
		return nil
	}
	same := func(i, j int) bool { return j >= 0 && s.looked[i].scene == s.looked[j].scene }
	found, _ := clips.Nearest(backdrops, func(int, int) bool { return true })
	n.Right = s.right(found)
	again, _ := clips.Nearest(backdrops, func(i, j int) bool { return same(i, found[i]) && !same(i, j) })
	for i := range found {
		if same(i, found[i]) {
			found[i] = again[i]
		}
	}
	n.Unseen = s.right(found)
	return n
}

// right counts the clips whose class is that of the clip found for them.
func (s *survey) right(found []int) (n int) {
	for i, j := range found {
		if j >= 0 && s.looked[i].Class == s.looked[j].Class {
			n++
		}
	}
	return n
}

// unused lists the clips without examples. Those of an official part that was not asked for
// are left out.
func (s *survey) unused() []Unused {
	list := []Unused{}
	for _, c := range dataset.Unused(s.Data) {
		if c.Part != dataset.PartNone && !slices.Contains(s.Parts, c.Part) {
			continue
		}
		why := "no frame that was looked at shows a target"
		if c.Unlabelled {
			why = "its labels hold no box"
		}
		if len(list) < maxListed {
			list = append(list, Unused{c.Source, why})
		}
	}
	return list
}

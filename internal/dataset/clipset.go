package dataset

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// findScenes finds which clips show the same scene, and refuses equal clips in several parts.
// It warns of scenes that hold most of the data or lie in several official parts.
func (f *foundClips) findScenes(ctx context.Context, threshold int) error {
	backdrops := make([]*clips.Backdrop, len(f.list))
	for i, c := range f.list {
		backdrops[i] = &c.Backdrop
	}
	scene, links := clips.Scenes(backdrops, threshold)
	sizes := map[int]int{}
	for i, c := range f.list {
		c.Scene, c.of, c.threshold = f.list[scene[i]].Source, f, threshold
		sizes[scene[i]]++
	}
	for first := range f.list {
		if n := sizes[first]; 3*n > len(f.list) && n > 1 {
			f.warnOfLarge(ctx, first, n, scene, links)
		}
	}
	f.warnOfShared(ctx)
	return f.checkEqual(ctx)
}

// warnOfLarge names the links of a scene with over a third of the clips.
func (f *foundClips) warnOfLarge(ctx context.Context, first, n int, scene []int, links []clips.Link) {
	var lines []string
	for _, link := range links {
		if scene[link.A] == first {
			lines = append(lines, f.list[link.A].Source+" - "+f.list[link.B].Source)
		}
	}
	slog.WarnContext(ctx, "one scene holds over a third of the clips: look whether these links join what belongs together, and else give a higher scene-threshold",
		"scene", f.list[first].Source, "clips", n, "of", len(f.list), "links", listing.Some(lines), "list", listing.WriteList("links", lines))
}

// kept is the official part of a clip; those of the training part, and of none, may be
// divided.
func (c *Clip) kept() Part {
	if c.Part == PartNone {
		return PartTrain
	}
	return c.Part
}

// warnOfShared warns of scenes that lie in several official parts, which are kept.
func (f *foundClips) warnOfShared(ctx context.Context) {
	parts := map[string]map[Part]bool{}
	for _, c := range f.list {
		if parts[c.Scene] == nil {
			parts[c.Scene] = map[Part]bool{}
		}
		parts[c.Scene][c.kept()] = true
	}
	shared, of := 0, map[Part]int{}
	var lines []string
	for _, c := range f.list {
		if c.kept() == PartTrain {
			continue
		}
		if of[c.kept()]++; parts[c.Scene][PartTrain] {
			shared++
			lines = append(lines, c.Source)
		}
	}
	if shared > 0 {
		slog.WarnContext(ctx, "clips of the official parts show scenes of the training part, so that results on them look better than they are; the parts are kept",
			"folder", f.root, "clips", shared, "of", of[PartValidation]+of[PartTest], "these", listing.Some(lines))
	}
}

// checkEqual puts clips with the same pixels into one group, and refuses them in several
// official parts.
func (f *foundClips) checkEqual(ctx context.Context) error {
	first := map[string]*foundClip{}
	for _, c := range f.list {
		other := first[c.Digest]
		if other == nil {
			first[c.Digest], c.group = c, c.Source
			continue
		}
		c.group = other.group
		switch {
		case other.kept() != c.kept():
			return config.Usagef("%s and %s have the same frames, in the official parts %s and %s: remove one of them", other.Source, c.Source, other.kept(), c.kept())
		case other.Class != c.Class:
			return config.Usagef("%s and %s have the same frames, in two classes: remove one of them", other.Source, c.Source)
		}
		slog.WarnContext(ctx, "two clips have the same frames", "clip", c.Source, "same_as", other.Source)
	}
	return nil
}

// clipExamples are those of a folder of clips.
type clipExamples struct {
	classes []string
	offsets []int
	list    []clipExample
}

// clipExample is taken from a clip.
type clipExample struct {
	info  Info
	file  *clips.File
	index int // in the file
	twice bool
}

func (e *clipExamples) Len() int        { return len(e.list) }
func (e *clipExamples) Info(i int) Info { return e.list[i].info }

// Source is the clip, the frame, and of several targets in a frame the track.
func (e *clipExamples) Source(i int) string {
	p := e.list[i].info.Place
	switch {
	case !p.Target:
		return fmt.Sprintf("%s#%d:%s", p.Clip.Source, p.Frame, BackgroundClass)
	case e.list[i].twice:
		return fmt.Sprintf("%s#%d:%d", p.Clip.Source, p.Frame, p.Track)
	}
	return fmt.Sprintf("%s#%d", p.Clip.Source, p.Frame)
}

// FrameOffsets implements Framed.
func (e *clipExamples) FrameOffsets() []int {
	if len(e.offsets) == 1 {
		return nil
	}
	return e.offsets
}

// load is a reader.
func (e *clipExamples) load(i int, buffer []uint8) (imaging.Image, error) {
	img, err := e.list[i].file.Image(e.list[i].index, buffer)
	if err != nil {
		return imaging.Image{}, fmt.Errorf("%s: %w", e.Source(i), err)
	}
	return img, nil
}

// examplesOf lists the targets of all clips, and as much background as [backgroundShare]
// says.
func (s *clipsSource) examplesOf(f *foundClips) (*clipExamples, error) {
	e := &clipExamples{classes: f.classes, offsets: s.offsets}
	chosen := map[*foundClip][]bool{}
	if s.backed() {
		e.classes = append(append([]string(nil), f.classes...), BackgroundClass)
		var err error
		if chosen, err = f.chooseBackground(s.crop == cropFrame); err != nil {
			return nil, err
		}
	}
	for _, c := range f.list {
		group := c.group
		if s.group == groupScene {
			group = c.sceneGroup()
		}
		for i := range c.file.Len() {
			if target := c.file.Example(i).Kind == clips.KindTarget; target || chosen[c][i] {
				e.add(c, i, group)
			}
		}
	}
	return e, nil
}

// sceneGroup is the scene of a clip; one that lies in several official parts is a group in
// each.
func (c *Clip) sceneGroup() string {
	if c.kept() == PartTrain {
		return c.Scene
	}
	return c.Scene + " in " + c.kept().String()
}

// add adds example i of a clip.
func (e *clipExamples) add(c *foundClip, i int, group string) {
	x := c.file.Example(i)
	place := &Place{
		Clip: &c.Clip, Stratum: c.label, Frame: x.Frame, Time: x.Time, Track: x.Track, Box: x.Box, Area: x.Area,
		Target: x.Kind == clips.KindTarget,
	}
	one := clipExample{info: Info{Label: c.label, Group: group, Part: c.Part, Place: place}, file: c.file, index: i}
	if !place.Target {
		one.info.Label = len(e.classes) - 1
	}
	if n := len(e.list); n > 0 && place.Target {
		before := &e.list[n-1]
		if p := before.info.Place; p.Clip == place.Clip && p.Frame == place.Frame && p.Target {
			before.twice, one.twice = true, true
		}
	}
	e.list = append(e.list, one)
}

// chooseBackground chooses the examples of background, by clip and the index in its file. In
// each official part every class gives as many, so that it does not show which class a
// background is of: all together as many as a class has targets on average, or as many as
// the class gives that has the fewest. Those of a class are spread evenly over its clips.
func (f *foundClips) chooseBackground(whole bool) (map[*foundClip][]bool, error) {
	chosen := map[*foundClip][]bool{}
	for _, c := range f.list {
		chosen[c] = make([]bool, c.file.Len())
	}
	for _, part := range Parts() {
		targets, candidates := 0, make([][]*bool, len(f.classes))
		present := make([]bool, len(f.classes))
		for _, c := range f.list {
			if c.kept() != part {
				continue
			}
			for i := range c.file.Len() {
				if c.file.Example(i).Kind == clips.KindTarget {
					targets++
					present[c.label] = true
				} else {
					candidates[c.label] = append(candidates[c.label], &chosen[c][i])
				}
			}
		}
		if err := f.spread(part, targets, candidates, present, whole); err != nil {
			return nil, err
		}
	}
	return chosen, nil
}

// spread marks as many candidates of each class that a part has.
func (f *foundClips) spread(part Part, targets int, candidates [][]*bool, present []bool, whole bool) error {
	var lacking []string
	classes := 0
	for label, is := range present {
		if is {
			classes++
			if len(candidates[label]) == 0 {
				lacking = append(lacking, f.classes[label])
			}
		}
	}
	if classes == 0 {
		return nil
	}
	if len(lacking) > 0 {
		why := "no place beside a target has room for a square of its size"
		if whole {
			why = "no frame is marked empty"
		}
		return config.Usagef("%s part: of class %s there is no background, since %s, and every class must give as much: label empty frames, or give background=off", part.Noun(), strings.Join(lacking, ", "), why)
	}
	each := max(1, targets/(classes*classes))
	for label, is := range present {
		if is {
			each = min(each, len(candidates[label]))
		}
	}
	for label, is := range present {
		for k := range each {
			if is {
				*candidates[label][k*len(candidates[label])/each] = true
			}
		}
	}
	return nil
}

// Package controls says how far a network that was trained on clips tells targets apart, and
// how far the scenes that it remembers: figures by clip and by scene, apart for scenes that
// the training part shows and does not show, and what can be had without a target.
package controls

import (
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Trained are the clips of the part of a run that it was trained on.
type Trained struct {
	Known bool // they are at hand
	Clips []*dataset.Clip
}

// TrainedOn are the clips of the examples at indexes, the training part.
func TrainedOn(d dataset.Dataset, indexes []int) Trained {
	return Trained{true, dataset.ClipsOf(d, indexes)}
}

// AddClips adds figures of clips to the result on the examples of d at indexes, which the
// tally was made of, if it is of classes and the examples show targets of clips.
func AddClips(r metric.Result, t target.Tally, d dataset.Dataset, indexes []int, trained Trained) {
	e, is := r.(*metric.Evaluation)
	tally, of := t.(*target.ClassTally)
	if !is || !of || !e.Grouped() {
		return
	}
	lines, clips := linesOf(d, indexes)
	if len(lines.each) == 0 {
		return
	}
	if trained.Known {
		seen := dataset.SharedScenes(clips, trained.Clips)
		for at, clip := range clips {
			known := seen[clip] != nil
			lines.each[at].Seen = &known
		}
	}
	e.ByClips(lines.each, lines.of, answers(d.Classes()), tally.Probabilities, tally.Labels)
}

// AddGroups makes the intervals of a result on the examples of d at indexes, which the tally
// was made of, those by groups, where the data is grouped: examples of one group are not
// independent.
func AddGroups(r metric.Result, t target.Tally, d dataset.Dataset, indexes []int) {
	groups := dataset.GroupNumbers(d, indexes)
	if groups == nil {
		return
	}
	switch t := t.(type) {
	case *target.ClassTally:
		if e, is := r.(*metric.Evaluation); is {
			e.ByGroups(groups, t.Probabilities, t.Labels)
		}
	case *target.ImageTally:
		if e, is := r.(*metric.Reconstruction); is {
			e.ByGroups(groups, t.Scores)
		}
	}
}

// clipLines are the clips of a list of examples.
type clipLines struct {
	each []metric.ClipLine
	of   []int // of each example the number of the clip whose target it shows, or -1
}

// linesOf lists the clips whose targets the examples at indexes show, in the order of their
// first examples.
func linesOf(d dataset.Dataset, indexes []int) (clipLines, []*dataset.Clip) {
	lines, groups := clipLines{of: make([]int, len(indexes))}, dataset.GroupNumbers(d, indexes)
	var clips []*dataset.Clip
	places := map[*dataset.Clip]int{}
	for at, i := range indexes {
		info := d.Info(i)
		p := info.Place
		if p == nil || !p.Target {
			lines.of[at] = -1
			continue
		}
		number, known := places[p.Clip]
		if !known {
			number = len(clips)
			places[p.Clip], clips = number, append(clips, p.Clip)
			lines.each = append(lines.each, metric.ClipLine{
				Dataset: info.Member, Clip: valid(p.Clip.Source), Scene: valid(p.Clip.Scene), Group: groups[at], Class: p.Stratum,
			})
		}
		lines.of[at] = number
	}
	return lines, clips
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// answers are the classes that a clip can be decided to be: it shows a target, so that
// background is none of them, unless there is one class of targets alone.
func answers(classes []string) []bool {
	all := make([]bool, len(classes))
	for label, name := range classes {
		all[label] = name != dataset.BackgroundClass
	}
	if len(classes) == 2 && slices.Contains(all, false) {
		return []bool{true, true}
	}
	return all
}

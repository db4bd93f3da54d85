package metric

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/kernel"
	"github.com/blocktrain/blocktrain/internal/rng"
)

// ClipsSchema is that of evaluations of clips, which have figures by frame, clip and scene.
const ClipsSchema = 4

// ClipFigures are how well the targets of clips are recognised, by frame, by clip and by
// scene. All of them follow from Each. Intervals are by the groups of the data, clips or
// scenes; that of scenes is by scenes.
type ClipFigures struct {
	// Frames counts the examples that show a target of a clip.
	Frames Share `json:"frames"`
	// Clips counts clips. The decision on one is the class with the highest mean log
	// probability over its examples in Frames.
	Clips Share `json:"clips"`
	// Scenes is the mean over scenes of the share of their clips that are right.
	Scenes SceneShare `json:"scenes"`
	// Seen counts the clips whose scene the training part shows too, and Unseen the others.
	// Each is nil where there are no such clips, and both where it is not known.
	Seen   *Share `json:"seen,omitempty"`
	Unseen *Share `json:"unseen,omitempty"`
	// Confusion counts clips: true class, decided class and count, in the order of the
	// classes.
	Confusion [][]int    `json:"confusion_counts"`
	Each      []ClipLine `json:"each"`
}

// Share is how many of so many are right, at least one.
type Share struct {
	Count    int      `json:"count"`
	Correct  int      `json:"correct"`
	Accuracy float64  `json:"accuracy"`
	Interval Interval `json:"interval"` // 95 %
}

// SceneShare is a mean over scenes.
type SceneShare struct {
	Count    int      `json:"count"`
	Accuracy float64  `json:"accuracy"`
	Interval Interval `json:"interval"`
}

// ClipLine is what is known of one clip.
type ClipLine struct {
	Dataset  int    `json:"dataset"` // of several that are joined, from 0
	Clip     string `json:"clip"`
	Scene    string `json:"scene"` // the first clip of the dataset that shows it
	Group    int    `json:"group"` // as in group_counts
	Class    int    `json:"class"`
	Decided  int    `json:"decided"`
	Examples int    `json:"examples"` // that show a target
	Correct  int    `json:"correct"`
	Seen     *bool  `json:"seen,omitempty"` // its scene is in the training part; nil: not known
}

// Right says whether the decision is the class of the clip.
func (l *ClipLine) Right() bool { return l.Class == l.Decided }

// ByClips adds the figures of clips to e, which was made of the same probabilities [N,K] and
// labels [N] and is by groups already. Of lists the number of each example's clip, -1 where
// it shows no target of one; of the clips, the figures are filled in. Answers [K] are the
// classes that a clip can be decided to be.
func (e *Evaluation) ByClips(clips []ClipLine, of []int, answers []bool, probabilities []float32, labels []int) {
	k := len(e.PerClass)
	sums := make([]kernel.Lanes64, len(clips)*k) // of the logarithms
	for i, at := range of {
		if at < 0 {
			continue
		}
		line, row := &clips[at], probabilities[i*k:(i+1)*k]
		for class, p := range row {
			sums[at*k+class].Add(line.Examples, float64(kernel.Log(max(p, smallestProbability))))
		}
		line.Examples++
		if kernel.ArgMax(row) == labels[i] {
			line.Correct++
		}
	}
	for at := range clips {
		clips[at].Decided = decide(sums[at*k:(at+1)*k], answers)
	}
	e.Schema, e.Clips = ClipsSchema, figuresOfClips(clips)
}

// decide is the first class among the answers with the largest sum.
func decide(sums []kernel.Lanes64, answers []bool) int {
	best := -1
	for class := range sums {
		if answers[class] && (best < 0 || sums[class].Total() > sums[best].Total()) {
			best = class
		}
	}
	return best
}

// The uses of the bootstrap's numbers. That of frames is the evaluation's own, so that both
// intervals of one figure agree; the others are above those of classes. All counts of clips have
// one, so that equal counts have equal intervals.
const (
	useOfFrames = 0
	useOfClips  = 1<<20 + iota
	useOfScenes
)

// figuresOfClips are those that follow from what is known of each clip, at least one.
func figuresOfClips(each []ClipLine) *ClipFigures {
	all := func(*ClipLine) bool { return true }
	return &ClipFigures{
		Frames: *shareOf(each, useOfFrames, all, func(l *ClipLine) share { return share{l.Examples, l.Correct} }),
		Clips:  *shareOf(each, useOfClips, all, oneClip),
		Scenes: scenesOf(each),
		Seen:   shareOf(each, useOfClips, func(l *ClipLine) bool { return l.Seen != nil && *l.Seen }, oneClip),
		Unseen: shareOf(each, useOfClips, func(l *ClipLine) bool { return l.Seen != nil && !*l.Seen }, oneClip),

		Confusion: confusionOf(each), Each: each,
	}
}

func oneClip(l *ClipLine) share {
	if l.Right() {
		return share{1, 1}
	}
	return share{1, 0}
}

// shareOf is the share of what the clips give that is right, with its interval by groups;
// nil where no clip is among them.
func shareOf(each []ClipLine, use uint32, among func(*ClipLine) bool, gives func(*ClipLine) share) *Share {
	places := map[int]int{} // group -> index
	var groups []share
	for i := range each {
		if !among(&each[i]) {
			continue
		}
		at, known := places[each[i].Group]
		if !known {
			at = len(groups)
			places[each[i].Group] = at
			groups = append(groups, share{})
		}
		given := gives(&each[i])
		groups[at].add(given.examples, given.correct)
	}
	if len(groups) == 0 {
		return nil
	}
	sum := of(groups)
	return &Share{sum.examples, sum.correct, ratio(sum.correct, sum.examples), intervalByGroups(groups, use)}
}

// scenesOf is the mean over scenes of the share of clips that are right.
func scenesOf(each []ClipLine) SceneShare {
	places := map[sceneKey]int{}
	var scenes []share
	for i := range each {
		key := each[i].sceneKey()
		at, known := places[key]
		if !known {
			at = len(scenes)
			places[key] = at
			scenes = append(scenes, share{})
		}
		given := oneClip(&each[i])
		scenes[at].add(given.examples, given.correct)
	}
	var mean kernel.Lanes64
	for i, s := range scenes {
		mean.Add(i, ratio(s.correct, s.examples))
	}
	return SceneShare{len(scenes), mean.Total() / float64(len(scenes)), intervalOfScenes(scenes)}
}

type sceneKey struct {
	dataset int
	scene   string
}

func (l *ClipLine) sceneKey() sceneKey { return sceneKey{l.Dataset, l.Scene} }

// intervalOfScenes is [intervalByGroups] of the mean of shares, of which every scene counts
// the same. Of more than 10,000 scenes it is the interval of a mean by the central limit
// theorem.
func intervalOfScenes(scenes []share) Interval {
	n, sum := len(scenes), of(scenes)
	if n == 1 || sum.correct == 0 || sum.correct == sum.examples {
		return intervalByGroups(scenes, useOfScenes)
	}
	if n > mostDrawn {
		return intervalOfManyScenes(scenes)
	}
	key, means := rng.NewKey(1, rng.Bootstrap), make([]float64, bootstrapDraws)
	for d := range means {
		stream := key.Stream(uint32(d), useOfScenes, 0)
		var drawn kernel.Lanes64
		for i := range n {
			s := scenes[stream.IntN(n)]
			drawn.Add(i, ratio(s.correct, s.examples))
		}
		means[d] = min(1, drawn.Total()/float64(n))
	}
	slices.Sort(means)
	return Interval{means[bootstrapTail-1], means[bootstrapDraws-bootstrapTail]}
}

// intervalOfManyScenes is that of the mean over scenes by the central limit theorem.
func intervalOfManyScenes(scenes []share) Interval {
	shares := make([]float32, len(scenes))
	var total kernel.Lanes64
	for i, s := range scenes {
		shares[i] = float32(ratio(s.correct, s.examples))
		total.Add(i, float64(shares[i]))
	}
	in := meanInterval(shares, total.Total()/float64(len(scenes)))
	return Interval{in.Low, min(1, in.High)}
}

// confusionOf counts clips by true and decided class.
func confusionOf(each []ClipLine) [][]int {
	var cells []Cell
	for _, l := range each {
		cells = append(cells, Cell{l.Class, l.Decided, 1})
	}
	var counts [][]int
	for c := range merged(cells) {
		counts = append(counts, []int{c.True, c.Predicted, c.Count})
	}
	return counts
}

// checkClips refuses figures of clips that do not follow from what is said of each, or that
// are not of this evaluation.
func (e *Evaluation) checkClips() error {
	if (e.Schema >= ClipsSchema) != (e.Clips != nil) {
		return fmt.Errorf("clips: they are in evaluations of schema %d, and always there", ClipsSchema)
	}
	if e.Clips == nil {
		return nil
	}
	if err := e.checkEach(); err != nil {
		return err
	}
	return sameJSON("clips", e.Clips, figuresOfClips(e.Clips.Each))
}

// checkEach refuses lines that cannot be.
func (e *Evaluation) checkEach() error {
	if err := CheckClipLines(e.Clips.Each, len(e.PerClass)); err != nil {
		return fmt.Errorf("clips.%w", err)
	}
	left := map[[2]int]share{} // examples of a class in a group
	for _, c := range e.GroupCounts {
		left[[2]int{c[0], c[1]}] = share{c[2], c[3]}
	}
	for i, l := range e.Clips.Each {
		key := [2]int{l.Group, l.Class}
		s := left[key]
		s.add(-l.Examples, -l.Correct)
		if s.examples < 0 || s.correct < 0 {
			return fmt.Errorf("clips.each[%d] has more examples than group_counts has of its group and class", i)
		}
		left[key] = s
	}
	return nil
}

// CheckClipLines refuses lines of clips that cannot be.
func CheckClipLines(each []ClipLine, classes int) error {
	type name struct {
		dataset int
		clip    string
	}
	if len(each) == 0 {
		return fmt.Errorf("each: it is empty")
	}
	seen := map[name]bool{}
	for i := range each {
		l := &each[i]
		key := name{l.Dataset, l.Clip}
		switch {
		case l.Dataset < 0 || l.Clip == "" || l.Scene == "" || l.Group < 0 || seen[key]:
			return fmt.Errorf("each[%d]: want a clip with its scene and group, once", i)
		case l.Class < 0 || l.Class >= classes || l.Decided < 0 || l.Decided >= classes:
			return fmt.Errorf("each[%d]: want classes from 0 to %d", i, classes-1)
		case l.Examples < 1 || l.Examples > maxCount || l.Correct < 0 || l.Correct > l.Examples:
			return fmt.Errorf("each[%d] counts %d right of %d examples, which cannot be", i, l.Correct, l.Examples)
		case (l.Seen == nil) != (each[0].Seen == nil):
			return fmt.Errorf("each[%d].seen: it is known of all clips, or of none", i)
		}
		seen[key] = true
	}
	return nil
}

// poolClips takes the clips of all parts, the groups of each behind those of the parts
// before. Parts of which one has no clips have none together.
func (e *Evaluation) poolClips(parts []*Evaluation) {
	var all []ClipLine
	groups := 0
	for _, part := range parts {
		if part.Clips == nil {
			return
		}
		for _, l := range part.Clips.Each {
			l.Group += groups
			all = append(all, l)
		}
		groups += part.Groups()
	}
	e.Schema, e.Clips = ClipsSchema, figuresOfClips(all)
}

// MistakenClips are the clips that are taken for another class, in the order of their names.
func (f *ClipFigures) MistakenClips() []ClipLine {
	wrong := slices.DeleteFunc(slices.Clone(f.Each), func(l ClipLine) bool { return l.Right() })
	slices.SortFunc(wrong, func(a, b ClipLine) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.Clip, b.Clip))
	})
	return wrong
}

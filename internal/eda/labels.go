package eda

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/kernel"
)

// labels finds candidates for wrong labels by confident learning (Northcutt, Jiang and Chuang
// 2021, https://arxiv.org/abs/1911.00068). The threshold of a class is the mean probability of
// that class over the examples that are labelled with it. An example counts for the most
// probable one of the classes whose probability reaches their threshold. Where that is not the
// class of its label, the label may be wrong. A threshold that is a mean is missed by many
// examples whose labels are wrong. So those are listed too for which merely another class is the
// most probable one. All are in the order of the normalised margin: the probability of the label
// less the greatest other one.
func (s *survey) labels(p *heldout.Predictions) (*Labels, error) {
	classes := s.Data.Classes()
	rows, err := p.Rows(s.Data.Len(), len(classes))
	if err != nil {
		return nil, err
	}
	l := &Labels{Predictions: p.Words, Pairs: []LabelPair{}, Listed: []Suspect{}, Thresholds: s.thresholds(rows)}
	var found []suspect
	joint := make(map[[2]int]int)
	for _, i := range s.looked {
		row := rows[i]
		if row == nil {
			l.Without++
			continue
		}
		l.Examples++
		label := s.Data.Info(int(i)).Label
		seems := confident(row, l.Thresholds)
		if seems >= 0 {
			l.WithThreshold++
		}
		one := suspect{int(i), seems, margin(row, label), seems >= 0 && seems != label}
		if !one.confident {
			if one.margin >= 0 {
				continue
			}
			one.seems = kernel.ArgMax(row)
		}
		if one.confident {
			joint[[2]int{label, seems}]++
			l.Candidates++
		} else {
			l.Others++
		}
		found = append(found, one)
	}
	if l.Examples == 0 {
		return nil, fmt.Errorf("no example of the parts that are looked at has a prediction (%s): want a run, or a cross-validation, whose held-out examples are of these parts", p.Words)
	}
	l.Clips = s.suspectClips(rows, found)
	for pair, n := range joint {
		l.Pairs = append(l.Pairs, LabelPair{classes[pair[0]], classes[pair[1]], n})
	}
	slices.SortFunc(l.Pairs, func(a, b LabelPair) int {
		return cmp.Or(b.Images-a.Images, cmp.Compare(a.Label, b.Label), cmp.Compare(a.Seems, b.Seems))
	})
	l.Pairs = l.Pairs[:min(maxListed, len(l.Pairs))]
	slices.SortStableFunc(found, func(a, b suspect) int { return cmp.Compare(a.margin, b.margin) })
	for _, one := range found[:min(maxListed, len(found))] {
		row := rows[one.index]
		l.Listed = append(l.Listed, Suspect{
			Example: s.example(one.index), Seems: classes[one.seems],
			Probability: rounded(row[one.seems]), Own: rounded(row[s.Data.Info(one.index).Label]), Confident: one.confident,
		})
	}
	return l, nil
}

// suspectClips lists the clips most of whose examples with a prediction are listed.
func (s *survey) suspectClips(rows [][]float32, found []suspect) []SuspectClip {
	of, seems := make([]int, len(s.clips)), map[int32]map[int]int{}
	for _, i := range s.looked {
		if clip := s.clip[i]; clip >= 0 && rows[i] != nil {
			of[clip]++
		}
	}
	for _, one := range found {
		clip := s.clip[one.index]
		if clip < 0 {
			continue
		}
		if seems[clip] == nil {
			seems[clip] = map[int]int{}
		}
		seems[clip][one.seems]++
	}
	var list []SuspectClip
	for clip, counts := range seems {
		one, most := SuspectClip{Clip: s.clips[clip].Source, Label: s.clips[clip].Class, Of: of[clip]}, 0
		for label, name := range s.Data.Classes() {
			one.Candidates += counts[label]
			if counts[label] > most {
				most, one.Seems = counts[label], name
			}
		}
		if 2*one.Candidates > one.Of {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b SuspectClip) int {
		return cmp.Or(b.Candidates*a.Of-a.Candidates*b.Of, b.Of-a.Of, cmp.Compare(a.Clip, b.Clip))
	})
	return list[:min(maxListed, len(list))]
}

// suspect is an example whose label may be wrong.
type suspect struct {
	index, seems int
	margin       float32
	confident    bool // the class that it seems to be of reaches its threshold
}

// thresholds are the mean probabilities of each class over the examples labelled with it, in the
// order of the examples. That of a class without examples is 2, which nothing reaches.
func (s *survey) thresholds(rows [][]float32) []float64 {
	sums, counts := make([]kernel.Lanes64, len(s.Data.Classes())), make([]int, len(s.Data.Classes()))
	for _, i := range s.looked {
		if rows[i] == nil {
			continue
		}
		label := s.Data.Info(int(i)).Label
		sums[label].Add(counts[label], float64(rows[i][label]))
		counts[label]++
	}
	thresholds := make([]float64, len(sums))
	for label := range sums {
		const unreachable = 2
		thresholds[label] = unreachable
		if counts[label] > 0 {
			thresholds[label] = sums[label].Total() / float64(counts[label])
		}
	}
	return thresholds
}

// confident is the most probable one of the classes that reach their thresholds, -1 where none
// does.
func confident(row []float32, thresholds []float64) int {
	best := -1
	for class, p := range row {
		if float64(p) >= thresholds[class] && (best < 0 || p > row[best]) {
			best = class
		}
	}
	return best
}

// margin is the probability of the label less the greatest other one.
func margin(row []float32, label int) float32 {
	other := float32(0)
	for class, p := range row {
		if class != label {
			other = max(other, p)
		}
	}
	return row[label] - other
}

// rounded is a probability to six digits behind the point.
func rounded(p float32) float64 { return float64(int64(float64(float64(p)*1e6)+0.5)) / 1e6 }

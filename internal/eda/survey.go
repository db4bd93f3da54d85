package eda

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Request says what to look at.
type Request struct {
	Data    dataset.Dataset
	Members []Member // of Data, without their numbers of examples
	Split   *dataset.Split
	Parts   []dataset.Part  // at least one
	Levels  *imaging.Levels // of images of 16 bits; nil: their whole range
	// Predictions are of a network that has not seen the examples; nil: no labels are doubted.
	Predictions *heldout.Predictions
}

// survey is what is known of every image of the data.
type survey struct {
	Request
	looked []int32 // indexes of the examples that are looked at, ascending
	sizes  dataset.Sizes
	parts  []dataset.Part // of every example
	thumbs []thumb        // of every example
	clip   []int32        // the clip of every example, by its place in clips; -1: of none
	clips  []*dataset.Clip
	// Of every example that is looked at, by its place in looked:
	measured []figures
	means    *means
}

// newSurvey decodes every image once.
func newSurvey(ctx context.Context, r Request) (*survey, error) {
	n := r.Data.Len()
	s := &survey{Request: r, parts: make([]dataset.Part, n), thumbs: make([]thumb, n)}
	for _, part := range dataset.Parts() {
		for _, i := range r.Split.Indexes(part) {
			s.parts[i] = part
		}
	}
	s.numberClips()
	at, visited := make([]int32, n), make([]int, 0, n)
	var indexes []int
	for i, part := range s.parts {
		at[i] = -1
		if slices.Contains(r.Parts, part) {
			at[i] = int32(len(s.looked))
			s.looked, indexes = append(s.looked, int32(i)), append(indexes, i)
		}
		if part != dataset.PartNone {
			visited = append(visited, i)
		}
	}
	if len(s.looked) == 0 {
		return nil, fmt.Errorf("the split has no examples in the parts %v: want a part that has some", dataset.PartNames(r.Parts))
	}
	var err error
	if s.sizes, err = dataset.MeasureSizesOf(ctx, r.Data, indexes); err != nil {
		return nil, err
	}
	s.measured, s.means = make([]figures, len(s.looked)), newMeans(r.Data, indexes, s.sizes)
	return s, dataset.VisitImages(ctx, r.Data, visited, "images looked at", func(k int, img imaging.Image) error {
		return s.visit(visited[k], at[visited[k]], img)
	})
}

// visit measures an image. Of one that is not looked at, which has no place, it makes the
// thumbnail that hashes come from, and no more.
func (s *survey) visit(i int, place int32, img imaging.Image) (err error) {
	if s.thumbs[i], err = thumbOf(img, s.Levels); err != nil || place < 0 {
		return err
	}
	if s.measured[place], err = measure(img, s.Levels); err != nil {
		return err
	}
	return s.means.add(s.Data.Info(i).Label, img, s.Levels)
}

// example describes an example that is looked at.
func (s *survey) example(i int) Example {
	return Example{i, s.Data.Source(i), s.label(i)}
}

// label is the name of an example's class.
func (s *survey) label(i int) string { return s.Data.Classes()[s.Data.Info(i).Label] }

// isLooked says whether an example is of the parts that are looked at.
func (s *survey) isLooked(i int) bool { return slices.Contains(s.Parts, s.parts[i]) }

// numberClips numbers the clip of every example of the parts; -1 where it is of none.
func (s *survey) numberClips() {
	of, list := make([]int32, s.Data.Len()), []*dataset.Clip(nil)
	numbers := map[*dataset.Clip]int32{}
	for i := range of {
		of[i] = -1
		place := s.Data.Info(i).Place
		if place == nil || s.parts[i] == dataset.PartNone {
			continue
		}
		n, known := numbers[place.Clip]
		if !known {
			n = int32(len(list))
			numbers[place.Clip], list = n, append(list, place.Clip)
		}
		of[i] = n
	}
	s.clip, s.clips = of, list
}

// Package eda looks at data before anything is learnt from it: how much there is of what, how
// images differ, which are there several times, and which labels may be wrong. It looks at the
// parts of a split that it is asked for, which should be the training part alone. Of other parts
// it only finds images again. All sums are of whole numbers, so that equal data give equal
// bytes, whatever the number of workers.
package eda

import (
	"context"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/clipstat"
	"github.com/blocktrain/blocktrain/internal/eda/heldout"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/visualization"
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

// Exploration is what was found, with its figures.
type Exploration struct {
	Report
	Figures []visualization.Figure
}

// Explore looks at data.
func Explore(ctx context.Context, r Request) (*Exploration, error) {
	s, err := newSurvey(ctx, r)
	if err != nil {
		return nil, err
	}
	e := &Exploration{Report: Report{
		Schema: Schema, DatasetSHA256: r.Split.Dataset, SplitSHA256: r.Split.Digest(), Grouping: r.Split.Group,
		Parts: dataset.PartNames(r.Parts), Examples: len(s.looked),
	}}
	e.Datasets, e.Classes, e.Groups = s.members(), s.classes(), s.groups()
	s.describe(&e.Report)
	e.Clips = clipstat.Look(clipstat.Request{Data: r.Data, Split: r.Split, Parts: r.Parts})
	if e.Boxes, err = s.boxes(ctx); err != nil {
		return nil, err
	}
	if e.Duplicates, err = s.duplicates(ctx); err != nil {
		return nil, err
	}
	e.Outliers = s.outliers()
	if r.Predictions != nil {
		if e.Labels, err = s.labels(r.Predictions); err != nil {
			return nil, err
		}
	}
	e.Figures, err = s.draw(&e.Report)
	return e, err
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

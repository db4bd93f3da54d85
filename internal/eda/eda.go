// Package eda looks at data before anything is learnt from it: how much there is of what, how
// images differ, which are there several times, and which labels may be wrong. It looks at the
// parts of a split that it is asked for, which should be the training part alone. Of other parts
// it only finds images again. All sums are of whole numbers, so that equal data give equal
// bytes, whatever the number of workers.
package eda

import (
	"context"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/eda/clipstat"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

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

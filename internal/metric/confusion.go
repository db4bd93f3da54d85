package metric

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"slices"
)

// DenseClasses is the number of classes up to which an evaluation holds its confusion
// matrix as rows and columns. Of more classes nearly all counts are 0.
const DenseClasses = 100

// Cell is one count of a confusion matrix: how many examples of one class were taken for
// one class, both given by index.
type Cell struct{ True, Predicted, Count int }

func (c Cell) compare(d Cell) int {
	return cmp.Or(cmp.Compare(c.True, d.True), cmp.Compare(c.Predicted, d.Predicted))
}

// Cells are the counts of the confusion matrix that are not 0, row by row.
func (e *Evaluation) Cells() iter.Seq[Cell] {
	return func(yield func(Cell) bool) {
		for i, row := range e.Confusion {
			for j, n := range row {
				if n != 0 && !yield(Cell{i, j, n}) {
					return
				}
			}
		}
		for _, c := range e.ConfusionCounts {
			if !yield(Cell{c[0], c[1], c[2]}) {
				return
			}
		}
	}
}

// merged sorts cells and adds up those of the same place.
func merged(cells []Cell) iter.Seq[Cell] {
	sorted := slices.SortedFunc(slices.Values(cells), Cell.compare)
	return func(yield func(Cell) bool) {
		for i := 0; i < len(sorted); {
			cell := sorted[i]
			for i++; i < len(sorted) && cell.compare(sorted[i]) == 0; i++ {
				cell.Count += sorted[i].Count
			}
			if !yield(cell) {
				return
			}
		}
	}
}

// setConfusion takes cells, which are sorted, in the form for the number of classes.
func (e *Evaluation) setConfusion(cells iter.Seq[Cell], classes int) {
	if classes <= DenseClasses {
		e.Confusion = denseOf(cells, classes)
		return
	}
	e.Schema = SparseSchema
	for c := range cells {
		e.ConfusionCounts = append(e.ConfusionCounts, []int{c.True, c.Predicted, c.Count})
	}
}

func denseOf(cells iter.Seq[Cell], classes int) [][]int {
	rows := make([][]int, classes)
	for i := range rows {
		rows[i] = make([]int, classes)
	}
	for c := range cells {
		rows[c.True][c.Predicted] = c.Count
	}
	return rows
}

// InSchema is a result in the form that documents of that schema have: evaluations of
// schema 1 have rows and columns for any number of classes.
func InSchema(r Result, schema int) Result {
	e, is := r.(*Evaluation)
	if !is || schema != Schema || e.Schema == Schema {
		return r
	}
	dense := *e
	dense.Schema, dense.Confusion, dense.ConfusionCounts = Schema, denseOf(e.Cells(), len(e.PerClass)), nil
	return &dense
}

// classSums are the sums of a row and a column of the confusion matrix, and the count at
// which they meet.
type classSums struct{ support, predicted, correct int }

func sumsOf(cells iter.Seq[Cell], classes int) []classSums {
	sums := make([]classSums, classes)
	for c := range cells {
		sums[c.True].support += c.Count
		sums[c.Predicted].predicted += c.Count
		if c.True == c.Predicted {
			sums[c.True].correct = c.Count
		}
	}
	return sums
}

// checkConfusion refuses a confusion matrix that is not in the form of the schema.
func (e *Evaluation) checkConfusion() error {
	k := len(e.PerClass)
	sparse := e.Schema == SparseSchema || e.Schema >= GroupedSchema && k > DenseClasses
	switch {
	case k == 0:
		return errors.New("it has no classes")
	case e.Schema == SparseSchema && k <= DenseClasses:
		return fmt.Errorf("schema is %d, want %d for up to %d classes", e.Schema, Schema, DenseClasses)
	case sparse && e.Confusion != nil:
		return fmt.Errorf("it has a confusion matrix of rows and columns, want only confusion_counts in schema %d", e.Schema)
	case sparse:
		return e.checkCounts()
	case e.ConfusionCounts != nil:
		return fmt.Errorf("it has confusion_counts, want only a confusion matrix of rows and columns in schema %d", e.Schema)
	case len(e.Confusion) != k:
		return fmt.Errorf("%d classes but %d rows in the confusion matrix", k, len(e.Confusion))
	}
	return e.checkRows()
}

func (e *Evaluation) checkRows() error {
	for i, row := range e.Confusion {
		if len(row) != len(e.PerClass) {
			return fmt.Errorf("row %d of the confusion matrix has %d columns, want %d", i, len(row), len(e.PerClass))
		}
		if slices.ContainsFunc(row, func(n int) bool { return n < 0 || n > maxCount }) {
			return fmt.Errorf("row %d of the confusion matrix: a count is negative or above %d", i, maxCount)
		}
	}
	return nil
}

// maxCount keeps sums of counts from overflowing.
const maxCount = 1 << 30 // also of a 32-bit int

// checkCounts refuses counts out of range, and such as do not rise by class.
func (e *Evaluation) checkCounts() error {
	last, k := Cell{True: -1}, len(e.PerClass)
	for i, c := range e.ConfusionCounts {
		if len(c) != 3 {
			return fmt.Errorf("confusion_counts[%d] has %d numbers, want true class, predicted class and count", i, len(c))
		}
		cell := Cell{c[0], c[1], c[2]}
		switch {
		case min(cell.True, cell.Predicted) < 0 || max(cell.True, cell.Predicted) >= k:
			return fmt.Errorf("confusion_counts[%d] is of the classes %d and %d, want 0 to %d", i, cell.True, cell.Predicted, k-1)
		case cell.Count < 1 || cell.Count > maxCount:
			return fmt.Errorf("confusion_counts[%d] counts %d examples, want 1 to %d", i, cell.Count, maxCount)
		case last.compare(cell) >= 0:
			return fmt.Errorf("confusion_counts[%d] does not come after the one before it in the order of the classes", i)
		}
		last = cell
	}
	return nil
}

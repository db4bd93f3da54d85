// Package metric turns predictions into the figures that people and criteria
// judge a network by, and keeps the history of a training run. Whatever can
// be counted is counted in integers; what is left is float64 arithmetic in an
// order that is fixed, so that every machine gets the same bytes. No figure is
// ever NaN: what cannot be said (the accuracy of a class without examples) is
// nil, and null in JSON.
package metric

import "fmt"

// Schema is the version of the JSON documents that this package defines.
const Schema = 1

// SparseSchema is that of evaluations of more than DenseClasses classes.
const SparseSchema = 2

// Evaluation is how well one set of weights classifies one part of a dataset: the
// result of the target class.
type Evaluation struct {
	Head

	Correct          int      `json:"correct"`
	Accuracy         float64  `json:"accuracy"`
	AccuracyInterval Interval `json:"accuracy_interval"`
	// Loss is the mean cross-entropy (natural logarithm) of the probabilities,
	// whatever loss the training minimised.
	Loss float64 `json:"loss"`
	TopK TopK    `json:"top_k"`

	PerClass   []Class     `json:"per_class"`
	Macro      Average     `json:"macro_average"`    // every class with examples counts the same
	Weighted   Average     `json:"weighted_average"` // every example counts the same
	WorstClass *WorstClass `json:"worst_class"`

	// Confusion counts examples: the row is the true class, the column the
	// predicted one. Of more than DenseClasses classes it is nil, and
	// ConfusionCounts has what is not 0: true class, predicted class and count, in
	// the order of the classes. [Evaluation.Cells] goes through both.
	Confusion       [][]int `json:"confusion,omitempty"`
	ConfusionCounts [][]int `json:"confusion_counts,omitempty" schema:"2"`

	// GroupCounts are there where the data is grouped, so that the intervals are by
	// groups: group, class, examples of the class in the group, and how many of them
	// are right. Groups are numbered in the order in which they come up first.
	GroupCounts [][]int `json:"group_counts,omitempty" schema:"3"`

	// Clips are there where examples show targets of clips.
	Clips *ClipFigures `json:"clips,omitempty" schema:"4"`

	CalibrationError float64 `json:"calibration_error"`
	CalibrationBins  []Bin   `json:"calibration_bins"`

	// ProbabilitiesSHA256 is over the probabilities as little-endian float32,
	// row by row: equal weights and data give an equal digest.
	ProbabilitiesSHA256 string `json:"probabilities_sha256"`

	Latency *Latency `json:"latency_ms,omitempty"`
}

// TopK is the share of examples whose true class is among the k most probable
// ones. With five classes or fewer Five is 1.
type TopK struct {
	One  float64 `json:"1"`
	Five float64 `json:"5"`
}

// TellsTopFive says whether there are so many classes that the accuracy of the five
// most probable ones is worth showing.
func (e *Evaluation) TellsTopFive() bool { return len(e.PerClass) > 5 }

// Class is how well one class is recognised.
type Class struct {
	Label   string `json:"label"`
	Support int    `json:"support"` // examples of this class
	// Accuracy is the share of the class's own examples that were recognised,
	// which is also its recall. Nil without examples.
	Accuracy *float64 `json:"accuracy"`
	// Precision is the share of the predictions of this class that were right.
	// Nil if it was never predicted.
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	// F1 is the harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).
	// Nil for a class that has no examples and was never predicted.
	F1       *float64  `json:"f1"`
	Interval *Interval `json:"interval"` // of the accuracy
}

// Average is a mean over classes. A precision or F1 that is nil counts as 0;
// classes without examples are left out.
type Average struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// WorstClass is the class with the lowest accuracy among those with examples.
type WorstClass struct {
	Label    string   `json:"label"`
	Index    int      `json:"index"`
	Support  int      `json:"support"`
	Accuracy float64  `json:"accuracy"`
	Interval Interval `json:"interval"`
}

// ReadEvaluation reads the evaluation of a classifier and refuses one whose figures do
// not fit together.
func ReadEvaluation(path string) (*Evaluation, error) {
	e := new(Evaluation)
	if _, err := ReadResult(path, only(TargetClass, e)); err != nil {
		return nil, err
	}
	return e, nil
}

// MeanLoss implements Result.
func (e *Evaluation) MeanLoss() float64 { return e.Loss }

// Measured implements Result.
func (e *Evaluation) Measured() (Figure, float64) { return Accuracy, e.Accuracy }

// Facts implements Result.
func (e *Evaluation) Facts() []Fact {
	return []Fact{
		{"accuracy", Percent(e.Accuracy) + " %"}, {e.IntervalWords(), e.AccuracyInterval.Percent() + " %"},
		{"macro F1", Percent(e.Macro.F1) + " %"}, {"loss", fmt.Sprintf("%.4f", e.Loss)},
		{"calibration error", Percent(e.CalibrationError) + " %"},
	}
}

// Tables implements Result.
func (e *Evaluation) Tables() []CSVTable {
	tables := []CSVTable{{"-classes.csv", e.WriteClassesCSV}, {"-confusion.csv", e.WriteConfusionCSV}}
	if e.Clips != nil {
		tables = append(tables, CSVTable{"-clips.csv", e.WriteClipsCSV})
	}
	return tables
}

// OutputsSHA256 implements Result.
func (e *Evaluation) OutputsSHA256() string { return e.ProbabilitiesSHA256 }

// MeasuredLatency implements Result.
func (e *Evaluation) MeasuredLatency() *Latency { return e.Latency }

// SetLatency implements Result.
func (e *Evaluation) SetLatency(l *Latency) { e.Latency = l }

// Check compares the figures that decide with the confusion matrix that they
// follow from.
func (e *Evaluation) Check() error {
	if err := e.Head.check("", Schema, SparseSchema, GroupedSchema, ClipsSchema); err != nil {
		return err
	}
	if err := e.checkConfusion(); err != nil {
		return err
	}
	sums := sumsOf(e.Cells(), len(e.PerClass))
	if err := e.checkGroups(sums); err != nil {
		return err
	}
	if err := e.checkClips(); err != nil {
		return err
	}
	whole, intervals := e.intervals(sums)
	examples, correct := 0, 0
	for i, sum := range sums {
		if err := e.PerClass[i].check(sum.support, sum.correct, intervals[i]); err != nil {
			return err
		}
		examples += sum.support
		correct += sum.correct
	}
	return e.checkTotals(examples, correct, whole)
}

// intervals are those of all examples and of each class, 0 of one without examples.
func (e *Evaluation) intervals(sums []classSums) (whole Interval, classes []Interval) {
	if e.Grouped() {
		return e.groupIntervals()
	}
	examples, correct := 0, 0
	classes = make([]Interval, len(sums))
	for i, sum := range sums {
		if sum.support > 0 {
			classes[i] = Wilson(sum.correct, sum.support)
		}
		examples += sum.support
		correct += sum.correct
	}
	return Wilson(correct, max(examples, 1)), classes
}

func (e *Evaluation) checkTotals(examples, correct int, interval Interval) error {
	if examples == 0 || examples != e.Examples || correct != e.Correct ||
		e.Accuracy != ratio(correct, examples) || e.AccuracyInterval != interval {
		return fmt.Errorf("the accuracy is not that of the confusion matrix (%d of %d)", correct, examples)
	}
	if worst := worstClass(e.PerClass); e.WorstClass == nil || *e.WorstClass != *worst {
		return fmt.Errorf("the worst class is not the one with the lowest accuracy, %q", worst.Label)
	}
	return nil
}

func (c *Class) check(support, correct int, interval Interval) error {
	fits := c.Support == support
	if support == 0 {
		fits = fits && c.Accuracy == nil
	} else {
		fits = fits && c.Accuracy != nil && *c.Accuracy == ratio(correct, support) &&
			c.Interval != nil && *c.Interval == interval
	}
	if !fits {
		return fmt.Errorf("the figures of class %q are not those of the confusion matrix (%d of %d)", c.Label, correct, support)
	}
	return nil
}

// WithoutExamples returns the labels of the classes that have no examples.
func (e *Evaluation) WithoutExamples() []string {
	var labels []string
	for _, c := range e.PerClass {
		if c.Support == 0 {
			labels = append(labels, c.Label)
		}
	}
	return labels
}

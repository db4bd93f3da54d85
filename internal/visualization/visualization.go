// Package visualization draws what a run came to: curves of the training, how
// well which class is recognised, and the examples themselves. Each figure
// comes as SVG, for the report and for print, and as PNG, for where SVG is not
// shown. Equal data give equal bytes.
package visualization

import (
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// Visualization draws one kind of figure.
type Visualization interface {
	// Draw draws the figure, or returns ErrNothingToDraw where the data it
	// shows is absent.
	Draw(d Data) (Figure, error)
}

// Data is all that a visualization may draw. What is not known is left empty.
type Data struct {
	History          []metric.Epoch
	Validation, Test metric.Result
	Samples          []Picture // examples of the training part
	Mistakes         []Picture // of a classifier on the test part, worst first
	Reconstructions  []Picture // of the test part, with outputs, worst first
	// The scores of an auto-encoder, one for each example of a part.
	ValidationScores, TestScores []float32
	Detection                    *DetectionCurve // of clips; nil of other data
	// Seen are examples of the test part, with what the sensor shows of them as outputs, and Sensor
	// is how a classifier does on that; both nil without a sensor.
	Seen   []Picture
	Sensor *metric.SensorCurve
}

// Picture is one example in a grid. The caption may have several lines. What stands
// before ": " in a line is always shown; the rest is shortened in the middle if it is
// too long. File is a file with its folder, shown below the caption in the same way.
type Picture struct {
	Image         imaging.Image
	Output        imaging.Image // what the network made of it, shown below it; empty for none
	Caption, File string
}

// Figure is a finished drawing.
type Figure struct {
	Name     string // of the visualization: the file name without extension
	Title    string
	Alt      string // says in words what the figure shows
	SVG, PNG []byte
}

// ErrNothingToDraw means that a run has no data of the kind that a
// visualization shows: a run without mistakes has no worst ones, and an auto-encoder
// has no confusion matrix.
var ErrNothingToDraw = errors.New("there is nothing to draw")

// modules is the table of visualizations.
var modules = map[string]config.Module[Visualization]{
	"accuracy":           {Doc: "accuracy on the training and validation parts, by epoch", New: newAccuracy},
	"confusion-matrix":   {Doc: "which class is taken for which", New: newConfusionMatrix},
	"detection-curve":    {Doc: "how many targets of clips are found, and how many false alarms come with that", New: newDetectionCurve},
	"learning-curve":     {Doc: "accuracy of the last layer alone on shares of the training images: whether more would help", New: newLearningCurve},
	"per-class-accuracy": {Doc: "accuracy of each class with its 95 % interval", New: newPerClassAccuracy},
	"reliability":        {Doc: "how often the network is right, by how confident it is", New: newReliability},
	"reconstructions":    {Doc: "the images that an auto-encoder reconstructs worst, with the reconstructions", New: newReconstructions},
	"sample-grid":        {Doc: "examples as the network sees them", New: newSampleGrid},
	"sensor-accuracy":    {Doc: "accuracy on what the sensor shows of the test part, by severity", New: newSensorAccuracy},
	"sensor-images":      {Doc: "examples of the test part, as they are and as the sensor shows them", New: newSensorImages},
	"score-histogram":    {Doc: "how the scores of an auto-encoder are distributed", New: newScoreHistogram},
	"training-loss":      {Doc: "loss on the training and validation parts, by epoch", New: newTrainingLoss},
	"worst-mistakes":     {Doc: "the wrong answers that were given with the highest confidence", New: newWorstMistakes},
}

// MakeVisualization builds the visualization of that name from options in the
// form "key=value,key=value", and returns it with all its options resolved.
func MakeVisualization(name, options string) (Visualization, map[string]string, error) {
	return config.Make("visualization", modules, name, options)
}

// Modules documents all visualizations, sorted by name.
func Modules() []config.Description { return config.Describe(modules) }

// DrawAll draws several figures at a time, and leaves out those for which there is
// nothing to draw.
func DrawAll(visualizations []Visualization, data Data, workers int) ([]Figure, error) {
	figures := make([]Figure, len(visualizations))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, v := range visualizations {
		group.Go(func() (err error) {
			defer logging.ExitOnPanic()
			if figures[i], err = v.Draw(data); errors.Is(err, ErrNothingToDraw) {
				return nil
			}
			return err
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(figures, func(f Figure) bool { return f.Name == "" }), err
}

// judged returns the evaluation of a classifier to show, that of the test part if there
// is one, with a word for the part. It is nil for other targets.
func (d *Data) judged() (*metric.Evaluation, string) {
	if e, is := d.Test.(*metric.Evaluation); is && e != nil {
		return e, "test"
	}
	e, _ := d.Validation.(*metric.Evaluation)
	return e, "validation"
}

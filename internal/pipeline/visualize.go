package pipeline

import (
	"fmt"
	"strings"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// pictureLimit is the number of pictures that are gathered for grids.
const pictureLimit = 100

// visualize draws all plots of the run into its folder, which is replaced as a
// whole.
func (s *session) visualize(model *classifier.Classifier, validation, test *Scored, found *detection.Parts) error {
	history, err := metric.ReadHistory(s.Dir.File(train.HistoryFile))
	if err != nil {
		return err
	}
	curve, err := s.Candidate().SensorCurve()
	if err != nil {
		return err
	}
	figures, err := s.Figures(Shown{history, model, validation, test, detection.Curve(found.Validation, found.Test), curve}, s.Modules.Visualizations)
	if err != nil {
		return err
	}
	if err := s.Dir.WriteFigures(figures); err != nil {
		return err
	}
	s.Record.NoteExecution("visualizations", strings.Join(s.Settings.Visualizations, ",")) // of an evaluation that is repeated, its own
	return s.Dir.NoteFolder(s.Record, rundir.PlotsDir)
}

// Shown is what plots are drawn of, besides the data: the history of the network that is
// judged, its model, and how that did on both parts.
type Shown struct {
	History          []metric.Epoch
	Model            *classifier.Classifier
	Validation, Test *Scored
	Detection        *visualization.DetectionCurve // of clips
	Sensor           *metric.SensorCurve           // through the run's sensor
}

// Figures draws plots, and leaves out those for which there is nothing to draw.
func (p *Prepared) Figures(shown Shown, all []visualization.Visualization) (_ []visualization.Figure, err error) {
	test := shown.Test
	data := visualization.Data{History: shown.History, Validation: shown.Validation.Result, Test: test.Result, Detection: shown.Detection, Sensor: shown.Sensor}
	if data.Samples, err = p.samples(); err != nil {
		return nil, err
	}
	if data.Seen, err = p.Data.SeenPictures(p.Settings, pictureLimit); err != nil {
		return nil, err
	}
	switch tally := test.tally.(type) {
	case *target.ClassTally:
		data.Mistakes, err = p.mistakes(test.list, tally)
	case *target.ImageTally:
		data.TestScores, data.ValidationScores = tally.Scores, shown.Validation.tally.(*target.ImageTally).Scores
		data.Reconstructions, err = p.reconstructions(shown.Model, test.list, tally)
	}
	if err != nil {
		return nil, err
	}
	return visualization.DrawAll(all, data, p.Settings.WorkerCount())
}

// samples are examples of the training part as the network sees them.
func (p *Prepared) samples() ([]visualization.Picture, error) {
	order := dataset.Shuffled(p.Data.TrainList(p.Settings), uint64(p.Settings.Seed), 0)
	var pictures []visualization.Picture
	for _, i := range order[:min(pictureLimit, len(order))] {
		shown, err := p.picture(i, p.Data.All.Classes()[p.Data.All.Info(i).Label])
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, shown)
	}
	return pictures, nil
}

// mistakes are the wrong answers on the test part, most confident first.
func (p *Prepared) mistakes(list []int, tally *target.ClassTally) ([]visualization.Picture, error) {
	var pictures []visualization.Picture
	classes := p.Data.All.Classes()
	for _, m := range metric.Mistakes(tally.Probabilities, tally.Labels, pictureLimit) {
		i := list[m.Index]
		caption := fmt.Sprintf("predicted: %s\nprobability: %s %%\ntruth: %s", classes[m.Predicted], metric.Percent(float64(m.Confidence)), classes[m.Label])
		shown, err := p.picture(i, caption)
		if err != nil {
			return nil, err
		}
		shown.File = dataset.FileAndFolder(p.Data.All.Source(i))
		pictures = append(pictures, shown)
	}
	return pictures, nil
}

// reconstructionLimit is the number of reconstructions that are gathered.
const reconstructionLimit = 24

// reconstructions are the examples of the test part with the highest scores, worst first,
// beside what the network makes of them.
func (p *Prepared) reconstructions(model *classifier.Classifier, list []int, tally *target.ImageTally) ([]visualization.Picture, error) {
	plan, err := model.NewPlan(1, 1)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	var pictures []visualization.Picture
	for _, at := range metric.Worst(tally.Scores, reconstructionLimit) {
		i := list[at]
		img, err := p.image(i)
		if err != nil {
			return nil, err
		}
		made := target.Pixels(model.Output(plan.Run(1, img.Pix), target.Reconstruction), img)
		rule := p.Data.TestRule
		pictures = append(pictures, visualization.Picture{
			Image: rule.Picture(img), Output: rule.Picture(made), Caption: fmt.Sprintf("%.4g", tally.Scores[at]), File: dataset.FileAndFolder(p.Data.All.Source(i)),
		})
	}
	return pictures, nil
}

func (p *Prepared) picture(i int, caption string) (visualization.Picture, error) {
	img, err := p.image(i)
	return visualization.Picture{Image: p.Data.TestRule.Picture(img), Caption: caption}, err
}

// image is example i as the network sees it.
func (p *Prepared) image(i int) (imaging.Image, error) {
	img, err := p.Data.TestFitted.Image(i)
	if err != nil {
		return imaging.Image{}, err
	}
	return p.Data.TestRule.Apply(img)
}

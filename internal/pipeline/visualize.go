package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// pictureLimit is the number of pictures that are gathered for grids.
const pictureLimit = 100

// plotsIndex lists the plots of a run with the words that go with them.
const plotsIndex = "plots.json"

// plotList is the content of plotsIndex.
type plotList struct {
	Schema int        `json:"schema"`
	Plots  []plotNote `json:"plots"`
}

type plotNote struct {
	Name  string `json:"name"` // of the files name.svg and name.png
	Title string `json:"title"`
	Alt   string `json:"alt"`
}

// visualize draws all plots of the run into its folder, which is replaced as a
// whole.
func (r *session) visualize(validation, test *scored) error {
	history, err := metric.ReadHistory(r.dir.file(train.HistoryFile))
	if err != nil {
		return err
	}
	shown := visualization.Data{History: history, Validation: validation.Evaluation, Test: test.Evaluation}
	if shown.Samples, err = r.samples(); err != nil {
		return err
	}
	if shown.Mistakes, err = r.mistakes(test); err != nil {
		return err
	}
	figures, err := drawAll(r.modules.visualizations, shown, r.settings.workers())
	if err != nil {
		return err
	}
	return replaceDir(r.dir.file(plotsDir), func(dir string) error { return writeFigures(figures, dir) })
}

// drawAll draws several figures at a time, and leaves out those for which there is
// nothing to draw.
func drawAll(visualizations []visualization.Visualization, data visualization.Data, workers int) ([]visualization.Figure, error) {
	figures := make([]visualization.Figure, len(visualizations))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, v := range visualizations {
		group.Go(func() (err error) {
			if figures[i], err = v.Draw(data); errors.Is(err, visualization.ErrNothingToDraw) {
				return nil
			}
			return err
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(figures, func(f visualization.Figure) bool { return f.Name == "" }), err
}

func writeFigures(figures []visualization.Figure, dir string) error {
	list := plotList{Schema: 1, Plots: []plotNote{}}
	for _, f := range figures {
		for suffix, b := range map[string][]byte{".svg": f.SVG, ".png": f.PNG} {
			if err := fileio.WriteBytes(filepath.Join(dir, f.Name+suffix), b); err != nil {
				return err
			}
		}
		list.Plots = append(list.Plots, plotNote{f.Name, f.Title, f.Alt})
	}
	return fileio.WriteJSON(filepath.Join(dir, plotsIndex), list)
}

// readFigures reads the plots of a run again; a run without has none.
func (d *runDir) readFigures() ([]visualization.Figure, error) {
	var list plotList
	if err := fileio.ReadJSON(d.file(plotsDir, plotsIndex), &list); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	var figures []visualization.Figure
	for _, p := range list.Plots {
		f := visualization.Figure{Name: p.Name, Title: p.Title, Alt: p.Alt}
		var svg, png error
		f.SVG, svg = os.ReadFile(d.file(plotsDir, p.Name+".svg"))
		f.PNG, png = os.ReadFile(d.file(plotsDir, p.Name+".png"))
		if err := errors.Join(svg, png); err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// samples are examples of the training part as the network sees them.
func (r *session) samples() ([]visualization.Picture, error) {
	order := dataset.Shuffled(r.data.trainList(r.settings), uint64(r.settings.Seed), 0)
	var pictures []visualization.Picture
	for _, i := range order[:min(pictureLimit, len(order))] {
		p, err := r.picture(i, r.data.all.Classes()[r.data.all.Info(i).Label])
		if err != nil {
			return nil, err
		}
		pictures = append(pictures, p)
	}
	return pictures, nil
}

// mistakes are the wrong answers on the test part, most confident first.
func (r *session) mistakes(test *scored) ([]visualization.Picture, error) {
	var pictures []visualization.Picture
	classes := r.data.all.Classes()
	for _, m := range metric.Mistakes(test.probabilities, test.labels, pictureLimit) {
		i := test.list[m.Index]
		caption := fmt.Sprintf("%s, not %s\n%s %% sure", classes[m.Label], classes[m.Predicted], metric.Percent(float64(m.Confidence)))
		p, err := r.picture(i, caption)
		if err != nil {
			return nil, err
		}
		p.File = filepath.Base(r.data.all.Source(i))
		pictures = append(pictures, p)
	}
	return pictures, nil
}

func (r *session) picture(i int, caption string) (visualization.Picture, error) {
	img, err := r.data.fitted.Image(i)
	if err != nil {
		return visualization.Picture{}, err
	}
	img, err = r.data.rule.Apply(img)
	return visualization.Picture{Image: r.data.rule.Picture(img), Caption: caption}, err
}

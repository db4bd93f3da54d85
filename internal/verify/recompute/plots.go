package recompute

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// plotsIndex is the file with the names and words of the plots.
const plotsIndex = rundir.PlotsDir + "/plots.json"

// checkPlots draws again the plots that follow from history and evaluations. Those with
// images need the data.
func (s *Subject) checkPlots() error {
	if !s.evaluated() {
		return nil
	}
	drawn, err := rundir.At(s.Folder).ReadFigures()
	if err != nil {
		return s.lacking(plotsIndex, err)
	}
	if len(drawn) == 0 && !fileio.Exists(s.file(plotsIndex)) {
		return &finding.Difference{File: plotsIndex, Figure: "file", Recorded: "one, as other files say", Found: finding.Nothing, Cause: "the file was removed"}
	}
	data := visualization.Data{
		History: s.Networks[len(s.Networks)-1].History, Validation: s.results[dataset.PartValidation], Test: s.results[dataset.PartTest],
		Detection: detection.Curve(s.detected[dataset.PartValidation], s.detected[dataset.PartTest]), Sensor: s.curve,
	}
	for _, f := range drawn {
		if slices.Contains(s.drawn, f.Name) {
			return plotDiffers(plotsIndex, "plots", f.Name+" twice", "each plot once")
		}
		s.drawn = append(s.drawn, f.Name)
		if err := s.checkPlot(f, data); err != nil {
			return err
		}
	}
	return s.checkOrder(data)
}

// checkOrder finds plots that the settings of the record ask for and that can be drawn
// here, and plots that they do not ask for or that are in another order.
func (s *Subject) checkOrder(data visualization.Data) error {
	asked, err := s.visualizations()
	if err != nil {
		return finding.Unreadable(rundir.RecordFile, err)
	}
	var want []string
	for _, selection := range asked {
		v, _, err := visualization.MakeVisualization(selection.Name, selection.Options)
		if err != nil {
			return finding.Unreadable(rundir.RecordFile, err)
		}
		if slices.Contains(s.drawn, selection.Name) {
			want = append(want, selection.Name)
		} else if _, err := v.Draw(data); err == nil {
			want = append(want, selection.Name)
		}
	}
	if slices.Equal(s.drawn, want) {
		return nil
	}
	return s.inOtherWords(plotDiffers(plotsIndex, "plots", fmt.Sprint(s.drawn), fmt.Sprint(want)))
}

func plotDiffers(file, figure, recorded, found string) *finding.Difference {
	return &finding.Difference{File: file, Figure: figure, Recorded: recorded, Found: found,
		Cause: finding.Changed(file) + ", or another version of the program drew it: blocktrain evaluate draws the plots of a run anew"}
}

// checkPlot draws a plot again, unless it shows what is not known here.
func (s *Subject) checkPlot(f visualization.Figure, data visualization.Data) error {
	v, _, err := visualization.MakeVisualization(f.Name, s.plotOptions(f.Name))
	if err != nil {
		return finding.Unreadable(plotsIndex, err)
	}
	found, err := v.Draw(data)
	if errors.Is(err, visualization.ErrNothingToDraw) {
		s.undrawn = append(s.undrawn, f)
		return nil
	}
	if err != nil {
		return finding.Unreadable(plotsIndex, err)
	}
	return s.comparePlot(f, found)
}

// Redraw draws the plots again that Check could not, and those that the settings ask for
// and that are not there, by the function given, which has the data. It leaves out those
// for which there is nothing to draw.
func (s *Subject) Redraw(draw func([]visualization.Visualization) ([]visualization.Figure, error)) error {
	recorded := map[string]visualization.Figure{}
	var all []visualization.Visualization
	add := func(name, options string) error {
		v, _, err := visualization.MakeVisualization(name, options)
		all = append(all, v)
		return err
	}
	for _, f := range s.undrawn {
		recorded[f.Name] = f
		if err := add(f.Name, s.plotOptions(f.Name)); err != nil {
			return finding.Unreadable(plotsIndex, err)
		}
	}
	if err := s.addMissing(add); err != nil {
		return finding.Unreadable(rundir.RecordFile, err)
	}
	drawn, err := draw(all)
	if err != nil {
		return err
	}
	for _, found := range drawn {
		f, there := recorded[found.Name]
		if !there {
			if err := s.inOtherWords(plotDiffers(plotsIndex, "plots", finding.Nothing, found.Name)); err != nil {
				return err
			}
			continue
		}
		delete(recorded, found.Name)
		if err := s.comparePlot(f, found); err != nil {
			return err
		}
	}
	for name := range recorded {
		return plotDiffers(plotsIndex, "plots", name, "nothing to draw")
	}
	return nil
}

// addMissing adds the visualizations that the settings ask for and of which there is no
// plot.
func (s *Subject) addMissing(add func(name, options string) error) error {
	asked, err := s.visualizations()
	if err != nil {
		return err
	}
	for _, selection := range asked {
		if !slices.Contains(s.drawn, selection.Name) {
			if err := add(selection.Name, selection.Options); err != nil {
				return err
			}
		}
	}
	return nil
}

// comparePlot compares a plot of the run or package with the same drawn again.
func (s *Subject) comparePlot(recorded, found visualization.Figure) error {
	for _, f := range []struct {
		file, figure    string
		recorded, found []byte
	}{
		{plotsIndex, recorded.Name + ".title", []byte(recorded.Title), []byte(found.Title)},
		{plotsIndex, recorded.Name + ".alt", []byte(recorded.Alt), []byte(found.Alt)},
		{rundir.PlotsDir + "/" + recorded.Name + ".svg", "content", recorded.SVG, found.SVG},
		{rundir.PlotsDir + "/" + recorded.Name + ".png", "content", recorded.PNG, found.PNG},
	} {
		if bytes.Equal(f.recorded, f.found) {
			continue
		}
		was, is := string(f.recorded), string(f.found)
		if f.figure == "content" {
			was, is = "SHA-256 "+fileio.SHA256Of(f.recorded), "SHA-256 "+fileio.SHA256Of(f.found)+" of what is drawn of the other files"
		}
		if err := s.inOtherWords(plotDiffers(f.file, f.figure, was, is)); err != nil {
			return err
		}
	}
	return nil
}

// visualizations are those that the run was asked to draw, with their options.
func (s *Subject) visualizations() ([]config.Selection, error) {
	words := strings.FieldsFunc(s.Record.Recorded("visualizations"), func(r rune) bool { return r == ',' })
	switch {
	case slices.Equal(words, []string{"none"}):
		return nil, nil
	case slices.Equal(words, []string{"all"}):
		words = nil
		for _, d := range visualization.Modules() {
			words = append(words, d.Name)
		}
	}
	return config.Selections(words)
}

// plotOptions are the options that a plot of that name was asked for with.
func (s *Subject) plotOptions(name string) string {
	asked, _ := s.visualizations() // without them, its defaults
	for _, selection := range asked {
		if selection.Name == name {
			return selection.Options
		}
	}
	return ""
}

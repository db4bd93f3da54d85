package recompute

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
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
	}
	var names []string
	for _, f := range drawn {
		if slices.Contains(names, f.Name) {
			return plotDiffers(plotsIndex, "plots", f.Name+" twice", "each plot once")
		}
		names = append(names, f.Name)
		if err := s.checkPlot(f, data); err != nil {
			return err
		}
	}
	return s.checkNothingMissing(names, data)
}

// checkNothingMissing finds plots that the settings of the record ask for and that can
// be drawn.
func (s *Subject) checkNothingMissing(names []string, data visualization.Data) error {
	asked, err := s.visualizations()
	if err != nil || !s.Ours { // the settings are checked where they are listed
		return nil
	}
	for _, selection := range asked {
		v, _, err := visualization.MakeVisualization(selection.Name, selection.Options)
		if err != nil {
			return finding.Unreadable(rundir.RecordFile, err)
		}
		if _, err := v.Draw(data); err == nil && !slices.Contains(names, selection.Name) {
			return plotDiffers(plotsIndex, "plots", finding.Nothing, selection.Name)
		}
	}
	return nil
}

func plotDiffers(file, figure, recorded, found string) error {
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
		return nil
	}
	if err != nil {
		return finding.Unreadable(plotsIndex, err)
	}
	return s.ComparePlot(f, found)
}

// ComparePlot compares a plot of the run or package with the same drawn again.
func (s *Subject) ComparePlot(recorded, found visualization.Figure) error {
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
		var d *finding.Difference
		errors.As(plotDiffers(f.file, f.figure, was, is), &d)
		return s.inOtherWords(d)
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

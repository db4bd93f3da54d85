package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// plotsIndex lists the plots of a run with the words that go with them.
const (
	plotsIndex  = "plots.json"
	plotsSchema = 1
)

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

// plotListForm is of plotsIndex.
var plotListForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{1}}

// plotName is the name of a plot, and of its files without the ending.
var plotName = regexp.MustCompile(`^[a-z0-9]+([_-][a-z0-9]+)*$`)

// WriteFigures writes the plots of the run, in the place of those it had.
func (d *Dir) WriteFigures(figures []visualization.Figure) error {
	return fileio.ReplaceDir(d.File(PlotsDir), func(dir string) error {
		list := plotList{Schema: plotsSchema, Plots: []plotNote{}}
		for _, f := range figures {
			svg := fileio.WriteBytes(filepath.Join(dir, f.Name+".svg"), f.SVG)
			png := fileio.WriteBytes(filepath.Join(dir, f.Name+".png"), f.PNG)
			if err := errors.Join(svg, png); err != nil {
				return err
			}
			list.Plots = append(list.Plots, plotNote{f.Name, f.Title, f.Alt})
		}
		return fileio.WriteJSON(filepath.Join(dir, plotsIndex), list)
	})
}

// maxPlot bounds a file of a plot in bytes.
const maxPlot = 64 << 20

// ReadFigures reads the plots of a run again; a run without has none.
func (d *Dir) ReadFigures() ([]visualization.Figure, error) {
	var list plotList
	if err := fileio.ReadJSON(d.File(PlotsDir, plotsIndex), &list, plotListForm); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	if list.Schema != plotsSchema {
		return nil, fmt.Errorf("%s has schema %d, this program reads %d", d.File(PlotsDir, plotsIndex), list.Schema, plotsSchema)
	}
	var figures []visualization.Figure
	for at, p := range list.Plots {
		if !plotName.MatchString(p.Name) || slices.ContainsFunc(list.Plots[:at], func(other plotNote) bool { return other.Name == p.Name }) {
			return nil, fmt.Errorf("%s: plots[%d].name: %.60q is no name of a plot, or that of another one", d.File(PlotsDir, plotsIndex), at, p.Name)
		}
		f := visualization.Figure{Name: p.Name, Title: p.Title, Alt: p.Alt}
		var svg, png error
		f.SVG, svg = fileio.ReadFile(d.File(PlotsDir, p.Name+".svg"), maxPlot)
		f.PNG, png = fileio.ReadFile(d.File(PlotsDir, p.Name+".png"), maxPlot)
		if err := errors.Join(svg, png); err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

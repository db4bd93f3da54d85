package eda

import (
	_ "embed"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/htmlpage"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// The files of an exploration, in its folder.
const (
	JSONFile = "eda.json"
	PageFile = "eda.html"
	PlotsDir = "plots"
)

//go:embed templates/eda.html.tmpl
var pageSource string

// page is what the template sees.
type page struct {
	*Exploration
	Style template.CSS
}

// HTML writes the report as one file without scripts that loads nothing from anywhere.
func (e *Exploration) HTML() ([]byte, error) {
	functions := htmlpage.Formats()
	functions["number"] = number
	functions["many"] = many
	functions["noun"] = dataset.PartNoun
	functions["join"] = strings.Join
	functions["hundred"] = func(share float64) float64 { return 100 * share }
	functions["share"] = func(n, of int) float64 { return float64(n) / float64(max(of, 1)) }
	return htmlpage.Render("the report on the data", pageSource, functions, page{e, htmlpage.Style()})
}

// Write writes all files of an exploration to the folder dir, in the place of what was there.
func (e *Exploration) Write(dir string) error {
	html, err := e.HTML()
	if err != nil {
		return err
	}
	return fileio.ReplaceDir(dir, func(dir string) error {
		plots := filepath.Join(dir, PlotsDir)
		if err := os.Mkdir(plots, 0o755); err != nil {
			return err
		}
		for _, f := range e.Figures {
			for ending, b := range map[string][]byte{".svg": f.SVG, ".png": f.PNG} {
				if err := fileio.WriteBytes(filepath.Join(plots, f.Name+ending), b); err != nil {
					return err
				}
			}
		}
		if err := fileio.WriteBytes(filepath.Join(dir, PageFile), html); err != nil {
			return err
		}
		return fileio.WriteJSON(filepath.Join(dir, JSONFile), &e.Report)
	})
}

// Read reads eda.json.
func Read(path string) (*Report, error) {
	r := &Report{}
	return r, fileio.ReadJSON(path, r, fileio.Form{MaxBytes: 64 << 20, Schemas: fileio.UpTo(Schema)})
}

// Figure is the figure of that name, nil where there is none.
func (e *Exploration) Figure(name string) *visualization.Figure {
	i := slices.IndexFunc(e.Figures, func(f visualization.Figure) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &e.Figures[i]
}

// Named are those of the figures that there are.
func (e *Exploration) Named(names ...string) []visualization.Figure {
	var found []visualization.Figure
	for _, name := range names {
		if f := e.Figure(name); f != nil {
			found = append(found, *f)
		}
	}
	return found
}

// Title is the names of the datasets.
func (e *Exploration) Title() string {
	var names []string
	for _, d := range e.Datasets {
		names = append(names, d.Name)
	}
	return strings.Join(names, " + ")
}

// Row is a line of the table of distributions.
type Row struct {
	Name string
	Distribution
}

// Rows are the distributions there are.
func (e *Exploration) Rows() []Row {
	rows := []Row{{"pixels", e.Sizes.Pixels}, {"aspect (width by height)", e.Aspect}, {"level", e.Level}, {"contrast", e.Contrast}, {"sharpness", e.Sharpness}}
	if e.Groups != nil {
		rows = append(rows, Row{"examples of a group", e.Groups.Size})
	}
	return rows
}

// BoxRows are the distributions over boxes.
func (e *Exploration) BoxRows() []Row {
	b := e.Boxes
	return []Row{{"side (pixels)", b.Side}, {"aspect (width by height)", b.Aspect}, {"share of the image", b.Share}, {"contrast", b.Contrast}, {"contrast by clutter", b.Ratio}}
}

// ClipRows are the distributions over clips.
func (e *Exploration) ClipRows() []Row {
	c := e.Clips
	return []Row{{"existence", c.Existence}, {"unchanged pixels", c.Unchanged}, {"level", c.Level}, {"contrast", c.Contrast}, {"sharpness", c.Sharpness}}
}

// UnusedClips are the clips that gave no example, by the reason.
func (e *Exploration) UnusedClips() (all []Without) {
	for _, c := range e.Clips.Unused {
		at := slices.IndexFunc(all, func(w Without) bool { return w.Why == c.Why })
		if at < 0 {
			at = len(all)
			all = append(all, Without{Why: c.Why})
		}
		all[at].Sources = append(all[at].Sources, c.Source)
	}
	return all
}

// Without are clips without an example.
type Without struct {
	Why     string
	Sources []string
}

// ClipWarnings are what was found wrong with clips and their labels.
func (e *Exploration) ClipWarnings() []string {
	var all []string
	for _, c := range e.Clips.Listed {
		all = append(all, c.Warnings...)
	}
	return all[:min(maxListed, len(all))]
}

// HasImages says whether some examples are of no clip.
func (r *Report) HasImages() bool { return r.Clips == nil || r.Clips.Examples < r.Examples }

// number writes a number in four digits, or all that are before the point.
func number(v float64) string {
	if whole := math.RoundToEven(v); v == whole || math.Abs(v) >= 1000 {
		return metric.Count(int(whole))
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// many counts things: "1 set", "2,000 sets".
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return metric.Count(n) + " " + noun + "s"
}

package preprocess

import (
	_ "embed"
	"fmt"
	"sync"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

//go:embed opencv.json
var measured []byte

// comparison is how OpenCV's resize differs from the filters on the test images, as
// testdata/measure_opencv.py measured it.
type comparison struct {
	Versions struct {
		OpenCV  string `json:"opencv"`
		Pillow  string `json:"pillow"`
		NumPy   string `json:"numpy"`
		Machine string `json:"machine"`
	} `json:"versions"`
	Rows []Difference `json:"rows"`
}

// Difference is by how much OpenCV's resize differs from a filter on the ten test images
// together, stretched to Size x Size pixels in colour.
type Difference struct {
	Filter        string  `json:"filter"`
	Size          int     `json:"size"`          // pixels
	Interpolation string  `json:"interpolation"` // OpenCV's, such as "INTER_AREA"
	Differing     float64 `json:"differing"`     // values that differ, in percent
	Mean          float64 `json:"mean"`          // of the distance of all values, in levels of 0 to 255
	Max           int     `json:"max"`           // of the distance, in levels
}

var readComparison = sync.OnceValues(func() (*comparison, error) {
	c := &comparison{}
	if err := fileio.DecodeJSON(measured, c, fileio.Form{}); err != nil {
		return nil, fmt.Errorf("opencv.json: %w", err)
	}
	return c, nil
})

// OpenCV is the version of OpenCV that was measured, and what was found for the filter of
// the rule.
func (p *Preprocessing) OpenCV() (version string, found []Difference, err error) {
	c, err := readComparison()
	if err != nil {
		return "", nil, err
	}
	for _, row := range c.Rows {
		if row.Filter == p.Resize.Filter {
			found = append(found, row)
		}
	}
	return c.Versions.OpenCV, found, nil
}

// Nearest are those of the differences whose size is nearest to the shorter side of the
// input, of two as near the smaller.
func (p *Preprocessing) Nearest(all []Difference) []Difference {
	side := min(p.Input.Width, p.Input.Height)
	var nearest []Difference
	for _, d := range all {
		switch {
		case len(nearest) == 0 || apart(d.Size, side) < apart(nearest[0].Size, side):
			nearest = []Difference{d}
		case d.Size == nearest[0].Size:
			nearest = append(nearest, d)
		}
	}
	return nearest
}

// OpenCVWords says by how much OpenCV's resize differs from that of the rule, for the size that
// is nearest to the input's.
func OpenCVWords(rule imaging.Rule) (string, error) {
	p := newRule(rule)
	version, all, err := p.OpenCV()
	if err != nil {
		return "", err
	}
	text, size := "", 0
	for _, d := range p.Nearest(all) {
		if text != "" {
			text += ", with "
		}
		size = d.Size
		text += fmt.Sprintf("%s %.1f %% of the values differ, by %.2f levels of 255 on average and %d at most", d.Interpolation, d.Differing, d.Mean, d.Max)
	}
	return fmt.Sprintf("OpenCV's resize gives other bytes: of the ten test images, in colour and stretched to %dx%d pixels by OpenCV %s, with %s", size, size, version, text), nil
}

func apart(a, b int) int { return max(a-b, b-a) }

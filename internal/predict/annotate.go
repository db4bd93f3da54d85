package predict

import (
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/predict/paint"
)

// Names gives annotated pictures names that are all different.
type Names struct{ taken map[string]bool }

// ofNames are the names that Names gives.
var ofNames = regexp.MustCompile(`-predicted(-[0-9]+)?\.(png|mp4)$`)

// Of is the name of a file for a source: its own without ending, with "-predicted", a number
// where that was given before, and the ending.
func (n *Names) Of(source, ending string) string {
	base := filepath.Base(source)
	base = strings.TrimSuffix(base, filepath.Ext(base))
	base = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:`, r) {
			return '_'
		}
		return r
	}, base) + "-predicted"
	name := base + ending
	for i := 2; n.taken[name]; i++ {
		name = fmt.Sprintf("%s-%d%s", base, i, ending)
	}
	if n.taken == nil {
		n.taken = map[string]bool{}
	}
	n.taken[name] = true
	return name
}

// annotate writes the picture with its label, where that is asked for.
func (p *Predictor) annotate(prediction *Prediction) error {
	if p.request.Annotate == "" {
		return nil
	}
	img, err := p.Rule.Decoder().DecodeFile(prediction.Source)
	if err != nil {
		return err
	}
	canvas := paint.New(img)
	img.Release()
	canvas.Text(prediction.caption(), color.RGBA{255, 255, 255, 255})
	if prediction.Index != nil {
		canvas.Bar(full(canvas.Width(), *prediction.Index))
	}
	if err := os.MkdirAll(p.request.Annotate, 0o777); err != nil {
		return err
	}
	path := filepath.Join(p.request.Annotate, p.names.Of(prediction.Source, ".png"))
	return fileio.WriteAtomic(path, func(w io.Writer) error { return canvas.Image().WritePNG(w) })
}

// full is a time line of one class.
func full(width, class int) []int {
	line := make([]int, width)
	for x := range line {
		line[x] = class
	}
	return line
}

func (p *Prediction) caption() string {
	switch {
	case p.Probability != nil:
		return fmt.Sprintf("%s %.3f", p.Label, *p.Probability)
	case p.Score != nil && p.Anomaly != nil && *p.Anomaly:
		return fmt.Sprintf("score %.5f, unusual", *p.Score)
	case p.Score != nil:
		return fmt.Sprintf("score %.5f", *p.Score)
	}
	return ""
}

package visualization

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// DetectionCurve is how many targets of clips are found, and how many false alarms come with
// that, at falling thresholds on the score.
type DetectionCurve struct {
	Part    string
	Shares  []float64 // of the targets, that are found
	Alarms  []float64 // false alarms a minute
	Chosen  int       // index of the threshold that is judged
	Painted bool      // counted where targets are painted over, not on empty frames
}

type detectionCurve struct{}

func newDetectionCurve(*config.Options) (Visualization, error) { return detectionCurve{}, nil }

// Draw implements Visualization.
func (detectionCurve) Draw(d Data) (Figure, error) {
	c := d.Detection
	if c == nil || len(c.Shares) == 0 {
		return Figure{}, ErrNothingToDraw
	}
	title := fmt.Sprintf("Targets found and false alarms, %s part", c.Part)
	on := "empty frames"
	if c.Painted {
		on = "frames whose targets are painted over"
	}
	note := fmt.Sprintf("ringed: %s %% at %.4g a minute", metric.Percent(c.Shares[c.Chosen]), c.Alarms[c.Chosen])
	alt := fmt.Sprintf("Line chart of the share of the targets that are found against the false alarms a minute on %s, at %d thresholds. The one that is chosen on the validation part finds %s %% with %.4g false alarms a minute.",
		on, len(c.Shares), metric.Percent(c.Shares[c.Chosen]), c.Alarms[c.Chosen])
	return render("detection-curve", title, alt, chartWidth, chartHeight, func(p page) { c.paint(p, title, on, note) })
}

func (c *DetectionCurve) paint(p page, title, on, words string) {
	top := p.title(title)
	p.words(note, margin, top+textSize, note.fit(words, p.width-2*margin))
	most := 1.0
	for _, v := range c.Alarms {
		most = max(most, v)
	}
	a := newAxes(p, top+textSize+18, newScale(0, most, 6, plainLabel), newScale(0, 1, 5, percentLabel))
	a.labelX, a.labelY = "false alarms a minute, on "+on, "targets found (%)"
	a.paint(p)
	points := make([]vg.Point, len(c.Shares))
	for at, share := range c.Shares {
		points[at] = a.at(c.Alarms[at], share)
	}
	if len(points) > 1 {
		p.polyline(points, stroke(1.8, blue))
	}
	for _, at := range points {
		p.disc(at.X, at.Y, 2.4, blue)
	}
	p.circle(points[c.Chosen].X, points[c.Chosen].Y, 5.5, stroke(0.75, blue))
}

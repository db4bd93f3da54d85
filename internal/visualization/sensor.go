package visualization

import (
	"fmt"

	"gonum.org/v1/plot/vg"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
)

type sensorImages struct{ grid }

func newSensorImages(o *config.Options) (Visualization, error) {
	v := &sensorImages{grid{name: "sensor-images", title: "Through the sensor: image above, as the sensor shows it below"}}
	v.declare(o)
	return v, nil
}

// Draw implements Visualization.
func (v *sensorImages) Draw(d Data) (Figure, error) { return v.draw(d.Seen) }

type sensorAccuracy struct{}

func newSensorAccuracy(*config.Options) (Visualization, error) { return sensorAccuracy{}, nil }

// Draw implements Visualization.
func (sensorAccuracy) Draw(d Data) (Figure, error) {
	c := d.Sensor
	if c == nil || len(c.Points) < 2 {
		return Figure{}, ErrNothingToDraw
	}
	first, last := c.Points[0], c.Points[len(c.Points)-1]
	title := fmt.Sprintf("Accuracy through the sensor, %s part", c.Part)
	alt := fmt.Sprintf("Line chart of the accuracy by severity of the sensor, with 95 %% intervals: %s %% at severity %v, %s %% at severity %v.",
		metric.Percent(first.Accuracy), first.Severity, metric.Percent(last.Accuracy), last.Severity)
	return render("sensor-accuracy", title, alt, chartWidth, chartHeight, func(p page) { paintSensor(p, title, c) })
}

// paintSensor draws the curve, with an interval at each point.
func paintSensor(p page, title string, c *metric.SensorCurve) {
	top := p.title(title)
	words := "bars: 95 % intervals"
	if c.Points[0].GroupCounts != nil {
		words += " by groups"
	}
	p.words(note, margin, top+textSize, note.fit(words+"; at 3 the sensor is as its profile says, at 0 it has neither noise nor blur", p.width-2*margin))
	low := 1.0
	for _, point := range c.Points {
		low = min(low, point.Interval.Low)
	}
	last := c.Points[len(c.Points)-1].Severity
	a := newAxes(p, top+textSize+18, newScale(c.Points[0].Severity, last, len(c.Points), plainLabel), accuracyScale(low, 1))
	a.labelX, a.labelY = "severity of the sensor", "accuracy (%)"
	a.paint(p)
	points := make([]vg.Point, len(c.Points))
	for at, point := range c.Points {
		points[at] = a.at(point.Severity, point.Accuracy)
		lower, upper := a.at(point.Severity, point.Interval.Low), a.at(point.Severity, point.Interval.High)
		p.line(lower.X, lower.Y, upper.X, upper.Y, stroke(1, blue))
	}
	p.polyline(points, stroke(1.8, blue))
	for _, at := range points {
		p.disc(at.X, at.Y, 2.4, blue)
	}
}

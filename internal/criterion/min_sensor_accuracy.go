package criterion

import (
	"errors"
	"math"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

type minSensorAccuracy struct {
	bound
	severity float64
}

func newMinSensorAccuracy(o *config.Options) (Criterion, error) {
	c := &minSensorAccuracy{bound: bound{name: "min_sensor_accuracy", op: ">=", unit: "share", of: ClassEvaluation}}
	o.Float64(&c.threshold, "threshold", 0.75, "lowest accuracy on the test part as the sensor shows it", config.Share)
	o.Float64(&c.severity, "severity", sensor.AsGiven, "0 to 5: how strong noise, blur and patterns of the sensor are; 3: as its profile says", IsSeverity)
	return c, nil
}

// IsSeverity refuses a severity at which nothing is measured.
func IsSeverity(v float64) error {
	if v < 0 || v > sensor.MaxSeverity || v != math.Floor(v) {
		return errors.New("want a whole number from 0 to 5")
	}
	return nil
}

// Judge implements Criterion.
func (c *minSensorAccuracy) Judge(m Measurements) Verdict {
	v := c.judge(m)
	v.Severity = &c.severity
	return v
}

func (c *minSensorAccuracy) judge(m Measurements) Verdict {
	p := m.Sensor.At(c.severity)
	switch {
	case m.Sensor == nil:
		return c.refused("the run has no sensor profile, so that nothing is known of how the model does on what the sensor shows: train with --sensor PROFILE")
	case p == nil:
		return c.refused("the model was not evaluated at severity %v of the sensor: evaluate the run again", c.severity)
	}
	v := c.measured(p.Accuracy, "at severity %v of the sensor, %s of %s test examples are right (95 %% interval %s %%)",
		c.severity, metric.Count(p.Correct), metric.Count(m.Sensor.Examples), p.Interval.Percent())
	v.Interval = &p.Interval
	return v
}

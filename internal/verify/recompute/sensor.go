package recompute

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// sensed says whether the model was scored on what a sensor shows.
func (s *Subject) sensed() bool {
	_, is := s.results[dataset.PartTest].(*metric.Evaluation)
	return is && s.Record.Identity.Sensor != nil
}

// checkSensor reads how the model does through the sensor, whose figures follow from its counts,
// and compares it with the evaluation of the test part and with the record.
func (s *Subject) checkSensor() error {
	if !s.sensed() {
		return nil
	}
	name := layout.SensorFile
	c, err := metric.ReadSensorCurve(s.file(name))
	if err != nil {
		return s.lacking(name, err)
	}
	if err := c.CheckAgainst(s.results[dataset.PartTest].(*metric.Evaluation)); err != nil {
		return finding.Unreadable(name, err)
	}
	if c.Seed != uint64(s.settings.Seed) {
		return &finding.Difference{File: name, Figure: "seed", Recorded: fmt.Sprint(c.Seed), Found: fmt.Sprint(s.settings.Seed), Cause: finding.Changed(name, rundir.RecordFile)}
	}
	if n := len(c.Points); n != sensor.MaxSeverity+1 || c.At(0) == nil || c.At(sensor.MaxSeverity) == nil {
		return &finding.Difference{File: name, Figure: "severities", Recorded: fmt.Sprint(n), Found: fmt.Sprintf("%d, from 0 to %d", sensor.MaxSeverity+1, sensor.MaxSeverity), Cause: finding.Changed(name)}
	}
	s.curve = c
	return s.compare(name, c)
}

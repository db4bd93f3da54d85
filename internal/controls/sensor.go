package controls

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// enterSensor scores the model on the test part as the run's sensor shows it, at each severity,
// and writes that into the directory of the run and its record. Without a sensor, and for models
// that tell no classes apart, it does nothing. A curve that stands is kept.
func (r *Run) enterSensor(ctx context.Context, d *rundir.Dir, record *rundir.Record, model *classifier.Classifier, results []metric.Result) error {
	test := sensed(record, results)
	if test == nil {
		return nil
	}
	made, err := metric.ReadSensorCurve(d.File(layout.SensorFile))
	if err != nil || d.CheckFile(record, layout.SensorFile) != nil || made.CheckAgainst(test) != nil || made.CheckSeverities(sensor.MaxSeverity) != nil {
		if made, err = r.SensorCurve(ctx, model, test); err != nil {
			return err
		}
		if err := fileio.WriteJSON(d.File(layout.SensorFile), made); err != nil {
			return err
		}
		if err := d.NoteFiles(record, layout.SensorFile); err != nil {
			return err
		}
	}
	r.Env.Show("sensor", fmt.Sprintf("seen through the sensor: %s\n%s", d.File(layout.SensorFile), made.Table()), "file", d.File(layout.SensorFile))
	return nil
}

// sensed is the evaluation of the test part that a curve is of; nil where there is no curve.
func sensed(record *rundir.Record, results []metric.Result) *metric.Evaluation {
	if record.Identity.Sensor == nil {
		return nil
	}
	for _, result := range results {
		if e, is := result.(*metric.Evaluation); is && e.Part == dataset.PartTest.String() {
			return e
		}
	}
	return nil
}

// SensorCurve scores the model of an evaluation of the test part on what the run's sensor shows of
// it, at severities from 0 to the largest.
func (r *Run) SensorCurve(ctx context.Context, model *classifier.Classifier, test *metric.Evaluation) (*metric.SensorCurve, error) {
	by := r.Data.Sensor(r.Settings)
	curve, list := metric.NewSensorCurve(test, by.Seed), r.Data.Split.Test
	for severity := 0.0; severity <= sensor.MaxSeverity; severity++ {
		seen, remove := progress.ObserveScoring(r.Env.Log, r.Env.Progress, fmt.Sprintf("evaluating the test part through the sensor, severity %v", severity))
		model.Seen = seen
		l := &dataset.Loader{Dataset: by.Through(r.Data.All, severity), Rule: r.Data.TestRule, Workers: r.Settings.WorkerCount()}
		tally, err := model.Tally(ctx, l, list, l.Workers)
		remove()
		if err != nil {
			return nil, err
		}
		result, err := tally.Result()
		if err != nil {
			return nil, err
		}
		AddGroups(result, tally, r.Data.All, list)
		AddClips(result, tally, r.Data.All, list, TrainedOn(r.Data.All, r.Data.Split.Train))
		e, is := result.(*metric.Evaluation)
		if !is {
			return nil, fmt.Errorf("the evaluation through the sensor is of target %s: want one of classes", result.Header().TargetName())
		}
		curve.Add(severity, e)
	}
	return curve, nil
}

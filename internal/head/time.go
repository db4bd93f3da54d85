package head

import (
	"context"
	"time"
)

// What a training of the head usually takes, and what of it is measured.
const (
	usualEvaluations = 70   // of the objective, for a penalty; ten classes of photographs took 58 steps, some of more than one
	timedRows        = 2048 // at most
)

// Time estimates how long [Train] takes with so many penalties and rows of d features and k
// classes, and [LearningCurve] after it. It measures one evaluation of the objective on
// features that are made up.
func Time(ctx context.Context, penalties, rows, d, k, workers int) (time.Duration, error) {
	timed := min(rows, timedRows)
	made := &Examples{Features: make([]float32, timed*d), Labels: make([]int, timed)}
	for i := range made.Features {
		made.Features[i] = float32(i%7919) / 7919
	}
	for i := range made.Labels {
		made.Labels[i] = i % k
	}
	p := part{Examples: made, d: d}
	scaling, err := measureScaling(ctx, p, workers)
	if err != nil {
		return 0, err
	}
	m := newMinimizer(newObjective(p, k, scaling, workers))
	var took time.Duration
	for range 2 { // the first finds nothing in the caches
		started := time.Now()
		if _, err := m.evaluate(ctx, m.w, m.gradient); err != nil {
			return 0, err
		}
		took = time.Since(started)
	}
	shares := 0.0
	for _, percent := range CurvePercents() { // 100 is the training itself
		shares += float64(percent) / 100
	}
	return time.Duration(float64(took) * shares * float64(usualEvaluations*penalties) * float64(rows) / float64(timed)), nil
}

package sensorfit

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/sensor/measure"
)

// spreadOf describes values of clips. se is the standard error of the one, where there is one.
func spreadOf(values []float64, se float64, by string) Spread {
	slices.Sort(values)
	n := len(values)
	s := Spread{Value: values[(n-1)/2], Clips: n, By: measure.Clips, Low: values[0], High: values[n-1]}
	switch {
	case n == 1:
		s.Low, s.High, s.By = max(0, s.Value-2*se), s.Value+2*se, by
	case n >= 10:
		s.Low, s.High = values[(n-1)/10], values[(n-1)*9/10]
	}
	return s
}

// over collects a figure of the clips that have it; nil where none has.
func (r *Result) over(figure func(*measure.Report) *measure.Figure) *Spread {
	var values []float64
	var last *measure.Figure
	for _, clip := range r.Clips {
		if f := figure(clip); f != nil {
			values = append(values, f.Value)
			last = f
		}
	}
	if last == nil {
		return nil
	}
	s := spreadOf(values, last.Error, last.By)
	return &s
}

// each collects a number that every clip has.
func (r *Result) each(number func(*measure.Report) float64) Spread {
	var values []float64
	for _, clip := range r.Clips {
		values = append(values, number(clip))
	}
	return spreadOf(values, 0, measure.Analytic)
}

// between collects bounds: their lowest and highest over clips, which each clip narrows by
// itself.
func (r *Result) between(bounds func(*measure.Transfer) measure.Bounds) *Spread {
	var found *Spread
	for _, clip := range r.Clips {
		if clip.Transfer == nil {
			continue
		}
		b := bounds(clip.Transfer)
		if found == nil {
			found = &Spread{Low: b.Low, High: b.High, By: measure.Analytic}
		}
		found.Clips++
		if low, high := max(found.Low, b.Low), min(found.High, b.High); low <= high {
			found.Low, found.High = low, high // what all clips allow
		} else {
			found.Low, found.High, found.By = min(found.Low, b.Low), max(found.High, b.High), measure.Clips
		}
	}
	if found != nil {
		found.Value = float64(found.Low/2) + float64(found.High/2)
	}
	return found
}

// summarize describes all clips together.
func (r *Result) summarize() {
	first, s := r.Clips[0], &r.Summary
	s.Width, s.Height = r.commonSize()
	s.RateHz = first.RateHz
	for _, clip := range r.Clips {
		s.BitDepth = max(s.BitDepth, clip.Levels.BitDepth)
		s.Colour = s.Colour || clip.Colour
		if clip.Width != s.Width || clip.Height != s.Height {
			s.Sizes++
		}
	}
	s.Unchanged = r.each(func(c *measure.Report) float64 { return c.Unchanged })
	r.summarizeNoise()
	s.Blur = r.over(func(c *measure.Report) *measure.Figure {
		if c.Blur == nil {
			return nil
		}
		return c.Blur.Sigma
	})
	s.LevelsLow = r.each(func(c *measure.Report) float64 { return float64(c.Levels.Range().Low) })
	s.LevelsTop = r.each(func(c *measure.Report) float64 { return float64(c.Levels.Range().High) })
	s.Levels = imaging.Levels{Low: 65535}
	for _, clip := range r.Clips {
		l := clip.Levels.Range()
		s.Levels = imaging.Levels{Low: min(s.Levels.Low, l.Low), High: max(s.Levels.High, l.High)}
	}
	r.summarizeDrift()
	s.Defects = r.over(func(c *measure.Report) *measure.Figure {
		if c.Defects == nil {
			return nil
		}
		return &c.Defects.PPM
	})
	s.Level = r.each(func(c *measure.Report) float64 { return c.Look.Level })
	s.Contrast = r.each(func(c *measure.Report) float64 { return c.Look.Contrast })
	s.Sharpness = r.each(func(c *measure.Report) float64 { return c.Look.Sharpness })
	r.countDeclined()
}

// commonSize is the size of most clips, of the first of them where two are as common.
func (r *Result) commonSize() (width, height int) {
	counts, most := map[[2]int]int{}, 0
	for _, clip := range r.Clips {
		counts[[2]int{clip.Width, clip.Height}]++
	}
	for _, clip := range r.Clips {
		if n := counts[[2]int{clip.Width, clip.Height}]; n > most {
			most, width, height = n, clip.Width, clip.Height
		}
	}
	return width, height
}

func (r *Result) summarizeNoise() {
	s := &r.Summary
	component := func(of func(*measure.Noise3D) *measure.Figure) *Spread {
		return r.over(func(c *measure.Report) *measure.Figure {
			if c.Noise == nil {
				return nil
			}
			return of(c.Noise)
		})
	}
	s.Noise = Noise3D{
		TVH: component(func(n *measure.Noise3D) *measure.Figure { return n.TVH }),
		VH:  component(func(n *measure.Noise3D) *measure.Figure { return n.VH }),
		V:   component(func(n *measure.Noise3D) *measure.Figure { return n.V }),
		H:   component(func(n *measure.Noise3D) *measure.Figure { return n.H }),
		TV:  component(func(n *measure.Noise3D) *measure.Figure { return n.TV }),
		TH:  component(func(n *measure.Noise3D) *measure.Figure { return n.TH }),
		T:   component(func(n *measure.Noise3D) *measure.Figure { return n.T }),
	}
	transfer := func(of func(*measure.Transfer) *measure.Figure) *Spread {
		return r.over(func(c *measure.Report) *measure.Figure {
			if c.Transfer == nil {
				return nil
			}
			return of(c.Transfer)
		})
	}
	s.Gain = transfer(func(t *measure.Transfer) *measure.Figure { return &t.Gain })
	s.DSNU = transfer(func(t *measure.Transfer) *measure.Figure { return t.DSNU })
	s.PRNU = transfer(func(t *measure.Transfer) *measure.Figure { return t.PRNU })
	s.Black = r.between(func(t *measure.Transfer) measure.Bounds { return t.Black })
	s.Read = r.between(func(t *measure.Transfer) measure.Bounds { return t.ReadNoise })
}

func (r *Result) summarizeDrift() {
	s := &r.Summary
	s.AGC = measure.UnknownAGC
	var means []float64
	for _, clip := range r.Clips {
		if clip.Drift == nil {
			continue
		}
		means = append(means, clip.Drift.Mean)
		if clip.Drift.AGC == measure.Drifts {
			s.Drifting++
		}
		if clip.Drift.AGC == measure.Drifts || s.AGC == measure.UnknownAGC {
			s.AGC = clip.Drift.AGC
		}
	}
	s.GainDrift = r.over(func(c *measure.Report) *measure.Figure {
		if c.Drift == nil {
			return nil
		}
		return c.Drift.Gain
	})
	if len(means) > 0 {
		spread := spreadOf(means, 0, measure.Analytic)
		s.MeanDrift = &spread
	}
}

// countDeclined counts what could not be measured, in the order in which it first comes. What
// the first clips have for one reason is one entry.
func (r *Result) countDeclined() {
	var list []Count
	for _, clip := range r.Clips {
		for _, d := range clip.Declined {
			at := slices.IndexFunc(list, func(c Count) bool { return c.What == d.What })
			if at < 0 {
				at = len(list)
				list = append(list, Count{d.What, d.Why, 0})
			}
			list[at].Clips++
		}
	}
	r.Summary.Declined = []Count{}
	for _, c := range list {
		joined := r.Summary.Declined
		if at := slices.IndexFunc(joined, func(other Count) bool { return other.Why == c.Why && other.Clips == c.Clips }); at >= 0 {
			joined[at].What += ", " + c.What
			continue
		}
		r.Summary.Declined = append(joined, c)
	}
}

package detection

import "github.com/blocktrain/blocktrain/internal/metric"

// The uses of the numbers of the bootstrap: one for each figure, 4096 classes apart.
const (
	useFirst = 1<<22 + iota<<12
	useTrack
	useBest
	useOver30
	useOver50
	useOverlap
	useFound
	useAlarms
)

// sum makes all figures that follow from thresholds and clips; labels are the names of the
// classes by their numbers.
func (r *Result) sum(labels []string) {
	r.All = figuresOf(r.Each, 0)
	r.PerClass = []ClassFigures{}
	for class, label := range labels {
		var list []Line
		for _, l := range r.Each {
			if l.Class == class {
				list = append(list, l)
			}
		}
		if len(list) > 0 {
			r.PerClass = append(r.PerClass, ClassFigures{label, figuresOf(list, uint32(class)+1)})
		}
	}
	r.Quiet.Frames, r.Quiet.Microseconds = 0, 0
	for _, l := range r.Each {
		r.Quiet.Frames += l.QuietFrames
		r.Quiet.Microseconds += l.Microseconds
	}
	r.Curve = []CurvePoint{}
	for at, score := range r.Thresholds.Scores {
		p := CurvePoint{Score: score}
		for _, l := range r.Each {
			p.Found += l.Found[at]
			p.Alarms += l.Alarms[at]
		}
		p.Share, p.PerMinute = metric.Quotient(p.Found, r.All.Targets), r.perMinute(float64(p.Alarms))
		r.Curve = append(r.Curve, p)
	}
	r.Threshold = r.atThreshold()
}

// minute is one in microseconds.
const minute = 60e6

// perMinute is so many false alarms over the length of the quiet frames; nil without any.
func (r *Result) perMinute(alarms float64) *float64 {
	if r.Quiet.Microseconds == 0 {
		return nil
	}
	rate := float64(alarms*minute) / float64(r.Quiet.Microseconds)
	return &rate
}

// atThreshold is what the chosen threshold gives; nil where there is none.
func (r *Result) atThreshold() *AtThreshold {
	at := r.Thresholds.Chosen
	if at >= len(r.Curve) {
		return nil
	}
	p := r.Curve[at]
	t := &AtThreshold{p.Score, Rates{Alarms: p.Alarms, PerMinute: p.PerMinute}}
	t.Found = shareOf(r.Each, useFound, func(l *Line) (int, int) { return l.Found[at], l.Targets })
	quiet := shareOf(r.Each, useAlarms, func(l *Line) (int, int) { return l.Alarms[at], l.QuietFrames })
	if quiet.Interval != nil && t.PerMinute != nil { // of frames, as many as come in a minute
		frames := float64(r.Quiet.Frames)
		t.Interval = &metric.Interval{Low: *r.perMinute(float64(quiet.Interval.Low * frames)), High: *r.perMinute(float64(quiet.Interval.High * frames))}
	}
	return t
}

// figuresOf are those of clips; class tells the draws for their intervals apart.
func figuresOf(list []Line, class uint32) Figures {
	f := Figures{Clips: len(list)}
	for _, l := range list {
		f.Targets += l.Targets
	}
	share := func(use uint32, count func(*Line) int) Share {
		return shareOf(list, use+class, func(l *Line) (int, int) { return count(l), l.Targets })
	}
	f.First = share(useFirst, func(l *Line) int { return l.First })
	f.Track = share(useTrack, func(l *Line) int { return l.Track })
	f.Best = share(useBest, func(l *Line) int { return l.Best })
	f.Over30 = share(useOver30, func(l *Line) int { return l.Over30 })
	f.Over50 = share(useOver50, func(l *Line) int { return l.Over50 })
	mean := shareOf(list, useOverlap+class, func(l *Line) (int, int) { return l.Overlap, l.Targets * whole })
	f.IoU, f.IoUInterval = mean.Share, mean.Interval
	return f
}

// shareOf adds up what clips give, with the interval by groups.
func shareOf(list []Line, use uint32, gives func(*Line) (count, of int)) Share {
	places := map[int]int{} // group -> index
	var groups []metric.GroupShare
	s, total := Share{}, 0
	for i := range list {
		at, known := places[list[i].Group]
		if !known {
			at = len(groups)
			places[list[i].Group] = at
			groups = append(groups, metric.GroupShare{})
		}
		count, of := gives(&list[i])
		groups[at].Correct += count
		groups[at].Examples += of
		s.Count += count
		total += of
	}
	s.Share, s.Interval = metric.Quotient(s.Count, total), metric.GroupInterval(groups, use)
	return s
}

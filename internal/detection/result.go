package detection

import (
	"cmp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/metric"
)

// schema is that of the files of results.
const schema = 1

// Result is how well the targets of the clips of a part are found. All figures follow from
// Thresholds and Each. Intervals are 95 %, by the groups of the data.
type Result struct {
	Schema     int            `json:"schema"`
	Dataset    string         `json:"dataset"`
	Part       string         `json:"part"`
	All        Figures        `json:"all"`
	PerClass   []ClassFigures `json:"per_class"` // of clips, without background
	Threshold  *AtThreshold   `json:"at_threshold,omitempty"`
	Quiet      Quiet          `json:"quiet"`
	Curve      []CurvePoint   `json:"curve"`
	Thresholds Thresholds     `json:"thresholds"`
	Each       []Line         `json:"each"`
	Speed      *Speed         `json:"speed,omitempty"` // of the test part alone
}

// Figures are shares of the frames that are labelled with a target.
type Figures struct {
	Clips   int   `json:"clips"`
	Targets int   `json:"targets"`    // frames with one
	First   Share `json:"first"`      // the best proposal of the frame is the target
	Track   Share `json:"track"`      // the track goes through the target
	Best    Share `json:"among_five"` // one of the five best proposals is the target
	Over30  Share `json:"iou_over_30"`
	Over50  Share `json:"iou_over_50"`
	// IoU is the mean of intersection over union of the labelled box and that on the track.
	IoU         *float64         `json:"iou"`
	IoUInterval *metric.Interval `json:"iou_interval"`
}

// Share is how many of so many count; nil of none.
type Share struct {
	Count    int              `json:"count"`
	Share    *float64         `json:"share"`
	Interval *metric.Interval `json:"interval"`
}

// ClassFigures are those of the clips of a class.
type ClassFigures struct {
	Label string `json:"label"`
	Figures
}

// AtThreshold is what a threshold on scores gives that was chosen on the validation part.
type AtThreshold struct {
	Score float64 `json:"score"`
	Rates
}

// Rates are what a threshold gives.
type Rates struct {
	// Found are the targets that the track goes through with at least that score.
	Found Share `json:"found"`
	// Alarms are frames in which something has that score though there is no target.
	Alarms    int              `json:"alarms"`
	PerMinute *float64         `json:"alarms_per_minute"`
	Interval  *metric.Interval `json:"alarms_per_minute_interval"`
}

// Quiet are the frames that false alarms are counted on.
type Quiet struct {
	On           string `json:"on"` // "empty" or "painted"
	Frames       int    `json:"frames"`
	Microseconds int    `json:"microseconds"`
}

// What false alarms are counted on: frames that are labelled as empty, or all labelled frames,
// with their targets painted over.
const (
	OnEmpty   = "empty"
	OnPainted = "painted"
)

// CurvePoint is what one of the thresholds gives.
type CurvePoint struct {
	Score     float64  `json:"score"`
	Found     int      `json:"found"`
	Share     *float64 `json:"share"`
	Alarms    int      `json:"alarms"`
	PerMinute *float64 `json:"alarms_per_minute"`
}

// Thresholds are scores at which targets and false alarms are counted, from the highest on.
type Thresholds struct {
	Scores []float64 `json:"scores"`
	Chosen int       `json:"chosen"`  // index of the first that finds [Wanted] of the targets of the validation part; else the last one
	Enough bool      `json:"reached"` // it finds as many
}

// Line is what is known of a clip.
type Line struct {
	Dataset int    `json:"dataset"` // of several that are joined, from 0
	Clip    string `json:"clip"`
	Class   int    `json:"class"`
	Group   int    `json:"group"` // from 0, in the order of clips
	Targets int    `json:"targets"`
	First   int    `json:"first"`
	Track   int    `json:"track"`
	Best    int    `json:"among_five"`
	Over30  int    `json:"iou_over_30"`
	Over50  int    `json:"iou_over_50"`
	Overlap int    `json:"iou_millionths"` // sum over targets
	Found   []int  `json:"found"`          // at each threshold

	QuietFrames  int   `json:"quiet_frames"`
	Microseconds int   `json:"quiet_microseconds"`
	Alarms       []int `json:"alarms"` // at each threshold
}

// steps is how many thresholds there are at most, and wanted how many thirtieths of the targets
// the chosen one finds.
const (
	steps  = 30
	wanted = 27
)

// Wanted is the share of the targets that the threshold is chosen for, in per cent.
const Wanted = 100 * wanted / steps

// Choose makes the thresholds by the targets of the validation part: for each thirtieth of
// them the highest score at which as many are found, and where so many are never found, the
// highest at which the most are.
func (s *Scan) Choose() Thresholds {
	var scores []float64
	targets := 0
	for _, c := range s.clips {
		for _, f := range c.frames {
			if f.kind != target {
				continue
			}
			targets++
			if f.tracked && f.score > 0 {
				scores = append(scores, f.score)
			}
		}
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })
	t := Thresholds{Scores: []float64{}}
	for step := 1; step <= steps && len(scores) > 0; step++ {
		n := min((step*targets+steps-1)/steps, len(scores))
		if score := scores[n-1]; len(t.Scores) == 0 || score < t.Scores[len(t.Scores)-1] {
			t.Scores = append(t.Scores, score)
		}
		if step <= wanted {
			t.Chosen, t.Enough = len(t.Scores)-1, steps*len(scores) >= wanted*targets
		}
	}
	return t
}

// Result are the figures of the part, with the thresholds of the validation part.
func (s *Scan) Result(part string, t Thresholds) *Result {
	r := &Result{Schema: schema, Part: part, Thresholds: t, Quiet: Quiet{On: OnEmpty}, Each: []Line{}}
	if s.painted {
		r.Quiet.On = OnPainted
	}
	for at := range s.clips {
		r.Each = append(r.Each, s.clips[at].lineAt(t.Scores, s.painted))
	}
	r.sum(s.classes)
	return r
}

// lineAt is the line of a clip, with what thresholds give.
func (c *clip) lineAt(scores []float64, painted bool) Line {
	l := c.line
	l.Clip = strings.ToValidUTF8(l.Clip, "\uFFFD")
	l.Found, l.Alarms = make([]int, len(scores)), make([]int, len(scores))
	length := int64(0)
	for _, f := range c.frames {
		if f.kind == target {
			l.add(f)
			if f.tracked {
				count(l.Found, scores, f.score)
			}
		}
		score, quiet := f.score, f.kind == empty
		if painted {
			score, quiet = f.painted, f.kind != unknown
		}
		if quiet {
			l.QuietFrames++
			length += int64(f.length)
			count(l.Alarms, scores, score)
		}
	}
	l.Microseconds = int(length / 1000)
	return l
}

// count counts a score for each threshold that it reaches.
func count(counts []int, thresholds []float64, score float64) {
	for at, threshold := range thresholds {
		if score >= threshold {
			counts[at]++
		}
	}
}

// add counts a frame with a target.
func (l *Line) add(f frame) {
	for _, c := range []struct {
		counts bool
		count  *int
	}{{true, &l.Targets}, {f.first, &l.First}, {f.tracked, &l.Track}, {f.best, &l.Best}, {f.overlap > 3*whole/10, &l.Over30}, {f.overlap > whole/2, &l.Over50}} {
		if c.counts {
			*c.count++
		}
	}
	l.Overlap += f.overlap
}

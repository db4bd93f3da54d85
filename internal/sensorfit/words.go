package sensorfit

import (
	"fmt"
	"io"
	"math"

	"github.com/blocktrain/blocktrain/internal/sensor/measure"
)

// Write writes what was measured in plain sentences, a line each.
func (r *Result) Write(w io.Writer) {
	s := &r.Summary
	fmt.Fprintf(w, "%s: %s of %d, %dx%d, %d bits%s\n", r.Path, counted(len(r.Clips), "clip", "clips"), r.Found, s.Width, s.Height, s.BitDepth, rate(s.RateHz))
	if s.Sizes > 0 {
		fmt.Fprintf(w, "size: %s of another size\n", counted(s.Sizes, "clip is", "clips are"))
	}
	r.writeNoise(w)
	line(w, "blur", s.Blur, "px")
	fmt.Fprintf(w, "range: all but a thousandth of the pixels at either end lie in %d to %d", s.Levels.Low, s.Levels.High)
	if s.BitDepth > 8 {
		fmt.Fprintf(w, ": --levels %s", s.Levels)
	}
	fmt.Fprintln(w)
	r.writeDrift(w)
	line(w, "defects", s.Defects, "of a million pixels")
	if s.Target != nil {
		line(w, "target, by "+s.TargetBy, s.Target, "px, longest side")
	}
	for _, d := range s.Declined {
		fmt.Fprintf(w, "not measured: %s: %s%s\n", d.What, d.Why, r.share(d.Clips))
	}
	r.writeNotes(w)
	for _, u := range r.Unread {
		fmt.Fprintf(w, "not read: %s\n", u.Why)
	}
	if r.Training != nil {
		fmt.Fprintf(w, "against the training data, %d %s:\n", r.Training.Count, r.Training.Of)
		for _, d := range r.Training.Differences {
			fmt.Fprintf(w, "  %s\n", d.Text)
		}
		if r.Training.Note != "" {
			fmt.Fprintf(w, "  %s\n", r.Training.Note)
		}
	}
}

// writeNotes writes the notes of one clip, and of several each note once.
func (r *Result) writeNotes(w io.Writer) {
	seen := map[string]bool{}
	for _, clip := range r.Clips {
		for _, note := range clip.Notes {
			if !seen[note] {
				seen[note] = true
				fmt.Fprintf(w, "note: %s\n", note)
			}
		}
	}
}

func (r *Result) writeNoise(w io.Writer) {
	n := &r.Summary.Noise
	for _, of := range []struct {
		what string
		s    *Spread
	}{
		{"noise of pixels in time (tvh)", n.TVH}, {"fixed pattern of pixels (vh)", n.VH}, {"fixed pattern of rows (v)", n.V}, {"fixed pattern of columns (h)", n.H},
		{"noise of rows in time (tv)", n.TV}, {"noise of columns in time (th)", n.TH}, {"flicker of frames (t)", n.T},
	} {
		line(w, of.what, of.s, "DN")
	}
	s := &r.Summary
	line(w, "gain", s.Gain, "DN for an electron")
	line(w, "black level", s.Black, "DN")
	line(w, "read noise", s.Read, "electrons")
	line(w, "DSNU of pixels", s.DSNU, "electrons")
	line(w, "PRNU", s.PRNU, "%")
}

// writeDrift says whether the camera kept gain and level.
func (r *Result) writeDrift(w io.Writer) {
	s := &r.Summary
	if s.MeanDrift == nil {
		return
	}
	words := "gain and level stay as they are"
	switch s.AGC {
	case measure.Drifts:
		words = "gain or level change in the course of a clip, as an AGC makes them" + r.share(s.Drifting)
	case measure.UnknownAGC:
		words = "whether the gain changes cannot be told, since the scene does, or is even"
	}
	fmt.Fprintf(w, "drift: %s; means of frames vary by %s DN", words, digits(s.MeanDrift.Value))
	if s.GainDrift != nil {
		fmt.Fprintf(w, ", the gain by %s %%", digits(s.GainDrift.Value))
	}
	fmt.Fprintln(w)
}

// share says in how many of several clips something was declined.
func (r *Result) share(clips int) string {
	if len(r.Clips) == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d of %d clips)", clips, len(r.Clips))
}

// line writes a figure with its range.
func line(w io.Writer, what string, s *Spread, unit string) {
	if s == nil {
		return
	}
	how := map[string]string{measure.Analytic: "", measure.Bootstrap: ", by bootstrap", measure.Clips: ", by clips"}[s.By]
	fmt.Fprintf(w, "%s: %s %s (%s to %s%s)\n", what, digits(s.Value), unit, digits(s.Low), digits(s.High), how)
}

// digits writes a number with three digits that count, and no exponent.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	case a >= 0.1 || a == 0:
		return fmt.Sprintf("%.3f", v)
	case a >= 0.01:
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.5f", v)
}

func rate(hz float64) string {
	if hz == 0 {
		return ""
	}
	return fmt.Sprintf(", %.4g frames a second", hz)
}

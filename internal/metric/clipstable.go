package metric

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// ShareRow is a line of a table of shares.
type ShareRow struct {
	Name     string
	Count    int
	Accuracy *float64 // nil where nothing is counted
	Interval *Interval
}

func rowOf(name string, s *Share) ShareRow {
	if s == nil {
		return ShareRow{Name: name}
	}
	return ShareRow{name, s.Count, &s.Accuracy, &s.Interval}
}

// Rows are the figures as lines of a table.
func (f *ClipFigures) Rows() []ShareRow {
	rows := []ShareRow{
		rowOf("frames with a target", &f.Frames), rowOf("clips", &f.Clips),
		{"scenes (mean over their clips)", f.Scenes.Count, &f.Scenes.Accuracy, &f.Scenes.Interval},
	}
	if f.Each[0].Seen == nil {
		return rows
	}
	return append(rows, rowOf("clips of scenes seen in training", f.Seen), rowOf("clips of scenes not seen", f.Unseen))
}

// WriteShares writes lines of a table, at most 80 columns wide.
func WriteShares(b *strings.Builder, rows []ShareRow) {
	for _, r := range rows {
		interval := ""
		if r.Interval != nil {
			interval = "  (" + r.Interval.Percent() + ")"
		}
		accuracy := PercentOrDash(r.Accuracy)
		if r.Accuracy != nil {
			accuracy += " %"
		}
		fmt.Fprintf(b, "%s %9s %8s%s\n", pad(Clip(r.Name, 33), 33), Count(r.Count), accuracy, interval)
	}
}

// writeClips writes the figures of clips.
func (e *Evaluation) writeClips(b *strings.Builder) {
	if e.Clips == nil {
		return
	}
	fmt.Fprintf(b, "\n%s %9s %8s  95 %% interval by groups\n", pad("by clip", 33), "count", "accuracy")
	WriteShares(b, e.Clips.Rows())
	for _, c := range e.Clips.Confused() {
		fmt.Fprintf(b, "clips of %s taken for %s: %s\n", Clip(e.PerClass[c.True].Label, 25), Clip(e.PerClass[c.Predicted].Label, 25), Count(c.Count))
	}
}

// Confused are the counts of clips that are taken for another class.
func (f *ClipFigures) Confused() []Cell {
	var cells []Cell
	for _, c := range f.Confusion {
		if c[0] != c[1] {
			cells = append(cells, Cell{c[0], c[1], c[2]})
		}
	}
	return cells
}

// ConfusedClips are the same with the names of the classes.
func (e *Evaluation) ConfusedClips() []ConfusedPair {
	if e.Clips == nil {
		return nil
	}
	support := map[int]int{}
	for _, l := range e.Clips.Each {
		support[l.Class]++
	}
	var pairs []ConfusedPair
	for _, c := range e.Clips.Confused() {
		pairs = append(pairs, ConfusedPair{Label: e.PerClass[c.True].Label, Predicted: e.PerClass[c.Predicted].Label, Count: c.Count, Support: support[c.True]})
	}
	return pairs
}

// WriteClipsCSV writes a line for each clip.
func (e *Evaluation) WriteClipsCSV(w io.Writer) error {
	rows := [][]string{{"dataset", "clip", "scene", "class", "decided", "examples", "correct", "scene_seen"}}
	for _, l := range e.Clips.Each {
		seen := ""
		if l.Seen != nil {
			seen = strconv.FormatBool(*l.Seen)
		}
		rows = append(rows, []string{
			strconv.Itoa(l.Dataset), l.Clip, l.Scene, e.PerClass[l.Class].Label, e.PerClass[l.Decided].Label,
			strconv.Itoa(l.Examples), strconv.Itoa(l.Correct), seen,
		})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// sameJSON refuses what is not written as what it follows from.
func sameJSON(name string, recorded, made any) error {
	was, err := fileio.MarshalJSONAs(recorded, ClipsSchema)
	if err != nil {
		return err
	}
	is, err := fileio.MarshalJSONAs(made, ClipsSchema)
	if err == nil && !bytes.Equal(was, is) {
		err = fmt.Errorf("%s: its figures are not those of the clips that it lists", name)
	}
	return err
}

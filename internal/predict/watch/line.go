package watch

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/video"
)

// The kinds of lines.
const (
	KindFrame   = "frame"
	KindSummary = "summary"
	KindError   = "error"
)

// Seconds is a time that is written with three decimals.
type Seconds video.Rational

// MarshalJSON implements json.Marshaler.
func (s Seconds) MarshalJSON() ([]byte, error) { return []byte(s.String()), nil }

// String is the time with three decimals.
func (s Seconds) String() string { return video.Rational(s).Decimal(3) }

// Box is a box as lines have it.
type Box clips.Box

// MarshalJSON implements json.Marshaler: [x,y,width,height].
func (b Box) MarshalJSON() ([]byte, error) { return json.Marshal([4]int{b.X, b.Y, b.W, b.H}) }

// Line is what is said of one frame.
type Line struct {
	Kind   string  `json:"kind"`
	Source string  `json:"source"`
	Frame  int     `json:"frame"`  // from 0 on
	Time   Seconds `json:"time_s"` // since the first frame, by the stream's own time stamps
	Track  int     `json:"track"`  // one more after each cut of the stream

	// Where the model was trained on targets: the box of the target, and how clearly it stands
	// out. A target that was not found in this frame has a score of 0, and the box that it was
	// last found in.
	Box   *Box     `json:"box,omitempty"`
	Score *float64 `json:"score,omitempty"`

	Label       string              `json:"label"`
	Index       int                 `json:"index"`
	Probability float32             `json:"probability"`
	Top         []predict.Candidate `json:"top"`
	// Smoothed is the label by the mean of log probabilities over the lines of the last
	// [postprocess.SmoothWindow] frames.
	Smoothed            string  `json:"smoothed_label"`
	SmoothedProbability float32 `json:"smoothed_probability"`

	smoothed int // index of Smoothed
}

// Failure is the line of a video that could not be opened.
type Failure struct {
	Kind   string `json:"kind"`
	Source string `json:"source"`
	Error  string `json:"error"`
}

// Writer writes what is said of videos.
type Writer interface {
	Begin() error
	Line(l *Line) error
	Summary(s *Summary) error
	Failure(f *Failure) error
}

// NewWriter returns the writer of a format, "jsonl" or "csv", for a model with so many classes in
// a line. CSV has no summaries.
func NewWriter(format string, w io.Writer, top int) Writer {
	if format == "csv" {
		return &csvWriter{csv.NewWriter(w), top}
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return jsonWriter{e}
}

type jsonWriter struct{ *json.Encoder }

func (w jsonWriter) Begin() error             { return nil }
func (w jsonWriter) Line(l *Line) error       { return w.Encode(l) }
func (w jsonWriter) Summary(s *Summary) error { return w.Encode(s) }
func (w jsonWriter) Failure(f *Failure) error { return w.Encode(f) }

type csvWriter struct {
	*csv.Writer
	top int
}

// Begin implements Writer.
func (w *csvWriter) Begin() error {
	columns := []string{"source", "frame", "time_s", "track", "x", "y", "width", "height", "score"}
	columns = append(columns, predict.ClassColumns(w.top)...)
	return w.row(append(columns, "smoothed_label", "smoothed_probability", "error"))
}

// Line implements Writer.
func (w *csvWriter) Line(l *Line) error {
	row := []string{l.Source, strconv.Itoa(l.Frame), l.Time.String(), strconv.Itoa(l.Track)}
	if l.Box == nil {
		row = append(row, "", "", "", "", "")
	} else {
		row = append(row, strconv.Itoa(l.Box.X), strconv.Itoa(l.Box.Y), strconv.Itoa(l.Box.W), strconv.Itoa(l.Box.H), fmt.Sprint(*l.Score))
	}
	row = append(row, predict.ClassRow(l.Top)...)
	return w.row(append(row, l.Smoothed, strconv.FormatFloat(float64(l.SmoothedProbability), 'g', -1, 32), ""))
}

// Summary implements Writer.
func (w *csvWriter) Summary(*Summary) error { return nil }

// Failure implements Writer.
func (w *csvWriter) Failure(f *Failure) error {
	row := make([]string, 9+3*w.top+3)
	row[0], row[len(row)-1] = f.Source, f.Error
	return w.row(row)
}

func (w *csvWriter) row(row []string) error {
	if err := w.Write(row); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

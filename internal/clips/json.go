package clips

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// Limits of a file of labels.
const (
	maxLabelBytes = 64 << 20
	maxCoordinate = 1 << 20 // pixels
	maxTargets    = 1000    // in a frame
	maxFrames     = 1_000_000
)

// JSONForm is the form of labels in words, for messages.
const JSONForm = `{"exist":[1,0],"gt_rect":[[x,y,width,height],[]]}, one entry a frame, in pixels`

// Reading says how labels are read.
type Reading struct {
	// Round brings numbers to the nearest pixel, which are refused without it.
	Round bool
	// Corners says that boxes are x1,y1,x2,y2.
	Corners bool
}

// labelJSON is a file of labels as JSON.
type labelJSON struct {
	Exist []int       `json:"exist"`
	Rect  [][]float64 `json:"gt_rect"`
}

// ReadJSON reads labels of the form [JSONForm]. A frame that shows no target has exist 0 and
// an empty box, or one of zeros. Mistakes in the file are a [config.UsageError] that names
// the entry, counted from 0.
func ReadJSON(path string, how Reading) (*Labels, error) {
	text, err := fileio.ReadFile(path, maxLabelBytes)
	if err != nil {
		return nil, err
	}
	var file labelJSON
	if err := fileio.DecodeJSON(text, &file, fileio.Form{MaxBytes: maxLabelBytes}); err != nil {
		advice := ""
		if s := string(text); strings.Contains(s, "NaN") || strings.Contains(s, "Infinity") {
			advice = "; NaN and Infinity are no numbers of JSON: write exist 0 and an empty box where there is no target"
		}
		return nil, config.Usagef("%s: %w; want %s%s", path, err, JSONForm, advice)
	}
	if len(file.Exist) != len(file.Rect) || len(file.Exist) == 0 {
		return nil, config.Usagef("%s: exist has %d entries and gt_rect %d: want one of each for every frame", path, len(file.Exist), len(file.Rect))
	}
	l := &Labels{File: path, Entries: make([]Entry, len(file.Exist))}
	for at := range file.Exist {
		if err := l.Entries[at].set(file.Exist[at], file.Rect[at], how); err != nil {
			return nil, config.Usagef("%s: %w", l.where(at), err)
		}
	}
	return l, nil
}

// set takes over what a file says of a frame.
func (e *Entry) set(exist int, rect []float64, how Reading) error {
	zeros := true
	for _, v := range rect {
		zeros = zeros && v == 0
	}
	switch {
	case exist != 0 && exist != 1:
		return fmt.Errorf("exist is %d: want 0 or 1", exist)
	case exist == 0 && !zeros:
		return fmt.Errorf("exist is 0, and the box is %v: want exist 1, or an empty box", rect)
	case exist == 0:
		return nil
	case len(rect) != 4:
		return fmt.Errorf("exist is 1, and the box has %d numbers: want x,y,width,height, or exist 0", len(rect))
	}
	box, err := boxOf([4]float64(rect), how)
	if err != nil {
		return err
	}
	e.Targets = []Target{{Box: box}}
	return nil
}

// boxOf makes a box of four numbers.
func boxOf(v [4]float64, how Reading) (Box, error) {
	var n [4]int
	for i := range v {
		rounded := math.RoundToEven(v[i])
		switch {
		case !(v[i] >= -maxCoordinate && v[i] <= maxCoordinate): // NaN too
			return Box{}, fmt.Errorf("the box %v has the number %v: want numbers within %d", v, v[i], maxCoordinate)
		case rounded != v[i] && !how.Round:
			return Box{}, fmt.Errorf("the box %v is not in whole pixels: blocktrain clips convert rounds it", v)
		}
		n[i] = int(rounded)
	}
	b := Box{n[0], n[1], n[2], n[3]}
	if how.Corners {
		b.W, b.H = b.W-b.X, b.H-b.Y
	}
	if b.W < 1 || b.H < 1 {
		return Box{}, fmt.Errorf("the box %s has no area: want a width and height above 0, or exist 0 where there is no target", b)
	}
	return b, nil
}

// errSeveral says that labels do not fit the JSON form.
var errSeveral = errors.New("has several targets in one frame, which the JSON form cannot hold: keep the MOT or YOLO files, which can be trained from as they are")

// WriteJSON writes labels in the form [JSONForm]. Frames of which nothing is known, and
// frames with several targets, are errors: the form has no word for them.
func WriteJSON(path string, l *Labels) error {
	file := labelJSON{Exist: make([]int, len(l.Entries)), Rect: make([][]float64, len(l.Entries))}
	for at, e := range l.Entries {
		file.Rect[at] = []float64{}
		switch {
		case len(e.Targets) > 1:
			return config.Usagef("%s: %w", l.where(at), errSeveral)
		case e.Unknown:
			return config.Usagef("%s: says that the frame's targets are to be ignored, for which the JSON form has no word: keep the file as it is", l.where(at))
		case len(e.Targets) == 1:
			b := e.Targets[0].Box
			file.Exist[at], file.Rect[at] = 1, []float64{float64(b.X), float64(b.Y), float64(b.W), float64(b.H)}
		}
	}
	text, err := fileio.MarshalJSON(file)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(path, text)
}

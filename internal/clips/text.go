package clips

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// ReadMOT reads labels in the text form of the MOTChallenge: a line for each box,
//
//	frame,id,left,top,width,height[,considered[,class,visibility,...]]
//
// with frames, identities and places counted from 1. Boxes are brought to whole pixels.
// Frames without a line are empty. Where considered is 0, the box is to be ignored, and so
// its frame is unlabelled unless it has another. Mistakes are a [config.UsageError] that
// names the line.
func ReadMOT(path string, how Reading) (*Labels, error) {
	how.Round = true
	l := &Labels{File: path, Sparse: true}
	seen := map[[2]int]bool{}
	err := eachLine(path, maxLabelBytes, func(line int, text string) error {
		fields := strings.Split(text, ",")
		if len(fields) < 6 || len(fields) > 10 {
			return fmt.Errorf("%d values: want frame,id,left,top,width,height, with commas between them", len(fields))
		}
		numbers, err := parseNumbers(fields)
		if err != nil {
			return err
		}
		frame, err := whole(numbers[0], 1, maxFrames)
		if err != nil {
			return fmt.Errorf("frame %w", err)
		}
		track, err := whole(numbers[1], -1, math.MaxInt32)
		if err != nil {
			return fmt.Errorf("id %w", err)
		}
		if track >= 0 && seen[[2]int{frame, track}] {
			return fmt.Errorf("frame %d has the id %d twice: want one box for each", frame, track)
		}
		seen[[2]int{frame, track}] = true
		box, err := boxOf([4]float64{numbers[2] - 1, numbers[3] - 1, numbers[4], numbers[5]}, how)
		if err != nil {
			return err
		}
		return l.add(line, frame-1, Target{max(track, 0), box}, len(numbers) > 6 && numbers[6] == 0)
	})
	if err != nil {
		return nil, err
	}
	for at := range l.Entries {
		if e := &l.Entries[at]; len(e.Targets) > 0 {
			e.Unknown = false
		}
	}
	return l, nil
}

// add adds a box to a frame.
func (l *Labels) add(line, frame int, t Target, ignored bool) error {
	for len(l.Entries) <= frame {
		l.Entries = append(l.Entries, Entry{})
	}
	e := &l.Entries[frame]
	if e.line == 0 {
		e.line = line
	}
	if ignored {
		e.Unknown = true
		return nil
	}
	if len(e.Targets) == maxTargets {
		return fmt.Errorf("frame %d has more than %d boxes", frame+1, maxTargets)
	}
	e.Targets = append(e.Targets, t)
	return nil
}

// relativeBox is a box in shares of the frame: its middle and its size.
type relativeBox struct {
	x, y, w, h float64
	file       string
	line       int
}

// ReadYOLO reads labels in the text form of YOLO, one file for each frame in their order,
// with a line for each box:
//
//	class x y width height
//
// x and y are those of the middle, and all are shares of the frame from 0 to 1. A frame whose
// file is not there is empty. Classes are those of clips, and not taken from here. folder
// names the files in messages.
func ReadYOLO(folder string, files []string) (*Labels, error) {
	l := &Labels{File: folder, Entries: make([]Entry, len(files)), relative: make([][]relativeBox, len(files))}
	for at, file := range files {
		err := eachLine(file, 1<<20, func(line int, text string) error {
			fields := strings.Fields(text)
			if len(fields) != 5 {
				return fmt.Errorf("%d values: want class x y width height, with spaces between them", len(fields))
			}
			v, err := parseNumbers(fields)
			if err != nil {
				return err
			}
			if _, err := whole(v[0], 0, math.MaxInt32); err != nil {
				return fmt.Errorf("class %w", err)
			}
			for _, share := range v[1:] {
				if !(share >= 0 && share <= 1) {
					return fmt.Errorf("%v is no share of the frame: want 0 to 1", share)
				}
			}
			if len(l.relative[at]) == maxTargets {
				return fmt.Errorf("more than %d boxes", maxTargets)
			}
			l.relative[at] = append(l.relative[at], relativeBox{v[1], v[2], v[3], v[4], file, line})
			return nil
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return l, nil
}

// scale brings relative boxes to pixels: edges to nearest, halves to even, and at least one
// pixel.
func (l *Labels) scale(width, height int) error {
	for at, boxes := range l.relative {
		l.Entries[at].Targets = nil
		for n, r := range boxes {
			x0, x1 := edges(r.x, r.w, width)
			y0, y1 := edges(r.y, r.h, height)
			b := Box{x0, y0, x1 - x0, y1 - y0}
			if !(r.w > 0 && r.h > 0) {
				return config.Usagef("%s: line %d: the box has no area: want a width and height above 0, or no line where there is no target", r.file, r.line)
			}
			b.W, b.H = max(b.W, 1), max(b.H, 1)
			l.Entries[at].Targets = append(l.Entries[at].Targets, Target{n, b})
		}
	}
	return nil
}

// edges are those of a box along one axis.
func edges(middle, size float64, pixels int) (low, high int) {
	low = int(math.RoundToEven((middle - float64(size/2)) * float64(pixels)))
	high = int(math.RoundToEven((middle + float64(size/2)) * float64(pixels)))
	return low, high
}

// eachLine calls each for the lines of a file that are not blank, counted from 1. What it
// refuses is a [config.UsageError] that names file and line.
func eachLine(path string, limit int64, each func(line int, text string) error) error {
	text, err := fileio.ReadFile(path, limit)
	if err != nil {
		return err
	}
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return config.Usagef("%s: is no text: want labels in the form of MOT or YOLO", path)
	}
	line := 0
	for one := range strings.Lines(string(text)) {
		line++
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		if err := each(line, one); err != nil {
			return config.Usagef("%s: line %d: %w", path, line, err)
		}
	}
	return nil
}

func parseNumbers(fields []string) ([]float64, error) {
	numbers := make([]float64, len(fields))
	for i, field := range fields {
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%.20q is no number", field)
		}
		numbers[i] = v
	}
	return numbers, nil
}

// whole is v as an integer between bounds.
func whole(v float64, low, high int) (int, error) {
	if v != math.Trunc(v) || v < float64(low) || v > float64(high) {
		return 0, fmt.Errorf("%v: want a whole number from %d to %d", v, low, high)
	}
	return int(v), nil
}

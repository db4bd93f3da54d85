package clips

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// Folders decodes clips that are folders of frames.
type Folders struct {
	Images imaging.Decoder
	Rate   int // frames a second
}

// Frames implements [Decoder].
func (f Folders) Frames(ctx context.Context, c Clip) iter.Seq2[Frame, error] {
	return func(yield func(Frame, error) bool) {
		for number, name := range c.Frames {
			if err := ctx.Err(); err != nil {
				yield(Frame{}, err)
				return
			}
			img, err := f.Images.DecodeFile(filepath.Join(c.Path, name))
			at := time.Duration(number) * time.Second / time.Duration(f.Rate)
			if !yield(Frame{at, img}, err) || err != nil {
				return
			}
		}
	}
}

// Name implements [Decoder].
func (f Folders) Name() string {
	return fmt.Sprintf("%s %+v %d", imaging.DecoderRules, f.Images, f.Rate)
}

// numbered is a file and its number.
type numbered struct {
	name, prefix string
	number       int
}

// FrameNames puts the names of the files of a folder in the order of their numbers, which
// end the names, as in frame_0012.png. They must all begin alike and count up in equal
// steps; anything else is a [config.UsageError].
func FrameNames(folder string, names []string) ([]string, error) {
	frames := make([]numbered, len(names))
	for i, name := range names {
		n, err := numberOf(name)
		if err != nil {
			return nil, config.Usagef("%s: %w", filepath.Join(folder, name), err)
		}
		if frames[i] = n; n.prefix != frames[0].prefix {
			return nil, config.Usagef("%s: the frames %s and %s begin with different words: want the frames of one clip in a folder, named alike and numbered",
				folder, frames[0].name, name)
		}
	}
	slices.SortStableFunc(frames, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	step := 1
	if len(frames) > 1 {
		step = frames[1].number - frames[0].number
	}
	ordered := make([]string, len(frames))
	for i, f := range frames {
		ordered[i] = f.name
		if i == 0 {
			continue
		}
		before := frames[i-1]
		switch apart := f.number - before.number; {
		case apart == 0:
			return nil, config.Usagef("%s: the frames %s and %s have the same number: remove one", folder, before.name, f.name)
		case apart != step:
			return nil, config.Usagef("%s: frames are missing between %s and %s, where others are %d apart: add them, or number the frames anew and label them so",
				folder, before.name, f.name, step)
		}
	}
	return ordered, nil
}

// numberOf finds the number at the end of a name.
func numberOf(name string) (numbered, error) {
	stem := strings.TrimSuffix(name, path.Ext(name))
	prefix := strings.TrimRight(stem, "0123456789")
	number, err := strconv.Atoi(stem[len(prefix):])
	if err != nil {
		return numbered{}, fmt.Errorf("has no number at the end of its name: want the frames of a clip numbered, as in frame_0012.png")
	}
	return numbered{name, prefix, number}, nil
}

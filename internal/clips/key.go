package clips

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// cutRules names the rules by which examples are cut and clips summarized. It gets another
// number whenever a clip gives other examples, or another summary, than before.
const cutRules = "blocktrain clips 2"

// Key says what a file of the [Store] is of: the rules and settings of cutting, what decodes
// the clip, the bytes of its files, and its labels. labels may be nil, and must not have been
// fitted to frames.
func (c *Cutting) Key(decoder string, clip Clip, labels *Labels) (key [sha256.Size]byte, err error) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n%+v\n%d\n", cutRules, decoder, *c, len(clip.Frames))
	files := []string{clip.Path}
	if clip.Frames != nil {
		files = nil
		for _, name := range clip.Frames {
			files = append(files, filepath.Join(clip.Path, name))
		}
	}
	for _, file := range files {
		if err := sumFile(h, file); err != nil {
			return key, err
		}
	}
	labels.sum(h)
	return [sha256.Size]byte(h.Sum(nil)), nil
}

func sumFile(h hash.Hash, path string) error {
	f, err := fileio.OpenRegular(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n, err := io.Copy(h, f)
	number(h, n)
	return err
}

func number(h hash.Hash, n int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

// sum adds labels to a digest.
func (l *Labels) sum(h hash.Hash) {
	if l == nil {
		number(h, -1)
		return
	}
	fmt.Fprintf(h, "%t\n", l.Sparse)
	number(h, int64(len(l.Entries)))
	for at, e := range l.Entries {
		fmt.Fprintf(h, "%t\n", e.Unknown)
		number(h, int64(len(e.Targets)))
		for _, t := range e.Targets {
			for _, n := range []int{t.Track, t.Box.X, t.Box.Y, t.Box.W, t.Box.H} {
				number(h, int64(n))
			}
		}
		if l.relative == nil {
			continue
		}
		number(h, int64(len(l.relative[at])))
		for _, r := range l.relative[at] {
			for _, v := range []float64{r.x, r.y, r.w, r.h} {
				number(h, int64(math.Float64bits(v)))
			}
		}
	}
}

// Sum is a digest of what the labels say.
func (l *Labels) Sum() [sha256.Size]byte {
	h := sha256.New()
	l.sum(h)
	return [sha256.Size]byte(h.Sum(nil))
}

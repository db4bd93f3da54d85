package dataset

import (
	"context"
	"sync/atomic"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// openBudget is how many bytes of decoded images a dataset keeps from its opening in RAM
// mode, before it is known in which size they are used.
const openBudget = 256 << 20

// keeper holds images decoded once.
type keeper struct {
	decode reader
	images []*imaging.Image // nil where none is kept
	budget int64            // bytes
	left   atomic.Int64     // of them
}

func newKeeper(n int, budget int64, decode reader) *keeper {
	k := &keeper{decode: decode, images: make([]*imaging.Image, n), budget: budget}
	k.left.Store(budget)
	return k
}

// fill decodes image i and keeps it if there is room. It must be called at most
// once for each i, and not beside image.
func (k *keeper) fill(i int, _ []uint8) (imaging.Image, error) {
	img, err := k.decode(i, nil)
	if err != nil {
		return imaging.Image{}, err
	}
	k.keep(i, img)
	return img, nil
}

// keep keeps image i if there is room. It must be called at most once for each i, and not
// beside image.
func (k *keeper) keep(i int, img imaging.Image) {
	if k.left.Add(-int64(img.Bytes())) >= 0 {
		k.images[i] = &img
	}
}

// image returns the kept image or decodes it.
func (k *keeper) image(i int, buffer []uint8) (imaging.Image, error) {
	if img := k.images[i]; img != nil {
		return *img, nil
	}
	return k.decode(i, buffer)
}

// count is the number of images that are kept.
func (k *keeper) count() int {
	kept := 0
	for _, img := range k.images {
		if img != nil {
			kept++
		}
	}
	return kept
}

// newSetInMode is newSet for images that take work to load: in RAM mode it keeps
// what it loads, as it is or in the forms that are foreseen, until [Fit] brings it to a smaller
// size. Images that an index knows are not loaded.
func newSetInMode(ctx context.Context, how opening, classes []string, of examples, grouping string, load reader) (*set, error) {
	s := &set{examples: of, classes: classes, groups: grouping, load: load}
	if how.mode != ModeDisk {
		s.kept = newKeeper(of.Len(), openBudget, nil)
	}
	if err := s.open(ctx, how); err != nil {
		return nil, err
	}
	s.recheck()
	if s.kept != nil {
		s.kept.decode = s.load
		s.load = s.kept.image
	}
	return s, nil
}

// ram is a dataset whose images are in memory.
type ram struct {
	detailed
	kept *keeper
}

func (r ram) Image(i int) (imaging.Image, error) { return r.kept.image(i, nil) }

func (r ram) imageIn(i int, buffer []uint8) (imaging.Image, error) { return r.kept.image(i, buffer) }

// Forget gives up the images of list that d keeps in memory in a form of [Fit]. Each is decoded
// when it is used again. It must not be called beside anything that uses d.
func Forget(d Dataset, list []int) {
	if r, kept := d.(ram); kept {
		for _, i := range list {
			r.kept.images[i] = nil
		}
	}
}

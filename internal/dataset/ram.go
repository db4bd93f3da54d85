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
	images []imaging.Image
	left   atomic.Int64 // bytes
}

func newKeeper(n int, budget int64, decode reader) *keeper {
	k := &keeper{decode: decode, images: make([]imaging.Image, n)}
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
		k.images[i] = img
	}
}

// image returns the kept image or decodes it.
func (k *keeper) image(i int, buffer []uint8) (imaging.Image, error) {
	if img := k.images[i]; img.Bytes() > 0 {
		return img, nil
	}
	return k.decode(i, buffer)
}

// count is the number of images that are kept.
func (k *keeper) count() int {
	kept := 0
	for _, img := range k.images {
		if img.Bytes() > 0 {
			kept++
		}
	}
	return kept
}

// newSetInMode is newSet for images that take work to load: in RAM mode it keeps
// what it loads, until [Fit] brings it to a smaller size.
func newSetInMode(ctx context.Context, mode Mode, classes []string, of examples, grouping string, load reader) (*set, error) {
	if mode == ModeDisk {
		s, err := newSet(ctx, classes, of, grouping, load)
		if err == nil {
			s.recheck()
		}
		return s, err
	}
	kept := newKeeper(of.Len(), openBudget, load)
	s, err := newSet(ctx, classes, of, grouping, kept.fill)
	if err != nil {
		return nil, err
	}
	if s.left != nil {
		kept.images = pick(kept.images, s.left)
	}
	s.load = s.behind(load)
	s.recheck()
	kept.decode = s.load
	s.load, s.kept = kept.image, kept
	return s, nil
}

// ram is a dataset whose images are in memory.
type ram struct {
	detailed
	kept *keeper
}

func (r ram) Image(i int) (imaging.Image, error) { return r.kept.image(i, nil) }

func (r ram) imageIn(i int, buffer []uint8) (imaging.Image, error) { return r.kept.image(i, buffer) }

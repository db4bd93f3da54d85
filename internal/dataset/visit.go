package dataset

import (
	"context"
	"crypto/sha256"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// VisitImages calls visit with the position in indexes and the pixels of each of these
// examples, on all processors and in any order. Words say in the log what is done, as in
// "images read". An error names all images that failed.
func VisitImages(ctx context.Context, d Dataset, indexes []int, words string, visit func(at int, img imaging.Image) error) error {
	known, progress := detail(d), newProgress(words, len(indexes))
	return eachImage(ctx, len(indexes), func(at int) error {
		defer progress.step(ctx)
		img, err := known.imageIn(indexes[at], nil)
		if err == nil {
			err = visit(at, img)
			img.Release()
		}
		return ofExample(d, indexes[at], err)
	})
}

// PixelSums returns [imaging.Image.Sum] of the examples at indexes, which datasets of this
// package know without decoding.
func PixelSums(ctx context.Context, d Dataset, indexes []int) ([][sha256.Size]byte, error) {
	hashes, err := hashesOf(ctx, d, indexes)
	if err != nil {
		return nil, err
	}
	sums := make([][sha256.Size]byte, len(hashes))
	for at, hash := range hashes {
		sums[at] = hash
	}
	return sums, nil
}

package dataset

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/imaging"
)

// inFiles are examples that are image files.
type inFiles interface {
	// Path is where the file of example i lies.
	Path(i int) string
}

// DecodedOtherwise names the first example of d, which a module has opened, whose file the
// decoder may give other pixels than it did under version 2 of the reproducibility
// contract, and says why. It is "" where there is none, as in data that is drawn or read from
// arrays. wide says that images keep their 16 bits.
func DecodedOtherwise(ctx context.Context, d Dataset, wide bool) (string, error) {
	s, is := d.(*set)
	if !is {
		return "", nil
	}
	files, is := s.examples.(inFiles)
	if !is {
		return "", nil
	}
	for i := range d.Len() {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		why, err := imaging.DecodedOtherwise(files.Path(i), wide)
		if err != nil {
			return "", err
		}
		if why != "" {
			return fmt.Sprintf("%s is %s", d.Source(i), why), nil
		}
	}
	return "", nil
}

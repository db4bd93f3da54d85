package dataset

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Ratios are the shares of the training, validation and test part, in that
// order. Only their proportions count.
type Ratios [3]int

// DefaultRatios gives 60 % to training and 20 % each to validation and test.
var DefaultRatios = Ratios{60, 20, 20}

// maxRatio keeps products with the number of examples within 64 bits.
const maxRatio = 1_000_000

// ParseRatios reads the form "60/20/20".
func ParseRatios(s string) (Ratios, error) {
	var r Ratios
	fields := strings.Split(s, "/")
	if len(fields) != len(r) {
		return r, fmt.Errorf("split ratios %q: want three numbers as in 60/20/20 (training/validation/test)", s)
	}
	for i, field := range fields {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil {
			return r, fmt.Errorf("split ratios %q: %q is not a whole number", s, field)
		}
		r[i] = n
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("split ratios %q: %w", s, err)
	}
	return r, nil
}

func (r Ratios) check() error {
	for _, n := range r {
		if n < 1 || n > maxRatio {
			return errors.New("each number must be from 1 to 1000000: a run needs all three parts")
		}
	}
	return nil
}

// String is the form that ParseRatios reads.
func (r Ratios) String() string { return fmt.Sprintf("%d/%d/%d", r[0], r[1], r[2]) }

package dataset

import (
	"context"
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset/digits"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// digitsTest is where the test part lies in the series of drawn digits. The
// distance keeps it the same whatever the number of training examples is. As a
// multiple of ten it begins with a 0.
const digitsTest = 1_000_000_000

// digitsSource is a dataset that the program draws: handwritten-like digits.
type digitsSource struct{ count, testCount, seed int }

func newDigits(o *config.Options) (Source, error) {
	s := &digitsSource{}
	o.Int(&s.count, "count", 15000, "digits for training and validation", config.Between(20, 10_000_000))
	o.Int(&s.testCount, "test-count", 2500, "digits of the official test part", config.Between(10, 10_000_000))
	o.Int(&s.seed, "seed", 1, "which series of digits to draw; has nothing to do with the seed of the training", config.Between(0, 1<<53))
	return s, nil
}

// Open implements Source. It reads nothing, so dir does not matter. In disk mode
// a digit is drawn anew at each access.
func (s *digitsSource) Open(ctx context.Context, _ string, mode Mode) (Dataset, error) {
	if mode == ModeDisk {
		return newSet(ctx, digitClasses(), s, noGrouping, s.draw)
	}
	kept := newKeeper(s.Len(), openBudget, s.draw)
	d, err := newSet(ctx, digitClasses(), s, noGrouping, kept.fill)
	if err != nil {
		return nil, err
	}
	d.load, d.kept = kept.image, kept
	return d, nil
}

func digitClasses() []string {
	return []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
}

// Len, Info and Source describe the examples: the test part follows the others.
func (s *digitsSource) Len() int { return s.count + s.testCount }

func (s *digitsSource) Info(i int) Info {
	info := Info{Label: s.address(i) % digits.Classes}
	if i >= s.count {
		info.Part = PartTest
	}
	return info
}

func (s *digitsSource) Source(i int) string { return fmt.Sprintf("digits/%d", i) }

// address is where example i lies in the series of drawn digits.
func (s *digitsSource) address(i int) int {
	if i < s.count {
		return i
	}
	return digitsTest + i - s.count
}

func (s *digitsSource) draw(i int, _ []uint8) (imaging.Image, error) {
	img, _ := digits.Draw(uint64(s.seed), s.address(i))
	return img, nil
}

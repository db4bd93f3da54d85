package settings

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
)

// DataAuto leaves it to the program whether images are kept in memory: they are where there is
// room for them.
const DataAuto = "auto"

// DataModeDoc says what --data-mode is.
const DataModeDoc = "keep decoded images in memory, or decode at each access; auto: in memory where there is room"

// DataModes are the values of --data-mode.
func DataModes() []string {
	return []string{DataAuto, string(dataset.ModeRAM), string(dataset.ModeDisk)}
}

// Mode is how images are accessed: in memory, as long as it is not known that there is no room.
func (s *Settings) Mode() dataset.Mode {
	if s.DataMode == DataAuto {
		return dataset.ModeRAM
	}
	return dataset.Mode(s.DataMode)
}

// isSide refuses what is no number of pixels.
func isSide(s string) error {
	if s == "" {
		return nil
	}
	if n, err := strconv.Atoi(s); err != nil || n < 1 || n > largestSide || strconv.Itoa(n) != s {
		return fmt.Errorf("want a number of pixels from 1 to %d, such as 256", largestSide)
	}
	return nil
}

// ReducedSide is the shorter side, in pixels, of the images of which training takes parts for
// an input by the rule: --keep-size, or 8/7 of the input's shorter side to nearest.
func (s *Settings) ReducedSide(rule imaging.Rule) int {
	if n, err := strconv.Atoi(s.KeepSize); err == nil {
		return n
	}
	return (16*min(rule.Width, rule.Height) + 7) / 14
}

// TakesParts says whether training takes random parts of images.
func (s *Settings) TakesParts() bool {
	p, err := augment.Parse(s.Augment)
	return err != nil || p.First() // an error is said where modules are made
}

// memoryUnits are what sizes of memory are given in.
var memoryUnits = []struct {
	name  string
	bytes int64
}{{"GB", 1e9}, {"MB", 1e6}}

// parseMemory reads a size such as 8GB or 500MB, in bytes; 0 for "".
func parseMemory(s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	for _, unit := range memoryUnits {
		number, found := strings.CutSuffix(s, unit.name)
		if !found {
			continue
		}
		if n, err := strconv.ParseUint(number, 10, 24); err == nil && n > 0 && strconv.FormatUint(n, 10) == number {
			return int64(n) * unit.bytes, nil
		}
	}
	return 0, errors.New("want a whole number of GB or MB, such as 8GB or 500MB")
}

// IsMemory refuses what is no size of memory.
func IsMemory(s string) error {
	_, err := parseMemory(s)
	return err
}

// MemoryBudget is how many bytes images may take in RAM mode on a machine with so many bytes
// of memory.
func (s *Settings) MemoryBudget(machine int64) int64 {
	if n, _ := parseMemory(s.Memory); n > 0 { // checked when it was set
		return n
	}
	return machine / 2
}

// noCache is the size of a cache that keeps nothing.
const noCache = "0"

// isCacheSize refuses what is no size of a cache.
func isCacheSize(s string) error {
	if s == noCache {
		return nil
	}
	if n, err := parseMemory(s); err != nil || n == 0 {
		return errors.New("want a whole number of GB or MB, such as 20GB or 500MB, or 0 for no cache")
	}
	return nil
}

// CacheBytes is how many bytes the cache of clips may take; 0: there is none.
func (s *Settings) CacheBytes() int64 {
	if s.CacheSize == noCache {
		return 0
	}
	n, _ := parseMemory(s.CacheSize) // checked when it was set
	return n
}

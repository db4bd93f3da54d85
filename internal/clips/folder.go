package clips

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// FrameNames puts the names of the images in a folder in the order of the numbers that end
// them, as in frame_0012.png. Numbers that are missing are found when the frames are read. A
// name without a number is a [config.UsageError].
func FrameNames(folder string, names []string) ([]string, error) {
	numbers := make(map[string]int, len(names))
	for _, name := range names {
		stem := strings.TrimSuffix(name, path.Ext(name))
		number, err := strconv.Atoi(stem[len(strings.TrimRight(stem, "0123456789")):])
		if err != nil {
			return nil, config.Usagef("%s: has no number at the end of its name: want the frames of a clip numbered, as in frame_0012.png, and other images elsewhere",
				filepath.Join(folder, name))
		}
		numbers[name] = number
	}
	ordered := slices.Clone(names)
	slices.SortStableFunc(ordered, func(a, b string) int { return cmp.Compare(numbers[a], numbers[b]) })
	return ordered, nil
}

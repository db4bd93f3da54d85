package rundir

import (
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// HomesOf are the folders of the run or package that the file of weights may be of: of those
// of one of several networks, above its own.
func HomesOf(path string) []string {
	dirs := []string{filepath.Dir(path)}
	for range 3 {
		dirs = append(dirs, filepath.Dir(dirs[len(dirs)-1]))
	}
	for k := 1; k <= 2; k++ {
		if above := dirs[k+1]; filepath.Base(dirs[k]) == NetworksDir && fileio.Exists(filepath.Join(above, RecordFile)) {
			return []string{above}
		}
	}
	return dirs[:2]
}

// Trained says whether weights with that digest are those of a network that the run
// trained.
func (record *Record) Trained(digest string) bool {
	return record.Training != nil && record.Training.WeightsSHA256 == digest ||
		slices.ContainsFunc(record.Networks, func(n NetworkNote) bool { return n.WeightsSHA256 == digest })
}

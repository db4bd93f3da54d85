package rundir

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// CheckWritable refuses, before data is read, a new run directory that cannot be
// made: the nearest folder above it that exists must take files. The flag names
// another.
func CheckWritable(path, flag string) error {
	dir := fileio.NearestDir(path)
	if err := fileio.TryDir(dir); err != nil {
		return config.Usagef("no run directory can be made at %s, since nothing can be written to %s: %w; choose another %s", path, dir, err, flag)
	}
	return nil
}

package controls

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Networks with painted-over targets are kept in the user's folder for caches, each in a run
// directory whose name is the digest of its identity: of its data, split, network and settings.

// keptFor is how long a network is kept that nothing uses.
const keptFor = 90 * 24 * time.Hour

// CacheDir is the folder for networks that were trained as controls: blocktrain/controls in
// the user's folder for caches.
func CacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "blocktrain", "controls"), nil
}

// ClearCache removes the networks in dir, and returns how many files, and their bytes.
func ClearCache(dir string) (removed int, bytes int64, err error) {
	return remove(dir, func(fs.FileInfo) bool { return true })
}

// remove removes the run directories in dir that are to be.
func remove(dir string, old func(fs.FileInfo) bool) (removed int, bytes int64, err error) {
	entries, _ := os.ReadDir(dir) // what cannot be read is not there
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		info, err := entry.Info()
		if err != nil || !entry.IsDir() || !isDigest(entry.Name()) || !old(info) {
			continue
		}
		names, err := fileio.FilesBelow(path)
		if err != nil {
			return removed, bytes, err
		}
		for _, name := range names {
			if info, err := os.Stat(filepath.Join(path, filepath.FromSlash(name))); err == nil {
				removed, bytes = removed+1, bytes+info.Size()
			}
		}
		if err := os.RemoveAll(path); err != nil {
			return removed, bytes, err
		}
	}
	return removed, bytes, nil
}

func isDigest(name string) bool {
	if len(name) != 64 {
		return false
	}
	for _, c := range name {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// within calls do with the directory of the network with that identity, locked: the one in
// the cache, or a temporary one where there is no cache, or another process works in it.
func (r *Run) within(identity string, do func(d *rundir.Dir) error) (err error) {
	if !r.Fresh && r.Settings.CacheBytes() > 0 {
		if d := r.kept(identity); d != nil {
			defer func() { err = d.End(r.Env, err) }()
			return do(d)
		}
	}
	path, remove, err := fileio.TempDir("blocktrain-control-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	d, err := rundir.Create(r.Env, path)
	if err != nil {
		return err
	}
	defer func() { err = d.End(r.Env, err) }()
	return do(d)
}

// kept is the directory in the cache; nil where there can be none.
func (r *Run) kept(identity string) *rundir.Dir {
	cache, err := CacheDir()
	if err != nil {
		return nil
	}
	now, path := time.Now(), filepath.Join(cache, identity)
	_ = os.Chtimes(path, now, now) // says that it is used; there may be none yet
	_, _, _ = remove(cache, func(info fs.FileInfo) bool { return now.Sub(info.ModTime()) > keptFor })
	open := rundir.Create
	if fileio.Exists(rundir.SettingsPath(path)) {
		open = rundir.Open
	}
	d, err := open(r.Env, path)
	if err != nil {
		r.Env.Log.Warn("the network with painted-over targets cannot be kept, and is trained in a temporary folder", "error", err)
		return nil
	}
	return d
}

// empty removes what an earlier training left in a directory, but the files that this process
// has open.
func empty(path string) error {
	entries, err := os.ReadDir(path)
	for _, entry := range entries {
		if entry.IsDir() {
			err = errors.Join(err, os.RemoveAll(filepath.Join(path, entry.Name())))
		}
	}
	return err
}

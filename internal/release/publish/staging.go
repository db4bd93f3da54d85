package publish

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// staging is the folder in which a model's folder is built. It is on the file system of the
// repository and outside of it: a server takes hidden folders for models too.
type staging struct {
	dir        string
	repository string
	lock       *fileio.Locked
}

// The folders in it.
const (
	newDir = "new"
	oldDir = "old" // folders of the repository, while another takes their place in two steps
)

// lockWait is how long to wait for another publication into the same repository.
const lockWait = 10 * time.Minute

var errNoExchange = errors.New("the file system cannot exchange two folders")

// open makes the folder, waits until it is ours, and clears what a publication left that was
// killed.
func (o Options) open(ctx context.Context, repository string) (*staging, error) {
	dir, err := o.stagingDir(repository)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // what is built in it becomes the server's
		return nil, fmt.Errorf("a model is built in %s before it is put into the repository, and that cannot be made: %w; give another folder on the same file system by --staging", dir, err)
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return nil, config.Usagef("%s is no folder of its own, and a model is built in it: remove it, or give another folder by --staging", dir)
	}
	lock, err := fileio.LockWithin(ctx, dir, lockWait)
	if err != nil {
		return nil, err
	}
	s := &staging{dir: dir, repository: repository, lock: lock}
	if err := s.clear(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return s, nil
}

// stagingDir is the folder of a repository to build in. In a folder that the user names, which
// may have anything else in it, it is one that is of this repository alone: what a killed
// publication left is put back or removed.
func (o Options) stagingDir(repository string) (string, error) {
	name := "." + filepath.Base(repository) + ".publishing"
	if o.Staging == "" {
		return filepath.Join(filepath.Dir(repository), name), nil
	}
	staging, err := filepath.Abs(o.Staging)
	if err != nil {
		return "", err
	}
	if within, err := filepath.Rel(repository, whereItLeads(staging)); err == nil && filepath.IsLocal(within) {
		return "", config.Usagef("--staging %s is in the repository, where a server would take it for a model: give a folder outside of it, on the same file system", o.Staging)
	}
	return filepath.Join(staging, name+"-"+fileio.SHA256Of([]byte(repository))[:8]), nil
}

// whereItLeads is an absolute path without links, of which not everything need be there.
func whereItLeads(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil || path == filepath.Dir(path) {
		return target
	}
	return filepath.Join(whereItLeads(filepath.Dir(path)), filepath.Base(path))
}

// clear puts back what another folder was about to take the place of, and removes the rest.
func (s *staging) clear() error {
	entries, err := os.ReadDir(filepath.Join(s.dir, oldDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		model := filepath.Join(s.repository, e.Name())
		if !fileio.Exists(model) {
			if err := fileio.Rename(filepath.Join(s.dir, oldDir, e.Name()), model); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{newDir, oldDir} {
		if err := os.RemoveAll(filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *staging) close() error { return errors.Join(s.clear(), s.lock.Unlock()) }

// begin makes the new folder of a model, with all that the old one has, if there is one.
func (s *staging) begin(model string) (string, error) {
	to, from := filepath.Join(s.dir, newDir, model), filepath.Join(s.repository, model)
	if !fileio.Exists(from) {
		return to, os.MkdirAll(to, 0o755) //nolint:gosec // the server, another user, reads it
	}
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return link(filepath.Join(to, name), path, e)
	})
	return to, err
}

// link makes a file, folder or link again.
func link(to, from string, e fs.DirEntry) error {
	switch {
	case e.IsDir():
		return linkDir(to, e)
	case e.Type()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case !e.Type().IsRegular():
		return fmt.Errorf("%s is neither a file nor a folder: remove it from the repository", from)
	}
	if os.Link(from, to) == nil {
		return nil
	}
	return fileio.Copy(to, from)
}

// linkDir makes a folder that others may read and write as they could before.
func linkDir(to string, e fs.DirEntry) error {
	info, err := e.Info()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	return os.Chmod(to, info.Mode().Perm()|0o700)
}

// look is what a folder has, by name, size and time: equal as long as nobody changes anything in
// it. It is empty where there is no folder.
func look(dir string) (string, error) {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if path == dir {
			path = ""
		}
		fmt.Fprintf(&b, "%q %v", strings.TrimPrefix(path, dir), info.Mode())
		if !e.IsDir() { // whose time may be that of its move
			fmt.Fprintf(&b, " %d %d", info.Size(), info.ModTime().UnixNano())
		}
		b.WriteByte('\n')
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) && b.Len() == 0 {
		return "", nil
	}
	return b.String(), err
}

// swap puts the new folder of a model into the repository, in the place of one that looks as
// the new one was made of.
func (s *staging) swap(model, was string) error {
	made, place := filepath.Join(s.dir, newDir, model), filepath.Join(s.repository, model)
	err := unchanged(place, was)
	switch {
	case err != nil:
	case was != "":
		if err = exchange(made, place); errors.Is(err, errNoExchange) {
			err = s.swapInTwo(model, made, place, was)
		} else if err == nil {
			if err = unchanged(made, was); err != nil {
				err = errors.Join(err, exchange(made, place))
			}
		}
	default:
		err = os.Rename(made, place)
	}
	if errors.Is(err, syscall.EXDEV) {
		return fmt.Errorf("%s is on another file system than %s, so that the model cannot be put in place in one step: give a folder by --staging that is on the same one; nothing was changed", s.dir, s.repository)
	}
	if err != nil {
		return fmt.Errorf("cannot put the model into the repository: %w; nothing was changed", err)
	}
	return syncDir(s.repository)
}

// unchanged is an error where a folder looks another way than before: what came into it
// meanwhile would be lost.
func unchanged(dir, was string) error {
	is, err := look(dir)
	if err == nil && is != was {
		err = errors.New("somebody else changed the model meanwhile, such as another publication with another --staging: publish again")
	}
	return err
}

// swapInTwo is for file systems without exchange. For a moment there is no model.
func (s *staging) swapInTwo(model, made, place, was string) error {
	old := filepath.Join(s.dir, oldDir)
	if err := os.MkdirAll(old, 0o755); err != nil { //nolint:gosec // it holds what the server reads, for a moment
		return err
	}
	old = filepath.Join(old, model)
	if err := os.Rename(place, old); err != nil {
		return err
	}
	err := unchanged(old, was)
	if err == nil {
		err = os.Rename(made, place)
	}
	if err != nil {
		return errors.Join(err, os.Rename(old, place))
	}
	return nil
}

// syncDir waits until the names in a folder are on the disk, where that can be asked for.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = f.Sync() // Windows has none for folders
	return f.Close()
}

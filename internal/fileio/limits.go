package fileio

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// Limits bound what a package may hold that anybody may have made.
type Limits struct {
	Entries int   // files and folders
	Bytes   int64 // of all files together
	// Admit says of the path of a file or folder, and of a file's size, why no package
	// has it: ErrForeign of a name, another error of a size. Where it is nil, any is
	// admitted.
	Admit func(path string, folder bool, size int64) error
}

// Errors of packages that no limit admits.
var (
	ErrManyEntries = errors.New("more files and folders than any package has")
	ErrManyBytes   = errors.New("more bytes than a package may have")
	ErrForeign     = errors.New("a name that no file or folder of a package has")
)

// take subtracts a file or folder from what is left of the limits.
func (l *Limits) take(path string, folder bool, size int64) error {
	if folder {
		size = 0
	}
	l.Entries--
	l.Bytes -= size
	switch {
	case l.Entries < 0:
		return ErrManyEntries
	case l.Bytes < 0:
		return ErrManyBytes
	case l.Admit != nil:
		return l.Admit(path, folder, size)
	}
	return nil
}

// listing is what lies in a folder that anybody may have made. No file is opened, and
// no link is followed.
type listing struct {
	root  *os.Root
	left  Limits
	files []string     // of an admitted name, in no order
	found []Difference // what no package has
}

// list lists a folder under the root and all that lies in it.
func (l *listing) list(folder string) error {
	f, err := l.root.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		const some = 256 // since a folder may hold millions
		entries, err := f.ReadDir(some)
		for _, e := range entries {
			if err := l.add(path.Join(folder, e.Name()), e); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// add takes one entry of a folder.
func (l *listing) add(path string, e fs.DirEntry) error {
	size := int64(0)
	if e.Type().IsRegular() {
		info, err := e.Info()
		if err != nil {
			return err
		}
		size = info.Size()
	}
	shown := path
	err := l.left.take(path, e.IsDir(), size)
	if checkListable(path) != nil {
		shown, err = fmt.Sprintf("%q", path), ErrForeign
	}
	switch {
	case err != nil && !errors.Is(err, ErrForeign):
		return fmt.Errorf("%s: %w", shown, err)
	case !e.IsDir() && !e.Type().IsRegular():
		l.found = append(l.found, Difference{shown, Irregular})
	case err != nil:
		l.found = append(l.found, Difference{shown, Foreign})
	case e.IsDir():
		return l.list(path)
	default:
		l.files = append(l.files, path)
	}
	return nil
}

package dataset

import (
	"path"
	"path/filepath"
)

// FileAndFolder is the end of a path: the file's name after that of its folder, which of a
// folder dataset is the class.
func FileAndFolder(source string) string {
	dir, name := path.Split(filepath.ToSlash(source))
	return path.Join(path.Base(dir), name)
}

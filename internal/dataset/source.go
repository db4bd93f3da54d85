package dataset

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// FileAndFolder is the end of a path: the file's name after that of its folder, which of a
// folder dataset is the class.
func FileAndFolder(source string) string {
	dir, name := path.Split(filepath.ToSlash(source))
	return path.Join(path.Base(dir), name)
}

// CutName takes an entry of --dataset, MODULE or NAME=MODULE, apart. Without a name of
// its own, a dataset is called as its module.
func CutName(entry string) (name, module string) {
	name, module, named := strings.Cut(entry, "=")
	if !named {
		return entry, entry
	}
	return name, module
}

// ByPlace says whether a module reads whatever its place holds, so that the name of the
// place says more than the module's.
func ByPlace(module string) bool {
	return slices.Contains([]string{"clips", "folder", "idx", "list", "npz"}, module)
}

// PlaceName is what the place of a dataset says of it: the name of the folder, or of the
// file without its ending; empty where the path does not have it.
func PlaceName(path string) string {
	base := filepath.Base(path)
	for _, ending := range []string{".csv", ".tsv", ".jsonl", ".ndjson", ".npz"} {
		if name, cut := strings.CutSuffix(base, ending); cut && name == "metadata" { // which any such folder has
			return PlaceName(filepath.Dir(path))
		} else if cut {
			return name
		}
	}
	if base == "." || base == ".." || base == string(filepath.Separator) {
		return ""
	}
	return base
}

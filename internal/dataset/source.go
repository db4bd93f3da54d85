package dataset

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
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

// Drawn says whether a module draws its images and reads no files.
func Drawn(module string) bool { return module == "digits" }

// PlaceHint says how the data at a path is given, where the path stands in place of something
// else. It is empty where there is nothing at the path, or nothing that is read.
func PlaceHint(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	module := "folder"
	if !info.IsDir() {
		switch strings.ToLower(filepath.Ext(path)) {
		case ".csv", ".tsv", ".jsonl", ".ndjson":
			module = "list"
		case ".npz":
			module = "npz"
		default:
			return ""
		}
	}
	return fmt.Sprintf("; if %s is the data, give --dataset %s --data-dir %s", path, module, config.ShellWord(path))
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

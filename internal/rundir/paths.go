package rundir

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// A record keeps paths as they were given, relative ones from the folder that the run
// was started in. Where that is, it says by the way to it from the run directory,
// which holds for whoever has both, and wherever they stand.

// WayBack is the way from the run directory to the working directory; empty where
// there is none.
func WayBack(runDir string) string {
	here, err := filepath.Abs(".")
	if err != nil {
		return ""
	}
	there, err := filepath.Abs(runDir)
	if err != nil {
		return ""
	}
	way, err := filepath.Rel(there, here)
	if err != nil { // on another drive
		return ""
	}
	return filepath.ToSlash(way)
}

// KeepPaths enters paths into the record of a run that goes on, in the directory at path,
// perhaps from another folder than it was started in: those that flags do not give as they
// were recorded then, and relative ones of flags from the same folder.
func (record *Record) KeepPaths(then *Record, path string, origins config.Origins) {
	start := then.startFolder(path)
	if record.Execution.StartedIn = then.Execution.StartedIn; start == "" {
		record.Execution.StartedIn = WayBack(path)
	}
	for at, v := range record.Execution.Settings {
		switch v.Name {
		case "data-dir", "init-from", "split":
			if origins[v.Name] != config.OriginFlag {
				v.Value = then.Recorded(v.Name)
			} else if start != "" && v.Name == "data-dir" {
				v.Value = entriesFrom(start, v.Value)
			} else if start != "" {
				v.Value = pathFrom(start, v.Value)
			}
			record.Execution.Settings[at] = v
		}
	}
}

// entriesFrom are entries PATH or NAME=PATH, in the text of a list, as they are seen from a
// folder instead of from here.
func entriesFrom(folder, list string) string {
	entries := config.SplitWords(list)
	for i, entry := range entries {
		name, path, named := CutDataDir(entry)
		if entries[i] = pathFrom(folder, path); named {
			entries[i] = name + "=" + entries[i]
		}
	}
	return config.JoinWords(entries)
}

// pathFrom is a path as it is seen from a folder instead of from here.
func pathFrom(folder, path string) string {
	here, err := filepath.Abs(path)
	if err != nil || path == "" || filepath.IsAbs(path) {
		return path
	}
	if path, err = filepath.Rel(folder, here); err != nil { // on another drive
		return here
	}
	return path
}

// RecordedPaths lists where a path of the record may lie, the likeliest first: from
// the folder that the run was started in, where that is known, and from here. The
// record is that of the run or package at path.
func (record *Record) RecordedPaths(path, recorded string) []string {
	start := record.startFolder(path)
	if start == "" || recorded == "" || filepath.IsAbs(recorded) {
		return []string{recorded}
	}
	there := filepath.Join(start, recorded)
	if same, err := sameFolder(there, recorded); err != nil || same {
		return []string{recorded}
	}
	return []string{there, recorded}
}

// RecordedPath is the first of RecordedPaths that exists, or else the path as it was
// recorded.
func (record *Record) RecordedPath(path, recorded string) string {
	for _, candidate := range record.RecordedPaths(path, recorded) {
		if fileio.Exists(candidate) {
			return candidate
		}
	}
	return recorded
}

// startFolder is the folder that the run was started in, "" where it is not known. A
// package, unpacked or as archive, knows it in its place below the run directory.
func (record *Record) startFolder(path string) string {
	path, err := filepath.Abs(path)
	way := record.Execution.StartedIn
	if err != nil || way == "" {
		return ""
	}
	for _, dir := range []string{path, filepath.Dir(filepath.Dir(path))} {
		if fileio.Exists(SettingsPath(dir)) && !HoldsPackage(dir) {
			return filepath.Join(dir, filepath.FromSlash(way))
		}
	}
	return ""
}

func sameFolder(a, b string) (bool, error) {
	a, err := filepath.Abs(a)
	if err != nil {
		return false, err
	}
	b, err = filepath.Abs(b)
	return a == b, err
}

// DataDirs are the recorded entries of --data-dir, as they are to be read from here.
func (record *Record) DataDirs(path string) []string {
	return record.DirsFromHere(path, record.recordedDirs())
}

// DirsFromHere are entries of --data-dir from the time of the run, as they are to be
// read from here.
func (record *Record) DirsFromHere(path string, entries []string) []string {
	here := make([]string, len(entries))
	for i, entry := range entries {
		name, dir, named := CutDataDir(entry)
		if here[i] = record.RecordedPath(path, dir); named {
			here[i] = name + "=" + here[i]
		}
	}
	return here
}

// recordedDirs are the entries of --data-dir as they were recorded.
func (record *Record) recordedDirs() []string { return config.SplitWords(record.Recorded("data-dir")) }

// TriedDirs names, for an error, all folders in which the recorded data was looked
// for.
func (record *Record) TriedDirs(path string) string {
	var tried []string
	for _, entry := range record.recordedDirs() {
		_, dir, _ := CutDataDir(entry)
		tried = append(tried, record.RecordedPaths(path, dir)...)
	}
	return strings.Join(tried, ", ")
}

// Recorded is the value that a setting of the class execution had in the run.
func (record *Record) Recorded(name string) string {
	for _, v := range record.Execution.Settings {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// NoteExecution records the value that a setting of the class execution had in a stage
// that was repeated.
func (record *Record) NoteExecution(name, value string) {
	record.Execution.Settings = slices.Clone(record.Execution.Settings)
	for at := range record.Execution.Settings {
		if record.Execution.Settings[at].Name == name {
			record.Execution.Settings[at].Value = value
		}
	}
}

// DataDirs are entries of --data-dir: DIR, or NAME=DIR for one dataset.
type DataDirs []string

// Of is the folder in which the data of a dataset is looked for.
func (dirs DataDirs) Of(dataset string) string {
	general := "data"
	for _, entry := range dirs {
		name, dir, named := CutDataDir(entry)
		switch {
		case named && name == dataset:
			return dir
		case !named:
			general = dir
		}
	}
	return general
}

// CutDataDir takes NAME=DIR apart. An entry whose first part cannot be the name of
// a dataset, such as "./a=b", is a folder.
func CutDataDir(entry string) (name, dir string, named bool) {
	name, dir, named = strings.Cut(entry, "=")
	if named && config.IsModuleName(name) == nil {
		return name, dir, true
	}
	return "", entry, false
}

package pipeline

import (
	"path/filepath"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// A record keeps paths as they were given, relative ones from the folder that the run
// was started in. Where that is, it says by the way to it from the run directory,
// which holds for whoever has both, and wherever they stand.

// wayBack is the way from the run directory to the working directory; empty where
// there is none.
func wayBack(runDir string) string {
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

// recordedPaths lists where a path of the record may lie, the likeliest first: from
// the folder that the run was started in, where that is known, and from here. The
// record is that of the run or package at path.
func (record *Record) recordedPaths(path, recorded string) []string {
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

// recordedPath is the first of recordedPaths that exists, or else the path as it was
// recorded.
func (record *Record) recordedPath(path, recorded string) string {
	for _, candidate := range record.recordedPaths(path, recorded) {
		if exists(candidate) {
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
		if exists(SettingsFile(dir)) && !holdsPackage(dir) {
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

// dataDirs are the recorded entries of --data-dir, as they are to be read from here.
func (record *Record) dataDirs(path string) []string {
	return record.dirsFromHere(path, strings.Split(record.recorded("data-dir"), ","))
}

// dirsFromHere are entries of --data-dir from the time of the run, as they are to be
// read from here.
func (record *Record) dirsFromHere(path string, entries []string) []string {
	here := make([]string, len(entries))
	for i, entry := range entries {
		name, dir, named := cutDataDir(entry)
		if here[i] = record.recordedPath(path, dir); named {
			here[i] = name + "=" + here[i]
		}
	}
	return here
}

// takePaths makes the settings of an existing run, in the directory at path, fit the
// folder that this command was given in. What a flag names is named from there.
func (s *Settings) takePaths(then *Record, path string) {
	if s.Origins["data-dir"] != config.OriginFlag {
		s.DataDirs = then.dirsFromHere(path, s.DataDirs)
	}
	if s.Origins["init-from"] != config.OriginFlag {
		s.InitFrom = then.recordedPath(path, s.InitFrom)
	}
}

// triedDirs names, for an error, all folders in which the recorded data was looked
// for.
func (record *Record) triedDirs(path string) string {
	var tried []string
	for _, entry := range strings.Split(record.recorded("data-dir"), ",") {
		_, dir, _ := cutDataDir(entry)
		tried = append(tried, record.recordedPaths(path, dir)...)
	}
	return strings.Join(tried, ", ")
}

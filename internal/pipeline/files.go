package pipeline

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The record keeps the digests of the files that stages write, so that a later
// stage decides on what was measured and not on what somebody made of it.

// noteFiles enters the digests of files into the record, by their names from the
// run directory, with slashes. The caller writes the record.
func (r *session) noteFiles(names ...string) error {
	if r.record.Files == nil {
		r.record.Files = map[string]string{}
	}
	for _, name := range names {
		digest, err := fileio.SHA256(r.dir.file(name))
		if err != nil {
			return err
		}
		r.record.Files[name] = digest
	}
	return nil
}

// noteFolder does so for all files of a folder that a stage has just written as a
// whole.
func (r *session) noteFolder(folder string) error {
	maps.DeleteFunc(r.record.Files, func(name, _ string) bool { return strings.HasPrefix(name, folder+"/") })
	entries, err := os.ReadDir(r.dir.file(folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := r.noteFiles(folder + "/" + entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

// removeFiles removes files, those that exist.
func removeFiles(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// fileNames lists the files of which the record has digests.
func (record *Record) fileNames() []string { return slices.Sorted(maps.Keys(record.Files)) }

// checkFile refuses a file that is not as the stage that wrote it left it.
func (d *runDir) checkFile(record *Record, name string) error {
	path := d.file(name)
	found, err := fileio.SHA256(path)
	switch recorded := record.Files[name]; {
	case errors.Is(err, fs.ErrNotExist):
		return config.Usagef("%s does not exist: %s", path, d.remedy(name, "want", "first"))
	case err != nil:
		return err
	case recorded == "":
		return fmt.Errorf("%s: %s has no digest of it, so that nobody can tell what wrote it: %s", path, recordFile, d.remedy(name, "repeat", ""))
	case found != recorded:
		return fmt.Errorf("%s has SHA-256 %s, %s recorded %s: it was changed after it was written, or its stage was interrupted: %s",
			path, found, recordFile, recorded, d.remedy(name, "repeat", ""))
	}
	return nil
}

// remedy says, with words before and after it, which command writes a file of the
// run anew, if there is one.
func (d *runDir) remedy(name, before, after string) string {
	stage := ""
	switch {
	case name == releaseFile:
		stage = "gate"
	case strings.HasPrefix(name, evaluationDir+"/"), strings.HasPrefix(name, plotsDir+"/"):
		stage = "evaluate"
	default:
		return "restore the file, or train in a new run directory"
	}
	return strings.TrimSpace(fmt.Sprintf("%s blocktrain %s --run %s %s", before, stage, shellWord(d.path), after))
}

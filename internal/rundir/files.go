package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// The record keeps the digests of the files that stages write, so that a later
// stage decides on what was measured and not on what somebody made of it.

// EvaluatedParts are the parts that a run evaluates.
func EvaluatedParts() []dataset.Part {
	return []dataset.Part{dataset.PartValidation, dataset.PartTest}
}

// DetectionFile is the file, from the run directory, with how well the targets of the clips of a
// part are found.
func DetectionFile(part dataset.Part) string {
	return EvaluationDir + "/detection-" + part.String() + ".json"
}

// EvaluationFile is the file, from the run directory, with the evaluation of a part.
func EvaluationFile(part dataset.Part) string { return EvaluationDir + "/" + part.String() + ".json" }

// ControlsFile is the file, from the run directory, with what the evaluations of clips are held
// against.
const ControlsFile = EvaluationDir + "/controls.json"

// NoteFiles enters the digests of files into the record, by their names from the run
// directory, with slashes. The caller writes the record.
func (d *Dir) NoteFiles(record *Record, names ...string) error {
	if record.Files == nil {
		record.Files = map[string]string{}
	}
	for _, name := range names {
		digest, err := fileio.SHA256(d.File(name))
		if err != nil {
			return err
		}
		record.Files[name] = digest
	}
	return nil
}

// NoteFolder does so for all files of a folder that a stage has just written as a
// whole.
func (d *Dir) NoteFolder(record *Record, folder string) error {
	maps.DeleteFunc(record.Files, func(name, _ string) bool { return strings.HasPrefix(name, folder+"/") })
	entries, err := os.ReadDir(d.File(folder))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := d.NoteFiles(record, folder+"/"+entry.Name()); err != nil {
			return err
		}
	}
	return nil
}

// FileNames lists the files of which the record has digests.
func (record *Record) FileNames() []string { return slices.Sorted(maps.Keys(record.Files)) }

// CheckFile refuses a file that is not as the stage that wrote it left it.
func (d *Dir) CheckFile(record *Record, name string) error {
	path := d.File(name)
	found, err := fileio.SHA256(path)
	switch recorded := record.Files[name]; {
	case errors.Is(err, fs.ErrNotExist):
		return config.Usagef("%s does not exist: %s", path, d.remedy(name, "want", "first"))
	case err != nil:
		return err
	case recorded == "":
		return fmt.Errorf("%s: %s has no digest of it, so that nobody can tell what wrote it: %s", path, RecordFile, d.remedy(name, "repeat", ""))
	case found != recorded:
		return fmt.Errorf("%s has SHA-256 %s, %s recorded %s: it was changed after it was written, or its stage was interrupted: %s",
			path, found, RecordFile, recorded, d.remedy(name, "repeat", ""))
	}
	return nil
}

// remedy says, with words before and after it, which command writes a file of the
// run anew, if there is one.
func (d *Dir) remedy(name, before, after string) string {
	stage := ""
	switch {
	case name == ReleaseFile, name == AgreementFile:
		stage = "gate"
	case strings.HasPrefix(name, EvaluationDir+"/"), strings.HasPrefix(name, PlotsDir+"/"):
		stage = "evaluate"
	default:
		return "restore the file, or train in a new run directory"
	}
	return strings.TrimSpace(fmt.Sprintf("%s blocktrain %s --run %s %s", before, stage, config.ShellWord(d.Path), after))
}

// CheckSettings refuses the configuration of the run at path if it is not what its record
// has the digest of, before anything is read of it. Where there is none, nothing is
// refused here.
func CheckSettings(path string) error {
	if !fileio.Exists(SettingsPath(path)) {
		return nil
	}
	record, err := ReadRecord(filepath.Join(path, RecordFile))
	if errors.Is(err, fs.ErrNotExist) { // which the command itself says in its own words
		return nil
	}
	if err != nil {
		return err
	}
	if record.Files[SettingsFile] == "" { // an older program's, of a training that is not finished
		return nil
	}
	return At(path).CheckFile(record, SettingsFile)
}

// ClipsFile is the file, from the run directory, of what the model says of the clips of a
// part.
func ClipsFile(part dataset.Part) string {
	return EvaluationDir + "/clips-" + part.String() + ".json"
}

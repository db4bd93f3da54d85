package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// What verification finds of a run directory's files for people and for servers,
// which are no source of anything else.

// checkMade makes the model card, the report and the exported model of a run again and
// compares those that are there. What they say follows from the other files, and from the
// version of the program that wrote them, which may be any that the record names.
// It comes last: where another file was changed too, that says more.
func (v *verification) checkMade(context.Context) error {
	if v.packaged {
		return nil
	}
	present, err := v.made()
	if err != nil {
		return err
	}
	if len(present) == 0 && !fileio.Exists(v.file(rundir.ExportDir)) {
		return nil
	}
	how, err := v.exported()
	if err != nil {
		return err
	}
	for _, program := range distinct(append(v.programs(), how.Program)) {
		if present, err = v.differing(program, how, present); err != nil {
			return err
		}
		if len(present) == 0 {
			return nil
		}
	}
	for _, name := range present {
		if err := v.madeOtherwise(name, how); err != nil {
			return err
		}
	}
	return nil
}

// made lists the files that can be made again and that the run has.
func (v *verification) made() ([]string, error) {
	var names []string
	for _, name := range []string{rundir.CardFile, rundir.ReportFile} {
		switch {
		case fileio.Exists(v.file(name)):
			names = append(names, name)
		case v.ours() && v.release != nil:
			return nil, &Difference{File: name, Figure: "file", Recorded: "one in every run with a decision", Found: nothing,
				Cause: "the file was removed, or the run was interrupted: blocktrain run --run " + config.ShellWord(v.request.Path) + " --resume makes it again"}
		}
	}
	if !fileio.Exists(v.file(rundir.ExportDir)) {
		return names, nil
	}
	exported, err := fileio.FilesBelow(v.file(rundir.ExportDir))
	for _, name := range exported {
		if name != release.ExportFile {
			names = append(names, path.Join(rundir.ExportDir, name))
		}
	}
	return names, err
}

// programs are the versions of the program that the record names, and this one.
func (v *verification) programs() []string {
	names := []string{v.record.Execution.Program, buildinfo.Program()}
	if v.record.Package != nil {
		names = append(names, v.record.Package.Program)
	}
	return distinct(names)
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// exported says how the exported model was made.
func (v *verification) exported() (*rundir.ExportNote, error) {
	note, err := release.ReadExport(v.file(rundir.ExportDir))
	switch {
	case errors.Is(err, fs.ErrNotExist) && v.ours() && fileio.Exists(v.file(rundir.ExportDir)):
		return nil, v.lacking(path.Join(rundir.ExportDir, release.ExportFile), err)
	case errors.Is(err, fs.ErrNotExist): // there is none, or an older version of the program wrote it
		return v.exportedByRun()
	case err != nil:
		return nil, v.lacking(path.Join(rundir.ExportDir, release.ExportFile), err)
	}
	return note, v.checkExportNote(note)
}

// checkExportNote refuses a note of the exported model in another form than the program
// writes it.
func (v *verification) checkExportNote(note *rundir.ExportNote) error {
	name := path.Join(rundir.ExportDir, release.ExportFile)
	made, err := settings.ExportersOf(note)
	if err != nil {
		return unreadable(name, err)
	}
	if err := v.subject.CheckNotes(name, "exporters", note.Exporters, made.Notes); err != nil {
		return err
	}
	text, err := finding.Read(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	if object, is := text.(map[string]any); !is || object["program"] == nil || object["exporters"] == nil {
		return &Difference{File: name, Figure: "program, exporters", Recorded: nothing, Found: "both in every such file", Cause: changed(name)}
	}
	return nil
}

// exportedByRun is every format with the options that the run was started with.
func (v *verification) exportedByRun() (*rundir.ExportNote, error) {
	options, err := settings.ExporterOptions(strings.FieldsFunc(v.record.Recorded("exporters"), func(r rune) bool { return r == ',' }))
	if err != nil {
		return nil, unreadable(rundir.RecordFile, err)
	}
	var formats []config.Selection
	for _, module := range exporter.Modules() {
		formats = append(formats, config.Selection{Name: module.Name, Options: options[module.Name]})
	}
	all, err := settings.MakeExporters(formats)
	if err != nil {
		return nil, unreadable(rundir.RecordFile, err)
	}
	return &rundir.ExportNote{Program: v.record.Execution.Program, Exporters: all.Notes}, nil
}

// differing are those of the files that the given version of the program does not
// make of record and weights.
func (v *verification) differing(program string, how *rundir.ExportNote, names []string) (differ []string, err error) {
	dir, remove, err := fileio.TempDir(temporaryName)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	formats, err := settings.ExportersOf(how)
	if err != nil {
		return nil, unreadable(path.Join(rundir.ExportDir, release.ExportFile), err)
	}
	err = v.deriveBy(program, formats, train.CheckpointDir+"/"+train.BestFile, filepath.Join(dir, rundir.ExportDir), dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		found, err := fileio.SHA256(v.file(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, v.lacking(name, err)
		}
		want, wrong := fileio.SHA256(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || wrong != nil || found != want { // a file that is not made differs too
			differ = append(differ, name)
		}
	}
	return distinct(append(differ, v.missing(dir, how)...)), nil
}

// missing are the files of the exported model that were made in dir and that the run does
// not have, although it has some.
func (v *verification) missing(dir string, how *rundir.ExportNote) []string {
	if how.Exporters == nil || !fileio.Exists(v.file(path.Join(rundir.ExportDir, release.ExportFile))) {
		return nil
	}
	made, _ := fileio.FilesBelow(filepath.Join(dir, rundir.ExportDir)) // without one, nothing is exported
	var names []string
	for _, name := range made {
		if name = path.Join(rundir.ExportDir, name); !fileio.Exists(v.file(name)) {
			names = append(names, name)
		}
	}
	return names
}

// madeOtherwise is the difference of a file that no version of the program at hand
// makes. Where another one wrote the run, its words are not known: what is served is
// judged by its bytes alone.
func (v *verification) madeOtherwise(name string, how *rundir.ExportNote) error {
	forPeople := name == rundir.CardFile || name == rundir.ReportFile
	others := slices.DeleteFunc(distinct(append(v.programs(), how.Program)), func(program string) bool { return program == buildinfo.Program() })
	if forPeople && (!v.ours() || len(others) > 0) {
		v.warn(fmt.Sprintf("%s is not what this version of the program writes: whether it says what the other files say was not verified", name))
		return nil
	}
	remedy, recorded := "gate", "other bytes"
	if !forPeople {
		remedy = "export"
	}
	if !fileio.Exists(v.file(name)) {
		recorded = nothing
	}
	cause := fmt.Sprintf("it was changed after it was written, or is older than %s: blocktrain %s --run %s writes it anew",
		rundir.RecordFile, remedy, config.ShellWord(v.request.Path))
	if len(others) > 0 {
		cause += fmt.Sprintf("; or %s writes it in another way: verify with that", strings.Join(others, " or "))
	}
	return &Difference{File: name, Figure: "content", Recorded: recorded, Found: "what weights and record give", Cause: cause}
}

// noteNotCompared says what was not compared with what training again gives: where
// it ended before the last epoch, all that comes after the history, although the
// record was compared with it.
func (v *verification) noteNotCompared(context.Context) error {
	if v.result.Epochs < v.result.Recorded {
		v.result.NotCompared = v.notRebuilt()
	}
	if !v.packaged {
		v.result.NotCompared = append(v.result.NotCompared, v.notCompared()...)
	}
	return nil
}

// notRebuilt names what of a run or package is made of the weights of the best epoch.
func (v *verification) notRebuilt() []string {
	names := []string{path.Join(train.CheckpointDir, train.BestFile), exporter.WeightsFile, rundir.NetworksDir}
	for _, part := range []dataset.Part{dataset.PartValidation, dataset.PartTest} {
		names = append(names, rundir.EvaluationFile(part), rundir.DetectionFile(part))
	}
	names = append(names, rundir.ControlsFile, layout.SensorFile, rundir.ReleaseFile, rundir.CardFile, rundir.ExportDir, exporter.RepositoryDir)
	return slices.DeleteFunc(names, func(name string) bool { return !fileio.Exists(v.file(name)) })
}

// notCompared names what a run directory has that verification does not look at.
// Evaluations on other data are of no record.
func (v *verification) notCompared() []string {
	names := []string{
		rundir.PackageDir, logging.TextFile, logging.JSONFile,
	}
	names = append(names, v.unsealed...)
	names = slices.DeleteFunc(names, func(name string) bool { return !fileio.Exists(v.file(name)) })
	evaluations, _ := fileio.FilesBelow(v.file(rundir.EvaluationDir)) // a run that was only trained has none
	for _, name := range evaluations {
		if name = path.Join(rundir.EvaluationDir, name); v.record.Files[name] == "" {
			names = append(names, name)
		}
	}
	return names
}

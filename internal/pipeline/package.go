package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

func (record *Record) packageName() string { return record.Name + "-" + record.ReleaseVersion }

// archive is the path of the package's tar.gz.
func (d *runDir) archive(record *Record) string {
	return d.file(packageDir, record.packageName()+".tar.gz")
}

// packageStage assembles the package of an approved model, as a folder and as a
// reproducible archive, which never outlives the folder that it is of.
func (r *session) packageStage(context.Context) error {
	if err := r.checkApproval(); err != nil {
		return err
	}
	formats, err := r.notePackage()
	if err != nil {
		return err
	}
	folder, archive := r.dir.file(packageDir, r.record.packageName()), r.dir.archive(r.record)
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	err = replaceDir(folder, func(dir string) error {
		if err := r.fillPackage(dir, formats); err != nil {
			return err
		}
		return removeFiles(archive)
	})
	if err != nil {
		return err
	}
	if err := fileio.WriteArchive(archive, folder, r.record.packageName(), r.record.Started); err != nil {
		return err
	}
	digest, err := fileio.SHA256(archive)
	if err != nil {
		return err
	}
	r.env.Log.Info("package written", "directory", folder, "archive", archive, "sha256", digest)
	return nil
}

// checkApproval refuses to package a model that the gate has not approved, and
// results that do not belong together.
func (r *session) checkApproval() error {
	path := r.dir.file(releaseFile)
	if err := r.dir.checkFile(r.record, releaseFile); err != nil {
		return err
	}
	release, err := criterion.ReadRelease(path)
	switch {
	case err != nil:
		return err
	case !release.Approved:
		return fmt.Errorf("%w: a model that is not approved is not packaged: %s", ErrRefused, release.Reason)
	}
	if err := r.record.checkRelease(release); err != nil {
		return fmt.Errorf("%s %w: repeat blocktrain gate --run %s", path, err, shellWord(r.dir.path))
	}
	for _, name := range r.record.fileNames() {
		if err := r.dir.checkFile(r.record, name); err != nil {
			return err
		}
	}
	_, err = r.testEvaluation()
	return err
}

// checkRelease reports a decision that is not the one that was recorded.
func (record *Record) checkRelease(release *criterion.Release) error {
	switch {
	case record.Training == nil || release.Weights.SHA256 != record.Training.WeightsSHA256:
		return fmt.Errorf("is of other weights than those of %s", recordFile)
	case release.Decision() != record.Decision:
		return fmt.Errorf("says %s, but %s says %q", release.Decision(), recordFile, record.Decision)
	case release.EvaluationSHA256 != record.Files[evaluationFile(dataset.PartTest)]:
		return errors.New("is on another evaluation than the last")
	}
	return nil
}

// fillPackage writes the package's files into an empty folder: the model for
// Triton, the weights, and the run's files that say where it comes from.
func (r *session) fillPackage(folder string, formats exporters) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	if err := formats.export(artifact(r.record, t.graph, t.params), folder); err != nil {
		return err
	}
	for _, name := range append(r.record.fileNames(), recordFile, cardFile) {
		if err := copyFile(filepath.Join(folder, name), r.dir.file(name)); err != nil {
			return err
		}
	}
	return fileio.WriteChecksums(folder)
}

// packageFormats are the exporters that every package needs.
var packageFormats = []string{"safetensors", "triton"}

// packageExporters makes those with the options that the run gave them.
func (r *session) packageExporters() (exporters, error) {
	options, err := exporterOptions(r.settings.Exporters)
	if err != nil {
		return exporters{}, err
	}
	var selections []config.Selection
	for _, name := range packageFormats {
		selections = append(selections, config.Selection{Name: name, Options: options[name]})
	}
	return makeExporters(selections)
}

// notePackage makes the exporters of the package and enters into the record how
// it is made.
func (r *session) notePackage() (exporters, error) {
	made, err := r.packageExporters()
	if err != nil {
		return made, err
	}
	note := made.note()
	r.record.Package = &note
	return made, r.dir.writeRecord(r.record)
}

// packageExporters makes the exporters of a package again.
func (n *ExportNote) packageExporters() (exporters, error) {
	var names []string
	for _, note := range n.Exporters {
		names = append(names, note.Name)
	}
	if !slices.Equal(names, packageFormats) {
		return exporters{}, fmt.Errorf("package.exporters are %q, want %q", names, packageFormats)
	}
	return makeExporters(n.selections())
}

// copyFile copies a file and makes the folder that it goes to.
func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return fileio.WriteBytes(to, b)
}

// rename gives the model the name and version of flags. Without them it keeps those it
// has, be they of an earlier call.
func (record *Record) rename(s *Settings) (changed bool) {
	name, version := record.Name, record.ReleaseVersion
	if s.Origins["name"] == config.OriginFlag {
		record.Name = s.ReleaseName()
	}
	if s.Origins["release-version"] == config.OriginFlag {
		record.ReleaseVersion = s.ReleaseVersion
	}
	return record.Name != name || record.ReleaseVersion != version
}

// rename does so in the run directory.
func (r *session) rename() error {
	if !r.record.rename(r.settings) {
		return nil
	}
	return r.dir.writeRecord(r.record)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Package repeats the packaging of the approved run in dir.
func Package(ctx context.Context, env *Environment, s *Settings, dir string) error {
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		r, err := reopenWithoutData(env, s, d, record)
		if err != nil {
			return err
		}
		if err := r.checkApproval(); err != nil {
			return err
		}
		if err := r.rename(); err != nil {
			return err
		}
		if err := r.runStages(ctx, []stage{
			{"report", (*session).reportStage}, {"export", (*session).renewExport}, {"package", (*session).packageStage},
		}); err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.Stdout, d.archive(record))
		return err
	})
}

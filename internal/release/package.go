package release

import (
	"fmt"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// Package is a package that was written: its folder, its archive, and the archive's
// SHA-256.
type Package struct{ Folder, Archive, SHA256 string }

// Package assembles the package of an approved model, as a folder and as a
// reproducible archive, which never outlives the folder that it is of.
func (c *Candidate) Package() (*Package, error) {
	if err := c.CheckApproval(); err != nil {
		return nil, err
	}
	formats, err := c.notePackage()
	if err != nil {
		return nil, err
	}
	name := c.Record.PackageName()
	made := &Package{Folder: c.Dir.File(rundir.PackageDir, name), Archive: c.Dir.Archive(c.Record)}
	if err := c.Dir.MakeDir(rundir.PackageDir); err != nil {
		return nil, err
	}
	err = fileio.ReplaceDir(made.Folder, func(dir string) error {
		if err := c.fillPackage(dir, formats); err != nil {
			return err
		}
		return fileio.Remove(made.Archive)
	})
	if err != nil {
		return nil, err
	}
	if err := fileio.WriteArchive(made.Archive, made.Folder, name, c.Record.Started); err != nil {
		return nil, err
	}
	if made.SHA256, err = fileio.SHA256(made.Archive); err != nil {
		return nil, err
	}
	c.Env.Log.Info("package written", "directory", made.Folder, "archive", made.Archive, "sha256", made.SHA256)
	return made, nil
}

// CheckApproval refuses to package a model that the gate has not approved, and
// results that do not belong together.
func (c *Candidate) CheckApproval() error {
	path := c.Dir.File(rundir.ReleaseFile)
	if err := c.Dir.CheckFile(c.Record, rundir.ReleaseFile); err != nil {
		return err
	}
	decided, err := criterion.ReadRelease(path)
	switch {
	case err != nil:
		return err
	case !decided.Approved:
		return fmt.Errorf("%w: a model that is not approved is not packaged: %s", rundir.ErrRefused, decided.Reason)
	}
	if err := c.Record.CheckRelease(decided); err != nil {
		return fmt.Errorf("%s %w: repeat blocktrain gate --run %s", path, err, config.ShellWord(c.Dir.Path))
	}
	for _, name := range c.Record.FileNames() {
		if err := c.Dir.CheckFile(c.Record, name); err != nil {
			return err
		}
	}
	_, err = c.TestEvaluation()
	return err
}

// fillPackage writes the package's files into an empty folder: the model for
// Triton, the weights, and the run's files that say where it comes from.
func (c *Candidate) fillPackage(folder string, formats settings.Exporters) error {
	t, err := c.Trained()
	if err != nil {
		return err
	}
	if err := ExportNetworks(formats, c.Record, t, buildinfo.Program(), folder); err != nil {
		return err
	}
	for _, name := range append(c.Record.FileNames(), rundir.RecordFile, rundir.CardFile) {
		if err := fileio.Copy(filepath.Join(folder, name), c.Dir.File(name)); err != nil {
			return err
		}
	}
	return fileio.WriteChecksums(folder)
}

// notePackage makes the exporters of the package and enters into the record how
// it is made.
func (c *Candidate) notePackage() (settings.Exporters, error) {
	made, err := c.Settings.PackageExporters()
	if err != nil {
		return made, err
	}
	note := made.Note()
	c.Record.Package = &note
	return made, c.Dir.WriteRecord(c.Record)
}

// IsPackaged says whether the package of the run's last decision is there.
func IsPackaged(d *rundir.Dir, record *rundir.Record) bool {
	digest, err := fileio.SHA256(d.File(rundir.PackageDir, record.PackageName(), rundir.ReleaseFile))
	return err == nil && digest == record.Files[rundir.ReleaseFile] && fileio.Exists(d.Archive(record))
}

package release

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/triton"
)

// Package is a package that was written: its folder, its archive, and the archive's
// SHA-256.
type Package struct{ Folder, Archive, SHA256 string }

// Package assembles the package of an approved model, as a folder and as a
// reproducible archive, which never outlives the folder that it is of.
func (c *Candidate) Package() (*Package, error) {
	if err := errors.Join(CheckCommit(c.Settings, c.Record), c.CheckApproval()); err != nil {
		return nil, err
	}
	was, err := c.released()
	if err != nil {
		return nil, err
	}
	formats, err := c.notePackage(was)
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
		if err := c.checkSame(dir, was); err != nil {
			return err
		}
		if c.Settings.OverwriteRelease {
			if err := c.forgetReleased(); err != nil {
				return err
			}
		}
		return errors.Join(c.Dir.WriteRecord(c.Record), fileio.Remove(made.Archive))
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
	if err := c.noteReleased(made); err != nil {
		return nil, err
	}
	if err := provenance.BesideOf(made.Folder).Write(made.Folder); err != nil {
		return nil, err
	}
	for _, by := range slices.Compact([]string{c.Record.Execution.Program, c.Record.Package.Program}) {
		if buildinfo.WithoutCommit(by) {
			c.Env.Log.Warn("nobody can tell from which source the package was made: the program has no commit", "program", by)
		}
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
	program := c.Record.Package.Program
	if err := c.checkAgreement(formats, program); err != nil {
		return err
	}
	if err := ExportNetworks(formats, c.Record, t, program, folder); err != nil {
		return err
	}
	if err := errors.Join(WriteNotice(c.Record, folder), WriteProcessing(c.Record, folder), WriteSmoke(c.Record, t, folder)); err != nil {
		return err
	}
	if err := c.checkProfile(); err != nil {
		return err
	}
	for _, name := range c.Record.FileNames() {
		if err := fileio.Copy(filepath.Join(folder, name), c.Dir.File(name)); err != nil {
			return err
		}
	}
	content, err := report.Gather(c.Dir, c.Record, t, program)
	if err != nil {
		return err
	}
	card, err := report.ModelCard(content, rundir.PlotsDir)
	if err != nil {
		return err
	}
	if err := fileio.WriteBytes(filepath.Join(folder, rundir.CardFile), card); err != nil {
		return err
	}
	if err := rundir.At(folder).WriteRecord(c.Record); err != nil {
		return err
	}
	if err := fileio.WriteChecksums(folder); err != nil {
		return err
	}
	return checkServed(folder)
}

// checkProfile refuses a file with another sensor profile than the record's. Runs of older
// programs may have none.
func (c *Candidate) checkProfile() error {
	if c.Record.Files[layout.ProfileFile] == "" {
		return nil
	}
	path, note := c.Dir.File(layout.ProfileFile), c.Record.Identity.Sensor
	found, err := sensor.Load(path)
	switch {
	case err != nil:
		return err
	case note == nil || !reflect.DeepEqual(found, note.Profile):
		return fmt.Errorf("%s is not the sensor profile that %s has: it was changed after the run; begin a new run", path, rundir.RecordFile)
	}
	return nil
}

// checkServed refuses a package whose model repositories Triton would not load, or would
// load with something in them that hurts later. A server with GPUs serves them too.
func checkServed(folder string) error {
	repositories, err := triton.Repositories(folder)
	if err != nil {
		return err
	}
	for _, repository := range repositories {
		found, err := triton.Check(repository, triton.Options{GPUs: triton.AnyGPUs, Strict: true})
		if err != nil {
			return err
		}
		if failures := found.Failures(); len(failures) > 0 {
			return fmt.Errorf("no package was made, since Triton could not serve it: %s; 'blocktrain package check' on export/%s, which 'blocktrain export --exporters triton' writes, says more", strings.Join(failures, "; "), exporter.RepositoryDir)
		}
	}
	return nil
}

// notePackage makes the exporters of the package and notes how it is made. One that
// was there before is made as it was then, unless a flag asks for something else.
func (c *Candidate) notePackage(was *released) (settings.Exporters, error) {
	if was != nil && was.Made != nil && c.Settings.Origins["exporters"] != config.OriginFlag {
		c.Record.Package = was.Made
		return settings.PackageExportersOf(was.Made)
	}
	made, err := c.Settings.PackageExporters()
	if err != nil {
		return made, err
	}
	note := made.Note()
	c.Record.Package = &note
	return made, nil
}

// CheckCommit refuses a program, or a run of one, whose source nobody can find again,
// where the settings require a commit. The record is nil before there is a run.
func CheckCommit(s *settings.Settings, record *rundir.Record) error {
	if !s.RequireCommit {
		return nil
	}
	if err := buildinfo.CheckCommit(buildinfo.Program()); err != nil {
		return config.Usagef("--require-commit: this program %w: commit what was changed, build with git at hand (go build ./cmd/blocktrain, not go run), and repeat the command", err)
	}
	if record == nil {
		return nil
	}
	if err := buildinfo.CheckCommit(record.Execution.Program); err != nil {
		return config.Usagef("--require-commit: the program that trained the model, %q, %w: train again in a new run directory, which gives the same bits", record.Execution.Program, err)
	}
	return nil
}

// IsPackaged says whether the package of the run's last decision is there and, if this
// program made it, what it writes beside it.
func IsPackaged(d *rundir.Dir, record *rundir.Record) bool {
	digest, err := fileio.SHA256(d.File(rundir.PackageDir, record.PackageName(), rundir.ReleaseFile))
	if err != nil || digest != record.Files[rundir.ReleaseFile] || !fileio.Exists(d.Archive(record)) {
		return false
	}
	ours := record.Schema == rundir.RecordSchema && record.Package != nil && record.Package.Program == buildinfo.Program()
	return !ours || provenance.BesideOf(d.Archive(record)).Written()
}

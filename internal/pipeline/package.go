package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

func (record *Record) packageName() string { return record.Name + "-" + record.ReleaseVersion }

// archive is the path of the package's tar.gz.
func (d *runDir) archive(record *Record) string {
	return d.file(packageDir, record.packageName()+".tar.gz")
}

// packageStage assembles the package of an approved model, as a folder and as a
// reproducible archive.
func (r *session) packageStage(context.Context) error {
	release, err := criterion.ReadRelease(r.dir.file(releaseFile))
	if err != nil {
		return err
	}
	if !release.Approved {
		return fmt.Errorf("%w: a model that is not approved is not packaged: %s", ErrRefused, release.Reason)
	}
	if release.Weights.SHA256 != r.record.Training.WeightsSHA256 {
		return config.Usagef("release.json is of other weights than the run's: repeat blocktrain gate --run %s", r.dir.path)
	}
	folder := r.dir.file(packageDir, r.record.packageName())
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	if err := replaceDir(folder, r.fillPackage); err != nil {
		return err
	}
	archive := r.dir.archive(r.record)
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

// fillPackage writes the package's files into an empty folder: the model for
// Triton, the weights, and the run's files that say where it comes from.
func (r *session) fillPackage(folder string) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	exporters, err := r.packageExporters()
	if err != nil {
		return err
	}
	if err := exportAll(exporters, artifact(r.record, t.graph, t.params), folder); err != nil {
		return err
	}
	for _, name := range []string{recordFile, splitFile, releaseFile, cardFile} {
		if err := copyFile(filepath.Join(folder, name), r.dir.file(name)); err != nil {
			return err
		}
	}
	for _, dir := range []string{evaluationDir, plotsDir} {
		if err := copyTree(filepath.Join(folder, dir), r.dir.file(dir)); err != nil {
			return err
		}
	}
	return fileio.WriteChecksums(folder)
}

// packageExporters are those that every package needs, with the options that the
// run gave them.
func (r *session) packageExporters() ([]exporter.Exporter, error) {
	selections, err := config.Selections(r.settings.Exporters)
	if err != nil {
		return nil, err
	}
	options := map[string]string{}
	for _, s := range selections {
		options[s.Name] = s.Options
	}
	return makeAll(exporter.MakeExporter, []config.Selection{
		{Name: "safetensors", Options: options["safetensors"]}, {Name: "triton", Options: options["triton"]},
	})
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(to, b)
}

// copyTree copies the files of a flat folder; one that does not exist counts as
// empty.
func copyTree(to, from string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, e := range entries {
		if err := copyFile(filepath.Join(to, e.Name()), filepath.Join(from, e.Name())); err != nil {
			return err
		}
	}
	return nil
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
		if err := r.runStages(ctx, []stage{{"report", (*session).reportStage}, {"package", (*session).packageStage}}); err != nil {
			return err
		}
		_, err = fmt.Fprintln(env.Stdout, d.archive(record))
		return err
	})
}

// VerifyPackage compares the files of an unpacked package with its SHA256SUMS and
// its weights with its record. Differences are listed; the error then wraps
// ErrDifference.
func VerifyPackage(_ context.Context, env *Environment, dir string) error {
	differences, err := fileio.VerifyChecksums(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDifference, err)
	}
	for _, d := range differences {
		if _, err := fmt.Fprintf(env.Stdout, "%s: %s\n", d.Path, d.Kind); err != nil {
			return err
		}
	}
	if len(differences) > 0 {
		return fmt.Errorf("%w: %d files of %s are not as %s lists them", ErrDifference, len(differences), dir, fileio.ChecksumFile)
	}
	record, _, err := openModel(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDifference, err)
	}
	if digest, err := record.Identity.digest(); err != nil || digest != record.IdentitySHA256 {
		return errors.Join(err, fmt.Errorf("%w: %s says identity_sha256 %s, its identity has %s", ErrDifference, recordFile, record.IdentitySHA256, digest))
	}
	_, err = fmt.Fprintf(env.Stdout, "%s: every file is as listed, and the weights are those of the record\n", dir)
	return err
}

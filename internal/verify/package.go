package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/preprocess"
)

// What verification finds of a package beyond its list of digests, which whoever
// changes a file can write anew.

// checkDigests compares files with the digests that the record has of them.
func (v *verification) checkDigests(context.Context) error {
	for _, name := range v.record.FileNames() {
		found, err := fileio.SHA256(v.file(name))
		if err != nil {
			return v.lacking(name, err)
		}
		if recorded := v.record.Files[name]; found != recorded {
			return &Difference{File: name, Figure: "sha256", Recorded: recorded, Found: found, Cause: changed(name, rundir.RecordFile)}
		}
	}
	return nil
}

// checkContents makes a package's derived files again, compares them, and finds
// files that no package has.
func (v *verification) checkContents(context.Context) (err error) {
	if !v.packaged {
		return nil
	}
	if v.record.Package == nil {
		return &Difference{File: rundir.RecordFile, Figure: "package", Recorded: nothing, Found: "a package", Cause: changed(rundir.RecordFile)}
	}
	dir, remove, err := fileio.TempDir(temporaryName)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if err := v.derive(dir); err != nil {
		return err
	}
	derived, err := fileio.FilesBelow(dir)
	if err != nil {
		return err
	}
	for _, name := range derived {
		if err := v.compareDerived(dir, name); err != nil {
			return err
		}
	}
	return v.checkNames(derived)
}

// derive writes into dir what a package derives from weights and record: the
// model as it is served, the weights' file, how images are prepared, and the model card.
func (v *verification) derive(dir string) error {
	formats, err := settings.PackageExportersOf(v.record.Package)
	if err != nil {
		return unreadable(rundir.RecordFile, err)
	}
	if err := errors.Join(release.WriteNotice(v.record, dir), release.WriteProcessing(v.record, dir)); err != nil {
		return err
	}
	return v.deriveBy(v.record.Package.Program, formats, exporter.WeightsFile, dir, dir)
}

// deriveBy writes what the given version of the program derives from the record
// and the weights in the file of that name: the model in the given formats, into
// models, and the model card and, of a run, the report, into cards.
func (v *verification) deriveBy(program string, formats settings.Exporters, weights, models, cards string) error {
	t, err := v.source.Restore(v.record, v.file(weights))
	if err != nil {
		return unreadable(weights, err)
	}
	if v.packaged {
		if err := release.WriteSmoke(v.record, t, models); err != nil {
			return err
		}
	}
	if err := release.ExportNetworks(formats, v.record, t, program, models); err != nil {
		return unreadable(rundir.RecordFile, err)
	}
	content, err := report.Gather(rundir.At(v.folder), v.record, t, program)
	if err != nil {
		return v.lacking(rundir.CardFile, err)
	}
	card, err := report.ModelCard(content, rundir.PlotsDir)
	if err != nil {
		return err
	}
	if err := fileio.WriteBytes(filepath.Join(cards, rundir.CardFile), card); err != nil || v.packaged {
		return err
	}
	page, err := report.HTML(content)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(filepath.Join(cards, rundir.ReportFile), page)
}

// isProse says whether a file of a package is for people, or a program for them to run.
// Another version of the program may write it in other words.
func isProse(name string) bool {
	return slices.Contains([]string{rundir.CardFile, layout.NoticeFile, preprocess.PageFile, preprocess.PythonClient, preprocess.GoClient, postprocess.Client}, name)
}

// compareDerived compares a file with what was derived anew. What is served is
// judged by its bytes alone; how another version of the program puts the card into
// words is not known.
func (v *verification) compareDerived(dir, name string) error {
	want, err := fileio.SHA256(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	packaged, err := fileio.SHA256(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	by, cause := v.record.Package.Program, changed(name, rundir.RecordFile)
	switch {
	case packaged == want:
		return nil
	case (by != buildinfo.Program() || !v.ours()) && isProse(name):
		v.warn(fmt.Sprintf("%s is not what this version of the program writes: whether it says what the other files say was not verified", name))
		return nil
	case by != buildinfo.Program():
		cause += fmt.Sprintf("; or %s writes it in another way: verify with that", by)
	}
	return &Difference{File: name, Figure: "content", Recorded: "SHA-256 " + packaged,
		Found: "SHA-256 " + want + " of what weights and record give", Cause: cause}
}

// checkNames finds files and folders that no package has.
func (v *verification) checkNames(derived []string) error {
	allowed := map[string]bool{".": true, fileio.ChecksumFile: true, rundir.RecordFile: true}
	for _, name := range slices.Concat(derived, v.record.FileNames()) {
		for ; !allowed[name]; name = path.Dir(name) {
			allowed[name] = true
		}
	}
	return fs.WalkDir(os.DirFS(v.folder), ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && !allowed[name] {
			return foreign(name)
		}
		return err
	})
}

package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/report"
)

// What verification finds of a package beyond its list of digests, which whoever
// changes a file can write anew.

// checkDigests compares files with the digests that the record has of them.
func (v *verification) checkDigests(context.Context) error {
	for _, name := range v.record.fileNames() {
		found, err := fileio.SHA256(v.file(name))
		if err != nil {
			return v.lacking(name, err)
		}
		if recorded := v.record.Files[name]; found != recorded {
			return &difference{File: name, Figure: "sha256", Recorded: recorded, Found: found, Cause: changed(name, recordFile)}
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
		return &difference{File: recordFile, Figure: "package", Recorded: nothing, Found: "a package", Cause: changed(recordFile)}
	}
	dir, err := os.MkdirTemp("", "blocktrain-verify-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := v.derive(dir); err != nil {
		return err
	}
	derived, err := filesBelow(dir)
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
// model as it is served, the weights' file and the model card.
func (v *verification) derive(dir string) error {
	formats, err := v.record.Package.packageExporters()
	if err != nil {
		return unreadable(recordFile, err)
	}
	return v.deriveBy(v.record.Package.Program, formats, exporter.WeightsFile, dir, dir)
}

// deriveBy writes what the given version of the program derives from the record
// and the weights in the file of that name: the model in the given formats, into
// models, and the model card, into cards.
func (v *verification) deriveBy(program string, formats exporters, weights, models, cards string) error {
	graph, params, err := v.record.restore(v.file(weights))
	if err != nil {
		return unreadable(weights, err)
	}
	a := artifact(v.record, graph, params)
	a.ProgramVersion = program
	if err := formats.export(a, models); err != nil {
		return unreadable(recordFile, err)
	}
	r := &session{env: v.env, record: v.record, dir: &runDir{path: v.folder}}
	content, err := r.report(&trained{graph, params}, program)
	if err != nil {
		return v.lacking(cardFile, err)
	}
	card, err := report.ModelCard(content, plotsDir)
	if err != nil {
		return err
	}
	return fileio.WriteBytes(filepath.Join(cards, cardFile), card)
}

// compareDerived compares a file with what was derived anew. What is served is
// judged by its bytes alone; how another version of the program puts the card into
// words is not known.
func (v *verification) compareDerived(dir, name string) error {
	want, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return err
	}
	packaged, err := os.ReadFile(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	by, cause := v.record.Package.Program, changed(name, recordFile)
	switch {
	case bytes.Equal(packaged, want):
		return nil
	case by != buildinfo.Program() && name == cardFile:
		v.warn(fmt.Sprintf("%s is not what this version of the program writes: whether it says what the other files say was not verified", name))
		return nil
	case by != buildinfo.Program():
		cause += fmt.Sprintf("; or %s writes it in another way: verify with that", by)
	}
	return &difference{File: name, Figure: "content", Recorded: "SHA-256 " + hexSHA256(packaged),
		Found: "SHA-256 " + hexSHA256(want) + " of what weights and record give", Cause: cause}
}

// recordedName is what the record may list of a package's files.
var recordedName = regexp.MustCompile(`^(run\.env|split\.json|duplicates\.json|history\.jsonl|release\.json|` +
	`evaluation/[a-z0-9._-]+\.(json|csv)|plots/[a-z0-9-]+\.(json|svg|png))$`)

// checkNames finds files and folders that no package has.
func (v *verification) checkNames(derived []string) error {
	allowed := map[string]bool{".": true, fileio.ChecksumFile: true, recordFile: true}
	for _, name := range slices.Concat(derived, v.record.fileNames()) {
		if !slices.Contains(derived, name) && !recordedName.MatchString(name) {
			return &difference{File: recordFile, Figure: "files", Recorded: name, Found: "a name that no file of a run has", Cause: changed(recordFile)}
		}
		for ; !allowed[name]; name = path.Dir(name) {
			allowed[name] = true
		}
	}
	return fs.WalkDir(os.DirFS(v.folder), ".", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && !allowed[name] {
			return &difference{File: name, Figure: "file", Recorded: nothing, Found: "a file or folder that no package has", Cause: "it was added to the package"}
		}
		return err
	})
}

// filesBelow lists the files of a folder by their paths in it, sorted.
func filesBelow(dir string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

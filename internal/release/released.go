package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/provenance"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// What a run was packaged as. The bytes of a package stay once they were written under
// a name and a version: somebody may have them.

// packageList is the content of rundir.PackagesFile.
type packageList struct {
	Schema   int        `json:"schema"`
	Packages []released `json:"packages"`
}

const packagesSchema = 1

var packagesForm = fileio.Form{MaxBytes: 16 << 20, Schemas: []int{packagesSchema}}

// released is a package that was written, and may have been removed since. A digest is
// empty where nobody knows it any more.
type released struct {
	Name          string             `json:"name"`           // NAME-VERSION
	ReleaseSHA256 string             `json:"release_sha256"` // of the decision in it
	SumsSHA256    string             `json:"sums_sha256"`    // of its list of digests
	ArchiveSHA256 string             `json:"archive_sha256"`
	Made          *rundir.ExportNote `json:"made,omitempty"` // how its model was written
}

// readPackages reads what the run was packaged as. A run of an older program, or one
// without packages, has no such list.
func readPackages(d *rundir.Dir) (*packageList, error) {
	list := &packageList{}
	path := d.File(rundir.PackagesFile)
	err := fileio.ReadJSON(path, list, packagesForm)
	if errors.Is(err, fs.ErrNotExist) {
		return &packageList{Schema: packagesSchema}, nil
	}
	return list, err
}

// find is the entry of a package, nil where there is none.
func (l *packageList) find(name string) *released {
	at := slices.IndexFunc(l.Packages, func(r released) bool { return r.Name == name })
	if at < 0 {
		return nil
	}
	return &l.Packages[at]
}

// remove takes the entry of a package out of the list.
func (l *packageList) remove(name string) {
	l.Packages = slices.DeleteFunc(l.Packages, func(r released) bool { return r.Name == name })
}

// findReleased is what was packaged under a name, nil if nothing was. What the list
// lacks, since an older program wrote it, is looked for in the folder of packages.
func findReleased(d *rundir.Dir, name string) (*released, error) {
	list, err := readPackages(d)
	if err != nil {
		return nil, err
	}
	if entry := list.find(name); entry != nil {
		return entry, nil
	}
	return packaged(d, name)
}

// packaged is what lies in the folder of packages under a name, nil if nothing does.
func packaged(d *rundir.Dir, name string) (found *released, err error) {
	folder, archive := d.File(rundir.PackageDir, name), d.File(rundir.PackageDir, name+".tar.gz")
	if !fileio.Exists(folder) && !fileio.Exists(archive) {
		return nil, nil
	}
	found = &released{Name: name}
	for _, of := range []struct {
		digest *string
		path   string
	}{
		{&found.ReleaseSHA256, filepath.Join(folder, rundir.ReleaseFile)},
		{&found.SumsSHA256, filepath.Join(folder, fileio.ChecksumFile)},
		{&found.ArchiveSHA256, archive},
	} {
		if *of.digest, err = fileio.SHA256(of.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if record, err := rundir.ReadRecord(filepath.Join(folder, rundir.RecordFile)); err == nil { // if it is whole
		found.Made = record.Package
	}
	return found, nil
}

// ComparePackages compares the list of packages with those that still lie in the run
// directory. It returns the first figure of the list that is not what is found, and both
// values; all are empty where there is none.
func ComparePackages(d *rundir.Dir) (figure, recorded, was string, err error) {
	list, err := readPackages(d)
	if err != nil {
		return "", "", "", err
	}
	for _, entry := range list.Packages {
		there, err := packaged(d, entry.Name)
		if err != nil || there == nil {
			return "", "", "", err
		}
		for _, of := range []struct{ key, recorded, found string }{
			{"release_sha256", entry.ReleaseSHA256, there.ReleaseSHA256}, {"sums_sha256", entry.SumsSHA256, there.SumsSHA256},
			{"archive_sha256", entry.ArchiveSHA256, there.ArchiveSHA256}, {"made", made(entry.Made), made(there.Made)},
		} {
			if of.found != "" && of.recorded != of.found {
				return fmt.Sprintf("packages[%s].%s", entry.Name, of.key), of.recorded, of.found, nil
			}
		}
	}
	return "", "", "", nil
}

// made is a note of how a model was written, as text; empty where there is none.
func made(note *rundir.ExportNote) string {
	if note == nil {
		return ""
	}
	text, err := fileio.MarshalJSON(note)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// released is what was packaged under the name and version that the model has now, nil
// if nothing was, or if it may be replaced.
func (c *Candidate) released() (*released, error) {
	if c.Settings.OverwriteRelease {
		return nil, nil
	}
	return findReleased(c.Dir, c.Record.PackageName())
}

// Packaged says whether the model was packaged under the name and version that it has now.
func (c *Candidate) Packaged() (bool, error) {
	was, err := findReleased(c.Dir, c.Record.PackageName())
	return was != nil, err
}

// checkDecision refuses a decision, with that digest, where the package of the same
// name and version has another one.
func (c *Candidate) checkDecision(sha256 string) error {
	was, err := c.released()
	if err != nil || was == nil || was.ReleaseSHA256 == sha256 {
		return err
	}
	return conflict(c.Dir, was.Name, "by another decision")
}

// CheckDecided refuses a name and version that a package has which was made by another
// decision than the last.
func (c *Candidate) CheckDecided() error {
	return c.checkDecision(c.Record.Files[rundir.ReleaseFile])
}

// CheckNotPackaged refuses other words on a model that has a package with its name and
// version.
func CheckNotPackaged(s *settings.Settings, d *rundir.Dir, record *rundir.Record) error {
	c := &Candidate{Settings: s, Dir: d, Record: record}
	was, err := c.released()
	if err != nil || was == nil {
		return err
	}
	return conflict(d, was.Name, "with another licence, contact or intended use")
}

// CheckEvaluation refuses to measure the model of a run anew where a package of its name
// and version rests on a measurement that is lost: no time is measured twice the same.
func CheckEvaluation(s *settings.Settings, d *rundir.Dir, record *rundir.Record) error {
	name := rundir.EvaluationFile(dataset.PartTest)
	lost := d.CheckFile(record, name)
	if lost == nil || s.OverwriteRelease {
		return nil
	}
	was, err := findReleased(d, record.PackageName())
	if err != nil || was == nil {
		return err
	}
	return fmt.Errorf("%s; %s is in the package too, if that is still there; the cause: %w",
		conflictWords(d, was.Name, "by the evaluation that is now lost"), name, lost)
}

// CheckResumed refuses, before anything is done on a run, what the gate or packaging would
// refuse. Judges says that they are to come, and decided that the last decision stands.
func CheckResumed(s *settings.Settings, d *rundir.Dir, record *rundir.Record, judges, decided bool) error {
	if err := CheckCommit(s, record); err != nil || !judges || record.Decision == "" {
		return err
	}
	if !decided {
		return CheckEvaluation(s, d, record)
	}
	c := &Candidate{Settings: s, Dir: d, Record: record}
	return c.CheckDecided()
}

// checkSame refuses a package in folder that differs from the one that was written before
// under its name and version.
func (c *Candidate) checkSame(folder string, was *released) error {
	if was == nil {
		return nil
	}
	sums, err := fileio.SHA256(filepath.Join(folder, fileio.ChecksumFile))
	if err != nil {
		return err
	}
	archive := was.ArchiveSHA256
	if archive != "" {
		if archive, err = fileio.ArchiveSHA256(folder, was.Name, c.Record.Started); err != nil {
			return err
		}
	}
	if was.SumsSHA256 != "" && sums != was.SumsSHA256 || archive != was.ArchiveSHA256 {
		return conflict(c.Dir, was.Name, "with other bytes: by another decision, from other settings, or by another version of the program")
	}
	return nil
}

// noteReleased enters a package that was written into the list.
func (c *Candidate) noteReleased(made *Package) error {
	list, err := readPackages(c.Dir)
	if err != nil {
		return err
	}
	sums, err := fileio.SHA256(filepath.Join(made.Folder, fileio.ChecksumFile))
	if err != nil {
		return err
	}
	name := c.Record.PackageName()
	list.remove(name)
	list.Packages = append(list.Packages, released{name, c.Record.Files[rundir.ReleaseFile], sums, made.SHA256, c.Record.Package})
	return fileio.WriteJSON(c.Dir.File(rundir.PackagesFile), list)
}

// removeReleased removes the package of the model's name and version, whose decision is
// replaced.
func (c *Candidate) removeReleased() error {
	name := c.Record.PackageName()
	was, err := findReleased(c.Dir, name)
	if err != nil || was == nil {
		return err
	}
	c.Env.Log.Warn("the package of the earlier decision is removed; if the model is approved, blocktrain package makes another", "package", name)
	folder := c.Dir.File(rundir.PackageDir, name)
	if err := errors.Join(fileio.Remove(folder+".tar.gz"), provenance.BesideOf(folder).Remove(), os.RemoveAll(folder)); err != nil {
		return err
	}
	return c.forgetReleased()
}

// forgetReleased takes the package of the model's name and version out of the list.
func (c *Candidate) forgetReleased() error {
	name := c.Record.PackageName()
	list, err := readPackages(c.Dir)
	if err != nil || list.find(name) == nil {
		return err
	}
	list.remove(name)
	return fileio.WriteJSON(c.Dir.File(rundir.PackagesFile), list)
}

// conflict is the error of whoever asks for what would change a package.
func conflict(d *rundir.Dir, name, how string) error {
	return config.Usagef("%s", conflictWords(d, name, how))
}

// conflictWords say that a package stays, and name the ways out.
func conflictWords(d *rundir.Dir, name, how string) string {
	advice := "repeat the command with another --release-version"
	if version := freeVersion(d, name); version != "" {
		advice = "repeat the command with --release-version " + version
	}
	return fmt.Sprintf("%s was packaged before, %s, and a package stays as it is once it was written: %s, or with --overwrite-release to replace it",
		d.File(rundir.PackageDir, name), how, advice)
}

// lastNumbers are the three numbers of the version at the end of a package's name.
var lastNumbers = regexp.MustCompile(`^(.+-\d+\.\d+\.)(\d{1,9})(-[0-9A-Za-z.-]+)?$`)

// freeVersion is a version above that in a package's name under which nothing was
// packaged, empty if none is found.
func freeVersion(d *rundir.Dir, name string) string {
	match := lastNumbers.FindStringSubmatch(name)
	if match == nil {
		return ""
	}
	last, err := strconv.Atoi(match[2])
	for tries := 0; err == nil && tries < 1000; tries++ {
		last++
		next := match[1] + strconv.Itoa(last)
		if was, err := findReleased(d, next); err == nil && was == nil {
			return versionOf.FindString(next)
		}
	}
	return ""
}

// versionOf finds the version at the end of a package's name.
var versionOf = regexp.MustCompile(`\d+\.\d+\.\d+$`)

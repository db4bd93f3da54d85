package recompute

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// checkFiles compares the list of files in the record with those that a run of its
// stages has, and finds files in a run directory that no run writes.
func (s *Subject) checkFiles() error {
	expected, err := s.listed()
	if err != nil {
		return err
	}
	recorded := s.Record.FileNames()
	for _, name := range recorded {
		if !slices.Contains(expected, name) {
			return recordDiffers("files", name, "a name that no file of the run has")
		}
	}
	for _, name := range expected {
		if !slices.Contains(recorded, name) {
			return recordDiffers("files", "", name+", which every such run has")
		}
	}
	if s.Packaged { // whose files are compared with what is derived anew
		return nil
	}
	if err := s.checkPackages(); err != nil {
		return err
	}
	return s.checkForeign(expected)
}

// checkPackages compares the list of packages with those that are still there.
func (s *Subject) checkPackages() error {
	figure, recorded, found, err := release.ComparePackages(rundir.At(s.Folder))
	switch {
	case err != nil:
		return s.lacking(rundir.PackagesFile, err)
	case figure != "":
		return &finding.Difference{File: rundir.PackagesFile, Figure: figure, Recorded: orNothing(recorded), Found: found,
			Cause: finding.Changed(rundir.PackagesFile, rundir.PackageDir)}
	}
	return nil
}

// listed are the files of which the record has digests.
func (s *Subject) listed() ([]string, error) {
	names := []string{rundir.SettingsFile, rundir.SplitFile, rundir.DuplicatesFile}
	if s.profiled() {
		names = append(names, layout.ProfileFile)
	}
	for _, n := range s.Networks {
		names = append(names, rundir.HistoryOf(n.Name))
	}
	for _, n := range s.Later {
		names = append(names, rundir.HistoryOf(n.Name))
	}
	if len(s.Later) > 0 {
		names = append(names, layout.FeaturesFile)
	}
	if s.Release != nil {
		names = append(names, rundir.ReleaseFile)
		if criterion.AsksAgreement(s.Release) {
			names = append(names, rundir.AgreementFile)
		}
	}
	if !s.evaluated() {
		return names, nil
	}
	for _, part := range rundir.EvaluatedParts() {
		if s.detected[part] != nil {
			names = append(names, rundir.DetectionFile(part))
		}
		names = append(names, rundir.EvaluationFile(part))
		if s.Record.Identity.FollowsClips() {
			names = append(names, rundir.ClipsFile(part))
		}
		for _, table := range s.results[part].Tables() {
			names = append(names, rundir.EvaluationDir+"/"+part.String()+table.Suffix)
		}
	}
	if s.controlled() {
		names = append(names, rundir.ControlsFile)
	}
	if s.sensed() {
		names = append(names, layout.SensorFile)
	}
	if s.measuresDistance() {
		names = append(names, layout.ReferenceFile)
	}
	figures, err := rundir.At(s.Folder).ReadFigures()
	if err != nil {
		return nil, s.lacking(plotsIndex, err)
	}
	names = append(names, plotsIndex)
	for _, f := range figures {
		names = append(names, rundir.PlotsDir+"/"+f.Name+".svg", rundir.PlotsDir+"/"+f.Name+".png")
	}
	return names, nil
}

// unlisted are the files of a run directory, besides those that the record lists. Of
// what export and package hold, others look after.
var unlisted = regexp.MustCompile(`^(\.lock|run\.json|packages\.json|report\.html|MODEL_CARD\.md|` + regexp.QuoteMeta(logging.TextFile) + `|` + regexp.QuoteMeta(logging.JSONFile) + `|` +
	`(networks/[a-z0-9]+/|networks/decision/(track)?folds/[0-9]+/)?(history\.csv|` + train.CheckpointDir + `/(last|best)\.safetensors)|` +
	`evaluation/[A-Za-z0-9._-]+\.(json|csv)|(export|package)/.+)$`)

// leftover are files that a process of ours was writing when it was killed. The next
// command on the run removes them.
var leftover = regexp.MustCompile(`(^|/)(\.[^/]+\.[0-9]+\.tmp|(plots|export)(\.old)?\.tmp/.+)$`)

// checkForeign finds files in a run directory that no run writes.
func (s *Subject) checkForeign(expected []string) error {
	return fs.WalkDir(os.DirFS(s.Folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return s.checkFolder(name)
		}
		if slices.Contains(expected, name) || unlisted.MatchString(name) && s.ofNetwork(name) || leftover.MatchString(name) {
			return nil
		}
		return &finding.Difference{File: name, Figure: "file", Recorded: finding.Nothing, Found: "a file that no run has",
			Cause: fmt.Sprintf("it was added to the run directory: keep it elsewhere than in %s", s.Folder)}
	})
}

// checkFolder leaves out the folders of which verification looks at no file.
func (s *Subject) checkFolder(name string) error {
	if name == rundir.PackageDir || name == rundir.ExportDir {
		return fs.SkipDir
	}
	return nil
}

// ofNetwork says whether a file below networks/ is of a network of the record.
func (s *Subject) ofNetwork(name string) bool {
	rest, below := strings.CutPrefix(name, rundir.NetworksDir+"/")
	return !below || slices.ContainsFunc(s.Record.Networks, func(n rundir.NetworkNote) bool { return strings.HasPrefix(rest, path.Clean(n.Name)+"/") })
}

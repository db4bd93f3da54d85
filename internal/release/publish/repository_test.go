package publish

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// approved and another are packages that older programs made.
const (
	approved = "../../verify/testdata/before/packages/balanced-weighted.tar.gz"
	another  = "../../verify/testdata/before/packages/auto-encoder.tar.gz"
)

// made is a package whose model is called digits.
type made struct {
	source *rundir.Source
	record *rundir.Record
}

// packageForTest unpacks a package and makes version of it, whose configuration and weights
// name that.
func packageForTest(t *testing.T, archive, version string) made {
	t.Helper()
	source, err := rundir.OpenModelSource(t.Context(), archive, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	record, err := source.ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	models := source.File("model-repository")
	if err := os.Rename(filepath.Join(models, record.Name), filepath.Join(models, "digits")); err != nil {
		t.Fatal(err)
	}
	record.Name, record.ReleaseVersion = "digits", version
	rewrite(t, filepath.Join(models, "digits", "config.pbtxt"), func(text string) string {
		lines := strings.Split(text, "\n")
		lines[0] = `name: "digits"`
		return strings.Join(lines, "\n") + "# " + version + "\n"
	})
	if err := fileio.WriteChecksums(source.Folder); err != nil {
		t.Fatal(err)
	}
	return made{source, record}
}

// change changes a file of the model, and the list of digests with it.
func (m made) change(t *testing.T, name string, change func(string) string) {
	t.Helper()
	rewrite(t, m.source.File("model-repository/digits/"+name), change)
	if err := fileio.WriteChecksums(m.source.Folder); err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, path string, change func(string) string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := fileio.WriteBytes(path, []byte(change(string(b)))); err != nil {
		t.Fatal(err)
	}
}

func (m made) to(t *testing.T, o Options) (*Published, error) {
	t.Helper()
	return ToRepository(t.Context(), m.source, m.record, o)
}

// newRepository is an empty repository, alone in its folder.
func newRepository(t *testing.T) Options {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "models")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return Options{Repository: dir}
}

// mustPublish publishes as the version that is wanted.
func mustPublish(t *testing.T, m made, o Options, version int64) *Published {
	t.Helper()
	done, err := m.to(t, o)
	if err != nil || done.Version != version {
		t.Fatalf("published %+v, %v, want version %d", done, err, version)
	}
	return done
}

// tree is what a model's folder has.
func tree(t *testing.T, o Options) map[string]string {
	t.Helper()
	dir := filepath.Join(o.Repository, "digits")
	files, err := fileio.FilesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range files {
		if found[name], err = fileio.SHA256(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func versions(t *testing.T, o Options) []string {
	t.Helper()
	var found []string
	for name := range tree(t, o) {
		if dir, file := filepath.Split(name); file == "model.onnx" {
			found = append(found, filepath.Clean(dir))
		}
	}
	slices.Sort(found)
	return found
}

func wantVersions(t *testing.T, o Options, want ...string) {
	t.Helper()
	if found := versions(t, o); !slices.Equal(found, want) {
		t.Errorf("versions %q, want %q", found, want)
	}
}

func configuration(t *testing.T, o Options) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(o.Repository, "digits", "config.pbtxt"))
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(b)), "\n# ")
	return version
}

func wantRefused(t *testing.T, err error, words string) {
	t.Helper()
	if !errors.Is(err, rundir.ErrRefused) || !strings.Contains(err.Error(), words) {
		t.Errorf("error %v, want it refused: %s", err, words)
	}
}

func TestVersions(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	second := packageForTest(t, approved, "2")
	mustPublish(t, second, o, 2)
	if done := mustPublish(t, second, o, 2); !done.Already {
		t.Error("the same package was published again")
	}
	wantVersions(t, o, "1", "2")
	if found := configuration(t, o); found != "2" {
		t.Errorf("the configuration is that of %q", found)
	}
	entries, err := os.ReadDir(o.Repository)
	if err != nil || len(entries) != 1 {
		t.Errorf("the repository has %v, %v: a server takes every folder for a model", entries, err)
	}
}

func TestInterface(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	before := tree(t, o)
	other := packageForTest(t, another, "2")
	_, err := other.to(t, o)
	wantRefused(t, err, "--replace-interface")
	labels := packageForTest(t, approved, "3")
	labels.change(t, "labels.txt", func(text string) string { return "x" + text })
	_, err = labels.to(t, o)
	wantRefused(t, err, "labels")
	if diff := cmp.Diff(before, tree(t, o)); diff != "" {
		t.Errorf("a refused package changed the model:\n%s", diff)
	}
	o.ReplaceInterface = true
	mustPublish(t, other, o, 2)
}

func TestBrokenModel(t *testing.T) {
	o := newRepository(t)
	m := packageForTest(t, approved, "1")
	m.change(t, "config.pbtxt", func(text string) string { return text + "nonsense: 1\n" })
	_, err := m.to(t, o)
	wantRefused(t, err, "Triton")
	if fileio.Exists(filepath.Join(o.Repository, "digits")) {
		t.Error("a model that Triton does not load was published")
	}
}

func TestEditedConfiguration(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	rewrite(t, filepath.Join(o.Repository, "digits", "config.pbtxt"), func(text string) string { return text + "# by hand\n" })
	_, err := packageForTest(t, approved, "2").to(t, o)
	wantRefused(t, err, "config.pbtxt")
	o.ReplaceInterface = true
	if done := mustPublish(t, packageForTest(t, approved, "2"), o, 2); len(done.Notes) != 1 {
		t.Errorf("notes %q, want one on the configuration", done.Notes)
	}
}

// TestKeep publishes with --keep beside versions that are not of this program, or were
// changed.
func TestKeep(t *testing.T) {
	o := newRepository(t)
	for version := range int64(4) {
		mustPublish(t, packageForTest(t, approved, strconv.FormatInt(version+1, 10)), o, version+1)
	}
	dir := filepath.Join(o.Repository, "digits")
	if err := os.Remove(filepath.Join(dir, "1", noteFile)); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, "2", "model.onnx"), func(text string) string { return text + " " })
	if err := fileio.WriteBytes(filepath.Join(dir, "notes.txt"), []byte("mine")); err != nil {
		t.Fatal(err)
	}
	o.Keep = 2
	done := mustPublish(t, packageForTest(t, approved, "5"), o, 5)
	if !slices.Equal(done.Removed, []int64{3}) {
		t.Errorf("removed %v, want version 3 alone", done.Removed)
	}
	wantVersions(t, o, "1", "2", "4", "5")
	if _, there := tree(t, o)["notes.txt"]; !there {
		t.Error("a file of somebody else is gone")
	}
}

func TestRollback(t *testing.T) {
	o := newRepository(t)
	for _, version := range []string{"1", "2", "3"} {
		mustPublish(t, packageForTest(t, approved, version), o, int64(version[0]-'0'))
	}
	for i, want := range []string{"2", "1"} {
		done, err := Rollback(t.Context(), "digits", o)
		if err != nil || done.Version != int64(4+i) || strconv.FormatInt(done.CopyOf, 10) != want || configuration(t, o) != want {
			t.Fatalf("rollback %d: %+v, %v, configuration of %q, want version %s again", i+1, done, err, configuration(t, o), want)
		}
	}
	wantVersions(t, o, "1", "2", "3", "4", "5")
	var usage *config.UsageError
	if _, err := Rollback(t.Context(), "digits", o); !errors.As(err, &usage) {
		t.Errorf("before the first version: %v", err)
	}
	for _, model := range []string{"../models", "cats", ""} {
		if _, err := Rollback(t.Context(), model, o); !errors.As(err, &usage) {
			t.Errorf("model %q: %v", model, err)
		}
	}
}

// TestTwoAtOnce publishes two packages at once: both come, one after the other.
func TestTwoAtOnce(t *testing.T) {
	o := newRepository(t)
	packages := []made{packageForTest(t, approved, "1"), packageForTest(t, approved, "2")}
	errs := make([]error, len(packages))
	var group sync.WaitGroup
	for i, m := range packages {
		group.Go(func() { _, errs[i] = m.to(t, o) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	wantVersions(t, o, "1", "2")
}

// TestKilled publishes after others were killed at their worst moments.
func TestKilled(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	staging := filepath.Join(filepath.Dir(o.Repository), ".models.publishing")
	place := filepath.Join(o.Repository, "digits")
	if err := errors.Join(os.MkdirAll(filepath.Join(staging, oldDir), 0o755), os.MkdirAll(filepath.Join(staging, newDir, "digits", "2"), 0o755),
		os.Rename(place, filepath.Join(staging, oldDir, "digits"))); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, packageForTest(t, approved, "2"), o, 2)
	wantVersions(t, o, "1", "2")
}

// TestSwapInTwo changes a model on a file system that cannot exchange folders.
func TestSwapInTwo(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	s, err := o.open(t.Context(), o.Repository)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(o.Repository, "digits")
	was, err := look(place)
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.begin("digits")
	if err == nil {
		err = fileio.WriteBytes(filepath.Join(made, "new.txt"), nil)
	}
	if err = errors.Join(err, s.swapInTwo("digits", made, place, was), s.close()); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(slices.Collect(maps.Keys(tree(t, o))), "new.txt") {
		t.Error("the new folder is not there")
	}
}

// TestNeverHalf looks at the model all the while that versions come: there must be a whole
// one at any time.
func TestNeverHalf(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	if err := exchange(o.Repository, o.Repository); errors.Is(err, errNoExchange) {
		t.Skip("the file system cannot exchange two folders")
	}
	stop, seen := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(seen)
		dir := filepath.Join(o.Repository, "digits")
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, name := range []string{"config.pbtxt", "labels.txt", "1/model.onnx"} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					seen <- err.Error()
					return
				}
			}
		}
	}()
	for _, version := range []string{"2", "3", "4"} {
		mustPublish(t, packageForTest(t, approved, version), o, int64(version[0]-'0'))
	}
	close(stop)
	if missing, some := <-seen; some {
		t.Errorf("for a moment there was no model: %s", missing)
	}
}

func TestUnfitFolders(t *testing.T) {
	m := packageForTest(t, approved, "1")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := fileio.WriteBytes(file, nil); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Repository: filepath.Join(dir, "missing")}, {Repository: file}} {
		var usage *config.UsageError
		if _, err := m.to(t, o); !errors.As(err, &usage) {
			t.Errorf("%s: %v, want a usage error", o.Repository, err)
		}
	}
	o := newRepository(t)
	o.Staging = filepath.Join(file, "below")
	if _, err := m.to(t, o); err == nil || !strings.Contains(err.Error(), "--staging") {
		t.Errorf("a folder to build in that cannot be made: %v", err)
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		decision   string
		conditions Conditions
		signed     bool
		refused    string // words of the error, empty: it may be published
	}{
		{"approved", Conditions{}, false, ""},
		{"approved", Conditions{RequireSignature: true}, true, ""},
		{"approved", Conditions{RequireSignature: true}, false, "not signed"},
		{"forced", Conditions{}, true, "--allow-forced"},
		{"forced", Conditions{AllowForced: true}, false, ""},
		{"forced", Conditions{AllowForced: true, RequireSignature: true}, false, "not signed"},
		{"refused", Conditions{AllowForced: true}, true, "only an approved model"},
		{"", Conditions{AllowForced: true}, true, "only an approved model"},
	}
	for _, test := range tests {
		err := test.conditions.Check(&rundir.Record{Decision: test.decision}, test.signed)
		switch {
		case test.refused == "" && err != nil:
			t.Errorf("%+v: %v", test, err)
		case test.refused != "":
			wantRefused(t, err, test.refused)
		}
	}
}

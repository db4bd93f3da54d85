package publish

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// TestStagingOfOthers builds in a folder that has other things in it: those of its user, and
// what a killed publication into another repository left there.
func TestStagingOfOthers(t *testing.T) {
	o, other := newRepository(t), newRepository(t)
	o.Staging, other.Staging = t.TempDir(), ""
	mine := []string{filepath.Join("old", "precious", "file"), filepath.Join("new", "file"), "file"}
	for _, name := range mine {
		if err := errors.Join(os.MkdirAll(filepath.Join(o.Staging, filepath.Dir(name)), 0o755), fileio.WriteBytes(filepath.Join(o.Staging, name), []byte("mine"))); err != nil {
			t.Fatal(err)
		}
	}
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	for _, name := range mine {
		if b, err := os.ReadFile(filepath.Join(o.Staging, name)); string(b) != "mine" {
			t.Errorf("%s of the user is gone: %v", name, err)
		}
	}
	if entries, err := os.ReadDir(o.Repository); err != nil || len(entries) != 1 {
		t.Errorf("the repository has %v, %v, want one model", entries, err)
	}

	other.Staging = o.Staging
	mustPublish(t, packageForTest(t, approved, "1"), other, 1)
	left, err := other.stagingDir(other.Repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Mkdir(filepath.Join(left, oldDir), 0o755), os.Rename(filepath.Join(other.Repository, "digits"), filepath.Join(left, oldDir, "digits"))); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, packageForTest(t, approved, "2"), o, 2)
	mustPublish(t, packageForTest(t, approved, "2"), other, 2) // whose version 1 is back
}

// TestWhereNotToBuild refuses folders in which a model must not be built, and ones that are no
// repository. Nothing comes into the repository meanwhile.
func TestWhereNotToBuild(t *testing.T) {
	m := packageForTest(t, approved, "1")
	o := newRepository(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(o.Repository, link); err != nil {
		t.Skip(err)
	}
	for _, staging := range []string{o.Repository, filepath.Join(o.Repository, "new", "folder"), link, filepath.Join(link, "folder")} {
		var usage *config.UsageError
		o.Staging = staging
		if _, err := m.to(t, o); !errors.As(err, &usage) || !strings.Contains(err.Error(), "--staging") {
			t.Errorf("built in %s: %v", staging, err)
		}
	}
	if entries, err := os.ReadDir(o.Repository); err != nil || len(entries) > 0 {
		t.Errorf("the repository has %v, %v", entries, err)
	}
	o.Staging = ""
	if err := os.Symlink(t.TempDir(), filepath.Join(filepath.Dir(o.Repository), ".models.publishing")); err != nil {
		t.Fatal(err)
	}
	if _, err := m.to(t, o); err == nil {
		t.Error("built in a folder that a link leads to")
	}
	one := newRepository(t)
	mustPublish(t, m, one, 1)
	one.Repository = filepath.Join(one.Repository, "digits")
	if _, err := m.to(t, one); err == nil || !strings.Contains(err.Error(), "folder of a model") {
		t.Errorf("published into the folder of a model: %v", err)
	}
}

// TestRepositoriesOfRuns refuses to change packages and runs, and names that are no model's.
func TestRepositoriesOfRuns(t *testing.T) {
	m := packageForTest(t, approved, "1")
	for _, dir := range []string{"", "model-repository", "plots", filepath.Join("export", "model-repository")} {
		repository := filepath.Join(m.source.Folder, dir)
		if err := os.MkdirAll(repository, 0o755); err != nil {
			t.Fatal(err)
		}
		var usage *config.UsageError
		if _, err := m.to(t, Options{Repository: repository}); !errors.As(err, &usage) || !strings.Contains(err.Error(), "not be as it was made") {
			t.Errorf("published into %q of a package: %v", dir, err)
		}
	}
	o := newRepository(t)
	for model, want := range map[string]string{".": "not the name", "..": "not the name", "": "not the name", "a/b": "not the name", "digits": "there is no model digits"} {
		if _, err := Rollback(t.Context(), model, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("rolled back %q: %v, want %q", model, err, want)
		}
	}
}

// TestChangedMeanwhile lets somebody else change the model while the folder is built that is to
// take its place: nothing of theirs may be lost.
func TestChangedMeanwhile(t *testing.T) {
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	place := filepath.Join(o.Repository, "digits")
	was, err := look(place)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := o
	elsewhere.Staging = t.TempDir()
	s, err := elsewhere.open(t.Context(), o.Repository)
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.begin("digits")
	if err != nil {
		t.Fatal(err)
	}
	mustPublish(t, packageForTest(t, approved, "2"), o, 2)
	before := tree(t, o)
	for name, swap := range map[string]func() error{
		"in one step": func() error { return s.swap("digits", was) },
		"in two":      func() error { return s.swapInTwo("digits", made, place, was) },
		"as new":      func() error { return s.swap("digits", "") },
	} {
		if err := swap(); err == nil || !strings.Contains(err.Error(), "publish again") {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(before, tree(t, o)); diff != "" {
			t.Errorf("%s: what came meanwhile is lost:\n%s", name, diff)
		}
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

// TestPublishesWhatWasVerified changes a file of the package after its digest was compared.
func TestPublishesWhatWasVerified(t *testing.T) {
	o := newRepository(t)
	m := packageForTest(t, approved, "1")
	rewrite(t, m.source.File("model-repository/digits/labels.txt"), func(text string) string {
		return strings.ToUpper(text) + "x"
	})
	if _, err := m.to(t, o); err == nil || !strings.Contains(err.Error(), "changed while it was published") {
		t.Errorf("published what nobody verified: %v", err)
	}
	if entries, err := os.ReadDir(o.Repository); err != nil || len(entries) > 0 {
		t.Errorf("the repository has %v, %v", entries, err)
	}
}

// TestFoldersOfOthers keeps the permissions of folders that the model has.
func TestFoldersOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	o := newRepository(t)
	mustPublish(t, packageForTest(t, approved, "1"), o, 1)
	private := filepath.Join(o.Repository, "digits", "private")
	if err := errors.Join(os.Mkdir(private, 0o700), fileio.WriteBytes(filepath.Join(private, "file"), nil)); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, packageForTest(t, approved, "2"), o, 2)
	if info, err := os.Stat(private); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("a private folder is %v, %v", info.Mode(), err)
	}
}

package pipeline

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/train"
)

// TestResumeWithoutCheckpoint checks that training whose checkpoints are lost does
// not begin again in silence, nor at all where it was finished.
func TestResumeWithoutCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := Train(t.Context(), testEnvironment(t, nil), smallRun(t, dir), ""); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		epochs  int  // in the history
		noted   bool // whether run.json has the end of training
		warning string
		refusal string
	}{
		{"finished", 3, true, "", "its training is finished"},
		{"finished by its history", 3, false, "", "its training is finished"},
		{"two epochs", 2, false, "no checkpoint: training begins again; the history had 2 epochs", ""},
		{"one epoch", 1, false, "no checkpoint: training begins again; the history had 1 epoch", ""},
		{"not begun", 0, false, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			lost := copied(t, dir)
			loseCheckpoints(t, lost, test.epochs, test.noted)
			log, err := resumeTraining(t, lost)
			if test.refusal == "" && err != nil || test.refusal != "" && (err == nil || !strings.Contains(err.Error(), test.refusal)) {
				t.Errorf("error %v, want %q", err, test.refusal)
			}
			if !strings.Contains(log, test.warning) || strings.Contains(log, "begins again") != (test.warning != "") {
				t.Errorf("want the warning %q in the log:\n%s", test.warning, log)
			}
		})
	}
}

// loseCheckpoints removes the checkpoints of a trained run and leaves the first
// epochs of its history.
func loseCheckpoints(t *testing.T, dir string, epochs int, noted bool) {
	t.Helper()
	d := &runDir{path: dir}
	record, err := d.readRecord()
	if err != nil {
		t.Fatal(err)
	}
	if !noted {
		record.Training = nil
	}
	if err := d.writeRecord(record); err != nil {
		t.Fatal(err)
	}
	history, err := os.ReadFile(d.file(train.HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(history, []byte("\n"))
	if err := os.WriteFile(d.file(train.HistoryFile), bytes.Join(lines[:epochs], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{train.LastFile, train.BestFile} {
		if err := os.Remove(d.file(train.CheckpointDir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// resumeTraining goes on with the training in dir and returns the log.
func resumeTraining(t *testing.T, dir string) (string, error) {
	t.Helper()
	var log bytes.Buffer
	env := &Environment{Stdout: io.Discard, Stderr: io.Discard, Log: logging.New(&log, slog.LevelInfo, false)}
	err := Train(t.Context(), env, resumed(t, dir), dir)
	return log.String(), err
}

// TestResumeMakesWhatIsMissing removes what a finished run made of its results, one
// after the other, and wants it back to the byte, and a refused run given no more.
func TestResumeMakesWhatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := Run(t.Context(), testEnvironment(t, nil), smallRun(t, dir)); err != nil {
		t.Fatal(err)
	}
	whole := contents(t, dir)
	for _, lost := range []string{
		historyCSV, cardFile, reportFile, exportDir, packageDir,
		packageDir + "/digits-linear-0.1.0", packageDir + "/digits-linear-0.1.0.tar.gz",
	} {
		t.Run(lost, func(t *testing.T) {
			run := copied(t, dir)
			if err := os.RemoveAll(filepath.Join(run, lost)); err != nil {
				t.Fatal(err)
			}
			if err := Resume(t.Context(), testEnvironment(t, nil), resumed(t, run), run); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(whole, contents(t, run)); diff != "" {
				t.Errorf("the run is not as it was (-was +is):\n%s", diff)
			}
		})
	}
}

// contents are the digests of the files of a run but the logs.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	names, err := filesBelow(dir)
	if err != nil {
		t.Fatal(err)
	}
	digests := map[string]string{}
	for _, name := range names {
		if name == logging.TextFile || name == logging.JSONFile {
			continue
		}
		if digests[name], err = fileio.SHA256(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return digests
}

// resumed are the settings to go on with the run in dir.
func resumed(t *testing.T, dir string) *Settings {
	t.Helper()
	s := smallRun(t, dir)
	delete(s.Origins, "output-dir")
	return s
}

// TestBrokenOffStages lets stages fail after they have begun to replace what an
// earlier decision left, and wants nothing of that kept beside what is new.
func TestBrokenOffStages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := Run(t.Context(), testEnvironment(t, nil), smallRun(t, dir)); err != nil {
		t.Fatal(err)
	}
	t.Run("gate", func(t *testing.T) {
		d := &runDir{path: copied(t, dir)}
		if err := errors.Join(os.Remove(d.file(releaseFile)), os.MkdirAll(d.file(releaseFile, "in the way"), 0o755)); err != nil {
			t.Fatal(err)
		}
		if err := Gate(t.Context(), testEnvironment(t, nil), resumed(t, d.path), d.path); err == nil {
			t.Fatal("the decision was written to a folder")
		}
		if exists(d.file(reportFile)) || exists(d.file(cardFile)) {
			t.Error("report and model card show a decision that is given up")
		}
	})
	t.Run("package", func(t *testing.T) {
		d := &runDir{path: copied(t, dir)}
		s := resumed(t, d.path)
		s.Origins["release-version"] = config.OriginFlag
		s.ReleaseVersion = "1" + strings.Repeat("0", 220) // too long for the archive's temporary file
		stale := d.file(packageDir, "digits-linear-"+s.ReleaseVersion+".tar.gz")
		if err := os.WriteFile(stale, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Package(t.Context(), testEnvironment(t, nil), s, d.path); err == nil {
			t.Fatal("an archive with a name that is too long was written")
		}
		if exists(stale) || !exists(strings.TrimSuffix(stale, ".tar.gz")) {
			t.Error("the archive of an earlier package stands beside the new one")
		}
	})
}

package pipeline

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/train"
)

// TestResumeWithoutCheckpoint checks that training whose checkpoints are lost does
// not begin again in silence, nor at all where it was finished.
func TestResumeWithoutCheckpoint(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Train(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir), ""); err != nil {
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
			lost := runtest.Copied(t, dir)
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
	d := rundir.At(dir)
	record, err := d.ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	if !noted {
		record.Training = nil
		delete(record.Files, train.HistoryFile)
	}
	if err := d.WriteRecord(record); err != nil {
		t.Fatal(err)
	}
	history, err := os.ReadFile(d.File(train.HistoryFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(history, []byte("\n"))
	if err := os.WriteFile(d.File(train.HistoryFile), bytes.Join(lines[:epochs], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{train.LastFile, train.BestFile} {
		if err := os.Remove(d.File(train.CheckpointDir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// resumeTraining goes on with the training in dir and returns the log.
func resumeTraining(t *testing.T, dir string) (string, error) {
	t.Helper()
	var log bytes.Buffer
	env := &rundir.Environment{Log: logging.New(&log, slog.LevelInfo, false)}
	_, err := Train(t.Context(), env, resumed(t, dir), dir)
	return log.String(), err
}

// TestResumeMakesWhatIsMissing removes what a finished run made of its results, one
// after the other, and wants it back to the byte, and a refused run given no more.
func TestResumeMakesWhatIsMissing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir)); err != nil {
		t.Fatal(err)
	}
	whole := contents(t, dir)
	for _, lost := range []string{
		rundir.HistoryCSV, rundir.CardFile, rundir.ReportFile, rundir.ExportDir, rundir.PackageDir,
		rundir.PackageDir + "/digits-linear-0.1.0", rundir.PackageDir + "/digits-linear-0.1.0.tar.gz",
	} {
		t.Run(lost, func(t *testing.T) {
			run := runtest.Copied(t, dir)
			if err := os.RemoveAll(filepath.Join(run, lost)); err != nil {
				t.Fatal(err)
			}
			if _, err := Resume(t.Context(), runtest.Quiet(), resumed(t, run), run); err != nil {
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
	names, err := fileio.FilesBelow(dir)
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
func resumed(t *testing.T, dir string) *settings.Settings {
	t.Helper()
	s := runtest.SmallRun(t, dir)
	delete(s.Origins, "output-dir")
	return s
}

// TestBrokenOffStages lets stages fail after they have begun to replace what an
// earlier decision left, and wants nothing of that kept beside what is new.
func TestBrokenOffStages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := Run(t.Context(), runtest.Quiet(), runtest.SmallRun(t, dir)); err != nil {
		t.Fatal(err)
	}
	t.Run("gate", func(t *testing.T) {
		d := rundir.At(runtest.Copied(t, dir))
		if err := errors.Join(os.Remove(d.File(rundir.ReleaseFile)), os.MkdirAll(d.File(rundir.ReleaseFile, "in the way"), 0o755)); err != nil {
			t.Fatal(err)
		}
		if _, err := Gate(t.Context(), runtest.Quiet(), resumed(t, d.Path), d.Path); err == nil {
			t.Fatal("the decision was written to a folder")
		}
		if fileio.Exists(d.File(rundir.ReportFile)) || fileio.Exists(d.File(rundir.CardFile)) {
			t.Error("report and model card show a decision that is given up")
		}
	})
	t.Run("package", func(t *testing.T) {
		d := rundir.At(runtest.Copied(t, dir))
		s := resumed(t, d.Path)
		s.Origins["release-version"] = config.OriginFlag
		s.OverwriteRelease = true
		s.ReleaseVersion = "1" + strings.Repeat("0", 220) // too long for the archive's temporary file
		stale := d.File(rundir.PackageDir, "digits-linear-"+s.ReleaseVersion+".tar.gz")
		if err := os.WriteFile(stale, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Package(t.Context(), runtest.Quiet(), s, d.Path); err == nil {
			t.Fatal("an archive with a name that is too long was written")
		}
		if fileio.Exists(stale) || !fileio.Exists(strings.TrimSuffix(stale, ".tar.gz")) {
			t.Error("the archive of an earlier package stands beside the new one")
		}
	})
}

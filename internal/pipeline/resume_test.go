package pipeline

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
	s := smallRun(t, dir)
	delete(s.Origins, "output-dir")
	var log bytes.Buffer
	env := &Environment{Stdout: io.Discard, Stderr: io.Discard, Log: logging.New(&log, slog.LevelInfo, false)}
	err := Train(t.Context(), env, s, dir)
	return log.String(), err
}

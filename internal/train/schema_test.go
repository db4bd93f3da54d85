package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// TestOlderSchemas wants runs of programs whose checkpoints had no digest begun anew, and
// a later checkpoint that lost its digest not taken for one of them.
func TestOlderSchemas(t *testing.T) {
	for name, test := range map[string]struct {
		from, to string
		sealed   bool
		older    bool
	}{
		"schema 1":                {`"schema":3`, `"schema":1`, false, true},
		"schema 2":                {`"schema":3`, `"schema":2`, false, true},
		"schema 3 without digest": {`"schema":3`, `"schema":3`, false, false},
		"schema 2 with digest":    {`"schema":3`, `"schema":2`, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			trainOneEpoch(t, dir)
			last := filepath.Join(dir, CheckpointDir, LastFile)
			edit(t, last, test.sealed, func(f *weights.File) {
				f.Metadata[stateKey] = strings.Replace(f.Metadata[stateKey], test.from, test.to, 1)
				if !test.sealed {
					delete(f.Metadata, digestKey)
				}
			})
			_, err := Run(context.Background(), smallJob(t, dir))
			if err == nil || errors.Is(err, ErrOlder) != test.older || !strings.Contains(err.Error(), LastFile) {
				t.Errorf("error %v", err)
			}
			if again := CheckLast(dir); again == nil || errors.Is(again, ErrOlder) != test.older {
				t.Errorf("CheckLast: %v", again)
			}
		})
	}
}

// TestKilledBetweenCheckpointAndBest goes on where a process was killed before the best
// weights of the epoch had their name, and where it was killed before the checkpoint.
func TestKilledBetweenCheckpointAndBest(t *testing.T) {
	whole := t.TempDir()
	run(t, smallJob(t, whole))
	want := files(t, whole)[filepath.Join(whole, CheckpointDir, BestFile)]
	for name, leave := range map[string]func(dir string) error{
		"before the best weights have their name": func(dir string) error {
			return os.Rename(filepath.Join(dir, BestFile), filepath.Join(dir, nextBestFile))
		},
		"before the checkpoint": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, nextBestFile), []byte("of an epoch that is trained again"), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			trainOneEpoch(t, dir)
			if err := leave(filepath.Join(dir, CheckpointDir)); err != nil {
				t.Fatal(err)
			}
			run(t, smallJob(t, dir))
			after := files(t, dir)
			if string(after[filepath.Join(dir, CheckpointDir, BestFile)]) != string(want) {
				t.Error("other best weights")
			}
			if _, left := after[filepath.Join(dir, CheckpointDir, nextBestFile)]; left || len(after) != 3 {
				t.Errorf("%d files are left", len(after))
			}
		})
	}
}

// TestChangedMeanwhile changes what a training wrote while it goes on.
func TestChangedMeanwhile(t *testing.T) {
	for _, name := range []string{HistoryFile, filepath.Join(CheckpointDir, BestFile)} {
		job := smallJob(t, t.TempDir())
		path := filepath.Join(job.Dir, name)
		job.Observer = watch{epoch: func(e metric.Epoch, _ bool) {
			if e.Epoch == job.Epochs {
				appendTo(t, path, " ")
				b := files(t, job.Dir)[path]
				b[len(b)/2] ^= 1
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Error(err)
				}
			}
		}}
		_, err := Run(context.Background(), job)
		checkError(t, err, path)
	}
}

// TestDirectoryGone has the run directory checked before anything is written to it.
func TestDirectoryGone(t *testing.T) {
	job := smallJob(t, t.TempDir())
	gone := errors.New("it is gone")
	checks := 0
	job.CheckDir = func() error {
		if checks++; checks > 1 {
			return gone
		}
		return nil
	}
	if _, err := Run(context.Background(), job); !errors.Is(err, gone) {
		t.Errorf("error %v", err)
	}
	if found := files(t, job.Dir); len(found) > 0 {
		t.Errorf("%d files were written", len(found))
	}
}

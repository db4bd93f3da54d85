package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/optimizer"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// trainOneEpoch cancels smallJob when its first epoch is done.
func trainOneEpoch(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	job := smallJob(t, dir)
	job.Observer = watch{epoch: func(metric.Epoch, bool) { cancel() }}
	if _, err := Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want that of the context", err)
	}
}

// files reads all files in dir by their paths.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	contents := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contents[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return contents
}

// checkUnchanged compares the files in dir with what they were.
func checkUnchanged(t *testing.T, dir string, before map[string][]byte) {
	t.Helper()
	after := files(t, dir)
	for path, content := range before {
		if !bytes.Equal(content, after[path]) {
			t.Errorf("%s was changed", filepath.Base(path))
		}
	}
	if len(after) != len(before) {
		t.Errorf("there were %d files, now there are %d", len(before), len(after))
	}
}

func checkError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %q", parts)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %q", err, part)
		}
	}
}

func TestFinishedRunStaysAsItIs(t *testing.T) {
	dir := t.TempDir()
	outcome, _ := run(t, smallJob(t, dir))
	before := files(t, dir)
	again, epochs := run(t, smallJob(t, dir))
	outcome.Resumed = true
	if again != outcome || len(epochs) != 0 {
		t.Errorf("outcome %+v after %d more epochs, want %+v after none", again, len(epochs), outcome)
	}
	checkUnchanged(t, dir, before)
}

func TestProgress(t *testing.T) {
	dir := t.TempDir()
	check := func(wantEpochs int, wantFinished, wantFound bool) {
		t.Helper()
		epochs, finished, found, err := Progress(dir)
		if err != nil || epochs != wantEpochs || finished != wantFinished || found != wantFound {
			t.Errorf("Progress gives %d, %v, %v, %v; want %d, %v, %v", epochs, finished, found, err, wantEpochs, wantFinished, wantFound)
		}
	}
	check(0, false, false)
	trainOneEpoch(t, dir)
	check(1, false, true)
	run(t, smallJob(t, dir))
	check(2, true, true)
	last := filepath.Join(dir, CheckpointDir, LastFile)
	if err := os.WriteFile(last, []byte("nonsense"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := Progress(dir)
	checkError(t, err, last)
	if err := weights.WriteFile(last, weights.File{}); err != nil {
		t.Fatal(err)
	}
	_, _, _, err = Progress(dir)
	checkError(t, err, last, "it is not a checkpoint")
}

// TestHistoryIsCutBackToTheCheckpoint resumes a run that was killed after it had
// written the second epoch's line and before its checkpoint, or in the middle of
// the line.
func TestHistoryIsCutBackToTheCheckpoint(t *testing.T) {
	whole := t.TempDir()
	_, want := run(t, smallJob(t, whole))
	for name, extra := range map[string]func(line string) string{
		"whole line": func(line string) string { return line },
		"half line":  func(line string) string { return line[:len(line)/2] },
		"nonsense":   func(string) string { return "nonsense\n\x00" },
		"nothing":    func(string) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			trainOneEpoch(t, dir)
			path := filepath.Join(dir, HistoryFile)
			line := string(files(t, dir)[path])
			appendTo(t, path, extra(line))
			leftover := filepath.Join(dir, CheckpointDir, "."+LastFile+".123.tmp")
			appendTo(t, leftover, "half a checkpoint")
			run(t, smallJob(t, dir))
			got, err := metric.ReadHistory(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].Schema, got[i].Seconds, got[i].ImagesPerSecond = 0, want[i].Seconds, want[i].ImagesPerSecond
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("the history differs from that of a run in one go:\n%s", d)
			}
			if _, err := os.Stat(leftover); err == nil {
				t.Error("the killed process's temporary file is still there")
			}
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedCheckpoints resumes from checkpoints that cannot be gone on from.
// All files stay as they are.
func TestRefusedCheckpoints(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, job *Job, last string)
		want  []string
	}{
		{"another model", func(t *testing.T, job *Job, _ string) {
			g := nn.NewGraph(job.Graph.Input().Shape)
			g.Add("fc", nn.Linear{Out: contractClasses}, g.Add("flatten", nn.Flatten{}, g.Input()))
			job.Graph, job.Params = g, g.NewParameters(1)
		}, []string{LastFile, "does not belong to this run", "tensor head.bias is not part of this model"}},
		{"another optimizer", func(t *testing.T, job *Job, _ string) {
			job.Optimizer = must(optimizer.MakeOptimizer("sgd", ""))(t)
		}, []string{"does not belong to this run", "2 arrays of an optimizer's state, want 1: momentum"}},
		{"another optimizer with as many arrays", func(t *testing.T, job *Job, _ string) {
			job.Optimizer = renamed{job.Optimizer}
		}, []string{`optimizer state "n" has 0 values`}},
		{"averaged weights asked for", func(_ *testing.T, job *Job, _ string) { job.EMA = 0.9 },
			[]string{"averaged weights: tensor normalize.scale is missing"}},
		{"another batch size", func(_ *testing.T, job *Job, _ string) { job.BatchSize = 8 },
			[]string{"it is at epoch 1, step 4, after 0 examples of the next epoch, which does not fit 2 epochs of 53 examples in batches of 8"}},
		{"another training part", func(_ *testing.T, job *Job, _ string) { job.TrainList = job.TrainList[:20] },
			[]string{"does not fit 2 epochs of 20 examples in batches of 16"}},
		{"weights alone", func(t *testing.T, job *Job, last string) {
			if err := SaveWeights(last, job.Params, nil); err != nil {
				t.Fatal(err)
			}
		}, []string{"it has no training_state: it is not a checkpoint"}},
		{"unreadable state", func(t *testing.T, _ *Job, last string) { setState(t, last, "{") },
			[]string{"its training_state cannot be read"}},
		{"later schema", func(t *testing.T, _ *Job, last string) { setState(t, last, `{"schema":4}`) },
			[]string{"its training_state has schema 4, this program reads 3"}},
		{"another contract", replaceState(`"contract_version":3`, `"contract_version":99`),
			[]string{"written under version 99 of the reproducibility contract", "finish the run with the program that began it"}},
		{"negative position", replaceState(`"epoch":1,"step":4`, `"epoch":-1,"step":-4`), []string{"it is at epoch -1"}},
		{"a key twice", replaceState(`"epoch":1`, `"epoch":1,"epoch":1`), []string{"it is not written as this program writes it"}},
		{"a key in other letters", replaceState(`"epoch":1`, `"Epoch":1`), []string{"it is not written as this program writes it"}},
		{"a key too many", replaceState(`"epoch":1`, `"epoch":1,"other":1`), []string{"its training_state cannot be read", "other"}},
		{"a key missing", replaceState(`"finished":false,`, ``), []string{"it is not written as this program writes it"}},
		{"best epoch out of range", replaceState(`"best_epoch":1`, `"best_epoch":7`), []string{"last.safetensors does not belong to its history", "BestEpoch:7"}},
		{"best epoch below its range", replaceState(`"best_epoch":1`, `"best_epoch":-1`), []string{"BestEpoch:-1"}},
		{"no best epoch", replaceState(`"best_epoch":1`, `"best_epoch":0`), []string{"BestEpoch:0"}},
		{"longer without improvement", replaceState(`"since":0`, `"since":3`), []string{"does not belong to its history"}},
		{"said to be finished", replaceState(`"finished":false`, `"finished":true`), []string{"finished true, and the history gives"}},
		{"no digest", func(t *testing.T, _ *Job, last string) {
			edit(t, last, false, func(f *weights.File) { delete(f.Metadata, digestKey) })
		},
			[]string{LastFile, `its checkpoint_sha256 is ""`}},
		{"another value", func(t *testing.T, _ *Job, last string) {
			edit(t, last, false, func(f *weights.File) { f.Tensors[0].Data[0]++ })
		},
			[]string{LastFile, "the file was changed or is damaged"}},
		{"another shape", func(t *testing.T, _ *Job, last string) {
			edit(t, last, false, func(f *weights.File) { f.Tensors[0].Shape = append(f.Tensors[0].Shape, 1) })
		}, []string{LastFile, "the file was changed or is damaged"}},
		{"more metadata", func(t *testing.T, _ *Job, last string) {
			edit(t, last, false, func(f *weights.File) { f.Metadata["a"] = "b" })
		},
			[]string{LastFile, "the file was changed or is damaged"}},
		{"another value, digest anew", func(t *testing.T, _ *Job, last string) {
			edit(t, last, true, func(f *weights.File) { f.Tensors[0].Data[0]++ })
		},
			[]string{HistoryFile, "weights_sha256 of epoch 1 is"}},
		{"optimizer's state, digest anew", func(t *testing.T, _ *Job, last string) {
			edit(t, last, true, func(f *weights.File) { f.Tensors[len(f.Tensors)-1].Data[0]++ })
		}, []string{HistoryFile, "optimizer_sha256 of epoch 1 is"}},
		{"other best weights", func(t *testing.T, job *Job, last string) {
			job.Params.Values[0]++
			if err := SaveWeights(filepath.Join(filepath.Dir(last), BestFile), job.Params, map[string]string{"epoch": "1"}); err != nil {
				t.Fatal(err)
			}
		}, []string{BestFile, "the file was changed or is damaged"}},
		{"another epoch of the best weights", func(t *testing.T, _ *Job, last string) {
			edit(t, filepath.Join(filepath.Dir(last), BestFile), false, func(f *weights.File) { f.Metadata["epoch"] = "2" })
		}, []string{BestFile, "the file was changed or is damaged"}},
		{"no best weights", func(t *testing.T, _ *Job, last string) {
			if err := os.Remove(filepath.Join(filepath.Dir(last), BestFile)); err != nil {
				t.Fatal(err)
			}
		}, []string{"the best weights cannot be read", BestFile}},
		{"edited history", replaceHistory(`"seconds":`, `"seconds":1`), []string{HistoryFile, "a line was changed, added or removed"}},
		{"line before the first", replaceHistory(`{"schema"`, "{}\n{\"schema\""), []string{HistoryFile, "a line was changed, added or removed"}},
		{"truncated", func(t *testing.T, _ *Job, last string) {
			if err := os.Truncate(last, 5000); err != nil {
				t.Fatal(err)
			}
		}, []string{"the last checkpoint cannot be read", LastFile, "is the file truncated?"}},
		{"empty", func(t *testing.T, _ *Job, last string) {
			if err := os.Truncate(last, 0); err != nil {
				t.Fatal(err)
			}
		}, []string{"the last checkpoint cannot be read", LastFile}},
		{"missing history", func(t *testing.T, job *Job, _ string) {
			if err := os.Remove(filepath.Join(job.Dir, HistoryFile)); err != nil {
				t.Fatal(err)
			}
		}, []string{HistoryFile}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			trainOneEpoch(t, dir)
			job := smallJob(t, dir)
			test.spoil(t, &job, filepath.Join(dir, CheckpointDir, LastFile))
			validateWith(&job, job.Train.Dataset) // of what is another model now
			before := files(t, dir)
			_, err := Run(context.Background(), job)
			checkError(t, err, test.want...)
			checkUnchanged(t, dir, before)
		})
	}
}

// renamed is an optimizer whose arrays have other names.
type renamed struct{ optimizer.Optimizer }

func (renamed) Slots() []string { return []string{"n", "v"} }

// edit changes a checkpoint, and gives it its digest again where it is sealed.
func edit(t *testing.T, path string, sealed bool, change func(*weights.File)) {
	t.Helper()
	file, err := weights.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(&file)
	if sealed {
		file.Metadata[digestKey] = checkpointDigest(file)
	}
	if err := weights.WriteFile(path, file); err != nil {
		t.Fatal(err)
	}
}

// setState replaces the state in a checkpoint.
func setState(t *testing.T, path, text string) {
	t.Helper()
	edit(t, path, true, func(f *weights.File) { f.Metadata[stateKey] = text })
}

// replaceState replaces a part of the state in a checkpoint.
func replaceState(from, to string) func(t *testing.T, job *Job, last string) {
	return func(t *testing.T, _ *Job, last string) {
		t.Helper()
		edit(t, last, true, func(f *weights.File) {
			before := f.Metadata[stateKey]
			if f.Metadata[stateKey] = strings.Replace(before, from, to, 1); f.Metadata[stateKey] == before {
				t.Fatalf("%s is not in %s", from, before)
			}
		})
	}
}

// replaceHistory replaces a part of the history.
func replaceHistory(from, to string) func(t *testing.T, job *Job, last string) {
	return func(t *testing.T, job *Job, _ string) {
		t.Helper()
		path := filepath.Join(job.Dir, HistoryFile)
		before := string(files(t, job.Dir)[path])
		after := strings.Replace(before, from, to, 1)
		if before == after {
			t.Fatalf("%s is not in %s", from, before)
		}
		if err := os.WriteFile(path, []byte(after), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNonFinite goes on from a good first epoch with a learning rate that no
// weights survive. The checkpoint and the history stay as they are.
func TestNonFinite(t *testing.T) {
	tests := []struct {
		name      string
		optimizer string
		rate      float32
		batch     int
		want      []string
	}{
		{"loss", "adamw", 1e30, 16, []string{"epoch 1, step 2 of 4 (learning rate 1e+30): the loss is not finite (NaN)", "lower the learning rate", " in a new run, for this one keeps its settings; the last good checkpoint is kept"}},
		{"weights", "sgd", 1e38, 16, []string{"epoch 1, step 2 of 4", "is not finite"}},
		{"weights after the last step", "adamw", 1e38, 53, []string{"epoch 1, after its last step: a value of model/", "is not finite"}},
		{"validation", "lion", 3e38, 53, []string{"epoch 1, validation: cannot evaluate example 0", "NaN"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := smallJob(t, t.TempDir())
			job.Schedule = must(optimizer.MakeSchedule("constant", ""))(t)
			job.Optimizer = must(optimizer.MakeOptimizer(test.optimizer, ""))(t)
			job.LearningRate, job.BatchSize, job.CheckpointInterval = test.rate, test.batch, time.Nanosecond
			_, err := Run(context.Background(), job)
			checkError(t, err, test.want...)
			checkFiniteCheckpoint(t, job.Dir)
		})
	}
}

// TestNonFiniteBeforeACheckpoint diverges in the first epoch.
func TestNonFiniteBeforeACheckpoint(t *testing.T) {
	job := smallJob(t, t.TempDir())
	job.Schedule, job.LearningRate = must(optimizer.MakeSchedule("constant", ""))(t), 1e30
	_, err := Run(context.Background(), job)
	checkError(t, err, "epoch 1, ", "in a new run, for this one keeps its settings; there is no checkpoint from before")
}

// checkFiniteCheckpoint looks at the last checkpoint, if there is one.
func checkFiniteCheckpoint(t *testing.T, dir string) {
	t.Helper()
	file, err := weights.ReadFile(filepath.Join(dir, CheckpointDir, LastFile))
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, tensor := range file.Tensors {
		for _, v := range tensor.Data {
			if v-v != 0 {
				t.Fatalf("the checkpoint's %s has the value %v", tensor.Name, v)
			}
		}
	}
}

// TestNonFiniteKeepsTheLastCheckpoint spoils the second epoch of a run.
func TestNonFiniteKeepsTheLastCheckpoint(t *testing.T) {
	dir := t.TempDir()
	trainOneEpoch(t, dir)
	before := files(t, dir)
	job := smallJob(t, dir)
	job.LearningRate = 1e30
	_, err := Run(context.Background(), job)
	checkError(t, err, "epoch 2, step ", "is not finite")
	checkUnchanged(t, dir, before)
	if outcome, _ := run(t, smallJob(t, dir)); outcome.Epochs != 2 || !outcome.Resumed {
		t.Errorf("with its own learning rate the run ends with %+v", outcome)
	}
}

func TestRunDirectoryIsAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	appendTo(t, path, "a file")
	_, err := Run(context.Background(), smallJob(t, path))
	checkError(t, err, "cannot keep checkpoints", path, "not a directory")
}

func TestRefusedJobs(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(job *Job)
		want  string
	}{
		{"nothing to train on", func(job *Job) { job.TrainList = nil }, "no examples to train on"},
		{"no epochs", func(job *Job) { job.Epochs = 0 }, "0 epochs"},
		{"empty batches", func(job *Job) { job.BatchSize = 0 }, "batches of 0"},
		{"empty shards", func(job *Job) { job.ShardSize = 0 }, "shard size 0"},
		{"no workers", func(job *Job) { job.Workers = 0 }, "workers 0"},
		{"index out of range", func(job *Job) { job.TrainList[3] = 1000 }, "1000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := smallJob(t, t.TempDir())
			test.spoil(&job)
			_, err := Run(context.Background(), job)
			checkError(t, err, test.want)
		})
	}
}

//go:build linux || darwin

package train

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// largestFile is enough for the history, but not for a checkpoint.
const largestFile = 100_000

// TestFullDisk goes on with a run in a process that cannot write files of the
// size of a checkpoint, as on a full disk. Nothing is lost: with room again, the
// run comes to the same bits.
func TestFullDisk(t *testing.T) {
	data, dir := contractData(t), t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	job := contractJob(t, data, dir, dataset.ModeRAM, 2)
	job.Observer = watch{epoch: func(metric.Epoch, bool) { cancel() }}
	if _, err := Run(ctx, job); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	before := files(t, filepath.Join(dir, CheckpointDir))

	child := exec.Command(os.Args[0], "-test.run=^TestFullDiskChild$")
	child.Env = append(os.Environ(), childData+"="+data, childDir+"="+dir)
	out, err := child.Output()
	if err == nil {
		t.Fatal("the process came to its end")
	}
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		t.Skipf("this test binary cannot start itself: %v", err)
	}
	checkError(t, errors.New(string(out)), "cannot write ", nextBestFile, "file too large")
	checkUnchanged(t, filepath.Join(dir, CheckpointDir), before)

	if _, err := Run(context.Background(), contractJob(t, data, dir, dataset.ModeRAM, 2)); err != nil {
		t.Fatal(err)
	}
	checkContract(t, dir)
}

// TestFullDiskChild is the process that TestFullDisk starts. It fails with the
// training's error.
func TestFullDiskChild(t *testing.T) {
	if os.Getenv(childDir) == "" {
		t.Skip("it is run by TestFullDisk alone")
	}
	limit := syscall.Rlimit{Cur: largestFile, Max: largestFile}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	job := contractJob(t, os.Getenv(childData), os.Getenv(childDir), dataset.ModeRAM, 2)
	if _, err := Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
}

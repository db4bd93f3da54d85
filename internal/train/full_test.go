//go:build linux || darwin

package train

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
)

// TestFullDisk lets no file grow beyond what the history needs, as on a full
// disk, while the second epoch is trained. Nothing is lost: with room again, the
// run goes on to the same bits.
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

	restore := limitFileSize(t, 100_000)
	_, err := Run(context.Background(), contractJob(t, data, dir, dataset.ModeRAM, 2))
	restore()
	checkError(t, err, "cannot write ", BestFile, "file too large")
	checkUnchanged(t, filepath.Join(dir, CheckpointDir), before)

	if _, err := Run(context.Background(), contractJob(t, data, dir, dataset.ModeRAM, 2)); err != nil {
		t.Fatal(err)
	}
	checkContract(t, dir)
}

// limitFileSize sets the largest size of a file that this process can write and
// returns what takes the limit back.
func limitFileSize(t *testing.T, bytes uint64) (restore func()) {
	t.Helper()
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Skipf("the size of files cannot be limited: %v", err)
	}
	limit := was
	limit.Cur = bytes
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Skipf("the size of files cannot be limited: %v", err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Error(err)
		}
	}
}

package train

import (
	"context"
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// contractPartsDigest is what a short training with a first stage comes to, as
// [contractDigest] is for one without.
const contractPartsDigest = "c5769379952879982dee3ae80e82fcb50879c41c26146d9db963145129b87d7e"

// contractPartsJob is contractJob with the transforms that came with version 3 of the contract.
// Its images are kept in 10 pixels, which is less than they have.
func contractPartsJob(t testing.TB, data, dir string, mode dataset.Mode, workers int) Job {
	t.Helper()
	job := contractJob(t, data, dir, mode, workers)
	var err error
	if job.Train.Augment, err = augment.Parse("random-resized-crop:min=0.4,color-jitter,trivial-augment:translate=3,cutmix:p=0.7"); err != nil {
		t.Fatal(err)
	}
	job.Train.KeepSize = 10
	if mode == dataset.ModeRAM {
		form := dataset.Form{Rule: job.Train.Rule, Reduced: job.Train.KeepSize, Of: job.TrainList}
		fitted, err := dataset.Fit(context.Background(), job.Train.Dataset, 1<<20, form)
		if err != nil {
			t.Fatal(err)
		}
		job.Train.Dataset = fitted[0]
	}
	return job
}

func checkContractParts(t *testing.T, dir string) {
	t.Helper()
	if got := contractResult(t, dir); got != contractPartsDigest {
		t.Errorf("the training came to %s, want %s", got, contractPartsDigest)
	}
}

func TestContractParts(t *testing.T) {
	data := contractData(t)
	for _, mode := range []dataset.Mode{dataset.ModeRAM, dataset.ModeDisk} {
		for _, workers := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s %d", mode, workers), func(t *testing.T) {
				dir := t.TempDir()
				if _, err := Run(context.Background(), contractPartsJob(t, data, dir, mode, workers)); err != nil {
					t.Fatal(err)
				}
				checkContractParts(t, dir)
			})
		}
	}
}

// TestContractPartsInterrupted goes on in another mode and with other workers each time.
func TestContractPartsInterrupted(t *testing.T) {
	data, dir := contractData(t), t.TempDir()
	modes := []dataset.Mode{dataset.ModeRAM, dataset.ModeDisk}
	if n := interrupt(t, 3, func(n int) Job { return contractPartsJob(t, data, dir, modes[n%2], 1+n%2) }); n != 4 {
		t.Errorf("%d interruptions, want 4", n)
	}
	checkContractParts(t, dir)
}

//go:build slow

package verify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestRecipeFast checks what the recipe promises, with seeds that its values were
// not chosen by.
func TestRecipeFast(t *testing.T) {
	const seeds, atLeast, wanted = 4, 3, 0.99
	reached := 0
	for seed := 101; seed <= 100+seeds; seed++ {
		accuracy := testAccuracy(t, "fast", seed)
		t.Logf("seed %d: %.4f of the test part", seed, accuracy)
		if accuracy >= wanted {
			reached++
		}
	}
	if reached < atLeast {
		t.Errorf("%d of %d seeds reach %v on the test part, want %d", reached, seeds, wanted, atLeast)
	}
}

// testAccuracy does a whole run on MNIST by the recipe and returns the accuracy on
// the test part.
func testAccuracy(t *testing.T, recipe string, seed int) float64 {
	t.Helper()
	data := os.Getenv("BLOCKTRAIN_TEST_DATA")
	if data == "" {
		t.Skip("BLOCKTRAIN_TEST_DATA is not set")
	}
	dir := filepath.Join(t.TempDir(), "run")
	source, err := settings.Recipe(recipe)
	if err != nil {
		t.Fatal(err)
	}
	s, o := &settings.Settings{}, config.NewOptions(nil)
	s.Declare(o)
	flags := config.Flags(map[string]string{
		"dataset": "mnist", "data-dir": data, "seed": fmt.Sprint(seed), "output-dir": dir,
		"min-test-accuracy": "0", "min-per-class-accuracy": "0", // judged here
	})
	if s.Origins, err = o.Resolve(flags, source); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Run(context.Background(), runtest.Quiet(), s); err != nil {
		t.Fatal(err)
	}
	test, err := metric.ReadEvaluation(filepath.Join(dir, rundir.EvaluationFile(dataset.PartTest)))
	if err != nil {
		t.Fatal(err)
	}
	return test.Accuracy
}

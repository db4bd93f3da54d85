//go:build slow

package train

import (
	"context"
	"testing"
)

// TestContractPublishedModels trains every published network.
func TestContractPublishedModels(t *testing.T) {
	_, models := readContractModels(t)
	for _, c := range models {
		if !c.isPublished(t) {
			continue
		}
		dir := t.TempDir()
		if _, err := Run(context.Background(), contractModelJob(t, c, drawn{}, dir, 2)); err != nil {
			t.Fatal(err)
		}
		if got := contractResult(t, dir); got != c.digest {
			t.Errorf("%s: the training came to %s, want %s", c.name, got, c.digest)
		}
	}
}

package outline

import (
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

func TestTraining(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"epochs=3"}, "3 epochs of 4 steps of 32 images, shards of 8, seed 1"},
		{[]string{"epochs=3", "batch-norm=fixed", "layer-decay=0.8"},
			"3 epochs of 4 steps of 32 images, shards of 8, seed 1, batch normalisation fixed, each layer at 0.8 of the learning rate of the one after it"},
		{[]string{"head=solver", "head-penalties=1,0.1"},
			"1 epoch in all, seed 1\nlast layer      1 epoch, by the solver on features of 240 images: each training image as it is; penalties 1, 0.1\nfine-tuning     none: --finetune-epochs is 0"},
		{[]string{"head=solver", "head-penalties=1", "views=4", "augment=flip", "finetune-epochs=2", "batch-norm=fixed"},
			"3 epochs in all, seed 1\nlast layer      1 epoch, by the solver on features of 240 images: each training image as it is, mirrored and 2 times as --augment varies it; penalties 1\nfine-tuning     2 epochs of 4 steps of 32 images, shards of 8, batch normalisation fixed"},
		{[]string{"head=sgd", "epochs=2", "finetune-epochs=1"},
			"3 epochs in all, seed 1\nlast layer      2 epochs of 4 steps of 32 images, shards of 8, by the optimizer\nfine-tuning     1 epoch of 4 steps of 32 images, shards of 8"},
	} {
		s := runtest.MustResolve(t, append(c.flags, "batch-size=32", "shard-size=8")...)
		made := Training{Settings: s, Steps: 4, Batch: 32, Looked: 240, Mirrored: true}
		if got := made.Lines(); got != c.want {
			t.Errorf("%v: got\n%s\nwant\n%s", c.flags, got, c.want)
		}
	}
}

func TestMemory(t *testing.T) {
	m := Memory{Images: rundata.Memory{Need: 2_500_000_000, Budget: 2e9}, Training: 3e6, Features: 4e6}
	for flag, want := range map[string]string{
		"data-mode=disk": "images none, since they are decoded each time they are used; in memory they would take 2.5 GB, of 2.0 GB (half of the machine's",
		"data-mode=ram":  "images 2.5 GB, of 2.0 GB set aside for them (half of the machine's",
		"memory=2GB":     "images 2.5 GB, of 2.0 GB set aside for them (by --memory)\n                activations, gradients and the optimizer's state 3.0 MB: --batch-size, --shard-size and --workers change that\n                features and the solver 4.0 MB",
	} {
		if got := m.Lines(runtest.MustResolve(t, flag)); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", flag, got, want)
		}
	}
}

package pipeline

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// TestSettingsOfRecord rebuilds settings from the record alone, and from these the
// same identity.
func TestSettingsOfRecord(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for class := range 10 {
		for i := range 8 {
			runtest.WriteImage(t, filepath.Join(data, strconv.Itoa(class), fmt.Sprintf("%d_%d.png", i, i)), class%3, i)
		}
	}
	for _, flags := range []string{
		"epochs=2",
		"dataset=digits,folder;dataset-options=digits:count=60,digits:test-count=30,folder:group=prefix:_;image-size=12x8;channels=3;resize=letterbox",
		"model=cnn;loss=focal;optimizer=sgd;optimizer-options=momentum=0.95,nesterov=true;schedule=cosine;image-size=16",
		"augment=rotate:degrees=5,erase,mixup:alpha=0.3;sampling=balanced;overfit-batch=true;seed=7;split-seed=3;split-ratio=50/25/25",
		"learning-rate=0.0123456789;weight-decay=1e-7;gradient-clip=0.1;warmup=0.3;ema=0.9990001;min-delta=1e-9;patience=0;monitor=validation_accuracy",
		"limit-train=20;shard-size=3;batch-size=7;epochs=4",
	} {
		for _, schema := range []int{1, rundir.RecordSchema} {
			t.Run(fmt.Sprint(schema, flags), func(t *testing.T) {
				s := runtest.MustResolve(t, append([]string{"dataset=folder", "model=linear", "data-dir=" + data}, strings.Split(flags, ";")...)...)
				env := runtest.Quiet()
				r, err := prepare(t.Context(), env, s, "", nil, schema)
				if err != nil {
					t.Fatal(err)
				}
				rebuilt, err := settings.FromRecord(r.Record)
				if err != nil {
					t.Fatal(err)
				}
				rebuilt.DataDirs = s.DataDirs
				again, err := prepare(t.Context(), env, rebuilt, "", nil, schema)
				if err != nil {
					t.Fatal(err)
				}
				if r.Record.IdentitySHA256 != again.Record.IdentitySHA256 {
					t.Errorf("another identity: %s", settings.Differences(&r.Record.Identity, &again.Record.Identity))
				}
			})
		}
	}
}

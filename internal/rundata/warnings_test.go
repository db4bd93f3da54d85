package rundata

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// TestSayUselessFinetuning: the warning comes where the best epoch is one of the last layer alone.
func TestSayUselessFinetuning(t *testing.T) {
	head := metric.Epoch{Phase: metric.PhaseHead, ValidationAccuracy: 0.85}
	worse, better := metric.Epoch{Phase: metric.PhaseFinetune, ValidationAccuracy: 0.7}, metric.Epoch{Phase: metric.PhaseFinetune, ValidationAccuracy: 0.9}
	for name, c := range map[string]struct {
		history []metric.Epoch
		best    int
		want    string
	}{
		"worse":     {[]metric.Epoch{head, worse, worse}, 1, "last_layer=85.00 fine_tuned=70.00"},
		"better":    {[]metric.Epoch{head, better}, 2, ""},
		"none":      {[]metric.Epoch{head}, 1, ""},
		"no phases": {[]metric.Epoch{{}, {}}, 1, ""},
	} {
		var log bytes.Buffer
		SayUselessFinetuning(&rundir.Environment{Log: logging.New(&log, slog.LevelInfo, false)}, c.history, c.best)
		if got := log.String(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

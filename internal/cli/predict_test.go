package cli

import (
	"bytes"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/predict"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// TestPredictTells checks that the log says how many images are done, where that is asked for.
func TestPredictTells(t *testing.T) {
	folder := packaged(t)
	for tell, want := range map[time.Duration]int{0: 0, time.Nanosecond: 1, time.Hour: 0} {
		var log bytes.Buffer
		p, err := predict.Open(t.Context(), logging.New(&log, slog.LevelInfo, false), &settings.Settings{MaxPackageMB: 1024, Workers: 1},
			predict.Request{Model: folder, Inputs: []string{filepath.Join(folder, "preprocessing", "images")}, Tell: tell})
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range p.All(t.Context()) {
			if err != nil {
				t.Error(err)
			}
		}
		p.Close()
		if got := strings.Count(log.String(), "INFO  images are done images=10"); got != want {
			t.Errorf("every %v: %d lines, want %d: %s", tell, got, want, &log)
		}
	}
}

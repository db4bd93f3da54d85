package cli

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blocktrain/blocktrain/internal/fileio"
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

// TestPredictRemovesLeftovers kills no process but leaves what a killed one would: the next one
// removes it beside its outputs and in its folder of pictures, and nothing of other files.
func TestPredictRemovesLeftovers(t *testing.T) {
	folder := packaged(t)
	images := filepath.Join(folder, "preprocessing", "images")
	t.Chdir(t.TempDir())
	for _, dir := range []string{"out", "drawn"} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	left := []string{"out/.lines.jsonl.12.tmp", "drawn/.0-predicted.png.3.tmp", "drawn/.clip-predicted-2.mp4.4.tmp"}
	other := "out/.other.jsonl.12.tmp"
	for _, file := range append(left, other) {
		writeText(t, file, "half")
	}
	succeed(t, "predict", "--run", folder, "--output", "out/lines.jsonl", "--annotate", "drawn", images)
	for _, file := range left {
		if fileio.Exists(file) {
			t.Errorf("%s is still there", file)
		}
	}
	if !fileio.Exists(other) || !fileio.Exists("out/lines.jsonl") {
		t.Error("a file of another command is gone, or the lines")
	}
}

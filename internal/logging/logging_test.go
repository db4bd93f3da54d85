package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"time"
)

var clock = regexp.MustCompile(`(?m)^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d `)

// untimed replaces the time at the beginning of each line.
func untimed(s string) string { return clock.ReplaceAllString(s, "T ") }

func TestConsole(t *testing.T) {
	var b bytes.Buffer
	log := New(&b, slog.LevelInfo, false)
	log.Debug("hidden")
	log.Info("epoch", "epoch", 3, "loss", 0.123456789, "took", 1234567890*time.Nanosecond)
	log.Warn("two words", "path", "a b", "empty", "", "quote", `"`)
	log.With("run", "x").WithGroup("g").With("y", 1).Error("failed", "error", errors.New("no = sign"), slog.Group("h", "z", true))
	log.Info("digest", "sha256", digestText)
	want := `T INFO  epoch epoch=3 loss=0.123457 took=1.235s
T WARN  two words path="a b" empty="" quote="\""
T ERROR failed run=x g.y=1 g.error="no = sign" g.h.z=true
T INFO  digest sha256=0123456789ab…
`
	if got := untimed(b.String()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestInWords checks that people get the text and JSON lines the attributes.
func TestInWords(t *testing.T) {
	dir := t.TempDir()
	var console bytes.Buffer
	log := New(&console, slog.LevelInfo, false)
	detach, err := log.AttachDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	log.With("run", "x").Info("evaluated", InWords("evaluated:\naccuracy  98 %\n"), "accuracy", 0.98)
	if err := detach(); err != nil {
		t.Fatal(err)
	}
	want := "T INFO  evaluated:\naccuracy  98 %\n"
	for _, got := range []string{untimed(console.String()), untimed(read(t, filepath.Join(dir, TextFile)))} {
		if got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}
	if got := read(t, filepath.Join(dir, JSONFile)); !strings.HasSuffix(got, `"msg":"evaluated","run":"x","accuracy":0.98}`+"\n") {
		t.Errorf("got %s", got)
	}
}

func TestQuiet(t *testing.T) {
	var b bytes.Buffer
	log := New(&b, slog.LevelDebug, true)
	log.Info("hidden")
	log.Warn("shown")
	if got := untimed(b.String()); got != "T WARN  shown\n" {
		t.Errorf("got %q", got)
	}
}

func TestColor(t *testing.T) {
	h := newTextHandler(io.Discard, slog.LevelInfo, style{color: true})
	for level, want := range map[slog.Level]string{
		slog.LevelDebug: "\x1b[36mDEBUG\x1b[0m", slog.LevelInfo: "\x1b[32mINFO \x1b[0m",
		slog.LevelWarn: "\x1b[33mWARN \x1b[0m", slog.LevelError: "\x1b[31mERROR\x1b[0m",
	} {
		if got := h.levelName(level); got != want {
			t.Errorf("%v is %q, want %q", level, got, want)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var digestText = strings.Repeat("0123456789abcdef", 4)

// TestAttachDir checks that a logger derived before the directory was known writes
// there too, whatever the console shows, that a second session appends, and that
// nothing is written after detaching.
func TestAttachDir(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		var console bytes.Buffer
		log := New(&console, slog.LevelError, true)
		derived := log.With("part", "test")
		detach, err := log.AttachDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		derived.Info("evaluated", "accuracy", 0.98, "sha256", digestText)
		log.Files.Error("not on the console")
		derived.Debug("hidden")
		if err := detach(); err != nil {
			t.Fatal(err)
		}
		derived.Info("after")
		log.Files.Error("after")
		if console.Len() > 0 {
			t.Errorf("the console shows %q", &console)
		}
	}
	line := "T INFO  evaluated part=test accuracy=0.98 sha256=" + digestText + "\nT ERROR not on the console\n"
	if got := untimed(read(t, filepath.Join(dir, TextFile))); got != line+line {
		t.Errorf("got %q", got)
	}
	var record struct {
		Level, Msg, Part string
		Accuracy         float64
		Time             time.Time
	}
	lines := strings.Split(strings.TrimSpace(read(t, filepath.Join(dir, JSONFile))), "\n")
	if err := json.Unmarshal([]byte(lines[2]), &record); err != nil {
		t.Fatal(err)
	}
	if len(lines) != 4 || record.Level != "INFO" || record.Msg != "evaluated" || record.Part != "test" || record.Accuracy != 0.98 || record.Time.IsZero() {
		t.Errorf("got %d lines, the third %+v", len(lines), record)
	}
}

// TestEarlyRecords checks that the files begin with what was logged before there was
// a directory, whatever the console shows, and that only the first directory does.
func TestEarlyRecords(t *testing.T) {
	var console bytes.Buffer
	log := New(&console, slog.LevelInfo, true)
	log.Debug("hidden")
	log.Info("opened")
	log.With("run", "x").Warn("skipped", "files", 2)
	want := []string{"T INFO  opened\nT WARN  skipped run=x files=2\nT INFO  begun\n", "T INFO  begun\n"}
	for _, text := range want {
		dir := t.TempDir()
		detach, err := log.AttachDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("begun")
		if err := detach(); err != nil {
			t.Fatal(err)
		}
		if got := untimed(read(t, filepath.Join(dir, TextFile))); got != text {
			t.Errorf("got\n%swant\n%s", got, text)
		}
		if got := strings.Count(read(t, filepath.Join(dir, JSONFile)), "\n"); got != strings.Count(text, "\n") {
			t.Errorf("%d records as JSON, want %d", got, strings.Count(text, "\n"))
		}
	}
	if got := untimed(console.String()); got != "T WARN  skipped run=x files=2\n" {
		t.Errorf("the console shows %q", got)
	}
}

func TestAttachDirRefuses(t *testing.T) {
	log := New(io.Discard, slog.LevelInfo, false)
	if _, err := log.AttachDir(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "cannot write the log") {
		t.Errorf("a missing folder gives %v", err)
	}
}

// TestConcurrentUse is of use under the race detector.
func TestConcurrentUse(t *testing.T) {
	log := New(io.Discard, slog.LevelInfo, false)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			detach, err := log.AttachDir(t.TempDir())
			if err != nil {
				t.Error(err)
				return
			}
			log.With("worker", i).Info("hello")
			if err := detach(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestFanOut runs the standard library's rules for handlers over ours.
func TestFanOut(t *testing.T) {
	var b bytes.Buffer
	shared := &sinks{}
	shared.add(slog.NewJSONHandler(&b, nil))
	err := slogtest.TestHandler(&fanOut{sinks: shared}, func() []map[string]any {
		var records []map[string]any
		for line := range strings.Lines(b.String()) {
			record := map[string]any{}
			if err := json.Unmarshal([]byte(line), &record); err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
		return records
	})
	if err != nil {
		t.Error(err)
	}
}

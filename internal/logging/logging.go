// Package logging writes the program's log: lines for people on the console, and,
// once a run directory is known, the same lines and their JSON form in files there,
// from the first line on.
package logging

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/term"
)

// The log files in a run directory.
const (
	TextFile = "blocktrain.log"
	JSONFile = "log.jsonl"
)

// Log is a logger whose destinations can grow while it is in use. Its methods, and
// those of the loggers derived from it, may be called from several goroutines at
// once.
type Log struct {
	*slog.Logger
	// Files writes to the attached directory alone: what the console is told in
	// another way.
	Files *slog.Logger

	all, files *sinks
	level      slog.Level // of the files
}

// New returns a log that writes the records of at least the level to stderr. When
// quiet, only warnings and errors are written there; files are not affected.
func New(stderr io.Writer, level slog.Level, quiet bool) *Log {
	console := level
	if quiet {
		console = max(console, slog.LevelWarn)
	}
	l := newLog(level)
	l.all.add(newTextHandler(stderr, console, consoleStyle(stderr)))
	return l
}

func newLog(level slog.Level) *Log {
	level = min(level, slog.LevelInfo)
	all, files := &sinks{early: &backlog{level: level}}, &sinks{}
	return &Log{slog.New(&fanOut{sinks: all}), slog.New(&fanOut{sinks: files}), all, files, level}
}

// Discard returns a log that writes nothing until a directory is attached.
func Discard() *Log { return newLog(slog.LevelInfo) }

// AttachDir appends all further records, from level info or lower where the log's
// own level is lower, to blocktrain.log and log.jsonl in dir, and before them those
// that came before any directory was attached. The function returned ends that and
// closes the files.
func (l *Log) AttachDir(dir string) (detach func() error, err error) {
	text, err := openAppend(filepath.Join(dir, TextFile))
	if err != nil {
		return nil, err
	}
	lines, err := openAppend(filepath.Join(dir, JSONFile))
	if err != nil {
		return nil, errors.Join(err, text.Close())
	}
	handlers := []slog.Handler{
		newTextHandler(text, l.level, fileStyle), slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: l.level}),
	}
	removeAll, removeFiles := l.all.attach(handlers...), l.files.attach(handlers...)
	return func() error {
		removeAll()
		removeFiles()
		return errors.Join(text.Close(), lines.Close())
	}, nil
}

// openAppend opens a regular file. It does not wait for who reads a pipe, and opens no
// device.
func openAppend(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("cannot write the log: %s is not a regular file (%s)", path, info.Mode().Type())
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NONBLOCK, 0o644)
	if err != nil {
		return nil, fmt.Errorf("cannot write the log: %w", err)
	}
	return f, nil
}

// IsTerminal reports whether w is a terminal, where lines can be redrawn and
// coloured.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Columns is the width of the terminal that w is, 0 where it is none.
func Columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Rounded is a number for the log, where it stays one: to four decimals.
func Rounded(v float64) float64 { return math.RoundToEven(v*1e4) / 1e4 }

package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// barColumns is what a bar with its words takes. On a narrower terminal it would not
// stay on one line.
const barColumns = 78

// barInterval is the least time between two drawings of the bar.
const barInterval = 100 * time.Millisecond

// wipe goes to the beginning of the terminal's line and clears it.
const wipe = "\r\x1b[K"

// display shows the training of an epoch as one line on a terminal: words, share done,
// a bar, rate and time left. Whoever else writes there wipes the line first. Errors of
// the terminal are dropped: nothing depends on what it shows.
type display struct {
	terminal io.Writer
	epochs   int       // that the training has at most
	first    int       // examples done when the epoch's first step was reported
	started  time.Time // when that was; zero between epochs
	drawn    time.Time
}

// newDisplay returns nil where the terminal is too narrow.
func newDisplay(terminal io.Writer, epochs int) rundir.Display {
	if logging.Columns(terminal) < barColumns {
		return nil
	}
	return &display{terminal: terminal, epochs: epochs}
}

// Step implements train.Observer.
func (d *display) Step(epoch, done, total int, loss float64) {
	now := time.Now()
	if d.started.IsZero() {
		d.first, d.started = done, now
	}
	columns := logging.Columns(d.terminal) // the window may have changed
	if now.Sub(d.drawn) < barInterval || columns < barColumns {
		return
	}
	d.drawn = now
	bar := barState{
		words: fmt.Sprintf("epoch %d/%d  loss %.4f", epoch, d.epochs, loss),
		done:  done, total: total, since: done - d.first, elapsed: now.Sub(d.started),
	}
	fmt.Fprint(d.terminal, wipe+bar.line(columns-1))
}

// Epoch implements train.Observer.
func (d *display) Epoch(metric.Epoch, int, bool) { d.Clear() }

// Clear implements rundir.Display.
func (d *display) Clear() {
	if !d.started.IsZero() {
		fmt.Fprint(d.terminal, wipe)
	}
	d.started, d.drawn = time.Time{}, time.Time{}
}

// barState is what the bar shows.
type barState struct {
	words       string
	done, total int           // examples
	since       int           // examples done in the time elapsed
	elapsed     time.Duration // 0 where nothing is known of the rate yet
}

// line is the bar in a width of columns; only words that are too long are cut.
func (b barState) line(columns int) string {
	share := float64(b.done) / float64(max(b.total, 1))
	before := fmt.Sprintf("%s  %3.0f%% |", b.words, 100*share)
	after := "|" + b.speed()
	room := columns - len(before) - len(after)
	if room < 0 {
		b.words = b.words[:max(0, len(b.words)+room)]
		return fmt.Sprintf("%s  %3.0f%% |%s", b.words, 100*share, after)
	}
	filled := min(int(share*float64(room)), room)
	return before + strings.Repeat("█", filled) + strings.Repeat(" ", room-filled) + after
}

// speed is the rate since the epoch began, and the time that the rest takes at it.
func (b barState) speed() string {
	rate := float64(b.since) / max(b.elapsed.Seconds(), 1e-9)
	if b.since <= 0 {
		return ""
	}
	left := time.Duration(float64(b.total-b.done) / rate * float64(time.Second))
	return fmt.Sprintf(" %.0f images/s, %s left", rate, left.Round(time.Second))
}

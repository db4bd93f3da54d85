package cli

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/progress"
)

// leastColumns is the width of a terminal below which nothing of use would be seen.
const leastColumns = 30

// leastBar is the width below which a bar is left out.
const leastBar = 5

// drawInterval is the least time between two drawings.
const drawInterval = 100 * time.Millisecond

// wipe goes to the beginning of the terminal's line and clears it.
const wipe = "\r\x1b[K"

// display shows on one line of a terminal how far work is: words, the share that is done,
// a bar, the rate and the time left. Whoever else writes there wipes the line first.
// Errors of the terminal are dropped: nothing depends on what it shows.
type display struct {
	terminal io.Writer
	drawn    time.Time // zero where nothing is
}

// newDisplay returns nil where the terminal is too narrow.
func newDisplay(terminal io.Writer) progress.Display {
	if logging.Columns(terminal) < leastColumns {
		return nil
	}
	return &display{terminal: terminal}
}

// Show implements progress.Display.
func (d *display) Show(at progress.State) {
	now := time.Now()
	if now.Sub(d.drawn) < drawInterval {
		return
	}
	d.drawn = now
	columns := logging.Columns(d.terminal) // the window may have changed
	if columns < leastColumns {
		fmt.Fprint(d.terminal, wipe)
		return
	}
	// In the last column some terminals begin a new line.
	fmt.Fprint(d.terminal, wipe+progressLine(at, columns-1))
}

// Clear implements progress.Display.
func (d *display) Clear() {
	if !d.drawn.IsZero() {
		fmt.Fprint(d.terminal, wipe)
	}
	d.drawn = time.Time{}
}

// progressLine is the line in a width of columns. Where there is no room, it goes without
// the rate, then without the bar, and in the end words are cut.
func progressLine(at progress.State, columns int) string {
	share := min(max(at.Share, 0), 1)
	head := fmt.Sprintf("%s  %3.0f%%", at.Words, 100*share)
	rate, left := "", ""
	if at.Rate > 0 {
		rate = fmt.Sprintf(" %.0f images/s", at.Rate)
	}
	if at.Left >= 0 {
		left = " " + config.Minutes(at.Left) + " left"
	}
	separator := ""
	if rate != "" && left != "" {
		separator = ","
	}
	for _, tail := range []string{rate + separator + left, left} {
		if room := columns - utf8.RuneCountInString(head) - len(tail) - len(" ||"); room >= leastBar {
			filled := int(share * float64(room))
			return head + " |" + strings.Repeat("█", filled) + strings.Repeat(" ", room-filled) + "|" + tail
		}
	}
	return cutTo(head+left, columns)
}

// cutTo is a text in at most so many columns.
func cutTo(text string, columns int) string {
	if runes := []rune(text); len(runes) > columns {
		return string(runes[:columns])
	}
	return text
}

package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// barColumns is what a bar with its words takes. On a narrower terminal it would not
// stay on one line.
const barColumns = 78

// display is a bar with rate and time left on a terminal.
type display struct {
	terminal io.Writer
	epochs   int // that the training has at most
	bar      *progressbar.ProgressBar
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
	if d.bar == nil {
		d.bar = newBar(d.terminal, total)
	}
	d.bar.Describe(fmt.Sprintf("epoch %d/%d  loss %.4f", epoch, d.epochs, loss))
	_ = d.bar.Set(done) // only the terminal can fail here
}

// Epoch implements train.Observer.
func (d *display) Epoch(metric.Epoch, int, bool) { d.Clear() }

// Clear implements rundir.Display.
func (d *display) Clear() {
	if d.bar != nil {
		_ = d.bar.Clear() // only the terminal can fail here
		d.bar = nil
	}
}

func newBar(w io.Writer, total int) *progressbar.ProgressBar {
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(w),
		progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
}

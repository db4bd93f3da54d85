package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/progress"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// openTerminal opens a pseudo-terminal of so many columns. The function returned
// ends it and gives all that was written.
func openTerminal(t *testing.T, columns int) (tty *os.File, end func() string) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	fd := int(control.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no pseudo-terminals here:", err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	resize(t, tty, columns)
	written := make(chan string)
	go func() {
		b, _ := io.ReadAll(control) // ends with an error when the other end is closed
		written <- string(b)
	}()
	return tty, func() string {
		defer control.Close()
		if err := tty.Close(); err != nil {
			t.Error(err)
		}
		return <-written
	}
}

var (
	color   = regexp.MustCompile("\x1b\\[[0-9]*m")
	control = regexp.MustCompile("^\x1b\\[[0-9]*K")
)

// screen is what a terminal of so many columns shows of a text.
func screen(text string, columns int) string {
	var lines []string
	row, at := make([]rune, 0, columns), 0
	flush := func() { lines, row, at = append(lines, strings.TrimRight(string(row), " ")), row[:0], 0 }
	for text = color.ReplaceAllString(text, ""); text != ""; {
		if match := control.FindString(text); match != "" {
			row, text = row[:min(at, len(row))], text[len(match):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		switch r {
		case '\r':
			at = 0
		case '\n':
			flush()
		default:
			if at == columns {
				flush()
			}
			row = append(row[:at], append([]rune{r}, row[min(at+1, len(row)):]...)...)
			at++
		}
	}
	flush()
	return strings.Join(lines, "\n")
}

// showTraining reports a training on a terminal, which is given other columns while it
// is validated, and returns what was left on it.
func showTraining(t *testing.T, columns, later int, cut bool) string {
	t.Helper()
	tty, end := openTerminal(t, columns)
	t.Setenv("NO_COLOR", "")
	log := logging.New(tty, slog.LevelInfo, false)
	env := &rundir.Environment{Log: log, Progress: func() progress.Display { return newDisplay(tty) }}
	p, clear := progress.Observe(env.Log, env.Progress, progress.Work{Epochs: 100, Train: 60000, Validation: 10000, After: 20000})
	wait := func() { time.Sleep(drawInterval + 10*time.Millisecond) } // after which the line is drawn again
	for done := 1000; done <= 60000; done += 1000 {
		p.Step(100, done, 60000, 0.123456)
		if done == 30000 {
			log.Warn("unusual")
			wait()
		}
	}
	resize(t, tty, later)
	wait()
	p.Validation(100, 5000, 10000)
	if !cut {
		p.Epoch(metric.Epoch{Epoch: 100, TrainLoss: 0.5}, 100, true)
	}
	clear()
	fmt.Fprint(tty, "the end\n")
	return end()
}

func resize(t *testing.T, tty *os.File, columns int) {
	t.Helper()
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
}

// TestProgressOnTerminal checks that the line of progress stays on its line, in a window
// that becomes narrower too, and leaves log lines and what follows it alone.
func TestProgressOnTerminal(t *testing.T) {
	for _, test := range []struct {
		columns, later int
		cut            bool
		line, bar      bool
	}{
		{80, 80, false, true, true}, {80, 80, true, true, true}, {80, 79, false, true, true}, {80, 45, false, true, true},
		{80, 20, true, true, true}, {200, 60, false, true, true}, {40, 40, false, true, false}, {29, 29, true, false, false},
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			raw := showTraining(t, test.columns, test.later, test.cut)
			if line := strings.Contains(raw, "epoch 100/100  loss 0.1235"); line != test.line {
				t.Errorf("a line is drawn: %t, want %t", line, test.line)
			}
			if bar := strings.Contains(raw, "█"); bar != test.bar {
				t.Errorf("a bar is drawn: %t, want %t", bar, test.bar)
			}
			if shown := strings.Contains(raw, "epoch 100/100  validating"); shown != (test.line && test.later >= leastColumns) {
				t.Errorf("validation is shown: %t", shown)
			}
			for line := range strings.SplitSeq(raw, wipe) {
				if strings.Contains(line, "validating") && len([]rune(line)) >= test.later {
					t.Errorf("a line has %d characters in %d columns: %q", len([]rune(line)), test.later, line)
				}
			}
			shown := screen(raw, test.columns)
			if strings.Contains(shown, "  loss ") || strings.Contains(shown, "validating") || strings.Contains(shown, "█") {
				t.Errorf("the line is left over:\n%s", shown)
			}
			for _, want := range []string{"unusual\n", "\nthe end\n"} {
				if !strings.Contains(shown, want) {
					t.Errorf("want %q in\n%s", want, shown)
				}
			}
		})
	}
}

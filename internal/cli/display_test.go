package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/progress"
)

func TestProgressLine(t *testing.T) {
	half := progress.State{Words: "epoch 1/3  loss 0.5000", Share: 0.5, Rate: 10000, Left: 200 * time.Second}
	longest := progress.State{Words: "epoch 100/100  loss 12.3456", Share: 1, Rate: 123456, Left: 59*time.Minute + 59*time.Second}
	for _, test := range []struct {
		name    string
		at      progress.State
		columns int
		want    string // with the bar left out
	}{
		{"the first step", progress.State{Words: "epoch 1/3  loss 2.3026", Left: -1}, 79, "epoch 1/3  loss 2.3026    0% ||"},
		{"half", half, 79, "epoch 1/3  loss 0.5000   50% || 10000 images/s, 3 min 20 s left"},
		{"wide", half, 200, "epoch 1/3  loss 0.5000   50% || 10000 images/s, 3 min 20 s left"},
		{"without the rate", half, 55, "epoch 1/3  loss 0.5000   50% || 3 min 20 s left"},
		{"without the bar", half, 45, "epoch 1/3  loss 0.5000   50% 3 min 20 s left"},
		{"cut", half, 29, "epoch 1/3  loss 0.5000   50% "},
		{"the longest of all", longest, 79, "epoch 100/100  loss 12.3456  100% || 123456 images/s, 59 min 59 s left"},
		{"validating", progress.State{Words: "epoch 1/3  validating", Share: 0.25, Rate: 30000, Left: 2*time.Hour + 5*time.Minute}, 79,
			"epoch 1/3  validating   25% || 30000 images/s, 2 h 5 min left"},
		{"more than there is", progress.State{Words: "epoch 1/3", Share: 1.2, Left: -1}, 79, "epoch 1/3  100% ||"},
	} {
		t.Run(test.name, func(t *testing.T) {
			line := progressLine(test.at, test.columns)
			if got := utf8.RuneCountInString(line); got > test.columns {
				t.Errorf("%d columns, want at most %d: %q", got, test.columns, line)
			}
			if begin, end := strings.Index(line, "|"), strings.LastIndex(line, "|"); begin >= 0 {
				if got := utf8.RuneCountInString(line); got != test.columns {
					t.Errorf("%d columns, want %d: %q", got, test.columns, line)
				}
				line = line[:begin+1] + line[end:]
			}
			if line != test.want {
				t.Errorf("the line is %q, want %q", line, test.want)
			}
		})
	}
	if line := progressLine(progress.State{Words: "x", Share: 0.5, Left: -1}, 28); line != "x   50% |█████████         |" {
		t.Errorf("half a bar is %q", line)
	}
}

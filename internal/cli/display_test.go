package cli

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestBar(t *testing.T) {
	for _, test := range []struct {
		name string
		bar  barState
		want string // with the bar left out
	}{
		{"the first step", barState{words: "epoch 1/3  loss 2.3026", done: 0, total: 60000}, "epoch 1/3  loss 2.3026    0% ||"},
		{"half", barState{words: "epoch 1/3  loss 0.5000", done: 30000, total: 60000, since: 20000, elapsed: 2 * time.Second},
			"epoch 1/3  loss 0.5000   50% || 10000 images/s, 3s left"},
		{"the end", barState{words: "epoch 1/3  loss 0.5000", done: 60000, total: 60000, since: 60000, elapsed: time.Minute},
			"epoch 1/3  loss 0.5000  100% || 1000 images/s, 0s left"},
		{"hours", barState{words: "epoch 1/3  loss 0.5000", done: 10, total: 1000010, since: 10, elapsed: time.Second},
			"epoch 1/3  loss 0.5000    0% || 10 images/s, 27h46m40s left"},
		{"more than there are", barState{words: "epoch 1/3", done: 70, total: 60, since: 0}, "epoch 1/3  117% ||"},
		{"no examples", barState{words: "epoch 1/3"}, "epoch 1/3    0% ||"},
		{"no time at all", barState{words: "epoch 1/3", done: 5, total: 10, since: 5}, "epoch 1/3   50% || 5000000000 images/s, 0s left"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, columns := range []int{77, 120} {
				line := test.bar.line(columns)
				if got := utf8.RuneCountInString(line); got != columns {
					t.Errorf("%d columns, want %d: %q", got, columns, line)
				}
				begin, end := strings.Index(line, "|"), strings.LastIndex(line, "|")
				if got := line[:begin+1] + line[end:]; got != test.want {
					t.Errorf("the line is %q, want %q", got, test.want)
				}
			}
		})
	}
	long := barState{words: strings.Repeat("w", 200), done: 1, total: 2, since: 1, elapsed: time.Second}
	if got := utf8.RuneCountInString(long.line(77)); got != 77 {
		t.Errorf("words that are too long give %d columns, want 77", got)
	}
	half := barState{words: "x", done: 1, total: 2}
	if line := half.line(28); line != "x   50% |█████████         |" {
		t.Errorf("half a bar is %q", line)
	}
}

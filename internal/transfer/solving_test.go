package transfer

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/head"
	"github.com/blocktrain/blocktrain/internal/logging"
)

// TestSolving wants a line of the log for each interval, and none before the first is over.
func TestSolving(t *testing.T) {
	var b bytes.Buffer
	log := &logging.Log{Logger: slog.New(slog.NewTextHandler(&b, nil))}
	s := newSolving(log, "the last layer")
	at := head.Step{Penalty: 0.3, Number: 3, Of: 7, Iterations: 12, GradientNorm: 0.0123, Target: 1e-4}
	s.step(at)
	if b.Len() > 0 {
		t.Errorf("a solver that has just begun says %s", b.String())
	}
	s.told = s.told.Add(-2 * toldInterval)
	s.step(at)
	s.step(at) // is too early again
	if got := b.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `msg="looking for the last layer" penalty=0.3 number="3 of 7" iterations=12 gradient_norm=0.012 wanted=0.0001`) {
		t.Errorf("the log has %s", got)
	}
}

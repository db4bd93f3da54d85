package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
)

// transferHistory is that of a training in two phases, whose last layer was found by a solver.
func transferHistory() []metric.Epoch {
	all := history(4)
	solution := func(penalty, loss, accuracy float64) metric.HeadSolution {
		return metric.HeadSolution{Penalty: penalty, Iterations: 20, Converged: penalty > 0.01, Objective: loss, TrainLoss: loss / 2, TrainAccuracy: 0.95, ValidationLoss: loss, ValidationAccuracy: accuracy}
	}
	all[0].Phase, all[0].LearningRate = metric.PhaseHead, 0
	all[0].Head = &metric.HeadNote{
		Penalty: 0.1, Views: 2, Solutions: []metric.HeadSolution{solution(1, 0.6, 0.8), solution(0.1, 0.5, 0.87), solution(0.01, 0.55, 0.86)},
		Curve: []metric.HeadPoint{
			{Percent: 25, Images: 1800, Rows: 3600, HeadSolution: solution(1, 0.8, 0.79)},
			{Percent: 50, Images: 3600, Rows: 7200, HeadSolution: solution(0.1, 0.6, 0.84)},
			{Percent: 100, Images: 7200, Rows: 14400, HeadSolution: solution(0.1, 0.5, 0.87)},
		},
		TrainFeatures: strings.Repeat("fe", 32), ValidateFeatures: strings.Repeat("fa", 32),
	}
	for i := range all[1:] {
		all[i+1].Phase = metric.PhaseFinetune
	}
	return all
}

// TestNotice: the file names licence, digests and source, and nothing in it can pass for another
// line. Runs that began with other weights have none.
func TestNotice(t *testing.T) {
	record := &rundir.Record{Name: "shop", ReleaseVersion: "1.0.0"}
	if Notice(record) != nil {
		t.Error("a notice of weights that were drawn")
	}
	record.Initial = &rundir.InitialNote{File: "a.safetensors"}
	if Notice(record) != nil {
		t.Error("a notice of weights that are nobody else's")
	}
	record.Identity.InitSHA256 = strings.Repeat("d5", 32)
	record.Initial.Published = &notes.Published{File: "a.pth", SHA256: strings.Repeat("f1", 32), Network: "resnet18", Family: "torchvision"}
	text := Notice(record)
	for _, want := range []string{record.Identity.InitSHA256, record.Initial.Published.SHA256, "a.pth", "resnet18", "licence, as the file in the package says:\n    not known: these weights are not in the catalogue\n"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("the notice does not have %q:\n%s", want, text)
		}
	}
	lines := bytes.Count(text, []byte("\n"))
	record.Initial.Published.File = "a.pth\nlicence:\r\n    none"
	if got := bytes.Count(Notice(record), []byte("\n")); got != lines {
		t.Errorf("%d lines with a name of several, want %d", got, lines)
	}
}

package triton

import (
	"fmt"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/imaging"
	networks "github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestOurModels checks that what the exporter writes of every model passes strictly in
// the oldest release that reads its operator set, and in the newest.
func TestOurModels(t *testing.T) {
	for i, d := range networks.Modules() {
		options, oldest := "", "22.07"
		if i%2 == 1 {
			options, oldest = "opset=13,max-batch-size=1,max-queue-size=9,instance-kind=cpu,instance-count=2,threads=1", "22.01"
		}
		dir := export(t, d.Name, options)
		for _, release := range []string{oldest, lastRelease} {
			report, err := Check(dir, Options{Release: release, Strict: true})
			if err != nil {
				t.Fatal(err)
			}
			if m := report.Models[0]; !report.Passed || len(m.Findings) > 0 {
				t.Errorf("%s in %s: %+v", d.Name, release, m)
			}
		}
	}
}

// export writes a model that was not trained.
func export(t *testing.T, name, options string) string {
	t.Helper()
	m, _, err := networks.MakeModel(name, "")
	must(t, err)
	g, err := m.Build(nn.Shape{H: 32, W: 32, C: 3}, 3)
	must(t, err)
	a := exporter.Artifact{
		Name: name, Version: "1.0.0", Graph: g, Labels: []string{"a", "Zaunkönig", "c d"}, Target: networks.TargetOf(m),
		Rule: imaging.Rule{Width: 32, Height: 32, Channels: 3, Mode: "stretch"},
	}
	if a.Target != "class" {
		g.Serve("reconstruction", g.Output())
		a.Labels = nil
	}
	a.Parameters = g.NewParameters(1)
	x, _, err := exporter.MakeExporter("triton", options)
	must(t, err)
	dir := t.TempDir()
	if err := x.Export(a, dir); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", name, err))
	}
	return dir
}

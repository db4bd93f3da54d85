package release

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// TestCheckServed checks that a package is only made if Triton would serve it well.
func TestCheckServed(t *testing.T) {
	g := nn.NewGraph(nn.Shape{H: 4, W: 4, C: 1})
	g.Add("fc", nn.Linear{Out: 2}, g.Add("flatten", nn.Flatten{}, g.Input()))
	folder := t.TempDir()
	a := exporter.Artifact{
		Name: "pets", Version: "1.0.0", Graph: g, Parameters: g.NewParameters(1), Labels: []string{"cat", "dog"},
		Rule: imaging.Rule{Width: 4, Height: 4, Channels: 1, Mode: "stretch"},
	}
	x, _, err := exporter.MakeExporter("triton", "instance-kind=gpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{folder, filepath.Join(folder, "networks", "first")} {
		if err := x.Export(a, dir); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkServed(folder); err != nil {
		t.Error(err)
	}
	labels := filepath.Join(folder, "networks", "first", exporter.RepositoryDir, "pets", "labels.txt")
	if err := os.WriteFile(labels, []byte("cat\r\ndog\r\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := checkServed(folder); err == nil || !strings.Contains(err.Error(), "carriage return") {
		t.Errorf("labels with carriage returns: error %v", err)
	}
	if err := checkServed(t.TempDir()); err != nil {
		t.Errorf("a package without the format for Triton: %v", err)
	}
}

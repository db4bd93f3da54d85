package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// network rebuilds the graph that a record describes.
func (record *Record) network() (*nn.Graph, *nn.Parameters, error) {
	i := &record.Identity
	m, _, err := model.MakeModel(i.Model.Name, i.Model.text())
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built by this program: %w", err)
	}
	graph, err := m.Build(shapeOf(i.Input), len(i.Classes))
	if err != nil {
		return nil, nil, fmt.Errorf("the recorded model cannot be built: %w", err)
	}
	return graph, graph.NewParameters(0), nil
}

// text gives the options in the form that factories take.
func (n ModuleNote) text() string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		if n.Options[name] != "" {
			options = append(options, name+"="+n.Options[name])
		}
	}
	return strings.Join(options, ",")
}

// artifact is the trained network with all that its users must know.
func artifact(record *Record, graph *nn.Graph, params *nn.Parameters) exporter.Artifact {
	return exporter.Artifact{
		Name: record.Name, Version: record.ReleaseVersion, ProgramVersion: Program(),
		Graph: graph, Parameters: params, Labels: record.Identity.Classes, Rule: record.Identity.Input,
		Metadata: map[string]string{"identity_sha256": record.IdentitySHA256},
	}
}

package settings

import (
	"errors"
	"fmt"
	"slices"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Exporters write a model in several formats.
type Exporters struct {
	List  []exporter.Exporter
	Notes []rundir.ModuleNote // of each
}

// makeExporters makes the exporters of the settings.
func (s *Settings) makeExporters() (Exporters, error) {
	selections, err := config.Selections(s.Exporters)
	if err != nil {
		return Exporters{}, fmt.Errorf("exporters: %w", err)
	}
	return MakeExporters(selections)
}

// MakeExporters makes those that are selected.
func MakeExporters(selections []config.Selection) (Exporters, error) {
	all := Exporters{Notes: []rundir.ModuleNote{}}
	var errs []error
	for _, s := range selections {
		made, note, err := Noted(exporter.MakeExporter, s.Name, s.Options)
		all.List, all.Notes, errs = append(all.List, made), append(all.Notes, note), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// Export writes the model into dir in every format.
func (e Exporters) Export(a exporter.Artifact, dir string) error {
	for _, format := range e.List {
		if err := format.Export(a, dir); err != nil {
			return err
		}
	}
	return nil
}

// Opset is the operator set of the ONNX file of a package that these exporters write.
func (e Exporters) Opset() int {
	for _, format := range e.List {
		if opset := exporter.Opset(format); opset != 0 {
			return opset
		}
	}
	return 0
}

// Note says how this program writes the formats.
func (e Exporters) Note() rundir.ExportNote {
	return rundir.ExportNote{Program: buildinfo.Program(), Exporters: e.Notes}
}

// ExportersOf makes the exporters of an earlier export again.
func ExportersOf(n *rundir.ExportNote) (Exporters, error) { return MakeExporters(SelectionsOf(n)) }

// SelectionsOf choose the exporters of the note again.
func SelectionsOf(n *rundir.ExportNote) []config.Selection {
	var all []config.Selection
	for _, note := range n.Exporters {
		all = append(all, config.Selection{Name: note.Name, Options: note.Text()})
	}
	return all
}

// ExporterOptions are the options of the exporters in a setting, by name.
func ExporterOptions(setting []string) (map[string]string, error) {
	selections, err := config.Selections(setting)
	options := map[string]string{}
	for _, s := range selections {
		options[s.Name] = s.Options
	}
	return options, err
}

// packageFormats are the exporters that every package needs.
var packageFormats = []string{"safetensors", "triton"}

// PackageExporters makes those with the options that the settings give them.
func (s *Settings) PackageExporters() (Exporters, error) {
	options, err := ExporterOptions(s.Exporters)
	if err != nil {
		return Exporters{}, err
	}
	var selections []config.Selection
	for _, name := range packageFormats {
		selections = append(selections, config.Selection{Name: name, Options: options[name]})
	}
	return MakeExporters(selections)
}

// PackageExportersOf makes the exporters of a package again.
func PackageExportersOf(n *rundir.ExportNote) (Exporters, error) {
	var names []string
	for _, note := range n.Exporters {
		names = append(names, note.Name)
	}
	if !slices.Equal(names, packageFormats) {
		return Exporters{}, fmt.Errorf("package.exporters are %q, want %q", names, packageFormats)
	}
	return ExportersOf(n)
}

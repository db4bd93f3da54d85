package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// exporters write a model in several formats.
type exporters struct {
	list  []exporter.Exporter
	notes []ModuleNote // of each
}

// makeExporters makes the exporters of the settings.
func (s *Settings) makeExporters() (exporters, error) {
	selections, err := config.Selections(s.Exporters)
	if err != nil {
		return exporters{}, fmt.Errorf("exporters: %w", err)
	}
	return makeExporters(selections)
}

func makeExporters(selections []config.Selection) (exporters, error) {
	all := exporters{notes: []ModuleNote{}}
	var errs []error
	for _, s := range selections {
		made, note, err := noted(exporter.MakeExporter, s.Name, s.Options)
		all.list, all.notes, errs = append(all.list, made), append(all.notes, note), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// export writes the model into dir in every format.
func (e exporters) export(a exporter.Artifact, dir string) error {
	for _, format := range e.list {
		if err := format.Export(a, dir); err != nil {
			return err
		}
	}
	return nil
}

// note says how this program writes the formats.
func (e exporters) note() ExportNote { return ExportNote{buildinfo.Program(), e.notes} }

// selections choose the exporters of the note again.
func (n *ExportNote) selections() []config.Selection {
	var all []config.Selection
	for _, note := range n.Exporters {
		all = append(all, config.Selection{Name: note.Name, Options: note.text()})
	}
	return all
}

// exportFile says how the exported files beside it were made, perhaps with other
// options than the run was started with.
const exportFile = "export.json"

// exportRecord is the content of exportFile.
type exportRecord struct {
	Schema int `json:"schema"`
	ExportNote
}

const exportSchema = 1

// readExport reads how the exported model in dir was made.
func readExport(dir string) (*ExportNote, error) {
	path := filepath.Join(dir, exportFile)
	var r exportRecord
	if err := fileio.ReadJSON(path, &r); err != nil {
		return nil, err
	}
	if r.Schema != exportSchema {
		return nil, fmt.Errorf("%s has schema %d, this program reads %d", path, r.Schema, exportSchema)
	}
	return &r.ExportNote, nil
}

// exportStage writes the model in every format asked for. The folder is replaced
// as a whole.
func (r *session) exportStage(context.Context) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	dir, formats := r.dir.file(exportDir), r.modules.exporters
	err = replaceDir(dir, func(dir string) error {
		if err := formats.export(artifact(r.record, t.graph, t.params), dir); err != nil {
			return err
		}
		return fileio.WriteJSON(filepath.Join(dir, exportFile), exportRecord{exportSchema, formats.note()})
	})
	if err != nil {
		return err
	}
	r.env.Log.Info("model exported", "directory", dir)
	return nil
}

// exporterOptions are the options of the exporters in a setting, by name.
func exporterOptions(setting []string) (map[string]string, error) {
	selections, err := config.Selections(setting)
	options := map[string]string{}
	for _, s := range selections {
		options[s.Name] = s.Options
	}
	return options, err
}

// renewExport writes the exported model, where there is one, again in the formats
// that it has, so that it has the name and the decision that the package has.
func (r *session) renewExport(ctx context.Context) error {
	dir := r.dir.file(exportDir)
	if !exists(dir) {
		return nil
	}
	note, err := readExport(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist): // an older version of the program wrote it: the formats of the run
	case err != nil:
		return err
	default:
		if err := r.chooseExporters(note); err != nil {
			return err
		}
	}
	return r.exportStage(ctx)
}

// chooseExporters makes those of an earlier export again, with the options that it
// was made with, or those that a flag gives.
func (r *session) chooseExporters(note *ExportNote) error {
	options, err := exporterOptions(r.settings.Exporters)
	formats := note.selections()
	for i, format := range formats {
		if given, named := options[format.Name]; named && r.settings.Origins["exporters"] == config.OriginFlag {
			formats[i].Options = given
		}
	}
	if err != nil {
		return err
	}
	r.modules.exporters, err = makeExporters(formats)
	return err
}

// replaceDir fills a new folder and puts it in the place of dir, which keeps what
// it holds until then.
func replaceDir(dir string, fill func(dir string) error) error {
	building, old := dir+".tmp", dir+".old.tmp"
	if err := errors.Join(os.RemoveAll(building), os.RemoveAll(old)); err != nil {
		return err
	}
	if err := os.MkdirAll(building, 0o755); err != nil {
		return err
	}
	if err := fill(building); err != nil {
		if remove := os.RemoveAll(building); remove != nil {
			return fmt.Errorf("%w; and cannot remove what was half written: %w", err, remove)
		}
		return err
	}
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(building, dir); err != nil {
		return errors.Join(err, os.Rename(old, dir))
	}
	return os.RemoveAll(old)
}

// Export writes the model of the run in dir, approved or not, in the formats
// asked for.
func Export(ctx context.Context, env *Environment, s *Settings, dir string) error {
	return withRunDir(env, dir, func(d *runDir, record *Record) error {
		r, err := reopenWithoutData(env, s, d, record)
		if err != nil {
			return err
		}
		if err := r.rename(); err != nil {
			return err
		}
		if err := r.exportStage(ctx); err != nil {
			return err
		}
		if exists(d.file(cardFile)) { // which has the name too
			if err := r.reportStage(ctx); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintln(env.Stdout, d.file(exportDir))
		return err
	})
}

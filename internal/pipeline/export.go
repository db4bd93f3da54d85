package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/exporter"
)

// exportStage writes the model in every format asked for. The folder is replaced
// as a whole.
func (r *session) exportStage(context.Context) error {
	t, err := loadTrained(r.dir, r.record)
	if err != nil {
		return err
	}
	dir := r.dir.file(exportDir)
	err = replaceDir(dir, func(dir string) error {
		return exportAll(r.modules.exporters, artifact(r.record, t.graph, t.params), dir)
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
	options, err := exporterOptions(r.settings.Exporters)
	if err != nil {
		return err
	}
	var present []exporter.Exporter
	for _, format := range []struct{ name, file string }{
		{"onnx", exporter.ONNXFile}, {"safetensors", exporter.WeightsFile}, {"triton", exporter.RepositoryDir},
	} {
		if !exists(r.dir.file(exportDir, format.file)) {
			continue
		}
		made, _, err := exporter.MakeExporter(format.name, options[format.name])
		if err != nil {
			return err
		}
		present = append(present, made)
	}
	if len(present) == 0 {
		return nil
	}
	r.modules.exporters = present
	return r.exportStage(ctx)
}

func exportAll(exporters []exporter.Exporter, a exporter.Artifact, dir string) error {
	for _, e := range exporters {
		if err := e.Export(a, dir); err != nil {
			return err
		}
	}
	return nil
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
		if err := r.takeName(); err != nil {
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

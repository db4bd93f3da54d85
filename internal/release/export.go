package release

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/postprocess"
	"github.com/blocktrain/blocktrain/internal/report"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/serve/smoke"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/preprocess"
)

// ExportFile says how the exported files beside it were made, perhaps with other
// options than the run was started with.
const ExportFile = "export.json"

// exportRecord is the content of ExportFile.
type exportRecord struct {
	Schema int `json:"schema"`
	rundir.ExportNote
}

const exportSchema = 1

var exportForm = fileio.Form{MaxBytes: 1 << 20, Schemas: []int{exportSchema}}

// ReadExport reads how the exported model in dir was made.
func ReadExport(dir string) (*rundir.ExportNote, error) {
	path := filepath.Join(dir, ExportFile)
	var r exportRecord
	if err := fileio.ReadJSON(path, &r, exportForm); err != nil {
		return nil, err
	}
	if r.Schema != exportSchema {
		return nil, fmt.Errorf("%s has schema %d, this program reads %d", path, r.Schema, exportSchema)
	}
	return &r.ExportNote, nil
}

// Export writes the model in every format asked for and returns the folder, which
// is replaced as a whole.
func (c *Candidate) Export() (string, error) {
	t, err := c.Trained()
	if err != nil {
		return "", err
	}
	dir, formats := c.Dir.File(rundir.ExportDir), c.Modules.Exporters
	err = fileio.ReplaceDir(dir, func(dir string) error {
		if err := ExportNetworks(formats, c.Record, t, buildinfo.Program(), dir); err != nil {
			return err
		}
		return fileio.WriteJSON(filepath.Join(dir, ExportFile), exportRecord{exportSchema, formats.Note()})
	})
	if err != nil {
		return "", err
	}
	c.Env.Log.Info("model exported", "directory", dir)
	return dir, nil
}

// ExportNetworks writes a network in the given formats into a folder, and those before it
// into folders of theirs below, by the given version of the program.
func ExportNetworks(formats settings.Exporters, record *rundir.Record, last *rundir.Trained, program, folder string) error {
	for _, t := range last.Exported() {
		a := record.Artifact(t)
		a.ProgramVersion = program
		own := rundir.At(folder).Network(t.Name).Path
		if err := os.MkdirAll(own, 0o755); err != nil {
			return err
		}
		if err := formats.Export(a, own); err != nil {
			return err
		}
	}
	return nil
}

// WriteProcessing writes into the folder of a package how images are prepared for the
// model: the rule, clients that follow it, and test images; and for models of clips how videos are
// predicted on, with a client where they follow targets. Records that do not name how files were decoded have none of that, nor those that
// name rules which this program does not have.
func WriteProcessing(record *rundir.Record, folder string) error {
	if record.Identity.Decoder != imaging.DecoderRules {
		return nil
	}
	files, err := preprocess.Files(record.Identity.ServedInput())
	if err != nil {
		return err
	}
	videos, err := postprocess.Files(record)
	if err != nil {
		return err
	}
	for _, f := range slices.Concat(files, videos) {
		path := filepath.Join(folder, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := fileio.WriteBytes(path, f.Content); err != nil {
			return err
		}
	}
	return nil
}

// WriteNotice writes into the folder of a package what is known of the weights of others that the
// training began with, and of their licence. Of other packages there is nothing to write.
func WriteNotice(record *rundir.Record, folder string) error {
	text := report.Notice(record)
	if text == nil {
		return nil
	}
	return fileio.WriteBytes(filepath.Join(folder, layout.NoticeFile), text)
}

// WriteSmoke writes into the folder of a package what the model must answer for the test images
// that WriteProcessing writes. Where there are none of them, and of networks that work one
// after the other, there is nothing to write.
func WriteSmoke(record *rundir.Record, t *rundir.Trained, folder string) error {
	if record.Identity.Decoder != imaging.DecoderRules || len(t.First) > 0 {
		return nil
	}
	answers, err := smoke.New(classifier.Of(record, t))
	if err != nil {
		return err
	}
	return answers.Write(folder)
}

// RenewExport writes the exported model, where there is one, again in the formats
// that it has, so that it has the name and the decision that the package has.
func (c *Candidate) RenewExport() error {
	dir := c.Dir.File(rundir.ExportDir)
	if !fileio.Exists(dir) {
		return nil
	}
	note, err := ReadExport(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist): // an older version of the program wrote it: the formats of the run
	case err != nil:
		return err
	default:
		if err := c.chooseExporters(note); err != nil {
			return err
		}
	}
	_, err = c.Export()
	return err
}

// chooseExporters makes those of an earlier export again, with the options that it
// was made with, or those that a flag gives.
func (c *Candidate) chooseExporters(note *rundir.ExportNote) error {
	options, err := settings.ExporterOptions(c.Settings.Exporters)
	if err != nil {
		return err
	}
	formats := settings.SelectionsOf(note)
	for i, format := range formats {
		if given, named := options[format.Name]; named && c.Settings.Origins["exporters"] == config.OriginFlag {
			formats[i].Options = given
		}
	}
	c.Modules.Exporters, err = settings.MakeExporters(formats)
	return err
}

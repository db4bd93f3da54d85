package verify

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
)

// rebuild trains again from the record, in a directory of its own, and compares
// until the first difference.
func (v *verification) rebuild(ctx context.Context) (err error) {
	dir, remove, err := v.directory()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	p, err := v.prepare(ctx)
	if err != nil {
		return err
	}
	d, err := rundir.Create(v.env, dir)
	if err != nil {
		return err
	}
	defer func() { err = d.End(v.env, err) }()
	if err := p.WriteBeginning(d); err != nil {
		return err
	}
	if err := v.train(ctx, p, d); err != nil || v.result.Epochs < v.result.Recorded {
		return err
	}
	return v.compareResults(ctx, p, d)
}

// directory is where the training is repeated, and what to do with it afterwards.
func (v *verification) directory() (path string, remove func() error, err error) {
	if keep := v.request.Keep; keep != "" {
		if entries, err := os.ReadDir(keep); err == nil && len(entries) > 0 {
			return "", nil, config.Usagef("--keep %s exists and is not empty: name a new folder", keep)
		}
		return keep, func() error { return nil }, rundir.CheckWritable(keep, "--keep")
	}
	path, err = os.MkdirTemp("", "blocktrain-verify-")
	return path, func() error { return os.RemoveAll(path) }, err
}

// prepare makes of the record what a run is made of and compares the data, the
// initial weights and the identity.
func (v *verification) prepare(ctx context.Context) (*pipeline.Prepared, error) {
	s, err := v.settings()
	if err != nil {
		return nil, err
	}
	m, err := s.MakeModules()
	if err != nil { // none of a run that this program, or one like it, made
		return nil, unreadable(rundir.RecordFile, err)
	}
	first, err := v.initialWeights(s)
	if err != nil {
		return nil, err
	}
	d, err := v.openData(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := d.Divide(ctx, v.env, s, m, v.file(rundir.SplitFile)); err != nil {
		return nil, err
	}
	p := &pipeline.Prepared{Env: v.env, Settings: s, Modules: m, Data: d, Initial: first}
	if err := p.Assemble(ctx); err != nil {
		return nil, err
	}
	return p, v.compareIdentity(p.Record)
}

// openData opens the data and compares it. What is nowhere is downloaded into a folder
// that the request names, and never into one that only the record names.
func (v *verification) openData(ctx context.Context, s *settings.Settings) (*pipeline.Data, error) {
	recorded := len(v.request.DataDirs) == 0
	d, err := pipeline.OpenMembers(ctx, v.env, s, recorded)
	var asked *config.UsageError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && recorded:
		return nil, config.Usagef("the data that the record names cannot be opened (looked for in %s): %w; want --data-dir DIR for where it is, or for where to download what is published",
			v.record.TriedDirs(v.request.Path), err)
	case errors.As(err, &asked):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; --data-dir says where the data is", err)
	}
	return d, v.compareData(d)
}

// settings are the recorded ones, with what the request says of how to work.
func (v *verification) settings() (*settings.Settings, error) {
	s, err := settings.FromRecord(v.record)
	if err != nil {
		return nil, unreadable(rundir.RecordFile, err)
	}
	s.DataMode, s.Workers, s.CheckpointInterval = v.request.DataMode, v.request.Workers, 0
	s.DataDirs = v.request.DataDirs
	if len(s.DataDirs) == 0 {
		s.DataDirs = v.record.DataDirs(v.request.Path)
	}
	if err := s.CheckDataDirs(); err != nil {
		return nil, config.Usage(err)
	}
	return s, nil
}

// initialWeights reads the weights that training began with, where it began with
// some.
func (v *verification) initialWeights(s *settings.Settings) (*pipeline.Initial, error) {
	recorded, path := v.record.Identity.InitSHA256, v.request.InitFrom
	if recorded == "" {
		if path != "" {
			return nil, config.Usagef("--init-from %s: the training began with weights that it drew", path)
		}
		return nil, nil
	}
	if path == "" {
		path = v.record.RecordedPath(v.request.Path, v.record.Recorded("init-from"))
	}
	first, err := pipeline.ReadInitial(path)
	if v.request.InitFrom == "" && (errors.Is(err, fs.ErrNotExist) || first == nil && err == nil) {
		return nil, config.Usagef("the training began with weights from a file with SHA-256 %s, which is not where it was (looked for as %s): want --init-from FILE",
			recorded, strings.Join(v.record.RecordedPaths(v.request.Path, v.record.Recorded("init-from")), ", "))
	}
	if err != nil {
		return nil, err
	}
	if first.SHA256 != recorded {
		return nil, &Difference{File: rundir.RecordFile, Figure: "identity.init_sha256", Recorded: recorded, Found: first.SHA256, Cause: path + " is not the file that the training began with, or was changed"}
	}
	s.InitFrom, first.Anew = path, v.record.Identity.InitAnew
	return first, nil
}

// compareData compares the datasets, one by one.
func (v *verification) compareData(d *pipeline.Data) error {
	cause := "the data has changed, or is other data"
	if then := v.record.Execution.Go; then != runtime.Version() {
		cause += fmt.Sprintf("; or images are decoded in another way (the model was made with %s, this program with %s)", then, runtime.Version())
	}
	for i, note := range v.record.Identity.Datasets {
		if found := d.Members[i]; found.Digest() != note.SHA256 {
			return &Difference{File: rundir.RecordFile, Figure: fmt.Sprintf("identity.datasets[%d].sha256 (%s)", i, note.Name), Recorded: note.SHA256, Found: found.Digest(), Cause: cause}
		}
	}
	if err := v.split.Check(d.All); err != nil {
		return unreadable(rundir.SplitFile, err)
	}
	return nil
}

// compareIdentity finds what the record says otherwise than the data and modules
// that it names.
func (v *verification) compareIdentity(rebuilt *rundir.Record) error {
	text, err := rundir.RecordedIdentity(v.file(rundir.RecordFile))
	if err != nil {
		return err
	}
	recorded, err := parseDocument(text)
	if err != nil {
		return err
	}
	found, err := documentOf(&rebuilt.Identity)
	if err != nil {
		return err
	}
	for _, d := range []document{without(recorded, "contract_version"), found} {
		nameSettings(d)
	}
	if v.record.Schema == 1 {
		recorded = roundedAs(recorded, found)
	}
	if d := firstDifference("identity", recorded, found); d != nil {
		d.File, d.Cause = rundir.RecordFile, "the identity was edited: it is not what its own settings and data give"
		return d
	}
	if v.record.Weights != rebuilt.Weights {
		return &Difference{File: rundir.RecordFile, Figure: "weights", Recorded: v.record.Weights, Found: rebuilt.Weights, Cause: changed(rundir.RecordFile)}
	}
	return nil
}

// roundedAs is a recorded document with the texts of found where the two are the same
// numbers in float32: programs that wrote schema 1 recorded more digits than were used.
func roundedAs(recorded, found document) document {
	switch r := recorded.(type) {
	case string:
		if f, ok := found.(string); ok && config.SameInFloat32(r, f) {
			return f
		}
	case map[string]any:
		f, _ := found.(map[string]any)
		for key, value := range r {
			r[key] = roundedAs(value, f[key])
		}
	}
	return recorded
}

// nameSettings turns an identity's list of settings into an object, so that each is
// compared with the one of its name.
func nameSettings(identity document) {
	object, _ := identity.(map[string]any)
	list, _ := object["settings"].([]any)
	named := map[string]any{}
	for _, entry := range list {
		setting, _ := entry.(map[string]any)
		named[words(setting["name"])] = setting["value"]
	}
	if object != nil {
		object["settings"] = named
	}
}

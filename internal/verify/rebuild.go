package verify

import (
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/rundata"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
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
	return fileio.TempDir(temporaryName)
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
	first, err := v.initialWeights(ctx, s)
	if err != nil {
		return nil, err
	}
	d, err := v.openData(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := d.Divide(ctx, v.env, s, m, v.file(rundir.SplitFile)); err != nil {
		return nil, misfit(err)
	}
	p := &pipeline.Prepared{Env: v.env, Settings: s, Modules: m, Data: d, Initial: first, Schema: v.record.Schema}
	if err := p.Assemble(ctx); err != nil {
		return nil, misfit(err)
	}
	if err := v.compareIdentity(p.Record); err != nil {
		return nil, err
	}
	if err := v.compareSplit(p); err != nil {
		return nil, err
	}
	if err := v.compareDuplicates(p); err != nil {
		return nil, err
	}
	return p, v.compareInitial(ctx, p)
}

// misfit is the error of settings that do not fit the data. They are those of the record,
// and the data is that of the record, so that it is no fault of the command's, unless this
// machine is too small.
func misfit(err error) error {
	var asked *config.UsageError
	if errors.As(err, &asked) && !errors.Is(err, machine.ErrMemory) {
		return unreadable(rundir.RecordFile, err)
	}
	return err
}

// openData opens the data and compares it. What is nowhere is downloaded into a folder
// that the request names, and never into one that only the record names.
func (v *verification) openData(ctx context.Context, s *settings.Settings) (*rundata.Data, error) {
	recorded := len(v.request.DataDirs) == 0
	d, err := rundata.OpenRecorded(ctx, v.env, s, recorded)
	var asked *config.UsageError
	if err != nil && ctx.Err() == nil && v.refusedNow(err) {
		return nil, &Difference{File: rundir.RecordFile, Figure: "identity.dataset_sha256", Recorded: v.record.Identity.DatasetSHA256, Found: err.Error(),
			Cause: v.otherDecoding() + ", which may refuse what was read then; or a file is damaged"}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case damaged(err):
		return nil, &Difference{File: rundir.RecordFile, Figure: "identity.dataset_sha256", Recorded: v.record.Identity.DatasetSHA256, Found: err.Error(),
			Cause: "a file of the data is damaged, or was changed after the run: restore it"}
	case err != nil && recorded:
		return nil, config.Usagef("the data that the record names cannot be opened (looked for in %s): %w; want --data-dir DIR for where it is, or for where to download what is published",
			v.record.TriedDirs(v.request.Path), err)
	case errors.As(err, &asked):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w; --data-dir says where the data is", err)
	}
	return d, v.compareData(ctx, d)
}

// settings are the recorded ones, with what the request says of how to work.
func (v *verification) settings() (*settings.Settings, error) {
	s, err := settings.FromRecord(v.record)
	if err != nil {
		return nil, unreadable(rundir.RecordFile, err)
	}
	s.DataMode, s.Memory, s.Workers = v.request.DataMode, v.request.Memory, v.request.Workers
	s.SplitFile = v.record.Recorded("split") // for what is kept: the list itself lies in the run
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
func (v *verification) initialWeights(ctx context.Context, s *settings.Settings) (*initial.Weights, error) {
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
	first, err := v.readInitial(ctx, path, s.Model)
	if v.request.InitFrom == "" && (errors.Is(err, fs.ErrNotExist) || first == nil && err == nil) {
		return nil, config.Usagef("the training began with weights from a file with SHA-256 %s, which is not where it was (looked for as %s): want --init-from FILE",
			recorded, strings.Join(v.record.RecordedPaths(v.request.Path, v.record.Recorded("init-from")), ", "))
	}
	if err != nil {
		return nil, err
	}
	if first.SHA256 != recorded {
		return nil, &Difference{File: rundir.RecordFile, Figure: "identity.init_sha256", Recorded: recorded, Found: v.foundAt(v.request.InitFrom != "", first.SHA256), Cause: path + " is not the file that the training began with, or was changed"}
	}
	s.InitFrom, first.Anew = path, v.record.Identity.InitAnew
	return first, nil
}

// readInitial reads the weights at a path, or, of published ones that are not named by a flag,
// those of the recorded digest that this machine keeps.
func (v *verification) readInitial(ctx context.Context, path, model string) (*initial.Weights, error) {
	if v.request.InitFrom != "" || v.record.Initial == nil || v.record.Initial.Published == nil {
		return initial.Read(ctx, initial.From{Word: path, Model: model, MaxPackageMB: v.request.MaxPackageMB})
	}
	kept, err := initial.ReadPublished(v.record)
	switch {
	case err == nil:
		return kept, nil
	case !fileio.Exists(path):
		return nil, config.Usage(err)
	}
	return initial.Read(ctx, initial.From{Word: path, Model: model, MaxPackageMB: v.request.MaxPackageMB})
}

// foundAt is the digest of what lies at a path. Where only a package names the path,
// which may be anybody's, it is not told.
func (v *verification) foundAt(asked bool, digest string) string {
	if v.packaged && !asked {
		return "another one: name it by a flag to see its digest"
	}
	return digest
}

// compareData compares the datasets, one by one.
func (v *verification) compareData(ctx context.Context, d *rundata.Data) error {
	for i, note := range v.record.Identity.Datasets {
		if found := d.Members[i]; found.Digest() != note.SHA256 {
			cause, err := v.causeOfOtherData(ctx, found)
			if err != nil {
				return err
			}
			cause += otherSkips(note.Skipped, rundir.NoteDataset(note.ModuleNote, found, v.record.Schema).Skipped)
			return &Difference{File: rundir.RecordFile, Figure: fmt.Sprintf("identity.datasets[%d].sha256 (%s)", i, note.Name), Recorded: note.SHA256, Found: v.foundAt(len(v.request.DataDirs) > 0, found.Digest()), Cause: cause}
		}
	}
	if err := v.split.Check(d.All); err != nil {
		return unreadable(rundir.SplitFile, err)
	}
	return nil
}

// otherSkips names the first file that was damaged and left out and is no longer, or that is
// now and was not.
func otherSkips(recorded, found []rundir.SkippedNote) string {
	for _, f := range recorded {
		if !slices.ContainsFunc(found, func(now rundir.SkippedNote) bool { return now.File == f.File }) {
			return fmt.Sprintf(": %s was damaged and left out, and is read now, or gone", f.File)
		}
		if !slices.Contains(found, f) {
			return fmt.Sprintf(": %s was damaged and left out, and is damaged in another way now", f.File)
		}
	}
	for _, f := range found {
		if !slices.Contains(recorded, f) {
			return fmt.Sprintf(": %s is damaged and left out, and was not then", f.File)
		}
	}
	return ""
}

// causeOfOtherData is why a dataset has another digest than the record. Where files are
// decoded by other rules than then, nobody can tell whether they have changed.
func (v *verification) causeOfOtherData(ctx context.Context, d dataset.Dataset) (string, error) {
	if v.decodesOtherwise() {
		file, err := dataset.DecodedOtherwise(ctx, d, v.record.Identity.Input.Levels != nil)
		if err != nil {
			return "", err
		}
		if file != "" {
			return v.otherDecoding() + ", and " + file, nil
		}
	}
	cause := "the data has changed, or is other data"
	if then := v.record.Execution.Go; then != runtime.Version() {
		cause += fmt.Sprintf("; or images are decoded in another way (the model was made with %s, this program with %s)", then, runtime.Version())
	}
	if v.decodesOtherwise() && v.record.Identity.Decoder != "" {
		cause += "; or " + v.otherDecoding()
	}
	return cause, nil
}

// decodesOtherwise says whether this program decodes some files in another way than the one
// that made the record.
func (v *verification) decodesOtherwise() bool {
	return v.record.Identity.Decoder != imaging.DecoderRules
}

// otherDecoding says so in words.
func (v *verification) otherDecoding() string {
	then := v.record.Identity.Decoder
	if then == "" {
		return fmt.Sprintf("the model was made under version %d of the contract, which decodes JPEG and GIF files, 16 bits and orientation by other rules than version %d: verify with a program that keeps version %[1]d",
			v.record.Identity.ContractVersion, engine.ContractVersion)
	}
	return fmt.Sprintf("the model was made of images that were decoded by the rules %s, and this program decodes by the rules %s: verify with a program that has the former", then, imaging.DecoderRules)
}

// refusedNow says whether data cannot be opened for what lies in its files, which programs
// with other rules of decoding may have read.
func (v *verification) refusedNow(err error) bool {
	var asked *config.UsageError
	var path *fs.PathError
	return v.decodesOtherwise() && !errors.As(err, &asked) && !errors.As(err, &path)
}

// damaged says whether data cannot be opened since the bytes of its files were read and are
// not what they should be. Files that could not be read may be there the next time.
func damaged(err error) bool {
	var asked *config.UsageError
	var path *fs.PathError
	if errors.As(err, &asked) || errors.As(err, &path) {
		return false
	}
	var images *dataset.UnreadError
	return errors.As(err, &images) || slices.ContainsFunc([]error{io.ErrUnexpectedEOF, gzip.ErrHeader, gzip.ErrChecksum, zip.ErrFormat, zip.ErrChecksum},
		func(sign error) bool { return errors.Is(err, sign) })
}

// compareIdentity finds what the record says otherwise than the data and modules
// that it names.
func (v *verification) compareIdentity(rebuilt *rundir.Record) error {
	text, err := rundir.RecordedIdentity(v.file(rundir.RecordFile))
	if err != nil {
		return err
	}
	recorded, err := finding.Parse(text)
	if err != nil {
		return err
	}
	found, err := finding.OfIdentity(rebuilt)
	if err != nil {
		return err
	}
	for _, d := range []finding.Document{recorded, found} {
		if !v.ours() { // by what contract other versions work is told, and the bits judge
			finding.Without(d, "contract_version", "decoder")
		}
		nameSettings(d)
	}
	if v.record.Schema == 1 {
		recorded = finding.Rounded(recorded, found)
	}
	if d := finding.First("identity", recorded, found); d != nil {
		d.File, d.Cause = rundir.RecordFile, "the identity was edited: it is not what its own settings and data give"
		return d
	}
	if v.ours() && v.record.Schema > 1 && v.record.IdentitySHA256 != rebuilt.IdentitySHA256 {
		return &Difference{File: rundir.RecordFile, Figure: "identity_sha256", Recorded: v.record.IdentitySHA256, Found: rebuilt.IdentitySHA256,
			Cause: "the order of the settings, or the form of a value, was changed"}
	}
	if v.record.Weights != rebuilt.Weights {
		return &Difference{File: rundir.RecordFile, Figure: "weights", Recorded: v.record.Weights, Found: rebuilt.Weights, Cause: changed(rundir.RecordFile)}
	}
	return nil
}

// nameSettings turns an identity's list of settings into an object, so that each is
// compared with the one of its name.
func nameSettings(identity finding.Document) {
	object, _ := identity.(map[string]any)
	list, _ := object["settings"].([]any)
	named := map[string]any{}
	for _, entry := range list {
		setting, _ := entry.(map[string]any)
		name, _ := setting["name"].(string)
		named[name] = setting["value"]
	}
	if object != nil {
		object["settings"] = named
	}
}

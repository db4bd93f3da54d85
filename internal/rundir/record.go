package rundir

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/model"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Record is run.json: what a run is, where it was done, and how its training
// ended.
type Record struct {
	Schema         int    `json:"schema"`
	SHA256         string `json:"record_sha256" schema:"2"` // of the file, as Seal defines it
	Name           string `json:"name"`
	ReleaseVersion string `json:"release_version"`
	Recipe         string `json:"recipe,omitempty"` // that settings of the identity came from
	notes.About
	Started        time.Time     `json:"started"`
	Identity       Identity      `json:"identity"`
	IdentitySHA256 string        `json:"identity_sha256"`
	Weights        string        `json:"weights"` // which are evaluated and packaged: "best" or "ema"
	Training       *TrainingNote `json:"training,omitempty"`
	Networks       []NetworkNote `json:"networks,omitempty"` // those trained before the one that is judged, and after it, in order
	Decision       string        `json:"decision,omitempty"` // of the gate: "approved", "refused" or "forced"
	ForceReason    string        `json:"force_reason,omitempty"`
	Decided        *time.Time    `json:"decided,omitempty" schema:"2"` // in UTC, to the second
	DecidedBy      string        `json:"decided_by,omitempty" schema:"2"`
	// Files has the SHA-256 of the files that stages wrote and that the decision or a
	// package takes up, by name from the run directory.
	Files     map[string]string `json:"files,omitempty"`
	Package   *ExportNote       `json:"package,omitempty"` // the last that was made
	Initial   *InitialNote      `json:"initial,omitempty"` // nil where training began with drawn weights
	Execution Execution         `json:"execution"`
}

// InitialNote says where the weights come from that training began with.
type InitialNote struct {
	File  string `json:"file"`
	Model string `json:"model,omitempty"` // "NAME VERSION" of the run or package that the file lies in
	// Datasets are those that the weights were trained on; Unknown is true where there
	// may be others.
	Datasets []notes.Dataset `json:"datasets,omitempty"`
	Unknown  bool            `json:"datasets_unknown,omitempty"`
	// Published says more of weights that others published; nil of others.
	Published *notes.Published `json:"published,omitempty" schema:"2"`
	Unseen    bool             `json:"test_part_unseen"` // that model, with drawn weights to begin with, was trained on no image of the test part
}

// ExportNote says how a model was written in the formats that others load, so that
// the files can be made again.
type ExportNote struct {
	Program   string       `json:"program"` // version and commit
	Exporters []ModuleNote `json:"exporters"`
}

// Identity is all that may affect a bit of the weights. Two runs of one identity
// have the same history of digests.
type Identity struct {
	ContractVersion int           `json:"contract_version"`
	Decoder         string        `json:"decoder,omitempty" schema:"2"` // the rules by which files became pixels: imaging.DecoderRules
	Datasets        []DatasetNote `json:"datasets"`
	DatasetSHA256   string        `json:"dataset_sha256"` // of the joined dataset
	Classes         []string      `json:"classes"`
	Split           SplitNote     `json:"split"`
	Input           imaging.Rule  `json:"input"`                // of training
	TestInput       *imaging.Rule `json:"test_input,omitempty"` // of everything else; nil: the same
	Augment         string        `json:"augment"`
	Model           ModuleNote    `json:"model"`
	InitSHA256      string        `json:"init_sha256,omitempty"` // of the file weights were taken from; of published ones, over the tensors (weights.Digest)
	InitAnew        []string      `json:"init_anew,omitempty"`   // weights that were drawn although that file's would fit: a head for other classes
	Loss            ModuleNote    `json:"loss"`
	Optimizer       ModuleNote    `json:"optimizer"`
	Schedule        ModuleNote    `json:"schedule"`
	LearningRate    float32       `json:"learning_rate"` // in the precision that steps use, so that the last digit counts
	WeightDecay     float32       `json:"weight_decay"`
	// DecisionFolds is into how many folds the training part is divided for the network that
	// decides on tracks of clips; 0: the run has none.
	DecisionFolds int `json:"decision_folds,omitempty" schema:"2"`
	// Sensor is the camera that the model is meant for; nil: none is known.
	Sensor *sensor.Note `json:"sensor,omitempty" schema:"2"`
	// Normalize is "network" where the input's normalisation is the one that the network was
	// published with; else it is by the statistics of the training part.
	Normalize string `json:"normalize,omitempty" schema:"2"`
	// Phases are those of a training that has several, or that begins with care.
	Phases   *notes.Phases       `json:"phases,omitempty" schema:"2"`
	Settings []config.NamedValue `json:"settings"` // the others of the class identity
}

// ServedInput is how images are brought to the network wherever it is used after
// training.
func (i *Identity) ServedInput() imaging.Rule {
	if i.TestInput != nil {
		return *i.TestInput
	}
	return i.Input
}

// ModuleNote is a module as it was used: its name and every option, defaults
// included.
type ModuleNote struct {
	Name    string            `json:"name"`
	Options map[string]string `json:"options"`
}

// Text gives the options in the form that factories take.
func (n ModuleNote) Text() string {
	var options []string
	for _, name := range slices.Sorted(maps.Keys(n.Options)) {
		if n.Options[name] != "" {
			options = append(options, name+"="+n.Options[name])
		}
	}
	return strings.Join(options, ",")
}

// DatasetNote is one of the datasets of a run.
type DatasetNote struct {
	ModuleNote
	As       string `json:"as,omitempty" schema:"2"` // a name of its own, where it has one
	SHA256   string `json:"sha256"`
	Examples int    `json:"examples"`
	// Official are the parts that came with the dataset, "validation" and "test", and that
	// the split kept.
	Official []string `json:"official_parts,omitempty" schema:"2"`
	// Skipped are the damaged files that the dataset leaves out, by --on-corrupt skip.
	Skipped []SkippedNote `json:"skipped_files,omitempty" schema:"2"`
	// Clips are those that the examples were taken from, in their order.
	Clips []ClipNote `json:"clips,omitempty" schema:"2"`
}

// SkippedNote is a damaged file that a dataset leaves out.
type SkippedNote struct {
	File   string `json:"file" schema:"2"` // from the folder of the data
	SHA256 string `json:"sha256" schema:"2"`
}

// NoteDataset describes a dataset in a record of the given schema.
func NoteDataset(module ModuleNote, d dataset.Dataset, schema int) DatasetNote {
	note := DatasetNote{ModuleNote: module, SHA256: d.Digest(), Examples: d.Len()}
	if schema < 2 { // which schema 1 does not have
		return note
	}
	note.Official = dataset.PartNames(dataset.OfficialParts(d))
	for _, f := range dataset.SkippedFiles(d) {
		note.Skipped = append(note.Skipped, SkippedNote{strings.ToValidUTF8(f.File, "\uFFFD"), f.SHA256})
	}
	note.Clips = noteClips(d)
	return note
}

// SkipsFiles says whether a dataset leaves damaged files out.
func (i *Identity) SkipsFiles() bool {
	return slices.ContainsFunc(i.Datasets, func(d DatasetNote) bool { return len(d.Skipped) > 0 })
}

// Title is what the dataset is called in settings: by a name of its own, or as its module.
func (d *DatasetNote) Title() string { return cmp.Or(d.As, d.Name) }

// Entry is the dataset as an entry of --dataset, MODULE or NAME=MODULE.
func (d *DatasetNote) Entry() string {
	if d.As == "" {
		return d.Name
	}
	return d.As + "=" + d.Name
}

// OfficialParts are those parts.
func (d *DatasetNote) OfficialParts() []dataset.Part {
	parts, _ := dataset.ParseOfficial(d.Official) // checked when the record was read
	return parts
}

// UsedRatio is what a record of the given schema has of a split's ratios.
func (i *Identity) UsedRatio(ratios dataset.Ratios, schema int) [3]int {
	if schema < 2 {
		return ratios
	}
	var official [][]dataset.Part
	for _, d := range i.Datasets {
		official = append(official, d.OfficialParts())
	}
	return ratios.Used(official)
}

// SplitNote describes the split that was used.
type SplitNote struct {
	Seed uint64 `json:"seed"`
	// Ratio has 0, from schema 2 on, for a part that came with every dataset. A dataset of
	// several that brings a part of its own is divided in the proportion of the others.
	Ratio      [3]int `json:"ratio"`
	SHA256     string `json:"sha256"`
	Train      int    `json:"train"`
	Validation int    `json:"validation"`
	Test       int    `json:"test"`
}

// TrainingNote says how the training ended.
type TrainingNote struct {
	Epochs        int    `json:"epochs"`
	BestEpoch     int    `json:"best_epoch"`
	Stopped       string `json:"stopped,omitempty"` // the reason, when early
	WeightsSHA256 string `json:"weights_sha256"`    // of the weights named by Record.Weights
}

// NetworkNote says how the training of one of several networks ended.
type NetworkNote struct {
	Name string `json:"name"`
	TrainingNote
}

// FollowsClips says whether the model is judged on clips in which it finds the target itself:
// where its examples were cut out around targets, and it tells classes apart.
func (i *Identity) FollowsClips() bool {
	return i.ShowsClips() && slices.ContainsFunc(i.Datasets, func(d DatasetNote) bool {
		return d.Name == "clips" && d.Options["crop"] == "box"
	})
}

// ShowsClips says whether the model tells classes apart by what clips show, be it whole frames.
func (i *Identity) ShowsClips() bool {
	t, err := i.target()
	return err == nil && t.Properties().Labelled && slices.ContainsFunc(i.Datasets, func(d DatasetNote) bool { return d.Name == "clips" })
}

// target is what the model is trained for.
func (i *Identity) target() (target.Target, error) {
	m, _, err := model.MakeModel(i.Model.Name, i.Model.Text())
	if err != nil {
		return nil, err
	}
	return target.MakeTarget(model.TargetOf(m))
}

// NoteNetwork records how the training of the named network ended, perhaps once more.
func (record *Record) NoteNetwork(name string, note *TrainingNote) {
	for at := range record.Networks {
		if record.Networks[at].Name == name {
			record.Networks[at].TrainingNote = *note
			return
		}
	}
	record.Networks = append(record.Networks, NetworkNote{name, *note})
}

// Execution is how a run was done: what must not affect a bit.
type Execution struct {
	Program string `json:"program"` // version and commit
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Machine string `json:"machine"`
	SIMD    string `json:"simd"`
	// ClipDecoders are the programs that decoded clips, with their versions.
	ClipDecoders []string `json:"clip_decoders,omitempty" schema:"2"`
	// StartedIn is the way from the run directory to the folder that relative paths of
	// the settings begin at.
	StartedIn string              `json:"started_in,omitempty"`
	Workers   int                 `json:"workers"`
	Settings  []config.NamedValue `json:"settings"`
}

// RecordSchema is the version of run.json that new runs have. Those of schema 1 are read,
// and written again where a stage is repeated, by the rules of schema 1: its keys, and what
// its identity lists. A field that schema 2 added has the tag schema:"2".
const RecordSchema = 2

// recordForm is of run.json.
var recordForm = fileio.Form{MaxBytes: 16 << 20, Schemas: fileio.UpTo(RecordSchema)}

// Title is what people call the model: name and version.
func (record *Record) Title() string { return record.Name + " " + record.ReleaseVersion }

// Digest is the SHA-256 of the identity's JSON in a record of the given schema.
func (i *Identity) Digest(schema int) (string, error) {
	b, err := fileio.MarshalJSONAs(i, schema)
	if err != nil {
		return "", fmt.Errorf("cannot describe the run's identity: %w", err)
	}
	return fileio.SHA256Of(b), nil
}

// RecordedIdentity reads the identity of the record at path as it is written
// there, in the form that its digest is of. A number that was changed by less
// than the precision it is used with is another text.
func RecordedIdentity(path string) ([]byte, error) {
	b, err := fileio.ReadFile(path, recordForm.MaxBytes)
	if err != nil {
		return nil, err
	}
	return identityIn(b, path)
}

// identityIn is the text of the identity in a record that was read from path.
func identityIn(b []byte, path string) ([]byte, error) {
	identity, err := fileio.TopKey(b, "identity")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var text bytes.Buffer
	if err := json.Indent(&text, identity, "", "  "); err != nil {
		return nil, fmt.Errorf("%s: the identity: %w", path, err)
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}

// ChangedIdentity is the error of a record whose identity is not the one that its
// Digest is of.
type ChangedIdentity struct{ Path, Recorded, Found string }

// Error implements error.
func (e *ChangedIdentity) Error() string {
	return fmt.Sprintf("%s says identity_sha256 %s, its identity has %s: the file was changed", e.Path, e.Recorded, e.Found)
}

// ReadRecord reads the record of a run or of a package and refuses one whose
// identity was changed.
func ReadRecord(path string) (*Record, error) {
	b, err := fileio.ReadFile(path, recordForm.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("the run's record cannot be read: %w", err)
	}
	r := &Record{}
	if err := fileio.DecodeJSON(b, r, recordForm); err != nil {
		return nil, fmt.Errorf("the run's record cannot be read: %s: %w", path, err)
	}
	identity, err := identityIn(b, path)
	if err != nil {
		return nil, err
	}
	if digest := fileio.SHA256Of(identity); digest != r.IdentitySHA256 {
		return nil, &ChangedIdentity{path, r.IdentitySHA256, digest}
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkSeal(path, b, r.SHA256, r.Schema); err != nil {
		return nil, err
	}
	return r, nil
}

// ReadRecord reads the record of the run.
func (d *Dir) ReadRecord() (*Record, error) {
	if fileio.Exists(d.File(FoldsFile)) {
		return nil, config.Usagef("%s is a cross-validation, each fold of which is a run: name one of them, such as %s", d.Path, d.File("fold-1"))
	}
	return ReadRecord(d.File(RecordFile))
}

// WriteRecord writes the record of the run.
func (d *Dir) WriteRecord(r *Record) error {
	if err := d.Check(); err != nil {
		return err
	}
	text, err := fileio.MarshalJSON(r)
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", d.File(RecordFile), err)
	}
	return fileio.WriteBytes(d.File(RecordFile), Seal(text))
}

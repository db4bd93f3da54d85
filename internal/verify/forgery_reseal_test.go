package verify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/release"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
	"github.com/blocktrain/blocktrain/internal/target"
	"github.com/blocktrain/blocktrain/internal/train"
	"github.com/blocktrain/blocktrain/internal/visualization"
	"github.com/blocktrain/blocktrain/internal/weights"
)

// forger makes every file of a run or package agree with a forged one, as far as the
// program itself would, so that the meaning alone can betray the forgery. What it cannot
// do, since a file is no longer one that the program reads, it leaves.
type forger struct {
	dir    string
	forged string // the name of the forged file, which stays as it is
	path   string // what is forged in it
}

// reseal does so. The order is that in which the files rest on each other.
func (f *forger) reseal(t *testing.T) {
	t.Helper()
	if f.forged == fileio.ChecksumFile {
		return
	}
	f.weights()
	f.settings()
	f.split()
	f.tables()
	f.decision()
	f.taken()
	f.plots()
	f.digests()
	if f.forged != rundir.AgreementFile {
		resealAgreement(f.dir)
		f.digests()
	}
	f.derived()
	if fileio.Exists(f.file(fileio.ChecksumFile)) {
		if err := fileio.WriteChecksums(f.dir); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *forger) file(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// packaged says whether it is a package.
func (f *forger) packaged() bool { return fileio.Exists(f.file(exporter.RepositoryDir)) }

// replace replaces a text in files.
func (f *forger) replace(old, text string, names ...string) {
	for _, name := range names {
		b, err := os.ReadFile(f.file(name))
		if err == nil && old != "" && bytes.Contains(b, []byte(old)) {
			_ = os.WriteFile(f.file(name), bytes.ReplaceAll(b, []byte(old), []byte(text)), 0o644)
		}
	}
}

// record is run.json as it is, of whatever form.
func (f *forger) record() (r struct {
	Identity struct {
		Settings []config.NamedValue     `json:"settings"`
		Split    struct{ SHA256 string } `json:"split"`
	} `json:"identity"`
	IdentitySHA256 string `json:"identity_sha256"`
	Training       struct {
		WeightsSHA256 string `json:"weights_sha256"`
	} `json:"training"`
	Files       map[string]string `json:"files"`
	ForceReason string            `json:"force_reason"`
}) {
	b, _ := os.ReadFile(f.file(rundir.RecordFile))
	_ = json.Unmarshal(b, &r) // what it cannot read stays empty
	return r
}

// weights enters the digest of forged weights wherever it stands.
func (f *forger) weights() {
	name := exporter.WeightsFile
	if !f.packaged() {
		name = train.CheckpointDir + "/" + train.BestFile
	}
	if f.forged != name {
		return
	}
	file, err := weights.ReadFile(f.file(name))
	if err != nil {
		return
	}
	f.replace(f.record().Training.WeightsSHA256, weights.Digest(file.Tensors),
		rundir.RecordFile, train.HistoryFile, rundir.ReleaseFile, "evaluation/test.json", "evaluation/validation.json")
}

// settings enters forged settings of the identity, and a forged reason, in the other
// files that have them.
func (f *forger) settings() {
	r := f.record()
	if f.forged != rundir.RecordFile {
		return
	}
	b, err := os.ReadFile(f.file(rundir.SettingsFile))
	if err != nil {
		return
	}
	for name, value := range f.identitySettings() {
		line := regexp.MustCompile(`(?m)^` + config.Key(name) + `=.*$`)
		if regexp.MustCompile(`^[A-Za-z0-9_.,:=+-]*$`).MatchString(value) {
			b = line.ReplaceAll(b, []byte(config.Key(name)+"="+value))
		}
	}
	_ = os.WriteFile(f.file(rundir.SettingsFile), b, 0o644)
	if decided, err := criterion.ReadRelease(f.file(rundir.ReleaseFile)); err == nil && decided.Forced && r.ForceReason != "" {
		decided.ForceReason = r.ForceReason
		_ = fileio.WriteJSON(f.file(rundir.ReleaseFile), decided)
	}
}

// identitySettings are the values of those settings that the forged identity has other
// than run.env has them.
func (f *forger) identitySettings() map[string]string {
	text, _ := os.ReadFile(f.file(rundir.RecordFile))
	var record rundir.Record
	started, err := settings.ReadRecorded(f.file(rundir.SettingsFile))
	if err != nil || json.Unmarshal(text, &record) != nil {
		return nil
	}
	before, err := started.IdentityLike(&record.Identity, record.Schema)
	if err != nil {
		return nil
	}
	unforged := record
	unforged.Identity = *before
	was, is := identityValues(&unforged), identityValues(&record)
	for _, v := range record.Identity.Settings { // also where no settings can be made of them
		is[v.Name] = v.Value
	}
	for name, value := range is {
		if was[name] == value {
			delete(is, name)
		}
	}
	return is
}

// identityValues are the values of the settings that an identity gives.
func identityValues(record *rundir.Record) map[string]string {
	values := map[string]string{}
	for _, v := range record.Identity.Settings {
		values[v.Name] = v.Value
	}
	s, err := settings.FromRecord(record)
	if err != nil {
		return values
	}
	for _, v := range s.Values(config.Identity) {
		values[v.Name] = v.Value
	}
	return values
}

// split enters the digest of a forged split list in the identity.
func (f *forger) split() {
	if digest, err := fileio.SHA256(f.file(rundir.SplitFile)); err == nil && f.forged == rundir.SplitFile {
		f.replace(f.record().Identity.Split.SHA256, digest, rundir.RecordFile)
	}
}

// tables writes the tables of forged results and histories again.
func (f *forger) tables() {
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.EvaluationFile(part)
		if f.forged != name {
			continue
		}
		r, err := target.ReadResult(f.file(name))
		if err != nil {
			continue
		}
		for _, table := range r.Tables() {
			_ = fileio.WriteAtomic(f.file(rundir.EvaluationDir+"/"+part.String()+table.Suffix), table.Write)
		}
	}
	history, err := metric.ReadHistory(f.file(train.HistoryFile))
	if err == nil && f.forged == train.HistoryFile && !f.packaged() {
		var b bytes.Buffer
		if metric.WriteHistoryCSV(&b, history) == nil {
			_ = os.WriteFile(f.file(rundir.HistoryCSV), b.Bytes(), 0o644)
		}
	}
}

// decision decides again where evaluation or decision were forged, by the thresholds that
// the decision has.
func (f *forger) decision() {
	decided, err := criterion.ReadRelease(f.file(rundir.ReleaseFile))
	test := rundir.EvaluationFile(dataset.PartTest)
	ofBaseline := f.forged == rundir.ReleaseFile && strings.HasPrefix(f.path, "baseline.")
	if err != nil || f.forged != test && f.forged != rundir.AgreementFile && !ofBaseline {
		return
	}
	r, err := target.ReadResult(f.file(test))
	if err != nil {
		return
	}
	agreement, err := criterion.ReadAgreement(f.file(rundir.AgreementFile))
	if err != nil {
		return
	}
	var all []criterion.Criterion
	var size *int64
	for _, v := range decided.Criteria {
		c, _, err := criterion.MakeCriterion(v.Name, v.Options())
		if err != nil {
			return
		}
		if all = append(all, c); v.Name == "max_model_size_mb" {
			bytes := int64(*v.Measured*1e6 + 0.5)
			size = &bytes
		}
	}
	made, err := criterion.Decide(all, criterion.Measurements{Test: r, Latency: r.MeasuredLatency(), ModelBytes: size, Agreement: agreement, Baseline: decided.Baseline}, decided.Weights)
	if err != nil {
		return
	}
	if decided.Forced {
		_ = made.Force(decided.ForceReason)
	}
	if decided.Decided != nil {
		made.Sign(*decided.Decided, decided.DecidedBy)
	}
	made.EvaluationSHA256, made.AgreementSHA256 = decided.EvaluationSHA256, decided.AgreementSHA256
	_ = fileio.WriteJSON(f.file(rundir.ReleaseFile), made)
}

// taken gives the record and the decision the same date and the same name.
func (f *forger) taken() {
	from, to := rundir.RecordFile, rundir.ReleaseFile
	if f.forged == rundir.ReleaseFile {
		from, to = to, from
	}
	var have, want struct {
		Decided   string
		DecidedBy string `json:"decided_by"`
	}
	for name, v := range map[string]any{from: &want, to: &have} {
		b, _ := os.ReadFile(f.file(name))
		_ = json.Unmarshal(b, v)
	}
	f.replace(fmt.Sprintf(`"decided": %q`, have.Decided), fmt.Sprintf(`"decided": %q`, want.Decided), to)
	f.replace(fmt.Sprintf(`"decided_by": %q`, have.DecidedBy), fmt.Sprintf(`"decided_by": %q`, want.DecidedBy), to)
}

// plots draws forged figures.
func (f *forger) plots() {
	if f.forged != train.HistoryFile && !strings.HasPrefix(f.forged, rundir.EvaluationDir+"/") {
		return
	}
	history, err1 := metric.ReadHistory(f.file(train.HistoryFile))
	test, err2 := target.ReadResult(f.file("evaluation/test.json"))
	validation, err3 := target.ReadResult(f.file("evaluation/validation.json"))
	d := rundir.At(f.dir)
	figures, err4 := d.ReadFigures()
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return
	}
	found1, _ := detection.Read(f.file(rundir.DetectionFile(dataset.PartValidation))) // which other data lacks
	found2, _ := detection.Read(f.file(rundir.DetectionFile(dataset.PartTest)))
	curve := detection.Curve(found1, found2)
	for i, drawn := range figures {
		v, _, err := visualization.MakeVisualization(drawn.Name, "")
		if err != nil {
			return
		}
		if found, err := v.Draw(visualization.Data{History: history, Test: test, Validation: validation, Detection: curve}); err == nil {
			figures[i] = found
		}
	}
	_ = d.WriteFigures(figures)
}

// digests gives the record and the decision the digests of the files as they are, and the
// identity its own.
func (f *forger) digests() {
	files := f.record().Files
	test := rundir.EvaluationFile(dataset.PartTest)
	for _, name := range []string{test, rundir.AgreementFile} {
		if digest, err := fileio.SHA256(f.file(name)); err == nil {
			f.replace(files[name], digest, rundir.ReleaseFile)
		}
	}
	names := []string{}
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if digest, err := fileio.SHA256(f.file(name)); err == nil && files[name] != digest {
			f.replace(fmt.Sprintf("%q: %q", name, files[name]), fmt.Sprintf("%q: %q", name, digest), rundir.RecordFile)
		}
	}
	if text, err := rundir.RecordedIdentity(f.file(rundir.RecordFile)); err == nil {
		f.replace(fmt.Sprintf(`"identity_sha256": %q`, f.record().IdentitySHA256), fmt.Sprintf(`"identity_sha256": %q`, fileio.SHA256Of(text)), rundir.RecordFile)
	}
	if text, err := os.ReadFile(f.file(rundir.RecordFile)); err == nil {
		_ = os.WriteFile(f.file(rundir.RecordFile), rundir.Seal(text), 0o644)
	}
}

// derived makes again what is derived of weights and record.
func (f *forger) derived() {
	if slices.ContainsFunc([]string{rundir.CardFile, rundir.ReportFile, exporter.RepositoryDir, rundir.ExportDir}, func(of string) bool {
		return f.forged != "export/export.json" && strings.HasPrefix(f.forged, of)
	}) {
		return
	}
	source, err := rundir.OpenSource(context.Background(), f.dir, 0)
	if err != nil {
		return
	}
	defer source.Close()
	v := &verification{env: runtest.Quiet(), source: source, folder: f.dir, packaged: f.packaged()}
	record, err := rundir.ReadRecord(f.file(rundir.RecordFile))
	if err != nil || record.Training == nil {
		return
	}
	v.record = record
	if v.packaged {
		if record.Package != nil {
			_ = v.derive(f.dir)
		}
		return
	}
	how, err := release.ReadExport(f.file(rundir.ExportDir))
	if err != nil {
		return
	}
	if formats, err := settings.ExportersOf(how); err == nil {
		_ = v.deriveBy(record.Execution.Program, formats, train.CheckpointDir+"/"+train.BestFile, f.file(rundir.ExportDir), f.dir)
	}
}

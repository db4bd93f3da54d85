package recompute

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/pipeline/published"
	"github.com/blocktrain/blocktrain/internal/pretrained/tables"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
)

// checkForms finds keys that a file lacks or has in another form than the program
// writes them.
func (s *Subject) checkForms() error {
	return s.compare(rundir.RecordFile, s.Record)
}

// readSettings rebuilds the settings that the identity was made from, and their
// modules. What this program cannot make, it did not record.
func (s *Subject) readSettings() (err error) {
	if s.settings, err = settings.FromRecord(s.Record); err == nil {
		s.modules, err = s.settings.MakeModules()
	}
	if err != nil {
		return &finding.Difference{File: rundir.RecordFile, Figure: "identity", Recorded: "a configuration that this program can rebuild", Found: err.Error(),
			Cause: finding.Changed(rundir.RecordFile) + "; or another version of the program wrote it"}
	}
	return nil
}

// checkRecord finds values of the record that other values of it exclude.
func (s *Subject) checkRecord() error {
	r, i := s.Record, &s.Record.Identity
	weights := "best"
	if s.settings.EMA > 0 {
		weights = "ema"
	}
	if r.Weights != weights {
		return recordDiffers("weights", r.Weights, weights)
	}
	if (i.InitSHA256 != "") != (r.Initial != nil) && (s.Ours || r.Initial != nil) { // older records may lack it
		return recordDiffers("initial", presence(r.Initial != nil), presence(i.InitSHA256 != "")+", by identity.init_sha256")
	}
	if err := s.checkInitial(); err != nil {
		return err
	}
	if r.Execution.Workers < 1 {
		return recordDiffers("execution.workers", strconv.Itoa(r.Execution.Workers), "at least 1")
	}
	if found := engine.ContractVersion; s.Ours && i.ContractVersion != found {
		return recordDiffers("identity.contract_version", strconv.Itoa(i.ContractVersion), strconv.Itoa(found)+", which the program keeps")
	}
	if found := imaging.DecoderRules; s.Ours && i.Decoder != found {
		return recordDiffers("identity.decoder", i.Decoder, found+", by which the program decodes")
	}
	if err := s.checkPackage(); err != nil {
		return err
	}
	return s.checkExecution()
}

// checkPackage refuses a note of a package that the program does not write, and a package
// of which there is no note.
func (s *Subject) checkPackage() error {
	note := s.Record.Package
	if note == nil {
		if s.Ours && !s.Packaged && fileio.Exists(s.file(rundir.PackageDir)) {
			return recordDiffers("package", "", "a package in "+rundir.PackageDir)
		}
		return nil
	}
	made, err := settings.PackageExportersOf(note)
	if err != nil {
		return finding.Unreadable(rundir.RecordFile, err)
	}
	return s.CheckNotes(rundir.RecordFile, "package.exporters", note.Exporters, made.Notes)
}

// CheckNotes compares the recorded options of exporters with those that they are made
// with, every one of which this version of the program records.
func (s *Subject) CheckNotes(file, figure string, recorded, made []rundir.ModuleNote) error {
	if !s.Ours {
		return nil
	}
	return finding.Between(file, figure, finding.Changed(file), recorded, made)
}

// checkInitial refuses what no record says of weights that training began with: of a file
// that is of no run or package, nothing is known.
func (s *Subject) checkInitial() error {
	i := s.Record.Initial
	switch {
	case i == nil:
		return nil
	case i.File == "":
		return recordDiffers("initial.file", "", "the name of a file")
	case i.Model == "" && (len(i.Datasets) > 0 || !i.Unknown || i.Unseen):
		return recordDiffers("initial", "data that the weights were trained on", "no model that they are of")
	case s.Ours && i.Model != "" && len(i.Datasets) == 0:
		return recordDiffers("initial.datasets", "", "those of "+i.Model)
	}
	for _, d := range i.Datasets {
		if b, err := hex.DecodeString(d.SHA256); err != nil || len(b) != 32 || d.Examples < 1 || d.Name == "" {
			return recordDiffers("initial.datasets", fmt.Sprintf("%+v", d), "a name, a digest and a number of examples")
		}
	}
	return s.checkPublished()
}

// checkPublished refuses what no record says of weights that others published: another licence
// or source than the catalogue has for weights of this digest, or any where it has none.
func (s *Subject) checkPublished() error {
	p := s.Record.Initial.Published
	if p == nil || !s.Ours {
		return nil
	}
	if b, err := hex.DecodeString(p.SHA256); err != nil || len(b) != 32 || p.File == "" || len(tables.Of(p.Network)) == 0 {
		return recordDiffers("initial.published", fmt.Sprintf("%.80q, %.80q, %.80q", p.File, p.SHA256, p.Network), "a file, its digest and a network that is published")
	}
	if p.Network != s.Record.Identity.Model.Name {
		return recordDiffers("initial.published.network", p.Network, s.Record.Identity.Model.Name+", which is what was trained")
	}
	if !slices.ContainsFunc(tables.Of(p.Network), func(t tables.Table) bool { return t.Family == p.Family }) || p.Classes < 0 {
		return recordDiffers("initial.published.family", fmt.Sprintf("%.80q of %d classes", p.Family, p.Classes), "a family of names of "+p.Network)
	}
	if told := published.Told(*p, s.Record.Identity.InitSHA256); *p != told {
		return recordDiffers("initial.published", fmt.Sprintf("%+v", *p), fmt.Sprintf("%+v, as the catalogue has it", told))
	}
	return nil
}

func presence(there bool) string {
	if there {
		return "there"
	}
	return finding.Nothing
}

// checkExecution refuses settings of the execution that the program does not have, and
// a list of another form than it writes. Values change no bit.
func (s *Subject) checkExecution() error {
	known := settings.Named(config.Execution)
	var names []string
	for _, v := range s.Record.Execution.Settings {
		names = append(names, v.Name)
	}
	var unknown string
	for _, name := range names {
		if !slices.Contains(known, name) {
			unknown = name
		}
	}
	if unknown != "" || s.Ours && !slices.Equal(names, known) {
		return recordDiffers("execution.settings", fmt.Sprint(names), fmt.Sprintf("%v in the list of the program", known))
	}
	return s.checkValues()
}

// checkValues refuses values that no setting of the execution can have.
func (s *Subject) checkValues() error {
	if !s.Ours {
		return nil
	}
	input := map[string]string{}
	for _, v := range s.Record.Execution.Settings {
		input[v.Name] = v.Value
	}
	own, o := &settings.Settings{}, config.NewOptions(input)
	own.Declare(o)
	err := o.Err()
	if err == nil {
		all := *s.settings
		all.Exporters, all.Visualizations = own.Exporters, own.Visualizations
		_, err = all.MakeModules()
	}
	if err != nil {
		return recordDiffers("execution.settings", err.Error(), "values that the program takes")
	}
	return nil
}

// checkStartedWith compares the settings that the run was started with, in run.env,
// with the identity, and the file with the form that the program writes.
func (s *Subject) checkStartedWith() error {
	path := s.file(rundir.SettingsFile)
	if _, err := os.Stat(path); err != nil {
		return s.lacking(rundir.SettingsFile, err)
	}
	started, err := settings.ReadRecorded(path)
	if err != nil {
		return s.inOtherWords(finding.Unreadable(rundir.SettingsFile, err))
	}
	made, err := started.IdentityLike(&s.Record.Identity, s.Record.Schema)
	if err != nil {
		return s.inOtherWords(finding.Unreadable(rundir.SettingsFile, err))
	}
	recorded, err := finding.OfIdentity(s.Record)
	if err != nil {
		return err
	}
	found, err := finding.OfIdentity(&rundir.Record{Schema: s.Record.Schema, Identity: *made})
	if err != nil {
		return err
	}
	if s.Record.Schema == 1 {
		recorded = finding.Rounded(recorded, found)
	}
	if d := finding.First("identity", recorded, found); d != nil {
		d.File, d.Cause = rundir.RecordFile, finding.Changed(rundir.RecordFile, rundir.SettingsFile)
		return d
	}
	if s.Record.Recipe != started.Recipe {
		return recordDiffers("recipe", s.Record.Recipe, started.Recipe+" in "+rundir.SettingsFile)
	}
	s.started = started
	return s.checkWritten(started)
}

// checkWritten compares run.env with what the program writes of its settings. Programs
// that wrote schema 1 had fewer settings.
func (s *Subject) checkWritten(started *settings.Settings) error {
	if s.Record.Schema == 1 {
		return nil
	}
	want, err := started.RecordText()
	if err != nil {
		return err
	}
	found, err := fileio.ReadFile(s.file(rundir.SettingsFile), maxTable)
	if err != nil {
		return err
	}
	if s.Ours && !bytes.Equal(want, found) {
		return &finding.Difference{File: rundir.SettingsFile, Figure: "content", Recorded: firstOther(found, want), Found: firstOther(want, found) + ", as the program writes its settings",
			Cause: finding.Changed(rundir.SettingsFile)}
	}
	return nil
}

// firstOther is the first line of a text that another text does not have there.
func firstOther(text, other []byte) string {
	lines, others := bytes.Split(text, []byte("\n")), bytes.Split(other, []byte("\n"))
	for i, line := range lines {
		if i >= len(others) || !bytes.Equal(line, others[i]) {
			return orNothing(string(line))
		}
	}
	return finding.Nothing
}

// Package modellock describes a model that is to be released by what anybody who trains it
// again must get: model.lock. It is committed, so that a reviewer approves it with the
// change that makes the model.
//
// What depends on the machine is not in it, such as times, nor what depends on the name of
// the program, such as the size of model.onnx.
package modellock

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// File is where a repository has its lock.
const File = "release/model.lock"

const schema = 1

var form = fileio.Form{MaxBytes: 4 << 20, Schemas: []int{schema}}

// Lock is the content of model.lock.
type Lock struct {
	Schema          int    `json:"schema"`
	Name            string `json:"name"`
	Version         string `json:"release_version"`
	ContractVersion int    `json:"contract_version"`
	Toolchain       string `json:"toolchain"` // of Go, with which the program was built
	Decision        string `json:"decision"`  // "approved" or "forced"
	ForceReason     string `json:"force_reason,omitempty"`
	// Data says of each dataset how it comes to a machine that has nothing but the
	// repository: see [Source].
	Data           map[string]string  `json:"data"`
	IdentitySHA256 string             `json:"identity_sha256"`
	Identity       map[string]string  `json:"identity"` // of run.json, each value at its path
	Digests        Digests            `json:"digests"`
	Training       map[string]int     `json:"training"`   // epochs and best epoch of each network
	Thresholds     map[string]string  `json:"thresholds"` // of the criteria, such as ">= 0.97 share"
	Figures        map[string]float64 `json:"figures"`
}

// Digests are those of what the model was made from and of what came of it, SHA-256.
type Digests struct {
	Data  string `json:"data"` // of all datasets joined
	Split string `json:"split"`
	// Weights are those of each network; of the one that is judged, under "model".
	Weights map[string]string `json:"weights"`
	// Evaluations are those of the files of evaluations, as JSON without what was timed.
	Evaluations map[string]string `json:"evaluations"`
}

// judged is the name of the network that is judged.
const judged = "model"

// Of describes the run at a path, whose data come as sources say; those of a dataset that
// needs no data are found out. A run that was not approved is refused.
func Of(dir string, sources map[string]string) (*Lock, error) {
	if err := rundir.CheckPath(dir); err != nil {
		return nil, err
	}
	d := rundir.At(dir)
	record, err := d.ReadRecord()
	if err != nil {
		return nil, err
	}
	release, err := readDecision(d, record)
	if err != nil {
		return nil, err
	}
	l := &Lock{
		Schema: schema, Name: record.Name, Version: record.ReleaseVersion, ContractVersion: record.Identity.ContractVersion,
		Toolchain: record.Execution.Go, Decision: release.Decision(), ForceReason: release.ForceReason,
		IdentitySHA256: record.IdentitySHA256,
		Digests:        Digests{Data: record.Identity.DatasetSHA256, Split: record.Identity.Split.SHA256},
	}
	l.noteTraining(record)
	l.noteDecision(release)
	if err := l.noteIdentity(record); err != nil {
		return nil, err
	}
	if err := l.noteEvaluations(d, record); err != nil {
		return nil, err
	}
	if l.Data, err = sourcesOf(record, sources); err != nil {
		return nil, err
	}
	return l, nil
}

// readDecision reads the decision of a run whose files are as the record has them.
func readDecision(d *rundir.Dir, record *rundir.Record) (*criterion.Release, error) {
	if record.Training == nil {
		return nil, config.Usagef("the training of %s is not finished: want a run that was judged", d.Path)
	}
	if err := d.CheckSources(record); err != nil {
		return nil, err
	}
	if err := d.CheckEvaluations(record); err != nil {
		return nil, err
	}
	if err := d.CheckFile(record, rundir.ReleaseFile); err != nil {
		return nil, err
	}
	release, err := criterion.ReadRelease(d.File(rundir.ReleaseFile))
	if err != nil {
		return nil, err
	}
	if release.Weights.SHA256 != record.Training.WeightsSHA256 {
		return nil, fmt.Errorf("%s is of other weights than the run's: run the gate again", d.File(rundir.ReleaseFile))
	}
	if !release.Approved {
		return nil, fmt.Errorf("%w: the model of %s was not approved: %s", rundir.ErrRefused, d.Path, release.Reason)
	}
	return release, nil
}

func (l *Lock) noteTraining(record *rundir.Record) {
	l.Training, l.Digests.Weights = map[string]int{}, map[string]string{}
	note := func(name string, t *rundir.TrainingNote) {
		l.Training[name+".epochs"], l.Training[name+".best_epoch"] = t.Epochs, t.BestEpoch
		l.Digests.Weights[name] = t.WeightsSHA256
	}
	note(judged, record.Training)
	for _, n := range record.Networks {
		note("networks/"+n.Name, &n.TrainingNote)
	}
}

// sameEverywhere are the units of what every machine measures alike.
var sameEverywhere = []string{"share", "mse", "examples", "p-value"}

func (l *Lock) noteDecision(release *criterion.Release) {
	l.Thresholds, l.Figures = map[string]string{}, map[string]float64{}
	for _, v := range release.Criteria {
		l.Thresholds[v.Name] = fmt.Sprintf("%s %s %s", v.Op, strconv.FormatFloat(v.Threshold, 'g', -1, 64), v.Unit)
		if v.Measured != nil && slices.Contains(sameEverywhere, v.Unit) {
			l.Figures["criteria."+v.Name] = *v.Measured
		}
	}
}

// mostInList is how many entries of a list of the identity have lines of their own, such
// as classes. Of a longer list, such as of clips, the lock has a digest.
const mostInList = 64

func (l *Lock) noteIdentity(record *rundir.Record) error {
	b, err := fileio.MarshalJSONAs(&record.Identity, record.Schema)
	if err != nil {
		return err
	}
	l.Identity = map[string]string{}
	return flatten(b, "", func(path string, value any) {
		l.Identity[path] = fmt.Sprint(value)
	})
}

// noteEvaluations enters the digests of all evaluations and the figures of those of the
// run's parts.
func (l *Lock) noteEvaluations(d *rundir.Dir, record *rundir.Record) error {
	l.Digests.Evaluations = map[string]string{}
	for _, name := range record.FileNames() {
		if path.Ext(name) != ".json" || !strings.HasPrefix(name, rundir.EvaluationDir+"/") {
			continue
		}
		var content map[string]any
		if err := fileio.ReadJSON(d.File(name), &content, fileio.Form{MaxBytes: 48 << 20}); err != nil {
			return err
		}
		maps.DeleteFunc(content, func(key string, _ any) bool { return timed(key) })
		b, err := fileio.MarshalJSON(content)
		if err != nil {
			return err
		}
		l.Digests.Evaluations[name] = fileio.SHA256Of(b)
		part := strings.TrimSuffix(strings.TrimPrefix(name, rundir.EvaluationDir+"/"), ".json")
		if err := l.noteFigures(part, content); err != nil {
			return err
		}
	}
	return nil
}

// timed says whether a key of an evaluation holds times.
func timed(key string) bool { return key == "latency_ms" || key == "speed" }

// noteFigures enters the numbers of an evaluation that are in no list.
func (l *Lock) noteFigures(part string, content map[string]any) error {
	delete(content, "schema")
	maps.DeleteFunc(content, func(_ string, value any) bool { _, is := value.([]any); return is })
	b, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return flatten(b, part, func(path string, value any) {
		if number, is := value.(json.Number); is && !strings.Contains(path, "[") {
			l.Figures[path], err = number.Float64()
		}
	})
}

// Read reads a lock, strictly.
func Read(path string) (*Lock, error) {
	l := &Lock{}
	if err := fileio.ReadJSON(path, l, form); err != nil {
		return nil, err
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func (l *Lock) check() error {
	switch {
	case l.Decision != "approved" && l.Decision != "forced":
		return fmt.Errorf("decision is %.40q, want approved or forced", l.Decision)
	case (l.Decision == "forced") != (strings.TrimSpace(l.ForceReason) != ""):
		return fmt.Errorf("decision is %s, and force_reason is %.40q", l.Decision, l.ForceReason)
	case l.Digests.Weights[judged] == "" || len(l.Digests.Evaluations) == 0 || len(l.Thresholds) == 0 || len(l.Identity) == 0:
		return fmt.Errorf("it lacks identity, weights, evaluations or thresholds")
	case len(l.Data) == 0:
		return fmt.Errorf("data: it does not say how the data comes")
	}
	for _, name := range slices.Sorted(maps.Keys(l.Data)) {
		if err := config.IsModuleName(name); err != nil { // it becomes the name of a folder
			return fmt.Errorf("data: %.60q is no name of a dataset: %w", name, err)
		}
		if _, err := ParseSource(l.Data[name]); err != nil {
			return fmt.Errorf("data: %s: %w", name, err)
		}
	}
	return nil
}

// Differences names what a run has otherwise than the lock, in the order of names. How
// data comes is no property of a run; which datasets it has is part of the identity.
func (l *Lock) Differences(run *Lock) ([]string, error) {
	a, b := *l, *run
	a.Data, b.Data = nil, nil
	wanted, err := a.lines()
	if err != nil {
		return nil, err
	}
	got, err := b.lines()
	if err != nil {
		return nil, err
	}
	names := maps.Clone(wanted)
	maps.Copy(names, got)
	var differences []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		want, locked := wanted[name]
		have, has := got[name]
		switch {
		case !locked:
			differences = append(differences, fmt.Sprintf("%s: the lock has none, the run has %s", name, have))
		case !has:
			differences = append(differences, fmt.Sprintf("%s: the lock has %s, the run has none", name, want))
		case want != have:
			differences = append(differences, fmt.Sprintf("%s: the lock has %s, the run has %s", name, want, have))
		}
	}
	return differences, nil
}

// lines are the values of the lock by their paths.
func (l *Lock) lines() (map[string]string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	lines := map[string]string{}
	return lines, flatten(b, "", func(path string, value any) { lines[path] = fmt.Sprint(value) })
}

// Write writes the lock to a file.
func (l *Lock) Write(path string) error { return fileio.WriteJSON(path, l) }

package verify

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/classifier"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/detection"
	"github.com/blocktrain/blocktrain/internal/metric"
	"github.com/blocktrain/blocktrain/internal/pipeline"
	"github.com/blocktrain/blocktrain/internal/pipeline/initial"
	"github.com/blocktrain/blocktrain/internal/release"
	agree "github.com/blocktrain/blocktrain/internal/release/agreement"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
	"github.com/blocktrain/blocktrain/internal/rundir/notes"
	"github.com/blocktrain/blocktrain/internal/transfer/distance"
	"github.com/blocktrain/blocktrain/internal/verify/finding"
	"github.com/blocktrain/blocktrain/internal/visualization"
)

// What verification finds by the data, besides weights and figures.

// divideAgain divides the data by what the split list says of itself.
func (v *verification) divideAgain(all dataset.Dataset) (*dataset.Split, error) {
	s := v.split
	if s.Fold == nil {
		return dataset.MakeSplit(all, s.Seed, s.Ratios, true)
	}
	folds, err := dataset.MakeFolds(all, dataset.FoldOptions{Folds: s.Fold.Of, Seed: s.Seed, Ratios: s.Ratios, IncludeTest: s.Fold.IncludeTest, Lacking: true})
	if err != nil {
		return nil, err
	}
	return folds.Split(all, s.Fold.Number)
}

// compareSplit divides the data again, unless the list was given to the run and is not that
// of a fold.
func (v *verification) compareSplit(p *pipeline.Prepared) error {
	if p.Settings.SplitFile != "" && v.split.Fold == nil {
		return nil
	}
	found, err := v.divideAgain(p.Data.All)
	switch {
	case err == nil && found.Digest() == v.split.Digest():
		return nil
	case !v.ours():
		v.warn(rundir.SplitFile + " is not how this version of the program divides the data by its seed and ratios: whether another one did was not verified")
		return nil
	case err != nil:
		return unreadable(rundir.SplitFile, err)
	}
	d := &Difference{File: rundir.SplitFile, Figure: "sha256", Recorded: v.split.Digest(), Found: found.Digest(), Cause: "the list is not that of its seed and ratios, and it is that of a fold, or no --split was given to the run; " + changed(rundir.SplitFile)}
	if found.Group != v.split.Group {
		d.Figure, d.Recorded, d.Found = "group", v.split.Group, found.Group
	}
	return d
}

// compareDuplicates finds the identical images of the parts again. Files of a folder are
// compared by their paths in it, since it may lie elsewhere.
func (v *verification) compareDuplicates(p *pipeline.Prepared) error {
	recorded, err := dataset.ReadDuplicates(v.file(rundir.DuplicatesFile))
	if err != nil {
		return v.lacking(rundir.DuplicatesFile, err)
	}
	found := *p.Data.Duplicates
	found.Pairs = slices.Clone(found.Pairs)
	for i := range found.Pairs {
		if i < len(recorded.Pairs) {
			same := &recorded.Pairs[i]
			found.Pairs[i].Source = v.sourceAs(same.Source, found.Pairs[i].Source, p)
			found.Pairs[i].OfSource = v.sourceAs(same.OfSource, found.Pairs[i].OfSource, p)
		}
	}
	return finding.Between(rundir.DuplicatesFile, "", changed(rundir.DuplicatesFile), recorded, found)
}

// sourceAs is the recorded name of an image where it is that of the same file in
// another folder, and else the name that was found.
func (v *verification) sourceAs(recorded, found string, p *pipeline.Prepared) string {
	there := filepath.ToSlash(found)
	for _, name := range p.Settings.DatasetNames() {
		inside, cut := strings.CutPrefix(there, filepath.ToSlash(filepath.Clean(p.Settings.DataDir(name)))+"/")
		if was := filepath.ToSlash(recorded); cut && strings.HasSuffix(strings.ReplaceAll(was, `\`, "/"), "/"+inside) {
			return recorded
		}
	}
	return found
}

// compareInitial compares what the record says of the weights that training began with
// with the run or package that their file lies in.
func (v *verification) compareInitial(ctx context.Context, p *pipeline.Prepared) error {
	recorded := v.record.Initial
	if err := v.comparePublished(p.Initial); err != nil {
		return err
	}
	if recorded == nil || p.Initial == nil || recorded.Model == "" { // of a file alone nothing is known
		return nil
	}
	found, seen, err := p.TraceInitial(ctx, p.Settings.InitFrom, v.request.MaxPackageMB)
	switch {
	case err != nil:
		return err
	case found.Model == "":
		v.warn(p.Settings.InitFrom + " lies in no run or package now: what " + rundir.RecordFile + " says of the data that its weights were trained on was not verified")
		return nil
	}
	if found.Model != recorded.Model {
		v.warn(rundir.RecordFile + " calls the model that training began with " + recorded.Model + ", it is called " + found.Model + " now")
	}
	was, is := learntOf(recorded), learntOf(found)
	if seen == 0 && !was.Unseen && !v.knownUnseen(recorded) { // the data may not have been at hand then
		is.Unseen = false
	} else if seen == 0 && was.Unseen && !is.Unseen && !is.Unknown && !v.knownUnseen(recorded) { // nor now
		is.Unseen = true
	}
	return finding.Between(rundir.RecordFile, "initial", changed(rundir.RecordFile)+"; or "+p.Settings.InitFrom+" is not where it was", was, is)
}

// publishing is whether others published the weights that training began with.
type publishing struct {
	Published bool `json:"published"`
}

// comparePublished compares what the record says of published weights with those that were read,
// which have the recorded tensors. They may come from another file than the training's, by other
// names: then nobody knows the digest of that one, and its family.
func (v *verification) comparePublished(read *initial.Weights) error {
	if read == nil || v.record.Initial == nil {
		return nil
	}
	recorded := v.record.Initial.Published
	switch {
	case read.Published == nil && recorded == nil, recorded == nil && !v.ours():
		return nil
	case read.Published == nil || recorded == nil:
		return finding.Between(rundir.RecordFile, "initial", changed(rundir.RecordFile), publishing{recorded != nil}, publishing{read.Published != nil})
	}
	note := read.Published.Note
	was, is := kindOf(recorded), kindOf(&note)
	if note.SHA256 != recorded.SHA256 {
		is.Family = was.Family
	}
	return finding.Between(rundir.RecordFile, "initial.published", changed(rundir.RecordFile), was, is)
}

// kind is what a file of published weights is, as far as it is no word of the catalogue.
type kind struct {
	Network string `json:"network"`
	Family  string `json:"family"`
	Classes int    `json:"classes"`
}

func kindOf(n *notes.Published) kind { return kind{n.Network, n.Family, n.Classes} }

// learnt is what a record says of the data that initial weights were trained on.
type learnt struct {
	Datasets []notes.Dataset `json:"datasets,omitempty"`
	Unknown  bool            `json:"datasets_unknown,omitempty"`
	Unseen   bool            `json:"test_part_unseen"`
}

func learntOf(n *rundir.InitialNote) learnt { return learnt{n.Datasets, n.Unknown, n.Unseen} }

// knownUnseen says whether all data that the initial weights were trained on is data of
// the run too, so that it is known which images of the test part are among them.
func (v *verification) knownUnseen(note *rundir.InitialNote) bool {
	return !slices.ContainsFunc(note.Datasets, func(d notes.Dataset) bool {
		return !slices.ContainsFunc(v.record.Identity.Datasets, func(own rundir.DatasetNote) bool { return own.SHA256 == d.SHA256 })
	})
}

// compareDetection looks for the targets of clips again, and compares all but the speed.
func (v *verification) compareDetection(ctx context.Context, p *pipeline.Prepared) error {
	if !v.subject.Detects() {
		return nil
	}
	v.env.Log.Info("looking for the targets of the clips of both parts")
	found, err := detection.OfParts(ctx, p.Data.All, p.Data.Split, strings.Join(v.record.DatasetNames(), ","), p.Settings.WorkerCount())
	if err != nil {
		return err
	}
	for _, part := range rundir.EvaluatedParts() {
		name := rundir.DetectionFile(part)
		if v.record.Files[name] == "" {
			continue
		}
		was, err := finding.Read(v.file(name))
		if err != nil {
			return v.lacking(name, err)
		}
		err = finding.Between(name, "", "the file was edited: clips and labels are those of the run", finding.Without(was, "speed"), found.Of(part))
		if d := new(Difference); errors.As(err, &d) && !v.ours() {
			v.warn(name + " is not what this version of the program finds: whether another one did was not verified")
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// comparePlots draws again the plots that show images.
func (v *verification) comparePlots(p *pipeline.Prepared, model *classifier.Classifier, scored map[dataset.Part]*pipeline.Scored) error {
	if len(scored) < len(rundir.EvaluatedParts()) {
		return nil
	}
	shown := pipeline.Shown{
		History: v.networks[len(v.networks)-1].History, Model: model,
		Validation: scored[dataset.PartValidation], Test: scored[dataset.PartTest],
	}
	return v.subject.Redraw(func(all []visualization.Visualization) ([]visualization.Figure, error) { return p.Figures(shown, all) })
}

// compareBaseline runs the baseline of the decision again, where it is still the model
// that it was.
func (v *verification) compareBaseline(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir) error {
	if v.release == nil || v.release.Baseline == nil {
		return nil
	}
	recorded := v.release.Baseline
	if recorded.WeightsSHA256 == "" && v.ours() {
		return &Difference{File: rundir.ReleaseFile, Figure: "baseline.weights_sha256", Recorded: nothing, Found: "the digest of the baseline's weights", Cause: changed(rundir.ReleaseFile)}
	}
	own := *p.Settings
	own.Baseline = v.record.RecordedPath(v.request.Path, recorded.Name)
	c := &release.Candidate{Env: v.env, Settings: &own, Modules: p.Modules, Dir: dir, Record: p.Record}
	found, err := c.CompareBaseline(ctx, p.Decision(dir).TestPart(c.Trained))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil || found.WeightsSHA256 != recorded.WeightsSHA256:
		v.warn("the baseline " + recorded.Name + " is not where it was, or is another model now: what " + rundir.ReleaseFile + " says of it was not verified")
		return nil //nolint:nilerr // the warning says that there is nothing to compare with
	}
	is := *found
	is.Name, is.Unknown = recorded.Name, recorded.Unknown // of other data, which may not be at hand
	if !reflect.DeepEqual(*recorded, is) {
		return &Difference{File: rundir.ReleaseFile, Figure: "baseline", Recorded: fmt.Sprintf("%+v", *recorded), Found: fmt.Sprintf("%+v", is), Cause: changed(rundir.ReleaseFile)}
	}
	return nil
}

// compareAgreement runs the exported model on the test part again, by the program's own
// reader. What ONNX Runtime made of it depends on the machine and is not made again.
func (v *verification) compareAgreement(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir, t *rundir.Trained) error {
	if v.release == nil || !criterion.AsksAgreement(v.release) {
		return nil
	}
	name := rundir.AgreementFile
	recorded, err := criterion.ReadAgreement(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	part := p.Decision(dir).TestPart(func() (*rundir.Trained, error) { return t, nil })
	found, err := agree.Measure(ctx, &agree.Request{
		Record: v.record, Trained: t, Opset: recorded.Networks[0].Opset, Program: buildinfo.Program(), Workers: p.Settings.WorkerCount(),
		Loader: part.Loader, Indexes: part.Indexes, Tracks: part.Tracks,
	}, v.release.Of(criterion.ONNXAgreementName))
	if err != nil {
		return err
	}
	if recorded.Has(criterion.ONNXRuntime) {
		v.warn(name + " says what ONNX Runtime made of model.onnx: that was not made again")
	}
	found.TakeOver(recorded)
	err = finding.Between(name, "", edited, recorded, found)
	if d := new(Difference); errors.As(err, &d) && !v.ours() {
		v.warn(name + " is not what this version of the program measures: whether another one did was not verified")
		return nil
	}
	return err
}

// compareClips decides again on the clips of a part.
func (v *verification) compareClips(ctx context.Context, p *pipeline.Prepared, dir *rundir.Dir, model *classifier.Classifier, part dataset.Part) error {
	if !v.record.Identity.FollowsClips() {
		return nil
	}
	name := rundir.ClipsFile(part)
	recorded, err := finding.Read(v.file(name))
	if err != nil {
		return v.lacking(name, err)
	}
	again, err := p.Decision(dir).EvaluatePart(ctx, model.Trained, part)
	if err != nil {
		return err
	}
	return finding.Between(name, "", edited, recorded, again)
}

// compareControls makes the controls again, that is, trains the network with painted-over
// targets again.
func (v *verification) compareControls(ctx context.Context, p *pipeline.Prepared, scored map[dataset.Part]*pipeline.Scored) error {
	var evaluations []*metric.Evaluation
	for _, part := range rundir.EvaluatedParts() {
		if s := scored[part]; s != nil {
			if e, is := s.Result.(*metric.Evaluation); is && e.Clips != nil {
				evaluations = append(evaluations, e)
			}
		}
	}
	if len(evaluations) == 0 {
		return nil
	}
	recorded, err := metric.ReadControls(v.file(rundir.ControlsFile))
	if err != nil {
		return v.lacking(rundir.ControlsFile, err)
	}
	r := p.Controls()
	r.Fresh = true
	if recorded.Painted == nil {
		r.LeftOut = recorded.LeftOut
		v.warn("the run has no network with painted-over targets to be held against: " + recorded.LeftOut)
	}
	made, err := r.Make(ctx, evaluations)
	if err != nil {
		return err
	}
	return finding.Between(rundir.ControlsFile, "", edited, recorded, made)
}

// compareSensor scores the model once more on what the sensor shows of the test part.
func (v *verification) compareSensor(ctx context.Context, p *pipeline.Prepared, model *classifier.Classifier, scored map[dataset.Part]*pipeline.Scored) error {
	if scored[dataset.PartTest] == nil || v.record.Identity.Sensor == nil {
		return nil
	}
	test, is := scored[dataset.PartTest].Result.(*metric.Evaluation)
	if !is {
		return nil
	}
	recorded, err := metric.ReadSensorCurve(v.file(layout.SensorFile))
	if err != nil {
		return v.lacking(layout.SensorFile, err)
	}
	made, err := p.Controls().SensorCurve(ctx, model, test)
	if err != nil {
		return err
	}
	if recorded.Schema == metric.SensorSchema && !v.ours() {
		made = made.InFirstSchema()
	}
	return finding.Between(layout.SensorFile, "", edited, recorded, made)
}

// compareReference makes again what predict says by how unusual an image is.
func (v *verification) compareReference(ctx context.Context, p *pipeline.Prepared, t *rundir.Trained) error {
	name := layout.ReferenceFile
	if v.record.Files[name] == "" {
		return nil
	}
	recorded, err := distance.Read(v.folder, v.record, t)
	if err != nil {
		return v.lacking(name, err)
	}
	task := p.Distances(t)
	task.Fresh = true
	made, err := task.Make(ctx)
	if err != nil {
		return err
	}
	if figure, was, found := recorded.Difference(made); figure != "" {
		return &Difference{File: name, Figure: figure, Recorded: was, Found: found, Cause: edited}
	}
	return nil
}

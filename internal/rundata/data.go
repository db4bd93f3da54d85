// Package rundata opens the data of a run, divides it, and brings it to what the network
// takes.
package rundata

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/augment"
	"github.com/blocktrain/blocktrain/internal/clips"
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/index"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/settings"
	"github.com/blocktrain/blocktrain/internal/target"
)

// Data is what a run learns and is judged from.
type Data struct {
	All        dataset.Dataset
	Members    []dataset.Dataset
	Split      *dataset.Split
	Duplicates *dataset.Duplicates
	Rule       imaging.Rule    // of training
	TestRule   imaging.Rule    // of everything else
	Fitted     dataset.Dataset // All, as the rule makes them; in RAM mode kept so
	TestFitted dataset.Dataset // the same by TestRule
	// Reduced is All as the first stage of the augmentation takes it, in RAM mode kept so;
	// nil where there is none.
	Reduced dataset.Dataset
	// Native is All with images in the size that they have, which training sees through a sensor;
	// nil where it sees them as they are.
	Native dataset.Dataset
	Memory Memory // that images take

	listsAlone bool // no image is used
	index      dataset.IndexOptions
	statistics *dataset.KnownStatistics // that nothing was decoded for; nil: there are none
}

// Open opens the datasets of a run, joined, and splits them. A split list
// at splitPath is used if there is one.
func Open(ctx context.Context, env *rundir.Environment, s *settings.Settings, m *settings.Modules, splitPath string) (*Data, error) {
	d, err := openMembers(ctx, env, s, How{Recorded: splitPath != "", classes: leastClasses(s, m), fitted: true})
	if err != nil {
		return nil, err
	}
	return d, d.Divide(ctx, env, s, m, splitPath)
}

// OpenDivided opens the datasets of a run, joined, and splits them, where nothing but the
// lists of the split is wanted: no image is kept in memory.
func OpenDivided(ctx context.Context, env *rundir.Environment, s *settings.Settings, m *settings.Modules) (*Data, error) {
	d, err := openMembers(ctx, env, s, How{classes: leastClasses(s, m)})
	if err != nil {
		return nil, err
	}
	d.listsAlone = true
	return d, d.Divide(ctx, env, s, m, "")
}

// How says how datasets are opened, besides what the settings say.
type How struct {
	Offline  bool // download nothing
	Recorded bool // a record or a split list has the digest of the data, so that it cannot be taken for something else
	Decode   bool // use nothing that was kept of an earlier opening: every file is decoded

	classes int  // how many there must be; fewer are refused before an image is read
	fitted  bool // images are brought to the input, in the forms and for the statistics of a training
}

// cache says where what is cut out of clips is kept. Without a folder for it, clips are
// decoded at each start.
func (how How) cache(env *rundir.Environment, s *settings.Settings) dataset.CacheOptions {
	limit := s.CacheBytes()
	if limit == 0 {
		return dataset.CacheOptions{}
	}
	dir, err := clips.CacheDir()
	if err != nil && slices.Contains(s.DatasetModules(), "clips") {
		env.Log.Warn("clips are decoded at each start, since there is no folder for a cache: --cache-size 0 says so without this warning", "error", err)
	}
	return dataset.CacheOptions{Dir: dir, Limit: limit, Fresh: how.Decode}
}

// leastClasses is how many classes the one dataset of a run must have: of several, and
// where the model tells no classes apart, one is enough.
func leastClasses(s *settings.Settings, m *settings.Modules) int {
	if m.Target.Properties().Labelled && len(s.Datasets) == 1 {
		return 2
	}
	return 1
}

// index says where the digests of image files are looked up. Without a folder for it, which
// is an error, the images are decoded.
func (how How) index(s *settings.Settings) (dataset.IndexOptions, error) {
	if how.Decode || s.Index != settings.IndexOn && s.Index != settings.IndexRebuild {
		return dataset.IndexOptions{}, nil
	}
	dir, err := index.Dir()
	return dataset.IndexOptions{Dir: dir, Rebuild: s.Index == settings.IndexRebuild}, err
}

// OpenRecorded opens the datasets of a recorded run and joins them. It decodes every file,
// since what it finds is evidence.
func OpenRecorded(ctx context.Context, env *rundir.Environment, s *settings.Settings, offline bool) (*Data, error) {
	return openMembers(ctx, env, s, How{Offline: offline, Recorded: true, Decode: true, fitted: true})
}

func openMembers(ctx context.Context, env *rundir.Environment, s *settings.Settings, how How) (*Data, error) {
	opened, err := OpenDatasets(ctx, env, s, how)
	if err != nil {
		return nil, err
	}
	d := &Data{All: opened.All, Members: opened.Members}
	if s.Mode() == dataset.ModeDisk && slices.ContainsFunc(d.Members, dataset.OfFiles) { // else nothing is saved
		d.index, _ = how.index(s) // without a folder, as was said when the files were opened, there is none
	}
	return d, nil
}

// OpenDatasets opens the datasets that the settings name.
func OpenDatasets(ctx context.Context, env *rundir.Environment, s *settings.Settings, how How) (*dataset.Opened, error) {
	lookUp, err := how.index(s)
	if err != nil {
		env.Log.Warn("image files are decoded at each start, since there is no folder for an index of them: --index off says so without this warning", "error", err)
	}
	files := dataset.FileOptions{
		SkipCorrupt: s.OnCorrupt == settings.Skip, Recorded: how.Recorded, Index: lookUp, Cache: how.cache(env, s), Classes: how.classes, Contract: s.ContractVersion(),
		Sensor: s.SensorProfile(),
	}
	if how.fitted && !s.DryRun {
		files.Foreseen = foreseen(s)
	}
	if s.OutputDir != "" {
		files.LeaveOut = []string{s.OutputDir}
	}
	opened, err := dataset.Open(ctx, s.DatasetRequests(), dataset.OpenOptions{
		Mode: s.Mode(), Decoder: s.Decoder(), Offline: how.Offline, DryRun: s.DryRun, Log: env.Log.Logger, Files: files,
	})
	if err == nil {
		saySkipped(env, s, opened.Members)
		sayProfiles(env, s, opened.Members)
		sayLooks(ctx, env, s, opened.Members)
	}
	return opened, err
}

// saySkipped names the damaged files that datasets leave out, and why.
func saySkipped(env *rundir.Environment, s *settings.Settings, members []dataset.Dataset) {
	for i, member := range members {
		var reasons []string
		for _, f := range dataset.SkippedFiles(member) {
			reasons = append(reasons, f.Reason.Error())
		}
		n := len(reasons)
		if n == 0 {
			continue
		}
		attributes := []any{"dataset", s.DatasetNames()[i], "files", n, "used", member.Len(), "reasons", strings.Join(reasons[:min(n, listing.MostNamed)], "; ")}
		if n > listing.MostNamed {
			attributes = append(attributes, "list", listing.WriteList("unread", reasons))
		}
		env.Log.Warn("damaged files are left out of the data", attributes...)
	}
}

// Divide splits the data and looks at what the parts hold.
func (d *Data) Divide(ctx context.Context, env *rundir.Environment, s *settings.Settings, m *settings.Modules, splitPath string) (err error) {
	if m.Target.Properties().Labelled {
		if err := dataset.CheckClassCount(d.All.Classes(), 2); err != nil {
			return err
		}
	}
	if d.Split, err = takeSplit(d.All, s, splitPath); err != nil {
		return err
	}
	if err := d.checkTrainClasses(s, m.Target.Properties()); err != nil {
		return err
	}
	if err := d.checkWeights(s); err != nil {
		return err
	}
	env.Log.Info("data split", "train", len(d.Split.Train), "validation", len(d.Split.Validation), "test", len(d.Split.Test), "sha256", d.Split.Digest())
	d.sayOfficial(env, s, splitPath != "")
	if splitPath == s.SplitFile { // a new run, or a new list
		d.warnOfParts(env, s, m.Target.Properties())
	}
	if len(s.TrainClasses) > 0 {
		env.Log.Info("of the training and validation parts, these classes alone are used", "classes", strings.Join(s.TrainClasses, ","),
			"train", len(d.ofTrainClasses(s, d.Split.Train)), "validation", len(d.ValidationList(s)))
	}
	if used := len(d.TrainList(s)); used == s.LimitTrain {
		env.Log.Info("of the training part, no more is trained on than --limit-train allows", "examples", used)
	}
	if splitPath == "" {
		d.suggestGrouping(env, s)
	}
	if err := d.measureInput(ctx, env, s); err != nil {
		return err
	}
	if err := d.checkSensor(ctx, env, s); err != nil {
		return err
	}
	if err := d.place(ctx, env, s, m.Augment); err != nil {
		return err
	}
	if d.Duplicates, err = dataset.FindDuplicates(ctx, d.All, d.Split); err != nil {
		return err
	}
	d.warnOfDuplicates(env)
	d.sayGroups(env)
	d.sayScenes(env)
	return nil
}

// sayOfficial says which parts came with the datasets, and how the rest was divided.
func (d *Data) sayOfficial(env *rundir.Environment, s *settings.Settings, listed bool) {
	names := s.DatasetNames()
	for i, member := range d.Members {
		official := dataset.OfficialParts(member)
		if len(official) == 0 {
			continue
		}
		words := d.Split.Ratios.SplitWords(names[i], official)
		if listed {
			words = dataset.ListedWords(names[i], official)
		}
		if d.Split.Fold != nil {
			words = d.Split.Fold.OfficialWords(names[i], official)
		}
		env.Log.Info("official parts", logging.InWords(words), "dataset", names[i], "parts", dataset.ListOf(official))
	}
}

// sayGroups says how many groups stay in one part each, and warns of a grouping
// that keeps nothing together.
func (d *Data) sayGroups(env *rundir.Environment) {
	grouping := d.Split.Group
	if !d.Split.Grouped() {
		return
	}
	groups, images := dataset.CountGroups(d.All)
	env.Log.Info("groups stay in one part each", "grouping", grouping, "groups", groups, "images", images)
	if groups == images {
		env.Log.Warn("the grouping keeps no two images together: is it the right one for the files' names?", "grouping", grouping)
	}
}

// suggestGrouping warns of a new split that divides what seem to be the frames of
// recordings one by one.
func (d *Data) suggestGrouping(env *rundir.Environment, s *settings.Settings) {
	names, modules := s.DatasetNames(), s.DatasetModules()
	for i, member := range d.Members {
		found := dataset.FindSequences(member)
		if found == nil {
			continue
		}
		if modules[i] == rundir.ListDataset {
			env.Log.Warn("file names count up as those of the frames of recordings do, and frames of one recording in several parts make results look better than they are: if these are such, a column group in the list keeps them together",
				"dataset", names[i], "sequences", found.Count, "images", found.Images, "one", found.First)
			continue
		}
		option := found.Option
		if len(d.Members) > 1 {
			option = names[i] + ":" + option
		}
		env.Log.Warn(fmt.Sprintf("file names count up as those of the frames of recordings do, and frames of one recording in several parts make results look better than they are: if these are such, --dataset-options %s keeps them together", option),
			"sequences", found.Count, "images", found.Images, "one", found.First)
	}
}

// takeSplit reads the split list at path, or makes one where path is empty.
func takeSplit(all dataset.Dataset, s *settings.Settings, path string) (*dataset.Split, error) {
	if path == "" {
		split, err := dataset.MakeSplit(all, uint64(s.SplitSeed), s.Ratios(), s.AllowMissingClass)
		if err != nil {
			return nil, config.Usage(err)
		}
		return split, nil
	}
	split, err := dataset.ReadSplit(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, config.Usagef("the split list %s does not exist: blocktrain split makes one", path)
	}
	if err != nil && path != s.SplitFile { // the run's own list, which is damaged
		return nil, err
	}
	if err != nil {
		return nil, config.Usage(err)
	}
	if err := split.Check(all); err != nil {
		return nil, config.Usage(fmt.Errorf("%s: %w", path, err))
	}
	if path == s.SplitFile && !s.AllowMissingClass { // no list of a run, which was made by its own settings
		if err := split.CheckClasses(all); err != nil {
			return nil, config.Usage(fmt.Errorf("%s: %w", path, err))
		}
	}
	return split, nil
}

// measureInput decides the size of the network's input.
func (d *Data) measureInput(ctx context.Context, env *rundir.Environment, s *settings.Settings) error {
	sizes, err := dataset.MeasureSizes(ctx, d.All)
	if err != nil {
		return err
	}
	frames, err := dataset.FrameOffsets(d.All)
	if err != nil {
		return config.Usage(err)
	}
	d.Rule = s.InputRule(imaging.Image{Width: sizes.Width, Height: sizes.Height, Channels: sizes.Channels}, frames)
	d.TestRule = s.TestRule(d.Rule)
	if s.ImageSize == "" && 2*sizes.Frequent < d.All.Len() {
		return config.Usagef("images differ in size (%s), and fewer than half of them have one in common (%dx%d: %d of %d): want --image-size, such as 64, for the network's input",
			sizes.Range, sizes.Width, sizes.Height, sizes.Frequent, d.All.Len())
	}
	if !sizes.Uniform && s.ImageSize == "" {
		env.Log.Warn("images differ in size; the most frequent size is the network's input, --image-size sets another",
			"sizes", sizes.Range, "input", fmt.Sprintf("%dx%d", d.Rule.Width, d.Rule.Height), "images", fmt.Sprintf("%d of %d", sizes.Frequent, d.All.Len()))
	}
	if err := d.Rule.Validate(); err != nil && s.ImageSize == "" {
		return config.Usagef("the network's input would be as large as the images: %w; --image-size, such as 224, brings them to another size", err)
	}
	if err := errors.Join(d.Rule.Validate(), d.TestRule.Validate()); err != nil {
		return config.Usage(err)
	}
	if s.ImageSize == "" && max(d.Rule.Width, d.Rule.Height) > largeInput {
		env.Log.Warn("the network's input is as large as the images, so that training is slow and takes much memory; --image-size, such as 128, brings them to another size, and for photographs --recipe transfer begins with published weights",
			"input", fmt.Sprintf("%dx%d", d.Rule.Width, d.Rule.Height))
	}
	if 4*sizes.Pixels <= d.Rule.Width*d.Rule.Height {
		env.Log.Info("most images are much smaller than the network's input, and are enlarged; a smaller --image-size is faster, though not always as good",
			"input", fmt.Sprintf("%dx%d", d.Rule.Width, d.Rule.Height), "half_of_the_images", fmt.Sprintf("up to %d pixels", sizes.Pixels))
	}
	return nil
}

// largeInput is a width or height of images, in pixels, that few people want for the input of
// a network that begins with random weights.
const largeInput = 256

// Confirm decodes the images that nothing has decoded since an index gave their digests, as
// those of a part that was not used. What a record says of the data rests on no index then.
func (d *Data) Confirm(ctx context.Context) error {
	for _, member := range d.Members {
		if err := dataset.Confirm(ctx, member); err != nil {
			return err
		}
	}
	return d.statistics.Confirm(ctx)
}

// Statistics are those of what is trained on, as the rule makes it.
func (d *Data) Statistics(ctx context.Context, s *settings.Settings) (found *dataset.Statistics, err error) {
	found, d.statistics, err = dataset.MeasureIndexed(ctx, d.Fitted, d.TrainList(s), d.Rule, d.index)
	return found, err
}

// Over is the same data, divided alike, with other images of the examples: all is made of
// d.All. Images that have no room in memory beside those of d are made each time they are
// used.
func (d *Data) Over(ctx context.Context, s *settings.Settings, p *augment.Pipeline, all dataset.Dataset) (*Data, error) {
	over := *d
	over.All, over.index, over.statistics = all, dataset.IndexOptions{}, nil
	err := over.fit(ctx, s, p)
	if tooMuch := (*dataset.MemoryError)(nil); errors.As(err, &tooMuch) {
		over.listsAlone, err = true, nil
		over.Fitted, over.TestFitted = all, all
		if p.First() {
			over.Reduced = all
		}
		if s.SensorTrains() {
			over.Native = all
		}
	}
	return &over, err
}

// warnOfDuplicates warns of images that more than one part has.
func (d *Data) warnOfDuplicates(env *rundir.Environment) {
	if found := d.Duplicates; found.Validation+found.Test > 0 {
		first := found.Pairs[0]
		env.Log.Warn("identical images in several parts make results look better than they are",
			"validation", found.Validation, "test", found.Test, "conflicting_labels", found.Conflicting,
			"first", first.Source, "same_as", first.OfSource)
	}
}

// TrainList is what of the training part is trained on: the examples of --train-classes,
// cut down to --limit-train of them, drawn by the split's seed and with the classes in the
// same proportions. Version 2 of the contract took no heed of classes.
func (d *Data) TrainList(s *settings.Settings) []int {
	list := d.ofTrainClasses(s, d.Split.Train)
	if s.LimitTrain == 0 || s.LimitTrain >= len(list) {
		return list
	}
	if s.ContractVersion() >= 3 {
		return dataset.Stratified(d.All, list, s.LimitTrain, d.Split.Seed)
	}
	return dataset.Shuffled(list, d.Split.Seed, 0)[:s.LimitTrain]
}

// ValidationList is what of the validation part training is watched by: the examples of
// --train-classes.
func (d *Data) ValidationList(s *settings.Settings) []int {
	return d.ofTrainClasses(s, d.Split.Validation)
}

func (d *Data) ofTrainClasses(s *settings.Settings, list []int) []int {
	if len(s.TrainClasses) == 0 {
		return list
	}
	kept, _ := dataset.KeepClasses(d.All, list, s.TrainClasses) // checked when the data was divided
	return kept
}

// checkTrainClasses refuses classes that there are not, or that leave a part empty or,
// where the model tells classes apart, a single one.
func (d *Data) checkTrainClasses(s *settings.Settings, t target.Properties) error {
	if len(s.TrainClasses) == 0 {
		return nil
	}
	if t.Labelled && len(s.TrainClasses) == 1 {
		return config.Usagef("--train-classes %s: a single class leaves target %s nothing to tell apart: want two classes at least, or a model for another target, such as autoencoder", s.TrainClasses[0], t.Name)
	}
	for _, part := range []dataset.Part{dataset.PartTrain, dataset.PartValidation} {
		if _, err := dataset.KeepClasses(d.All, d.Split.Indexes(part), s.TrainClasses); err != nil {
			return config.Usage(fmt.Errorf("--train-classes: %s part: %w", part, err))
		}
	}
	return nil
}

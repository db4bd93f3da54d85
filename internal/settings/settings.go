// Package settings holds what a run is asked to do: the settings with their names,
// defaults and ranges, the modules that they choose, the recipes, and the settings
// that a record was made with.
package settings

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/sensor"
)

// Default is the word for a loss, or criteria, that follow from the target.
const Default = "default"

// Skip is the word for leaving damaged files out.
const Skip = "skip"

// The values of --index, besides off.
const (
	IndexOn      = "on"
	IndexRebuild = "rebuild"
	// FeatureCacheOn is the default of --feature-cache.
	FeatureCacheOn = "on"
)

// Settings are what a run is asked to do: one field per main flag. Declare gives
// each its name, default, range and documentation; Check looks at them together.
type Settings struct {
	Recipe string // whose values lie below those that were given; empty: none

	// Data.
	Datasets       []string // "MODULE" or "NAME=MODULE"
	DatasetOptions []string
	DataDirs       []string // "DIR" or "NAME=DIR"
	DataMode       string
	OnCorrupt      string
	Index          string
	CacheSize      string // such as 20GB, or 0 for no cache
	FeatureCache   string
	SplitFile      string
	SplitRatio     string
	SplitSeed      int
	// AllowMissingClass lets the validation and the test part lack a class.
	AllowMissingClass bool
	Resize            string
	ResizeFilter      string
	CropFraction      string
	Alpha             string
	ImageSize         string // "", "N" or "WxH"
	TestImageSize     string // "": ImageSize
	Channels          int    // 0: those of the data
	Levels            string // "" or "LOW,HIGH"
	Normalize         string
	LimitTrain        int      // 0: no limit
	TrainClasses      []string // empty: all
	Augment           string
	KeepSize          string // "" or a number of pixels
	Sensor            string // name, path or text of a sensor profile; empty: none
	SensorTrain       bool
	Memory            string // "" or a size such as 8GB

	// Model.
	Model        string
	ModelOptions string
	InitFrom     string
	Freeze       []string
	// DecisionFolds is into how many folds the training part is divided for the network that
	// decides on tracks of clips; 0: there is none.
	DecisionFolds int

	// Training.
	Loss             string
	LossOptions      string
	Optimizer        string
	OptimizerOptions string
	Schedule         string
	ScheduleOptions  string
	Epochs           int
	BatchSize        int
	ShardSize        int
	LearningRate     config.Optional // unset: the optimizer's default
	WeightDecay      config.Optional // unset: the optimizer's default
	GradientClip     float32         // 0: none
	Warmup           float64         // epochs
	EMA              float64         // 0: none
	Seed             int
	Sampling         string
	OverfitBatch     bool

	Phases

	// Early stopping.
	Monitor  string
	MinDelta float64
	Patience int // 0: never stop early

	// Release.
	Criteria               []string
	MinTestAccuracy        float64
	MinPerClassAccuracy    float64
	MinTestExamples        config.Optional // unset: a warning if there are fewer than criterion.FewExamples
	MinClassTestExamples   config.Optional // the same of each class
	MinUnseenAccuracy      float64         // 0: not asked for
	MinSensorAccuracy      float64         // 0: not asked for
	SensorSeverity         float64
	MaxReconstructionError float64
	MaxInferenceTimeMS     float64
	MaxInferenceRatio      float64 // 0: not asked for
	MaxModelSizeMB         float64
	Baseline               string
	ONNXRuntimeLib         string // empty: model.onnx is run by the program's own reader alone
	RequireCommit          bool
	DecidedBy              string
	Force                  bool
	Reason                 string
	OverwriteRelease       bool

	// Results.
	Name           string
	ReleaseVersion string
	License        string
	Contact        string
	IntendedUse    string
	OutputDir      string
	Exporters      []string
	Visualizations []string
	Controls       string // of clips

	// Work.
	Workers            int // 0: one per core
	CheckpointInterval int // seconds
	MaxPackageMB       int // of a package that is read
	DryRun             bool

	// Contract is the version of the reproducibility contract by whose rules the settings are
	// followed: that of the record which they belong to. 0: the program's own.
	Contract int

	// Origins says where each value came from, by option name.
	Origins config.Origins
}

// Declare declares every setting on o, grouped as in a command's help.
func (s *Settings) Declare(o *config.Options) {
	o.Begin("Recipe", config.Identity)
	o.String(&s.Recipe, "recipe", "", "settings of training that go together; what else is given outranks them")
	s.declareData(o)
	s.declareModel(o)
	s.declareTraining(o)
	s.Phases.declare(o)
	s.declareStopping(o)
	s.declareRelease(o)
	s.declareResults(o)
	s.declareWork(o)
}

func (s *Settings) declareData(o *config.Options) {
	const group = "Data"
	o.Begin(group, config.Identity)
	o.List(&s.Datasets, "dataset", "digits", "dataset, or several to be joined", isDataset)
	o.List(&s.DatasetOptions, "dataset-options", "", "options of the dataset, key=value; of several, NAME:key=value")
	o.Begin(group, config.Execution)
	o.Words(&s.DataDirs, "data-dir", "data", "where the data is: a folder, a list or a file; NAME=DIR for one of several datasets")
	o.Choice(&s.DataMode, "data-mode", DataAuto, DataModeDoc, DataModes()...)
	o.Choice(&s.OnCorrupt, "on-corrupt", "refuse", "refuse data with damaged image files, or leave these out", "refuse", Skip) // which the digest of the data has
	o.Choice(&s.Index, "index", IndexOn, "look up what was found in image files at an earlier start, or make that index anew", IndexOn, "off", IndexRebuild)
	o.String(&s.CacheSize, "cache-size", "20GB", "most disk for what is cut out of clips, and as much for features, such as 20GB or 500MB, so that they need not be made again; 0: none", isCacheSize)
	o.Choice(&s.FeatureCache, "feature-cache", FeatureCacheOn, "with --head solver: look up what the network made of images at an earlier start, or make that anew", FeatureCacheOn, "off", IndexRebuild)
	o.String(&s.SplitFile, "split", "", "split list to use instead of making one")
	o.Begin(group, config.Identity)
	o.String(&s.SplitRatio, "split-ratio", "60/20/20", "percentages to train, validate and test with", isRatio)
	o.Int(&s.SplitSeed, "split-seed", 1, "seed of the split", config.AtLeast(0))
	o.Begin(group, config.Threshold) // which examples are judged by it does not say
	o.Bool(&s.AllowMissingClass, MissingClass, false, "let the validation and the test part lack a class, which is then not judged")
	o.Begin(group, config.Identity)
	o.Choice(&s.Resize, "resize", imaging.Stretch, "how images of another size are brought to the input's", imaging.Modes()...)
	o.Choice(&s.ResizeFilter, "resize-filter", string(imaging.PillowBilinear), "filter that images are resized with", imaging.Filters()...)
	o.String(&s.CropFraction, "crop-fraction", "1", "with --resize crop: share of the resized image's shorter side that is taken, such as 0.875", isFraction)
	o.Choice(&s.Alpha, "alpha", string(imaging.AlphaDrop), "what becomes of transparency: dropped, or shown over black or white", imaging.Alphas()...)
	o.String(&s.ImageSize, "image-size", "", "size of the model's input, N or WIDTHxHEIGHT; empty: the data's", isSize)
	o.String(&s.TestImageSize, "test-image-size", "", "size of the model's input outside of training, N or WIDTHxHEIGHT; empty: the same", isSize)
	o.Int(&s.Channels, "channels", 0, "channels of each picture of the model's input, 1 or 3; 0: the data's", isChannels)
	o.String(&s.Levels, "levels", "", "of images with 16 bits, the values that become black and white; empty: 0,65535", isLevels)
	o.Choice(&s.Normalize, "normalize", NormalizeAuto, "what gives pixels mean 0 and deviation 1: the statistics of the training part, or those that the network was published with; auto: the network's, with weights that were published", NormalizeAuto, NormalizeData, NormalizeNetwork)
	o.Int(&s.LimitTrain, "limit-train", 0, "train on this many examples at most; 0: on all", config.AtLeast(0))
	o.List(&s.TrainClasses, "train-classes", "", "keep these classes alone in the training and validation parts; empty: all")
	o.String(&s.Augment, "augment", "none", "random changes of training images, such as shift:pixels=2,rotate")
	o.String(&s.KeepSize, "keep-size", "", "with random-resized-crop: shorter side to which images are brought before parts are taken; empty: 8/7 of the input's", isSide)
	o.String(&s.Sensor, "sensor", "", "sensor profile of the camera that the model is meant for: one of the program's, such as "+sensor.Names()[1]+", or a file", isSensor)
	o.Bool(&s.SensorTrain, "sensor-train", true, "with --sensor: train on what the camera sees, at a severity that each image draws, and not on the images as they are")
	o.Begin(group, config.Execution)
	o.String(&s.Memory, "memory", "", "most memory for decoded images, such as 8GB or 500MB; empty: half of the machine's", IsMemory)
}

func (s *Settings) declareModel(o *config.Options) {
	const group = "Model"
	o.Begin(group, config.Identity)
	o.String(&s.Model, "model", "vgg-small", "network to train", config.IsModuleName)
	o.String(&s.ModelOptions, "model-options", "", "options of the model, key=value")
	o.Begin(group, config.Execution) // the identity holds the digest of the weights
	o.String(&s.InitFrom, "init-from", "", "weights to begin with: a run, a package, a file of safetensors or PyTorch, or a name that 'blocktrain weights list' shows; a word with a dot or separator is a path")
	o.Begin(group, config.Identity)
	o.List(&s.Freeze, "freeze", "", "prefixes of the names of weights that do not change")
	o.Int(&s.DecisionFolds, "decision-folds", 5, "of a classifier of targets in clips: folds of the training part for the network that decides on their tracks; 0: none", isDecisionFolds)
}

func (s *Settings) declareTraining(o *config.Options) {
	o.Begin("Training", config.Identity)
	o.String(&s.Loss, "loss", Default, "what training minimises; default: what suits the model's target", config.IsModuleName)
	o.String(&s.LossOptions, "loss-options", "", "options of the loss, key=value")
	o.String(&s.Optimizer, "optimizer", "adamw", "how weights are updated", config.IsModuleName)
	o.String(&s.OptimizerOptions, "optimizer-options", "", "options of the optimizer, key=value")
	o.String(&s.Schedule, "schedule", "one-cycle", "how the learning rate changes", config.IsModuleName)
	o.String(&s.ScheduleOptions, "schedule-options", "", "options of the schedule, key=value")
	o.Int(&s.Epochs, "epochs", 5, "passes over the training part", config.Between(1, 100_000))
	o.Int(&s.BatchSize, "batch-size", 128, "examples per step", config.Between(1, 65_536))
	o.Int(&s.ShardSize, "shard-size", 8, "examples a worker takes at a time; affects the result", config.Between(1, 65_536))
	o.Optional(&s.LearningRate, "learning-rate", "largest learning rate; empty: the optimizer's", config.Above(0), config.Between(0, 1000))
	o.Optional(&s.WeightDecay, "weight-decay", "decay of weights; empty: the optimizer's", config.AtLeast(0))
	o.Float32(&s.GradientClip, "gradient-clip", 0, "largest norm of a step's gradient; 0: no limit", config.AtLeast(0))
	o.Float64(&s.Warmup, "warmup", 0, "epochs in which the learning rate rises from 0", config.AtLeast(0))
	o.Float(&s.EMA, "ema", 0, "decay of averaged weights, such as 0.999; 0: none", config.AtLeast(0), config.Below(1))
	o.Int(&s.Seed, "seed", 1, "seed of training", config.AtLeast(0))
	o.Choice(&s.Sampling, "sampling", "shuffle", "see every example once an epoch, or draw so that classes come up equally often", "shuffle", "balanced")
	o.Bool(&s.OverfitBatch, "overfit-batch", false, "train on the first batch alone, to see that it can be learnt")
}

func (s *Settings) declareStopping(o *config.Options) {
	o.Begin("Early stopping", config.Identity)
	o.String(&s.Monitor, "monitor", "validation_loss", "figure that picks the best epoch: validation_loss, or validation_accuracy, of an auto-encoder validation_error", isMonitor)
	o.Float64(&s.MinDelta, "min-delta", 0, "a smaller improvement does not count", config.AtLeast(0))
	o.Int(&s.Patience, "patience", 0, "stop after this many epochs without improvement; 0: never", config.AtLeast(0))
}

func (s *Settings) declareRelease(o *config.Options) {
	o.Begin("Release", config.Gate)
	o.List(&s.Criteria, "criteria", Default, "what a model must pass to be released; default: what suits its target")
	o.Begin("Release", config.Threshold)
	o.Float64(&s.MinTestAccuracy, "min-test-accuracy", 0.97, "least accuracy on the test part", config.Share)
	o.Float64(&s.MinPerClassAccuracy, "min-per-class-accuracy", 0.90, "least accuracy of the worst class", config.Share)
	o.Optional(&s.MinTestExamples, "min-test-examples", "fewest examples of the test part; empty: a warning below 30", criterion.IsCount)
	o.Optional(&s.MinClassTestExamples, MinClassTestExamples, "fewest test examples of a class; empty: a warning below 30", criterion.IsCount)
	o.Float64(&s.MinUnseenAccuracy, "min-unseen-accuracy", 0, "least accuracy by clip on scenes that the training part does not show; 0: not asked for", config.Share)
	o.Float64(&s.MinSensorAccuracy, "min-sensor-accuracy", 0, "least accuracy on the test part as the sensor of --sensor shows it; 0: not asked for", config.Share)
	o.Float64(&s.SensorSeverity, "sensor-severity", sensor.AsGiven, "of --min-sensor-accuracy, 0 to 5: how strong noise, blur and patterns are; 3: as the profile says", criterion.IsSeverity)
	o.Float64(&s.MaxReconstructionError, "max-reconstruction-error", 0.02, "largest mean squared error of an auto-encoder on the test part", config.Above(0))
	o.Float64(&s.MaxInferenceTimeMS, "max-inference-time-ms", 50, "longest time for one image, 95th percentile, one worker", config.Above(0))
	o.Float64(&s.MaxInferenceRatio, "max-inference-ratio", 0, "longest median time for one image, as a multiple of that of a calibration network timed in turn with it, in place of --max-inference-time-ms; 0: not asked for", config.AtLeast(0.0))
	o.Float64(&s.MaxModelSizeMB, "max-model-size-mb", 10, "largest size of model.onnx", config.Above(0))
	o.Bool(&s.RequireCommit, "require-commit", false, "train and package only with a program of a known commit, without changes")
	o.Begin("Release", config.Gate)
	o.String(&s.Baseline, "baseline", "", "run or package that the model must not be worse than")
	o.String(&s.ONNXRuntimeLib, ONNXRuntimeLib, "", "shared library of ONNX Runtime, which runs model.onnx too before it is released; needs a program built with the tag ort")
	o.Begin("Release", config.Invocation)
	o.String(&s.DecidedBy, "decided-by", "", "who decides on the release; empty: the user that CI names, else nobody", isLine(longestLine))
	o.Begin("Release", config.Consent) // each forced decision is asked for anew
	o.Bool(&s.Force, "force", false, "release a refused model; every file says so")
	o.String(&s.Reason, "reason", "", "why the release is forced", isLine(longestText))
	o.Bool(&s.OverwriteRelease, "overwrite-release", false, "replace a package that has the same name and version")
}

func (s *Settings) declareResults(o *config.Options) {
	const group = "Results"
	o.Begin(group, config.Naming)
	o.String(&s.Name, "name", "", "name of the released model; empty: made of the dataset, or the name of its folder, and the model", isReleaseName)
	o.String(&s.ReleaseVersion, "release-version", "0.1.0", "version of the released model", isVersion)
	o.String(&s.License, "license", "", "licence of the released model, such as Apache-2.0", isLine(longestLine))
	o.String(&s.Contact, "contact", "", "whom to ask about the released model", isLine(longestLine))
	o.String(&s.IntendedUse, "intended-use", "", "what the released model is meant for", isLine(longestText))
	o.Begin(group, config.Invocation)
	o.String(&s.OutputDir, "output-dir", "", "new run directory; empty: runs/<time>-<dataset>-<model>")
	o.Begin(group, config.Execution)
	o.List(&s.Exporters, "exporters", "onnx,safetensors,triton", "formats that the model is written in")
	o.List(&s.Visualizations, "visualizations", "all", "plots to draw, or none")
	o.Choice(&s.Controls, "controls", "on", "of clips: train a network with every target painted over too, to hold the figures against, or leave that out", "on", "off")
}

func (s *Settings) declareWork(o *config.Options) {
	const group = "Work"
	o.Begin(group, config.Execution)
	o.Int(&s.Workers, "workers", 0, "goroutines that compute; 0: one per core", config.Between(0, 1024))
	o.Int(&s.CheckpointInterval, "checkpoint-interval", 30, "seconds between checkpoints within an epoch", config.AtLeast(1))
	o.Begin(group, config.Invocation)
	o.Int(&s.MaxPackageMB, "max-package-mb", rundir.DefaultPackageMB, "largest package that is read, unpacked", config.Between(1, 1_000_000))
	o.Bool(&s.DryRun, "dry-run", false, "check everything, say what would be done, and stop; downloads nothing")
}

// Values lists the settings of a class, in the order of declaration.
func (s *Settings) Values(class config.Class) []config.NamedValue {
	var values []config.NamedValue
	for _, option := range s.view() {
		if option.Class == class {
			values = append(values, config.NamedValue{Name: option.Name, Value: option.Value()})
		}
	}
	return values
}

// RecordText is the settings as an env file, from which a stage on an existing run
// takes them up again.
func (s *Settings) RecordText() ([]byte, error) {
	return config.RecordText(s.view(), s.Origins)
}

// view describes the settings with their present values.
func (s *Settings) view() []*config.Option {
	o := config.View()
	s.Declare(o)
	return o.All()
}

package settings

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/criterion"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/engine"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/rundir/layout"
)

// largestSide bounds the width and height of a model's input in pixels.
const largestSide = 4096

var (
	releasePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	versionPattern = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$`)
)

func isReleaseName(s string) error {
	if s != "" && !releasePattern.MatchString(s) {
		return errors.New("want letters, digits, dots, dashes and underscores, the first a letter or digit")
	}
	return nil
}

// longestVersion bounds the version of a release.
const longestVersion = 64

func isVersion(s string) error {
	if !versionPattern.MatchString(s) || len(s) > longestVersion {
		return errors.New("want a version such as 1.2.3 or 1.2.3-rc.1")
	}
	return nil
}

const (
	longestLine = 200  // characters of a name, a licence or an address
	longestText = 1000 // of a sentence or two
)

// isLine makes the check of text that people read: one line of at most so many
// characters.
func isLine(longest int) func(string) error {
	return func(s string) error {
		switch n := utf8.RuneCountInString(s); {
		case !utf8.ValidString(s):
			return errors.New("want UTF-8")
		case strings.ContainsFunc(s, breaksLine):
			return errors.New("want one line, without control characters")
		case n > longest:
			return fmt.Errorf("it has %d characters: want at most %d", n, longest)
		}
		return nil
	}
}

// breaksLine says whether a character ends a line, turns the direction of what stands
// behind it, or is otherwise no text.
func breaksLine(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

func isChannels(v float64) error {
	if v != 0 && v != 1 && v != 3 {
		return errors.New("want 1 (grey), 3 (colour) or 0 (those of the data)")
	}
	return nil
}

func isRatio(s string) error {
	r, err := dataset.ParseRatios(s)
	if sum := r[0] + r[1] + r[2]; err == nil && sum != 100 {
		return fmt.Errorf("the percentages make %d: want 100", sum)
	}
	return err
}

func isSize(s string) error {
	_, _, err := ParseSize(s)
	return err
}

// ParseSize reads "", "N" or "WIDTHxHEIGHT"; 0 stands for the data's size.
func ParseSize(s string) (width, height int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	first, second, two := strings.Cut(s, "x")
	if !two {
		second = first
	}
	width, err1 := strconv.Atoi(first)
	height, err2 := strconv.Atoi(second)
	if err1 != nil || err2 != nil || min(width, height) < 1 || max(width, height) > largestSide {
		return 0, 0, fmt.Errorf("want a size such as 28 or 320x256, at most %d", largestSide)
	}
	return width, height, nil
}

// Ratios is the split in percent.
func (s *Settings) Ratios() dataset.Ratios {
	ratios, _ := dataset.ParseRatios(s.SplitRatio) // checked when it was set
	return ratios
}

// isLevels refuses what imaging.ParseLevels does not read.
func isLevels(s string) error {
	if s == "" {
		return nil
	}
	_, err := imaging.ParseLevels(s)
	return err
}

// InputRule is how images are brought to the model's input in training; what the
// settings leave to the data is taken from the image given, which is that of one picture,
// and from the offsets of the frames that images have.
func (s *Settings) InputRule(data imaging.Image, frames []int) imaging.Rule {
	width, height, _ := ParseSize(s.ImageSize) // checked when it was set
	if width == 0 {
		width, height = data.Width, data.Height
	}
	channels := s.Channels
	if channels == 0 {
		channels = data.Channels
	}
	rule := imaging.Rule{Width: width, Height: height, Channels: channels * max(1, len(frames)), Mode: s.Resize, Frames: frames}
	if s.Levels != "" {
		levels, _ := imaging.ParseLevels(s.Levels) // checked when it was set
		rule.Levels = &levels
	}
	if s.ContractVersion() >= 3 { // which has them
		rule.Filter, rule.Alpha = imaging.Filter(s.ResizeFilter), imaging.Alpha(s.Alpha)
		rule.CropFraction, _ = imaging.ParseFraction(s.CropFraction) // checked when it was set
	}
	return rule
}

// Decoder reads image files as the input's rule wants them.
func (s *Settings) Decoder() imaging.Decoder { return s.InputRule(imaging.Image{}, nil).Decoder() }

// isFraction refuses what imaging.ParseFraction does not read.
func isFraction(s string) error {
	_, err := imaging.ParseFraction(s)
	return err
}

// ContractVersion is the version of the reproducibility contract by whose rules the
// settings are followed.
func (s *Settings) ContractVersion() int { return cmp.Or(s.Contract, engine.ContractVersion) }

// TestRule is how images are brought to the model's input outside of training, where
// they are brought to it by the rule in training.
func (s *Settings) TestRule(training imaging.Rule) imaging.Rule {
	if width, height, _ := ParseSize(s.TestImageSize); width != 0 { // checked when it was set
		training.Width, training.Height = width, height
	}
	return training
}

// isDataset refuses what cannot be an entry of --dataset.
func isDataset(s string) error {
	name, module := dataset.CutName(s)
	if config.IsModuleName(name) != nil {
		return fmt.Errorf("want a dataset, or NAME=DATASET with a name of small letters and digits; 'blocktrain list dataset' shows them%s", dataset.PlaceHint(s))
	}
	return config.IsModuleName(module)
}

// DatasetNames are the names by which the datasets are told apart: their own, or those of
// their modules.
func (s *Settings) DatasetNames() []string {
	var names []string
	for _, entry := range s.Datasets {
		name, _ := dataset.CutName(entry)
		names = append(names, name)
	}
	return names
}

// OwnName is the name that dataset number at has of its own; empty where it has none.
func (s *Settings) OwnName(at int) string {
	if name, _, named := strings.Cut(s.Datasets[at], "="); named {
		return name
	}
	return ""
}

// DatasetModules are the modules of the datasets.
func (s *Settings) DatasetModules() []string {
	var modules []string
	for _, entry := range s.Datasets {
		_, module := dataset.CutName(entry)
		modules = append(modules, module)
	}
	return modules
}

// DataDir is the folder in which the data of a dataset is looked for.
func (s *Settings) DataDir(dataset string) string { return rundir.DataDirs(s.DataDirs).Of(dataset) }

// DatasetRequests say which datasets to open, in their order.
func (s *Settings) DatasetRequests() []dataset.Request {
	var requests []dataset.Request
	for _, entry := range s.Datasets {
		name, module := dataset.CutName(entry)
		requests = append(requests, dataset.Request{Name: module, Options: s.OptionsOf(name), Dir: s.DataDir(name)})
	}
	return requests
}

// OptionsOf are the options given for one of the datasets, in the form that
// MakeDataset takes.
func (s *Settings) OptionsOf(dataset string) string {
	var options []string
	for _, entry := range s.DatasetOptions {
		if name, option, prefixed := cutPrefix(entry); !prefixed || name == dataset {
			options = append(options, option)
		}
	}
	return strings.Join(options, ",")
}

// cutPrefix takes "NAME:key=value" apart.
func cutPrefix(entry string) (name, option string, prefixed bool) {
	key, _, _ := strings.Cut(entry, "=")
	if name, _, prefixed := strings.Cut(key, ":"); prefixed {
		return name, entry[len(name)+1:], true
	}
	return "", entry, false
}

// Criteria that settings look for by name. NoRegression compares with the baseline.
const (
	NoRegression        = "no_regression"
	MinPerClassAccuracy = "min_per_class_accuracy"
	MinTestExamples     = "min_test_examples"
	MinUnseenAccuracy   = "min_unseen_accuracy"
	MinSensorAccuracy   = "min_sensor_accuracy"
	MaxInferenceTime    = "max_inference_time_ms"
	MaxInferenceRatio   = "max_inference_ratio"
	MaxModelSize        = "max_model_size_mb"
)

// ONNXRuntimeLib is the setting that has model.onnx judged by ONNX Runtime too.
const ONNXRuntimeLib = "onnxruntime-lib"

// Settings of what is wanted of the classes in a test part.
const (
	MissingClass         = "allow-missing-class"
	MinClassTestExamples = "min-class-test-examples"
)

// isMonitor refuses what is no figure of a validation part. Which ones there are depends
// on the model's target.
func isMonitor(s string) error {
	if !strings.HasPrefix(s, "validation_") {
		return errors.New("want validation_loss or validation_accuracy, or of an auto-encoder validation_error")
	}
	return nil
}

// CriteriaSelections are the criteria of the gate with their thresholds. A
// threshold in the list itself, "min_test_accuracy:threshold=0.9", outranks the
// setting. A baseline brings the criterion no_regression with it, a wanted number of
// test examples the criterion min_test_examples, and a wanted accuracy on unseen scenes, or
// through a sensor, the criterion min_unseen_accuracy or min_sensor_accuracy. A largest ratio
// to the calibration network takes the place of max_inference_time_ms, unless that has a
// threshold of its own.
func (s *Settings) CriteriaSelections() ([]config.Selection, error) {
	words := s.Criteria
	if slices.Equal(words, []string{Default}) {
		properties, err := s.targetProperties()
		if err != nil {
			return nil, err
		}
		words = properties.Criteria
	}
	list, err := config.Selections(words)
	if err != nil {
		return nil, fmt.Errorf("criteria: %w", err)
	}
	named := map[string]bool{}
	for _, selection := range list {
		named[selection.Name] = true
	}
	if s.Baseline != "" && !named[NoRegression] {
		list = append(list, config.Selection{Name: NoRegression})
	}
	if (s.MinTestExamples.Set || s.MinClassTestExamples.Set) && !named[MinTestExamples] {
		list = append(list, config.Selection{Name: MinTestExamples})
	}
	if s.MinUnseenAccuracy > 0 && !named[MinUnseenAccuracy] {
		list = append(list, config.Selection{Name: MinUnseenAccuracy})
	}
	if s.MaxInferenceRatio > 0 && !named[MaxInferenceRatio] {
		list = byRatio(list)
	}
	if s.MinSensorAccuracy > 0 && !named[MinSensorAccuracy] {
		list = append(list, config.Selection{Name: MinSensorAccuracy})
	}
	for i := range list {
		list[i].Options = s.criterionOptions(list[i])
	}
	return list, nil
}

// byRatio has the inference time judged by its ratio to that of the calibration network.
func byRatio(list []config.Selection) []config.Selection {
	ratio := config.Selection{Name: MaxInferenceRatio}
	at := slices.IndexFunc(list, func(c config.Selection) bool { return c.Name == MaxInferenceTime && c.Options == "" })
	if at < 0 {
		return append(list, ratio)
	}
	list = slices.Clone(list)
	list[at] = ratio
	return list
}

// Calibrated says whether the gate compares the inference time with that of the calibration
// network, which the evaluation then has to time.
func (s *Settings) Calibrated() bool {
	list, err := s.CriteriaSelections()
	return err == nil && slices.ContainsFunc(list, func(c config.Selection) bool { return c.Name == MaxInferenceRatio })
}

// criterionOptions are those of a criterion, completed by the settings.
func (s *Settings) criterionOptions(c config.Selection) string {
	var options []string
	threshold, known := s.thresholds()[c.Name]
	switch {
	case c.Options != "":
		options = append(options, c.Options)
	case known:
		options = append(options, "threshold="+strconv.FormatFloat(threshold, 'g', -1, 64))
	}
	if c.Options == "" && c.Name == MinTestExamples {
		options = append(options, "per-class="+config.FormatFloat32(s.MinClassTestExamples.Or(criterion.FewExamples)))
	}
	if c.Options == "" && c.Name == MinSensorAccuracy {
		options = append(options, "severity="+config.Exact(s.SensorSeverity))
	}
	if s.ONNXRuntimeLib != "" && c.Name == criterion.ONNXAgreementName && !strings.Contains(c.Options, criterion.RuntimeOption+"=") {
		options = append(options, criterion.RuntimeOption+"="+criterion.ONNXRuntime)
	}
	if s.AllowMissingClass && (c.Name == MinTestExamples || c.Name == MinPerClassAccuracy) && !strings.Contains(c.Options, criterion.AbsentOption+"=") {
		options = append(options, criterion.AbsentOption+"="+criterion.SkipAbsent)
	}
	return strings.Join(options, ",")
}

// thresholds are the settings that criteria take their thresholds from.
func (s *Settings) thresholds() map[string]float64 {
	thresholds := map[string]float64{
		"min_test_accuracy":        s.MinTestAccuracy,
		MinPerClassAccuracy:        s.MinPerClassAccuracy,
		MinTestExamples:            float64(s.MinTestExamples.Or(criterion.FewExamples)),
		"max_reconstruction_error": s.MaxReconstructionError,
		MaxInferenceTime:           s.MaxInferenceTimeMS,
		MaxModelSize:               s.MaxModelSizeMB,
	}
	if s.MinUnseenAccuracy > 0 { // else that of the criterion itself
		thresholds[MinUnseenAccuracy] = s.MinUnseenAccuracy
	}
	if s.MaxInferenceRatio > 0 {
		thresholds[MaxInferenceRatio] = s.MaxInferenceRatio
	}
	if s.MinSensorAccuracy > 0 {
		thresholds[MinSensorAccuracy] = s.MinSensorAccuracy
	}
	return thresholds
}

// ReleaseName is the name of the model in its package.
func (s *Settings) ReleaseName() string {
	if s.Name != "" {
		return s.Name
	}
	return s.dataAndModel()
}

func (s *Settings) dataAndModel() string {
	var names []string
	for _, entry := range s.Datasets {
		names = append(names, s.dataName(entry))
	}
	return strings.Join(append(names, s.Model), "-")
}

// unnamable is what a name is not made of.
var unnamable = regexp.MustCompile(`[^A-Za-z0-9._]+`)

// dataName is what a dataset is called in names: by its own, and else one that is whatever
// its place holds as that place, as far as it can be a name.
func (s *Settings) dataName(entry string) string {
	name, module := dataset.CutName(entry)
	if name != module || !dataset.ByPlace(module) {
		return name
	}
	dir, err := filepath.Abs(s.DataDir(name)) // which "." needs
	if err != nil {
		return name
	}
	return cmp.Or(strings.Trim(unnamable.ReplaceAllString(dataset.PlaceName(dir), "-"), "-._"), name)
}

// RunDir is the directory of a new run that begins now.
func (s *Settings) RunDir(now time.Time) string {
	if s.OutputDir != "" {
		return s.OutputDir
	}
	return filepath.Join("runs", now.Format("20060102-150405")+"-"+s.dataAndModel())
}

// isDecisionFolds accepts 0, and numbers of folds.
func isDecisionFolds(n float64) error {
	if n == 0 || n >= 2 && n <= layout.MaxDecisionFolds {
		return nil
	}
	return fmt.Errorf("want 2 to %d, or 0 for no network that decides on tracks", layout.MaxDecisionFolds)
}

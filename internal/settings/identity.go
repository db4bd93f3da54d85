package settings

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/sensor"
	"github.com/blocktrain/blocktrain/internal/train"
)

// field is a part of a record's identity with the settings that it holds: the one
// table by which settings are recorded, rebuilt from a record, and compared.
type field struct {
	words    string   // what it is called for people
	settings []string // whose values it holds
	value    func(i *rundir.Identity) any
	// record enters the settings, by the modules made of them; nil where the field
	// describes the data, which whoever has opened it enters.
	record func(i *rundir.Identity, s *Settings, m *Modules)
	// recorded gives the values of the settings back.
	recorded func(i *rundir.Identity) []string
}

// identityFields lists the fields of an identity that hold settings of the class
// identity, or what follows from the data. The settings that none of them holds are
// listed by name in Identity.Settings.
var identityFields = []field{
	{words: "contract version", value: func(i *rundir.Identity) any { return i.ContractVersion }},
	{words: "datasets", settings: []string{"dataset", "dataset-options"}, value: func(i *rundir.Identity) any { return i.Datasets },
		recorded: func(i *rundir.Identity) []string {
			return []string{datasetEntries(i), datasetOptions(i)}
		}},
	{words: "rules of decoding", value: func(i *rundir.Identity) any { return i.Decoder }},
	{words: "dataset digest", value: func(i *rundir.Identity) any { return i.DatasetSHA256 }},
	{words: "classes", value: func(i *rundir.Identity) any { return i.Classes }},
	{words: "split", settings: []string{"split-seed", "split-ratio"}, value: func(i *rundir.Identity) any { return i.Split },
		recorded: func(i *rundir.Identity) []string {
			return []string{strconv.FormatUint(i.Split.Seed, 10), ratios(i)}
		}},
	{words: "input", settings: []string{"resize", "image-size", "channels", "levels", "resize-filter", "crop-fraction", "alpha"}, value: func(i *rundir.Identity) any { return i.Input },
		recorded: func(i *rundir.Identity) []string {
			levels := ""
			if i.Input.Levels != nil {
				levels = i.Input.Levels.String()
			}
			filter, alpha := cmp.Or(i.Input.Filter, imaging.Triangle), i.Input.Decoder().Alpha
			return []string{i.Input.Mode, sizeText(i.Input), strconv.Itoa(i.Input.Channels / i.Input.FrameCount()), levels,
				string(filter), i.Input.CropFraction.String(), string(alpha)}
		}},
	{words: "input outside of training", settings: []string{"test-image-size"}, value: func(i *rundir.Identity) any { return i.TestInput },
		recorded: func(i *rundir.Identity) []string {
			if i.TestInput == nil {
				return []string{""}
			}
			return []string{sizeText(*i.TestInput)}
		}},
	{words: "augment", settings: []string{"augment"}, value: func(i *rundir.Identity) any { return i.Augment },
		record:   func(i *rundir.Identity, _ *Settings, m *Modules) { i.Augment = m.Augment.Resolved() },
		recorded: func(i *rundir.Identity) []string { return []string{i.Augment} }},
	module("model", func(i *rundir.Identity) *rundir.ModuleNote { return &i.Model }, func(m *Modules) rundir.ModuleNote { return m.ModelNote }),
	phasesField, normalizeField,
	{words: "folds of the decision", settings: []string{"decision-folds"}, value: func(i *rundir.Identity) any { return i.DecisionFolds },
		recorded: func(i *rundir.Identity) []string { return []string{strconv.Itoa(i.DecisionFolds)} }},
	sensorField,
	{words: "initial weights", value: func(i *rundir.Identity) any { return i.InitSHA256 }},
	{words: "initial weights drawn", value: func(i *rundir.Identity) any { return i.InitAnew }},
	module("loss", func(i *rundir.Identity) *rundir.ModuleNote { return &i.Loss }, func(m *Modules) rundir.ModuleNote { return m.LossNote }),
	module("optimizer", func(i *rundir.Identity) *rundir.ModuleNote { return &i.Optimizer }, func(m *Modules) rundir.ModuleNote { return m.OptimizerNote }),
	module("schedule", func(i *rundir.Identity) *rundir.ModuleNote { return &i.Schedule }, func(m *Modules) rundir.ModuleNote { return m.ScheduleNote }),
	{words: "learning rate", settings: []string{"learning-rate"}, value: func(i *rundir.Identity) any { return i.LearningRate },
		record:   func(i *rundir.Identity, s *Settings, m *Modules) { i.LearningRate, _ = s.Rates(m) },
		recorded: func(i *rundir.Identity) []string { return []string{decimal(i.LearningRate)} }},
	{words: "weight decay", settings: []string{"weight-decay"}, value: func(i *rundir.Identity) any { return i.WeightDecay },
		record:   func(i *rundir.Identity, s *Settings, m *Modules) { _, i.WeightDecay = s.Rates(m) },
		recorded: func(i *rundir.Identity) []string { return []string{decimal(i.WeightDecay)} }},
}

// phasesField holds the phases in a record's identity.
var phasesField = field{
	words: "phases", settings: []string{"head", "head-penalties", "views", "finetune-epochs", "layer-decay", "batch-norm"},
	value:  func(i *rundir.Identity) any { return i.Phases },
	record: func(i *rundir.Identity, s *Settings, _ *Modules) { i.Phases = s.Phases.note() },
	recorded: func(i *rundir.Identity) []string {
		n := i.Phases
		if n == nil {
			return []string{train.HeadNone, "", "1", "0", "0", NormShard}
		}
		var penalties []string
		for _, v := range n.Penalties {
			penalties = append(penalties, config.Exact(v))
		}
		return []string{n.Head, strings.Join(penalties, ","), strconv.Itoa(n.Views), strconv.Itoa(n.FinetuneEpochs), config.Exact(n.LayerDecay), n.BatchNorm}
	},
}

// normalizeField holds the normalisation in a record's identity.
var normalizeField = field{
	words: "normalisation", settings: []string{"normalize"},
	value: func(i *rundir.Identity) any { return i.Normalize },
	record: func(i *rundir.Identity, s *Settings, _ *Modules) {
		if s.Normalize == NormalizeNetwork {
			i.Normalize = NormalizeNetwork
		}
	},
	recorded: func(i *rundir.Identity) []string {
		if i.Normalize == "" {
			return []string{NormalizeData}
		}
		return []string{i.Normalize}
	},
}

// sensorField holds what camera the model is meant for.
var sensorField = field{
	words: "sensor", settings: []string{"sensor", "sensor-train"}, value: func(i *rundir.Identity) any { return i.Sensor },
	record: func(i *rundir.Identity, s *Settings, _ *Modules) {
		if i.Sensor = nil; s.Sensor != "" {
			i.Sensor = &sensor.Note{Profile: s.SensorProfile(), Train: s.SensorTrain}
		}
	},
	recorded: func(i *rundir.Identity) []string {
		if i.Sensor == nil {
			return []string{"", "true"}
		}
		text, err := i.Sensor.Profile.Line()
		if err != nil {
			text = "{}" // which is refused when it is read
		}
		return []string{text, strconv.FormatBool(i.Sensor.Train)}
	},
}

// SensorProfile is the camera that the model is meant for; nil where none is known.
func (s *Settings) SensorProfile() *sensor.Profile {
	if s.Sensor == "" {
		return nil
	}
	p, _ := loadSensor(s.Sensor) // checked when it was set
	return p
}

// SensorTrains says whether the training part is seen through the sensor.
func (s *Settings) SensorTrains() bool { return s.Sensor != "" && s.SensorTrain }

// Rates are learning rate and weight decay, by default those of the optimizer.
func (s *Settings) Rates(m *Modules) (learningRate, weightDecay float32) {
	rate, decay := m.Optimizer.Defaults()
	return s.LearningRate.Or(float32(rate)), s.WeightDecay.Or(float32(decay))
}

// module is the field of a module that one setting names and another gives options.
func module(kind string, note func(*rundir.Identity) *rundir.ModuleNote, made func(*Modules) rundir.ModuleNote) field {
	return field{
		words: kind, settings: []string{kind, kind + "-options"}, value: func(i *rundir.Identity) any { return *note(i) },
		record:   func(i *rundir.Identity, _ *Settings, m *Modules) { *note(i) = made(m) },
		recorded: func(i *rundir.Identity) []string { return []string{note(i).Name, note(i).Text()} },
	}
}

// Describe enters the settings into the identity of a record of the given schema, by the
// modules made of them.
func (s *Settings) Describe(i *rundir.Identity, m *Modules, schema int) {
	for _, f := range identityFields {
		if f.record != nil {
			f.record(i, s, m)
		}
	}
	i.Settings = s.others(schema)
}

// others lists the settings of the class identity that no field of a record's identity
// holds: all of them, so that a setting nobody thought of here is in the identity too. The
// recipe is where values came from, and is recorded beside the identity.
func (s *Settings) others(schema int) []config.NamedValue {
	held := []string{recipeSetting}
	for _, f := range identityFields {
		held = append(held, f.settings...)
	}
	return slices.DeleteFunc(s.Values(config.Identity), func(v config.NamedValue) bool {
		return slices.Contains(held, v.Name) || v.Value == "" && !alwaysListed(v.Name, schema)
	})
}

// recipeSetting is of the class identity, and held by none: it is what other settings are
// taken from.
const recipeSetting = "recipe"

// listedFrom has the schemas from which records list a setting even where it is empty. It
// was added during the schema before, and is listed there where it has a value, so that a
// run without one keeps its identity. Of keep-size, empty is a rule of the contract.
var listedFrom = map[string]int{"train-classes": 2, "keep-size": math.MaxInt}

func alwaysListed(name string, schema int) bool { return schema >= listedFrom[name] }

// FromRecord rebuilds, from the record alone, the settings that its identity was
// made from. How the work is done is left at its defaults, and nothing is exported
// or drawn.
func FromRecord(record *rundir.Record) (*Settings, error) {
	input := map[string]string{
		"name": record.Name, "release-version": record.ReleaseVersion, "exporters": "", "visualizations": "none",
	}
	for _, f := range identityFields {
		for at, name := range f.settings {
			input[name] = f.recorded(&record.Identity)[at]
		}
	}
	if input["split-ratio"] == "" { // the default, which the list itself outranks
		delete(input, "split-ratio")
	}
	for _, v := range record.Identity.Settings {
		input[v.Name] = v.Value
	}
	s, o := &Settings{Contract: record.Identity.ContractVersion}, config.NewOptions(input)
	s.Declare(o)
	err := o.Err()
	if err == nil {
		err = s.checkListed(record)
	}
	if err != nil {
		return nil, fmt.Errorf("this program cannot rebuild the recorded configuration: %w", err)
	}
	s.Origins = config.Origins{}
	s.FeatureCache = "off" // it is no evidence
	if record.Identity.SkipsFiles() {
		s.OnCorrupt = Skip
	}
	return s, nil
}

// checkListed compares the settings that an identity lists with those that its schema
// wants, one by one: a setting that is left out would be rebuilt as its default.
func (s *Settings) checkListed(record *rundir.Record) error {
	var found, want []string
	for _, v := range record.Identity.Settings {
		found = append(found, v.Name)
	}
	for _, v := range s.others(record.Schema) {
		want = append(want, v.Name)
	}
	if !slices.Equal(found, want) {
		return fmt.Errorf("its identity lists the settings %s; a record of schema %d lists %s", strings.Join(found, ", "), record.Schema, strings.Join(want, ", "))
	}
	return nil
}

// Differences names the parts of two identities that are not equal.
func Differences(a, b *rundir.Identity) string {
	var names []string
	for _, f := range identityFields {
		switch {
		case reflect.DeepEqual(f.value(a), f.value(b)):
		case a.Sensor != nil && b.Sensor != nil && f.words == sensorField.words && reflect.DeepEqual(a.Sensor.Profile, b.Sensor.Profile):
			names = append(names, "sensor-train")
		default:
			names = append(names, f.words)
		}
	}
	for i, v := range a.Settings {
		if i < len(b.Settings) && b.Settings[i] != v {
			names = append(names, v.Name)
		}
	}
	if len(names) == 0 {
		return "as another version of the program has it"
	}
	return strings.Join(names, ", ")
}

// sizeText is the size of a rule's images in the form of --image-size.
func sizeText(r imaging.Rule) string { return fmt.Sprintf("%dx%d", r.Width, r.Height) }

// ratios is the recorded split in percent, empty where the list was made by hand and
// has others than --split-ratio takes. A part that came with the data has any ratio, for it
// is used for nothing.
func ratios(i *rundir.Identity) string {
	whole := dataset.Ratios(i.Split.Ratio)
	for at, ratio := range i.UsedRatio(dataset.DefaultRatios, rundir.RecordSchema) {
		if ratio == 0 {
			whole[at] = dataset.DefaultRatios[at]
		}
	}
	text := whole.String()
	if isRatio(text) != nil {
		return ""
	}
	return text
}

// datasetEntries gives all datasets in the form of --dataset.
func datasetEntries(i *rundir.Identity) string {
	var entries []string
	for _, d := range i.Datasets {
		entries = append(entries, d.Entry())
	}
	return strings.Join(entries, ",")
}

// datasetOptions gives the options of all datasets in the form of --dataset-options.
func datasetOptions(i *rundir.Identity) string {
	var options []string
	for _, d := range i.Datasets {
		if text := d.Text(); text != "" {
			options = append(options, d.Title()+":"+strings.ReplaceAll(text, ",", ","+d.Title()+":"))
		}
	}
	return strings.Join(options, ",")
}

// decimal is the shortest text that is read as v again.
func decimal(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }

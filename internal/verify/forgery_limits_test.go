package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// limit is a part of a file that verification cannot know.
type limit struct {
	file  string   // patterns, separated by commas: * stands for anything
	paths []string // patterns of keys; * stands for anything
	why   string
}

func (l limit) key() string { return l.file + ": " + strings.Join(l.paths, ", ") }

func pattern(p string) *regexp.Regexp {
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, `.*`) + `$`)
}

func (l limit) covers(file, path string) bool {
	if !slices.ContainsFunc(strings.Split(l.file, ", "), func(p string) bool { return pattern(p).MatchString(file) }) {
		return false
	}
	for _, p := range l.paths {
		if pattern(p).MatchString(path) {
			return true
		}
	}
	return false
}

// Why nobody can know something. There are no other reasons.
const (
	aTime    = "a time"
	aMachine = "the machine, and the program on it"
	aText    = "a text or a name that somebody chose"
	noBit    = "a setting that changes no bit"
	aFile    = "one of several files of the same tensors"
)

// unknowable is what neither verify nor package verify can know. doc/Design.md has the
// same list.
var unknowable = []limit{
	{"run.json", []string{"started"}, aTime},
	{"run.json, release.json", []string{"decided"}, aTime},
	{"*history.jsonl", []string{"seconds", "images_per_second"}, aTime},
	{"evaluation/test.json, evaluation/detection-test.json", []string{"latency_ms.p50", "latency_ms.p95", "latency_ms.max", "latency_ms.calibration.p95", "latency_ms.calibration.max", "speed.ms_per_frame", "speed.frames_per_second"}, aTime},
	{"evaluation/test.json, evaluation/detection-test.json", []string{"latency_ms.machine", "speed.machine", "speed.workers"}, aMachine},
	{"run.json", []string{"execution.program", "execution.go", "execution.os", "execution.arch", "execution.machine", "execution.simd", "execution.workers", "execution.clip_decoders*"}, aMachine},
	{"run.json", []string{"package.program"}, aMachine},
	{"export/export.json", []string{"program"}, aMachine},
	{"run.json", []string{"name", "release_version", "decided_by", "license", "contact", "intended_use", "force_reason", "initial.file", "initial.model", "initial.published.file", "execution.started_in", "identity.sensor.profile.source"}, aText},
	{"run.json", []string{"initial.published.sha256"}, aFile},
	{"release.json", []string{"decided_by", "baseline.name", "baseline.weights_sha256"}, aText},
	{"split.json", []string{"group"}, aText},
	{"run.env", []string{"BLOCKTRAIN_LICENSE", "BLOCKTRAIN_CONTACT", "BLOCKTRAIN_INTENDED_USE"}, aText},
	{"run.json", []string{"execution.settings[*].value", "package.exporters[*].options.*"}, noBit},
	{"run.json", []string{"identity.settings[patience].value", "identity.settings[min-delta].value", "identity.settings[gradient-clip].value", "identity.settings[epochs].value", "identity.schedule.options.*", "identity.sensor.profile.frame_rate_hz", "identity.sensor.profile.response_dn_per_k"}, noBit},
	{"split.json", []string{"ratios[*]"}, noBit}, // of a part that comes with the data
	{"release.json", []string{"criteria[*].threshold", "criteria[*].rarest_class.threshold"}, noBit},
	{"export/export.json", []string{"exporters*"}, noBit},
	{"run.env", []string{"BLOCKTRAIN_DATA_DIR", "BLOCKTRAIN_DATA_MODE", "BLOCKTRAIN_MEMORY", "BLOCKTRAIN_SPLIT", "BLOCKTRAIN_SPLIT_SEED", "BLOCKTRAIN_CHANNELS", "BLOCKTRAIN_INIT_FROM",
		"BLOCKTRAIN_ALLOW_MISSING_CLASS", "BLOCKTRAIN_CRITERIA", "BLOCKTRAIN_MIN_*", "BLOCKTRAIN_MAX_*", "BLOCKTRAIN_SENSOR_SEVERITY", "BLOCKTRAIN_SENSOR_TRAIN", "BLOCKTRAIN_DECISION_FOLDS", "BLOCKTRAIN_BASELINE", "BLOCKTRAIN_ONNXRUNTIME_LIB", "BLOCKTRAIN_NAME", "BLOCKTRAIN_RELEASE_VERSION",
		"BLOCKTRAIN_EXPORTERS", "BLOCKTRAIN_VISUALIZATIONS", "BLOCKTRAIN_WORKERS", "BLOCKTRAIN_CHECKPOINT_INTERVAL", "BLOCKTRAIN_REQUIRE_COMMIT", "BLOCKTRAIN_GIVEN_AS_FLAGS"}, noBit},
}

const (
	byTraining = "training again"
	byData     = "the data"
	byBaseline = "the baseline"
	byInitial  = "the weights that training began with"
)

// needData is what package verify, without the data, cannot know, and verify can.
// doc/Design.md has the same list.
var needData = []limit{
	{"run.json", []string{"identity.datasets[*].sha256", "identity.datasets[*].examples", "identity.datasets[*].official_parts*", "identity.datasets[*].options.*", "identity.datasets[*].clips*", "identity.classes[*]"}, byData},
	{"duplicates.json", []string{"*"}, byData},
	{"run.json", []string{"identity.init_sha256", "initial.datasets*", "initial.test_part_unseen", "initial.published", "initial.published.family", "initial.published.classes"}, byInitial},
	{"run.json", []string{"identity.settings[*].value", "identity.input.*", "identity.augment", "identity.model.options.*", "identity.loss.*", "identity.optimizer.*", "identity.schedule.*",
		"identity.learning_rate", "identity.weight_decay", "identity.phases.layer_decay", "identity.sensor.*"}, byTraining},
	{"release.json", []string{"baseline.comparison.*", "baseline.trained_on"}, byBaseline},
	{"onnx-agreement.json", []string{"networks[*].examples", "networks[*].runtimes[*].same_label", "networks[*].runtimes[*].outputs[*].largest_difference", "networks[*].runtimes[*].outputs[*].range"}, byData},
	{"split.json", []string{"group"}, byData},
	{"*history.jsonl", []string{"train_*", "validation_*", "learning_rate", "gradient_norm", "*_sha256", "head.solutions[*].*", "head.curve[*].*"}, byTraining},
	{"evaluation/*.json", []string{"loss", "probabilities_sha256", "error", "scores_sha256", "score.*", "error_interval.*", "error_groups", "group_counts*", "severities*"}, byTraining},
	{"evaluation/controls.json", []string{"painted.*"}, byTraining},
	{"evaluation/reference.safetensors", []string{""}, byTraining},
	{"networks/decision/features.json", []string{"features[*].mean", "features[*].deviation", "weights.*"}, byTraining},
	{"evaluation/clips-*.json", []string{"each*"}, byTraining},
	{"plots/plots.json", []string{"plots[worst-mistakes]*", "plots[sample-grid]*", "plots[reconstructions]*", "plots[score-histogram]*", "plots[sensor-images]*"}, byData},
	{"plots/worst-mistakes.*, plots/sample-grid.*, plots/reconstructions.*, plots/score-histogram.*, plots/sensor-images.*", []string{""}, byData},
	{"weights.safetensors", []string{""}, byTraining},
}

// row is the limit as a line of a table.
func (l limit) row() string {
	var names []string
	for _, p := range l.paths {
		if p != "" {
			names = append(names, "`"+p+"`")
		}
	}
	if len(names) == 0 {
		names = []string{"its content"}
	}
	return fmt.Sprintf("| `%s` | %s | %s |", strings.ReplaceAll(l.file, ", ", "`, `"), strings.Join(names, ", "), l.why)
}

// TestLimitsAreDocumented compares the lists with the tables in doc/Design.md, which
// must have neither more nor less.
func TestLimitsAreDocumented(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "doc", "Design.md"))
	if err != nil {
		t.Fatal(err)
	}
	for head, list := range map[string][]limit{"| file | what neither can know | because it is |": unknowable, "| file | what `package verify` cannot know | what it takes |": needData} {
		_, after, found := strings.Cut(string(b), head+"\n|---|---|---|\n")
		table, _, _ := strings.Cut(after, "\n\n")
		var rows []string
		for _, l := range list {
			rows = append(rows, l.row())
		}
		if want := strings.Join(rows, "\n"); !found || table != want {
			t.Errorf("doc/Design.md wants this table:\n%s\n|---|---|---|\n%s", head, want)
		}
	}
}

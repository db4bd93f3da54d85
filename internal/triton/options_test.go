package triton

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/fileio"
)

// one checks a repository of one fixture.
func one(t *testing.T, f fixture, o Options) *ModelReport {
	t.Helper()
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("one", f)
	report, err := Check(r.dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return &report.Models[0]
}

func TestReleases(t *testing.T) {
	for name, want := range map[string]Release{
		"22.01": {"22.01", "1.10.0", 15, 8},
		"22.08": {"22.08", "1.12.1", 17, 8},
		"24.10": {"24.10", "1.19.2", 21, 10},
		"26.08": {"26.08", "1.28.0", 26, 13},
	} {
		if got, err := FindRelease(name); err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, want)
		}
	}
	for _, name := range []string{"", "24", "24.13", "21.12", "26.09", "24.10-py3", "124.10"} {
		if r, err := FindRelease(name); err == nil {
			t.Errorf("%q is %+v, want an error", name, r)
		}
	}
}

// TestReleaseDecides has packages that one release loads and another does not.
func TestReleaseDecides(t *testing.T) {
	base := made
	escape := fixture{replace: []string{`"labels.txt"`, `"../labels.txt"`}, then: func(dir string) { write(t, base.labels, filepath.Dir(dir), "labels.txt") }}
	for _, c := range []struct {
		name, release string
		f             fixture
		want          string // rule that refuses
	}{
		{"opset 17", "22.05", fixture{}, "model-opset"},
		{"opset 17", "22.07", fixture{}, ""},
		{"no IR version", "24.10", fixture{model: edit(t, base.model, nil, func(f []wireField) []wireField {
			return slices.DeleteFunc(f, func(f wireField) bool { return f.number == 1 })
		})}, "model-ir"},
		{"labels outside", "26.01", escape, ""},
		{"labels outside", "26.02", escape, "labels-outside"},
	} {
		if got := rules(one(t, c.f, Options{Release: c.release}), Refused); got != c.want {
			t.Errorf("%s in %s: refused by %q, want %q", c.name, c.release, got, c.want)
		}
	}
	if m := one(t, fixture{model: edit(t, base.model, opset, set(number(2, 6)))}, Options{}); rules(m, Warning) != "model-opset" {
		t.Errorf("opset 6: %+v", m)
	}
}

// TestServerParts has packages that need a server with more than a CPU.
func TestServerParts(t *testing.T) {
	gpu := fixture{replace: []string{groupLine, "instance_group [ { kind: KIND_GPU gpus: [ 0, 2 ] } ]"}}
	line := func(text string) fixture {
		return fixture{config: append(bytes.Clone(made.config), text+"\n"...)}
	}
	openvino := line(`optimization { execution_accelerators { cpu_execution_accelerator [ { name: "openvino" } ] } }`)
	magic := line(`optimization { execution_accelerators { gpu_execution_accelerator [ { name: "magic" } ] } }`)
	for _, c := range []struct {
		name string
		f    fixture
		o    Options
		want string
	}{
		{"gpus 0 and 2 of 2", gpu, Options{GPUs: 2}, "instance-gpus"},
		{"gpus 0 and 2 of 3", gpu, Options{GPUs: 3}, ""},
		{"gpus 0 and 2 of any", gpu, Options{GPUs: AnyGPUs}, ""},
		{"openvino", openvino, Options{Has: []string{"openvino"}}, ""},
		{"unknown accelerator without a GPU", magic, Options{}, ""},
		{"unknown accelerator with a GPU", magic, Options{GPUs: 1}, "accelerator-unknown"},
		{"TensorRT", line(`optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" parameters { key: "precision_mode" value: "FP16" } } } }`), Options{GPUs: 1}, ""},
		{"precision of TensorRT", line(`optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" parameters { key: "precision_mode" value: "FP17" } } } }`), Options{GPUs: 1}, "accelerator-parameter"},
		{"parameter of TensorRT", line(`optimization { execution_accelerators { gpu_execution_accelerator { name: "tensorrt" parameters { key: "presicion" value: "FP16" } } } }`), Options{GPUs: 1}, "accelerator-parameter"},
		{"operators of a library", fixture{config: append(bytes.Clone(made.config), "model_operations { op_library_filename: \"x.so\" }\n"...), model: edit(t, made.model, lastNode, set(text(7, "mine")))}, Options{}, ""},
		{"number", line(`parameters { key: "execution_mode" value { string_value: "x" } }`), Options{}, "parameter"},
		{"yes", line(`parameters { key: "enable_mem_arena" value { string_value: "True" } }`), Options{}, ""},
		{"neither", line(`parameters { key: "enable_mem_pattern" value { string_value: "yes" } }`), Options{}, "parameter"},
		{"agent", line(`model_repository_agents { agents [ { name: "checksum" } ] }`), Options{Has: []string{"checksum"}}, ""},
		{"backend of one's own", fixture{replace: []string{`"onnxruntime"`, `"mine"`}}, Options{Has: []string{"mine"}}, ""},
	} {
		if got := rules(one(t, c.f, c.o), Refused); got != c.want {
			t.Errorf("%s: refused by %q, want %q", c.name, got, c.want)
		}
	}
}

// TestConfigName checks a configuration for servers with a GPU beside the common one.
func TestConfigName(t *testing.T) {
	f := fixture{then: func(dir string) {
		other := bytes.ReplaceAll(read(t, dir, "config.pbtxt"), []byte(groupLine), []byte("instance_group [ { count: 2 kind: KIND_GPU } ]"))
		write(t, other, dir, "configs", "gpu.pbtxt")
	}}
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{}, ""},
		{Options{ConfigName: "cpu"}, ""}, // there is none: config.pbtxt
		{Options{ConfigName: "gpu"}, "instance-kind"},
		{Options{ConfigName: "gpu", GPUs: 1}, ""},
	} {
		if got := rules(one(t, f, c.o), Refused); got != c.want {
			t.Errorf("%+v: refused by %q, want %q", c.o, got, c.want)
		}
	}
}

// TestStrict checks that warnings refuse where that is asked for, and only there.
func TestStrict(t *testing.T) {
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("good", fixture{})
	r.add("short", fixture{labels: []byte("0\n1\n")})
	for _, strict := range []bool{false, true} {
		report, err := Check(r.dir, Options{Strict: strict})
		if err != nil {
			t.Fatal(err)
		}
		if report.Passed == strict || len(report.Failures()) > 0 != strict {
			t.Errorf("strict %v: passed %v, failures %v", strict, report.Passed, report.Failures())
		}
		if strict && !strings.Contains(report.Failures()[0], "model short: output 'probabilities' has 10 values and 2 labels") {
			t.Errorf("failures %v", report.Failures())
		}
	}
}

// TestDigests checks that a flipped bit, which Triton loads, is found by the list of
// checksums of a package, a repository or a model.
func TestDigests(t *testing.T) {
	for _, place := range []string{"..", ".", "one"} {
		r := &repository{t: t, base: made, dir: filepath.Join(t.TempDir(), packageFolder)}
		r.add("one", fixture{})
		must(t, fileio.WriteChecksums(filepath.Join(r.dir, place)))
		if m := checkOne(t, filepath.Join(r.dir, "..")); len(m.Findings) > 0 {
			t.Errorf("%s: findings %+v", place, m.Findings)
		}
		flipped := bytes.Clone(r.base.model)
		flipped[len(flipped)/2] ^= 1
		write(t, flipped, r.dir, "one", "1", "model.onnx")
		if m := checkOne(t, r.dir); rules(m, Warning) != "digest" || m.Verdict != Loads {
			t.Errorf("%s, one bit: %+v", place, m)
		}
		must(t, os.Remove(filepath.Join(r.dir, "one", "labels.txt")))
		write(t, r.base.labels, r.dir, "one", "names.txt")
		config := bytes.ReplaceAll(read(t, r.dir, "one", "config.pbtxt"), []byte("labels.txt"), []byte("names.txt"))
		write(t, config, r.dir, "one", "config.pbtxt")
		if m := checkOne(t, r.dir); m.count(Warning) != 3 {
			t.Errorf("%s, a file is missing and two are others: %+v", place, m)
		}
	}
}

func checkOne(t *testing.T, dir string) *ModelReport {
	t.Helper()
	report, err := Check(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &report.Models[0]
}

// TestFolders checks which folders can be named.
func TestFolders(t *testing.T) {
	root := t.TempDir()
	r := &repository{t: t, base: made, dir: filepath.Join(root, packageFolder)}
	r.add("one", fixture{})
	r.add("two", fixture{without: "config.pbtxt"})
	r.add(".hidden", fixture{})
	for dir, want := range map[string]string{
		root:                        ".hidden one two",
		r.dir:                       ".hidden one two",
		filepath.Join(r.dir, "one"): "one",
		filepath.Join(r.dir, "two"): "two",
	} {
		report, err := Check(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, m := range report.Models {
			names = append(names, m.Model)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: models %s, want %s", dir, got, want)
		}
		if m := report.Models[0]; m.Model == ".hidden" && rules(&m, Warning) != "hidden" {
			t.Errorf(".hidden: %+v", m.Findings)
		}
	}
	for _, dir := range []string{filepath.Join(root, "none"), t.TempDir(), filepath.Join(r.dir, "one", "labels.txt")} {
		if _, err := Check(dir, Options{}); err == nil {
			t.Errorf("%s: no error", dir)
		}
	}
	found, err := Repositories(root)
	if err != nil || len(found) != 1 || found[0] != r.dir {
		t.Errorf("repositories %v, %v", found, err)
	}
}

// TestConfigFaults has configurations that no fixture of the real server has, and the
// words of the core's source.
func TestConfigFaults(t *testing.T) {
	base := string(made.config)
	dynamic := "dynamic_batching { max_queue_delay_microseconds: 500 }"
	sequence := func(control string) string {
		return strings.Replace(base, dynamic, `sequence_batching { control_input { name: "S" control { `+control+` } } }`, 1)
	}
	for text, want := range map[string]string{
		sequence("kind: CONTROL_SEQUENCE_START"):                                                                   "sequence batching must specify either 'int32_false_true', 'fp32_false_true' or 'bool_false_true' for CONTROL_SEQUENCE_START for one",
		sequence("kind: CONTROL_SEQUENCE_END fp32_false_true: [ 0, 1, 2 ]"):                                        "sequence batching control 'fp32_false_true' must have exactly 2 entries for CONTROL_SEQUENCE_END for one",
		sequence("kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32"):                                             "unexpected data type for control CONTROL_SEQUENCE_CORRID for one.",
		base + `batch_input { kind: BATCH_ITEM_SHAPE target_name: "n" data_type: TYPE_FP32 source_input: "nope" }`: "unknown source input name 'nope' for one",
		base + `batch_output { target_name: "n" source_input: [ "image", "image" ] }`:                              "batch output kind 'BATCH_SCATTER_WITH_INPUT_SHAPE' expects 1 source input, got 2 for one",
		strings.Replace(base, outputLine, `output [ { name: "p" data_type: TYPE_FP32 dims: 10 label_filename: "labels.txt" }, { name: "p" data_type: TYPE_FP32 dims: 10 label_filename: "labels.txt" } ]`, 1): "multiple label files for 'p'",
		strings.Replace(base, dynamic, "dynamic_batching { priority_levels: 2 }", 1):                                                                                     "default priority level must be in range [1, 2] for one",
		strings.Replace(base, dynamic, "dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value { } } }", 1):                "priority queue policy must have priority level in range [1, 2] for one",
		strings.Replace(base, dynamic, "dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 } }", 1): "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true for one",
		strings.Replace(base, dynamic, "sequence_batching { oldest { preferred_batch_size: 64 } }", 1):                                                                   "sequence batching preferred batch size must be <= max batch size for one",
		strings.Replace(base, dynamic, "sequence_batching { direct { minimum_slot_utilization: 1.5 } }", 1):                                                              "sequence batching minimum slot utilization must be in range (0.0, 1.0] for one",
		base + "model_metrics { metric_control { } }":                                                                                                                    "metric control must specify 'metric_identifier'",
		base + "model_transaction_policy { decoupled: true } response_cache { enable: true }":                                                                            "Response Cache does not currently support model one with 'decoupled' transaction policy. Please disable the response cache.",
		base + "platform: \"ensemble\"":                  "Ensemble model 'one' must have platform type 'ensemble' and empty backend type",
		"platform: \"ensemble\"":                         "ensemble scheduling must be set for ensemble one whose platform is ensemble",
		"platform: \"ensemble\" ensemble_scheduling { }": "must specify 'step' for ensemble 'one'",
		"platform: \"ensemble\" ensemble_scheduling { step { model_name: \"x\" output_map { key: \"a\" value: \"b\" } } }":                                                                                    "must specify 'input_map' in step 0 of ensemble 'one'",
		"platform: \"ensemble\" input { name: \"I\" } output { name: \"O\" } ensemble_scheduling { step { model_name: \"x\" input_map { key: \"a\" value: \"U\" } output_map { key: \"b\" value: \"O\" } } }": "ensemble input 'I' for ensemble one' is not used",
		strings.Replace(base, groupLine, "instance_group [ { profile: \"1\" } ]", 1):                                                                                                                          "specifies profile field which is only supported for TensorRT models",
		strings.Replace(base, "dims: [ 28, 28, 1 ] } ]", "dims: [ -1, 28, 1 ] reshape { shape: [ 28, 1 ] } } ]", 1):                                                                                           "model input 'image' has different size for dims and reshape for one",
		strings.Replace(base, "dims: [ 28, 28, 1 ] } ]", "dims: [ 28, 28, 1 ] is_shape_tensor: true } ]", 1):                                                                                                  "shape tensors are only supported for TensorRT platform for one",
	} {
		m := one(t, fixture{config: []byte(text)}, Options{Release: "26.08", GPUs: AnyGPUs})
		if fault := m.first(Refused); fault == nil || !strings.Contains(fault.Words, want) {
			t.Errorf("%s: %+v", want, m.Findings)
		}
	}
}

// TestNewFields checks fields that only later releases know.
func TestNewFields(t *testing.T) {
	f := fixture{config: append(bytes.Clone(made.config), "model_metrics { }\n"...)}
	m := one(t, f, Options{Release: "24.10"})
	if fault := m.first(Refused); fault == nil || !strings.HasSuffix(fault.Words, `13:15: Message type "inference.ModelConfig" has no field named "model_metrics".`) {
		t.Errorf("24.10: %+v", m.Findings)
	}
	if m := one(t, f, Options{Release: "24.12"}); len(m.Findings) > 0 {
		t.Errorf("24.12: %+v", m.Findings)
	}
}

// TestEnsembleVersion checks that a step's version is 0 where it is left out.
func TestEnsembleVersion(t *testing.T) {
	for version, want := range map[string]string{"": "ensemble-version", "model_version: 1": "", "model_version: -1": "", "model_version: 2": "ensemble-version"} {
		r := &repository{t: t, base: made, dir: t.TempDir()}
		r.add("part", fixture{})
		r.add("whole", fixture{without: "model.onnx", config: []byte(`platform: "ensemble" max_batch_size: 8
input { name: "I" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } output { name: "O" data_type: TYPE_FP32 dims: 10 }
ensemble_scheduling { step { model_name: "part" ` + version + ` input_map { key: "image" value: "I" } output_map { key: "probabilities" value: "O" } } }`)})
		report, err := Check(r.dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := rules(&report.Models[1], Refused); got != want {
			t.Errorf("%q: refused by %q, want %q: %+v", version, got, want, report.Models[1].Findings)
		}
	}
}

// TestReportForms checks the table and the JSON of a report.
func TestReportForms(t *testing.T) {
	r := &repository{t: t, base: made, dir: t.TempDir()}
	r.add("bad", fixture{versions: []string{}})
	r.add("good", fixture{labels: []byte("\x1b[31m\n" + strings.Repeat("x\n", 9))})
	report, err := Check(r.dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := report.Text()
	for _, want := range []string{
		"as Triton 24.10 with ONNX Runtime 1.19.2 would load it\n",
		"bad                              refused  none       1 refused, 0 warnings\n",
		"  refused  versions: at least one version must be available under the version policy of model 'bad'\n",
		"good                             loads    1          0 refused, 1 warnings\n",
		"not passed\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("a label's control characters are in the text: %q", text)
	}
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"schema":1`, `"passed":false`, `"verdict":"refused","versions":[],`, `"rule":"versions","level":"refused","by":"core"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the JSON lacks %s:\n%s", want, b)
		}
	}
}

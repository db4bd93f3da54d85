package modelconfig

import (
	"errors"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/triton/pbtxt"
)

// TestMistakes has mistakes in a config.pbtxt and what Triton 24.10 said of them.
func TestMistakes(t *testing.T) {
	const before = "name: \"m\"\n"
	for text, want := range map[string]string{
		"max_batch_size 32":                                           `2:16: Expected ":", found "32".`,
		"max_batch_size: 32.0":                                        `2:17: Expected integer, got: 32.0`,
		"max_batch_size: 2147483648":                                  `2:17: Integer out of range (2147483648)`,
		"max_batch_size: 09":                                          `2:18: Numbers starting with leading zero must be in octal.`,
		"model_warmup { batch_size: -1 }":                             `2:28: Expected integer, got: -`,
		"response_cache { enable: yes }":                              `2:30: Invalid value for boolean field "enable". Value: "yes".`,
		"response_cache {\n":                                          `3:1: Expected identifier, got: `,
		"response_cache { enable: true >":                             `2:31: Expected "}", found ">".`,
		"version_policy { latest { } all {} }":                        `2:33: Field "all" is specified along with field "latest", another member of oneof "policy_choice".`,
		`parameters { key: "a" valu { string_value: "1" } }`:          `2:28: Message type "inference.ModelConfig.ParametersEntry" has no field named "valu".`,
		`parameters { key: "a" value { string: "1" } }`:               `2:37: Message type "inference.ModelParameter" has no field named "string".`,
		`parameters { key: "a\q" value { string_value: "1" } }`:       `2:22: Invalid escape sequence in string literal.`,
		"parameters { key: \"a\nb\" value { string_value: \"1\" } }":  `2:21: String literals cannot cross line boundaries.`,
		"parameters { key: \"a\" value { string_value: \"1\" } }\x01": `2:52: Invalid control characters encountered in text.`,
		"input [ { dims: [ 1, 2 3 ] } ]":                              `2:24: Expected ",", found "3".`,
		"input [ { data_type: TYPE_FLOAT } ]":                         `2:33: Unknown enumeration value of "TYPE_FLOAT" for field "data_type".`,
		"backend: onnxruntime":                                        `2:10: Expected string, got: onnxruntime`,
		"é: 1":                                                        `2:1: Interpreting non ascii codepoint 195.`,
		"max_batch_size: 3max":                                        `2:18: Need space between number and identifier.`,
		"}":                                                           `2:1: Expected identifier, got: }`,
	} {
		_, err := Parse(before + text)
		var mistake *pbtxt.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%q: error %v, want %s", text, err, want)
			continue
		}
		if got := strings.TrimPrefix(err.Error(), "Error parsing text-format inference.ModelConfig: "); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestForms(t *testing.T) {
	text := "# a comment; é\r\nname: \"a\" 'b\\x63\\144\\n\\u00e9'; max_batch_size: 0x20,\n" +
		"input: < name: 'x' data_type: 2 dims: 1 dims: [ -1, 010 ] >\tinput [ ]\n" +
		"output [ { name: \"\xff\" }, { } ]\n" +
		"parameters { key: \"k\" value { string_value: \"1\" } } parameters [ { key: \"k\" value { string_value: \"2\" } } ]\n" +
		"sequence_batching { direct { minimum_slot_utilization: .5f } }\n" +
		"model_warmup { inputs { key: \"x\" value { zero_data: f } } } response_cache { enable: True }\n" +
		"model_metrics { metric_control { histogram_options { buckets: [ -5.0, 2, 1e3, inf ] } } }"
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := &Config{
		Name: "abcd\né", MaxBatchSize: 32,
		Input:            []Input{{Name: "x", DataType: TypeUint8, Dims: []int64{1, -1, 8}}},
		Output:           []Output{{Name: "\xff"}, {}},
		Parameters:       map[string]Parameter{"k": {StringValue: "2"}},
		SequenceBatching: &SequenceBatching{Direct: &Direct{MinimumSlotUtilization: 0.5}},
		ModelWarmup:      []Warmup{{Inputs: map[string]WarmupInput{"x": {ZeroData: &no}}}},
		ResponseCache:    &ResponseCache{Enable: true},
		ModelMetrics:     &Metrics{MetricControl: []MetricControl{{HistogramOptions: &HistogramOptions{Buckets: []float64{-5, 2, 1000, math.Inf(1)}}}}},
	}
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Error(diff)
	}
}

// TestFieldsOfTheSchema checks that the fields that the exporter's reduced schema has
// are here.
func TestFieldsOfTheSchema(t *testing.T) {
	schema, err := os.ReadFile("../../exporter/testdata/model_config.proto")
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string]bool{}
	addFields(reflect.TypeFor[Config](), ours)
	declared := regexp.MustCompile(`(?m)^\s+(?:repeated )?[A-Za-z0-9<>, ]+ ([a-z_]+) = \d+;`)
	found := declared.FindAllStringSubmatch(string(schema), -1)
	if len(found) < 40 {
		t.Fatalf("%d fields found in the schema", len(found))
	}
	for _, f := range found {
		if !ours[f[1]] {
			t.Errorf("there is no field %s", f[1])
		}
	}
}

func addFields(t reflect.Type, names map[string]bool) {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Slice, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("pbtxt"), ",")
		names[name] = true
		addFields(t.Field(i).Type, names)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("name: \"m\" input [ { dims: [ 1 ] } ]")
	f.Add("parameters { key: \"\\x41\" value { } }")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := Parse(text); err != nil {
			var mistake *pbtxt.Error
			if !errors.As(err, &mistake) || mistake.Line < 1 {
				t.Errorf("%v", err)
			}
		}
	})
}

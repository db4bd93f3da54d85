package triton

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blocktrain/blocktrain/internal/exporter"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
)

// baseName is the package of which every fixture is a changed copy.
const baseName = "digits-vgg-small"

// base is what the exporter writes: a small network with the interface of one trained on
// the built-in digits.
type base struct {
	dir                   string
	config, labels, model []byte
}

// made is the base, which TestMain writes once.
var made base

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "triton")
	if err == nil {
		made, err = makeBase(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func makeBase(dir string) (b base, err error) {
	g := nn.NewGraph(nn.Shape{H: 28, W: 28, C: 1})
	x := g.Add("conv", nn.Conv2D{Out: 2, Kernel: 3}, g.Add("normalize", nn.Normalize{}, g.Input()))
	g.Add("fc", nn.Linear{Out: 10}, g.Add("flatten", nn.Flatten{}, x))
	a := exporter.Artifact{
		Name: baseName, Version: "0.1.0", Graph: g, Parameters: g.NewParameters(1),
		Labels: strings.Split("0123456789", ""), Rule: imaging.Rule{Width: 28, Height: 28, Channels: 1, Mode: "stretch"},
	}
	writer, _, err := exporter.MakeExporter("triton", "")
	if err != nil {
		return b, err
	}
	if err := writer.Export(a, dir); err != nil {
		return b, err
	}
	b.dir = filepath.Join(dir, exporter.RepositoryDir, baseName)
	for name, to := range map[string]*[]byte{"config.pbtxt": &b.config, "labels.txt": &b.labels, "1/model.onnx": &b.model} {
		if *to, err = os.ReadFile(filepath.Join(b.dir, filepath.FromSlash(name))); err != nil {
			return b, err
		}
	}
	return b, nil
}

func read(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, b []byte, parts ...string) {
	t.Helper()
	path := filepath.Join(parts...)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, b, 0o644))
}

// repository is a model repository of fixtures.
type repository struct {
	t     testing.TB
	base  base
	dir   string
	names []string
}

// fixture is a package that differs from the base. Nil means as there; empty bytes are
// an empty file.
type fixture struct {
	config   []byte
	replace  []string // old, new in turn in config.pbtxt; each old is there
	labels   []byte
	model    []byte
	versions []string // nil: version 1
	without  string   // "config.pbtxt", "labels.txt" or "model.onnx"
	then     func(dir string)
}

// add writes a fixture.
func (r *repository) add(name string, f fixture) {
	r.t.Helper()
	r.names = append(r.names, name)
	dir := filepath.Join(r.dir, name)
	must(r.t, os.MkdirAll(dir, 0o755))
	given := func(own, other []byte) []byte {
		if own != nil {
			return own
		}
		return other
	}
	if f.without != "config.pbtxt" {
		config := bytes.ReplaceAll(given(f.config, r.base.config), []byte(`"`+baseName+`"`), []byte(`"`+name+`"`))
		for i := 0; i < len(f.replace); i += 2 {
			if !bytes.Contains(config, []byte(f.replace[i])) {
				r.t.Fatalf("%s: %q is not in %s", name, f.replace[i], config)
			}
			config = bytes.ReplaceAll(config, []byte(f.replace[i]), []byte(f.replace[i+1]))
		}
		write(r.t, config, dir, "config.pbtxt")
	}
	if f.without != "labels.txt" {
		write(r.t, given(f.labels, r.base.labels), dir, "labels.txt")
	}
	if f.versions == nil {
		f.versions = []string{"1"}
	}
	for _, version := range f.versions {
		must(r.t, os.MkdirAll(filepath.Join(dir, version), 0o755))
		if f.without != "model.onnx" {
			write(r.t, given(f.model, r.base.model), dir, version, "model.onnx")
		}
	}
	if f.then != nil {
		f.then(dir)
	}
}

// appended is the base's configuration with another line.
func (r *repository) appended(line string) []byte {
	return fmt.Appendf(bytes.Clone(r.base.config), "%s\n", line)
}

// cold is the base's configuration without warm-up.
func (r *repository) cold() []byte {
	var kept []byte
	for line := range bytes.Lines(r.base.config) {
		if !bytes.HasPrefix(line, []byte("model_warmup")) {
			kept = append(kept, line...)
		}
	}
	return kept
}

// The lines of the base that fixtures change.
const (
	inputLine  = `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } ]`
	outputLine = `output [ { name: "probabilities" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "labels.txt" } ]`
	groupLine  = `instance_group [ { count: 1 kind: KIND_AUTO } ]`
	batchLine  = "max_batch_size: 32"
)

func (r *repository) addTensors() {
	input := func(name, tensors string) {
		r.add(name, fixture{config: r.cold(), replace: []string{inputLine, tensors}})
	}
	output := func(name, old, new string) {
		r.add(name, fixture{replace: []string{outputLine, strings.ReplaceAll(outputLine, old, new)}})
	}
	r.add("ok-unchanged", fixture{})
	input("in-dims-with-batch", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ -1, 28, 28, 1 ] } ]`)
	input("in-dims-wrong", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 3 ] } ]`)
	input("in-dims-looser", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ -1, -1, 1 ] } ]`)
	input("in-dims-missing", `input [ { name: "image" data_type: TYPE_UINT8 } ]`)
	input("in-dims-zero", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 0, 28, 1 ] } ]`)
	input("in-format-nhwc-ok", `input [ { name: "image" data_type: TYPE_UINT8 format: FORMAT_NHWC dims: [ 28, 28, 1 ] } ]`)
	input("in-format-nhwc-2d", `input [ { name: "image" data_type: TYPE_UINT8 format: FORMAT_NHWC dims: [ 28, 28 ] } ]`)
	input("in-dtype-fp32", `input [ { name: "image" data_type: TYPE_FP32 dims: [ 28, 28, 1 ] } ]`)
	input("in-dtype-missing", `input [ { name: "image" dims: [ 28, 28, 1 ] } ]`)
	input("in-name-wrong", `input [ { name: "img" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } ]`)
	input("in-name-missing", `input [ { data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } ]`)
	input("in-extra", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] }, { name: "more" data_type: TYPE_UINT8 dims: [ 1 ] } ]`)
	input("in-twice", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] }, { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } ]`)
	input("in-none", "")
	input("in-optional", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] optional: true } ]`)
	input("in-reshape-ok", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 784 ] reshape { shape: [ 28, 28, 1 ] } } ]`)
	input("in-reshape-bad", `input [ { name: "image" data_type: TYPE_UINT8 dims: [ 783 ] reshape { shape: [ 28, 28, 1 ] } } ]`)
	output("out-dims-any", "[ 10 ]", "[ -1 ]")
	output("out-dims-wrong", "[ 10 ]", "[ 11 ]")
	output("out-dtype-fp16", "FP32", "FP16")
	output("out-name-wrong", `"probabilities"`, `"prob"`)
	output("out-extra", " } ]", ` }, { name: "logits" data_type: TYPE_FP32 dims: [ 10 ] } ]`)
	output("out-none", outputLine, "")
	r.add("io-none", fixture{config: r.cold(), replace: []string{inputLine, "", outputLine, ""}})
	r.add("only-backend", fixture{config: []byte("backend: \"onnxruntime\"\n")})
}

func (r *repository) addLabels() {
	labels := func(name, text string) { r.add(name, fixture{labels: []byte(text)}) }
	all := string(r.base.labels)
	r.add("labels-missing", fixture{without: "labels.txt"})
	labels("labels-crlf", strings.ReplaceAll(all, "\n", "\r\n"))
	labels("labels-short", "0\n1\n2\n")
	labels("labels-long", all+"10\n11\n")
	labels("labels-empty", "")
	labels("labels-not-utf8", strings.Repeat("\xff\xfe\n", 10))
	labels("labels-colon", strings.ReplaceAll(all, "8", "a:b"))
	labels("labels-no-last-newline", strings.TrimRight(all, "\n"))
	r.add("labels-escape", fixture{replace: []string{`"labels.txt"`, `"../ok-unchanged/labels.txt"`}})
	r.add("labels-link-inside", fixture{without: "labels.txt", then: func(dir string) {
		write(r.t, r.base.labels, dir, "l2.txt")
		must(r.t, os.Symlink("l2.txt", filepath.Join(dir, "labels.txt")))
	}})
	r.add("labels-link-outside", fixture{without: "labels.txt", then: func(dir string) {
		must(r.t, os.Symlink(filepath.Join(r.base.dir, "labels.txt"), filepath.Join(dir, "labels.txt")))
	}})
	r.add("labels-is-folder", fixture{without: "labels.txt", then: func(dir string) {
		must(r.t, os.Mkdir(filepath.Join(dir, "labels.txt"), 0o755))
	}})
}

func (r *repository) addVersions() {
	versions := func(name string, versions ...string) { r.add(name, fixture{versions: versions}) }
	none := []string{}
	versions("versions-1-2", "1", "2")
	r.add("versions-1-3-all", fixture{versions: []string{"1", "3"}, replace: []string{"latest { num_versions: 1 }", "all {}"}})
	versions("version-0", "0")
	versions("version-01", "01")
	versions("versions-1-01", "1", "01")
	versions("version-v1", "v1")
	versions("version-minus1", "-1")
	r.add("version-none", fixture{versions: none})
	versions("version-huge", "99999999999999999999")
	r.add("version-empty-folder", fixture{without: "model.onnx"})
	r.add("version-1-ok-2-empty", fixture{then: func(dir string) { must(r.t, os.Mkdir(filepath.Join(dir, "2"), 0o755)) }})
	r.add("version-is-file", fixture{then: func(dir string) { write(r.t, []byte("x"), dir, "2") }})
	r.add("version-link", fixture{versions: none, then: func(dir string) {
		must(r.t, os.Symlink(filepath.Join(r.base.dir, "1"), filepath.Join(dir, "1")))
	}})
	r.add("policy-specific-missing", fixture{replace: []string{"latest { num_versions: 1 }", "specific { versions: [ 3 ] }"}})
	r.add("policy-latest-0", fixture{replace: []string{"num_versions: 1", "num_versions: 0"}})
}

func (r *repository) addConfigs() {
	line := func(name, text string) { r.add(name, fixture{config: r.appended(text)}) }
	text := func(name string, config string) { r.add(name, fixture{config: []byte(config)}) }
	all := string(r.base.config)
	r.add("name-differs", fixture{replace: []string{`name: "name-differs"`, `name: "other"`}})
	r.add("name-missing", fixture{replace: []string{"name: \"name-missing\"\n", ""}})
	line("unknown-field", `colour: "red"`)
	line("duplicate-name", `name: "x"`)
	r.add("bad-enum", fixture{replace: []string{"TYPE_FP32", "TYPE_FLOAT"}})
	text("syntax-error", strings.TrimSpace(all)[:len(strings.TrimSpace(all))-1])
	line("two-schedulers", "sequence_batching { max_sequence_idle_microseconds: 5 }")
	r.add("mbs-0-no-batch-dims", fixture{config: r.cold(), replace: []string{batchLine, "max_batch_size: 0"}})
	whole := []string{batchLine, "max_batch_size: 0", "[ 28, 28, 1 ]", "[ -1, 28, 28, 1 ]", "[ 10 ]", "[ -1, 10 ]"}
	r.add("mbs-0-full-dims", fixture{config: r.cold(), replace: append(whole, "dynamic_batching { max_queue_delay_microseconds: 500 }\n", "")})
	r.add("mbs-0-dynamic", fixture{config: r.cold(), replace: whole})
	r.add("mbs-missing", fixture{config: r.cold(), replace: []string{batchLine + "\n", ""}})
	r.add("mbs-negative", fixture{replace: []string{batchLine, "max_batch_size: -1"}})
	r.add("mbs-less-than-warmup", fixture{replace: []string{batchLine, "max_batch_size: 8"}})
	r.add("preferred-64", fixture{replace: []string{"dynamic_batching {", "dynamic_batching { preferred_batch_size: [ 64 ]"}})
	r.add("preferred-0", fixture{replace: []string{"dynamic_batching {", "dynamic_batching { preferred_batch_size: [ 0 ]"}})
	r.add("queue-delay-huge", fixture{replace: []string{"microseconds: 500", "microseconds: 99999999999999999999"}})
	r.add("config-missing", fixture{without: "config.pbtxt"})
	text("config-empty", "")
	text("config-crlf", strings.ReplaceAll(all, "\n", "\r\n"))
	text("config-bom", "\ufeff"+all)
	line("config-not-utf8", "parameters { key: \"x\" value { string_value: \"\xff\xfe\" } }")
	line("config-comment-utf8", "# Größe ✓")
	line("config-string-utf8", `parameters { key: "note" value { string_value: "Größe" } }`)
}

func (r *repository) addSettings() {
	line := func(name, text string) { r.add(name, fixture{config: r.appended(text)}) }
	group := func(name, text string) { r.add(name, fixture{replace: []string{groupLine, text}}) }
	group("kind-gpu", "instance_group [ { count: 1 kind: KIND_GPU } ]")
	group("kind-gpu-gpus-0", "instance_group [ { count: 1 kind: KIND_GPU gpus: [ 0 ] } ]")
	group("kind-cpu-gpus-0", "instance_group [ { count: 1 kind: KIND_CPU gpus: [ 0 ] } ]")
	group("kind-cpu-no-count", "instance_group [ { kind: KIND_CPU } ]")
	group("kind-model", "instance_group [ { count: 1 kind: KIND_MODEL } ]")
	group("count-negative", "instance_group [ { count: -1 kind: KIND_CPU } ]")
	group("group-none", "")
	r.add("backend-unknown", fixture{replace: []string{`"onnxruntime"`, `"onnx"`}})
	r.add("backend-none", fixture{replace: []string{"backend: \"onnxruntime\"\n", ""}})
	r.add("platform-only", fixture{replace: []string{`backend: "onnxruntime"`, `platform: "onnxruntime_onnx"`}})
	line("platform-conflict", `platform: "tensorflow_savedmodel"`)
	line("accelerator-unknown", `optimization { execution_accelerators { cpu_execution_accelerator [ { name: "magic" } ] } }`)
	line("accelerator-openvino", `optimization { execution_accelerators { cpu_execution_accelerator [ { name: "openvino" } ] } }`)
	line("accelerator-tensorrt-on-cpu", `optimization { execution_accelerators { gpu_execution_accelerator [ { name: "tensorrt" } ] } }`)
	line("graph-level-1", "optimization { graph { level: 1 } }")
	line("threads-text", `parameters { key: "intra_op_thread_count" value { string_value: "many" } }`)
	line("threads-1", `parameters { key: "intra_op_thread_count" value { string_value: "1" } }`)
	line("parameter-unknown", `parameters { key: "mine" value { string_value: "x" } }`)
	line("response-cache", "response_cache { enable: true }")
	line("decoupled", "model_transaction_policy { decoupled: true }")
	line("agent-unknown", `model_repository_agents { agents [ { name: "checksum" parameters { key: "MD5:1/model.onnx" value: "x" } } ] }`)
	r.add("extra-files", fixture{then: func(dir string) {
		for _, name := range []string{"README.md", "docs/x", "configs/gpu.pbtxt", "1/notes.txt"} {
			write(r.t, []byte("x"), dir, filepath.FromSlash(name))
		}
		must(r.t, os.Remove(filepath.Join(dir, "docs", "x")))
	}})
	must(r.t, os.Symlink(r.base.dir, filepath.Join(r.dir, baseName))) // the model's folder is a link
	r.names = append(r.names, baseName)
}

func (r *repository) addWarmup() {
	warm := func(line string) []byte { return append(r.cold(), line+"\n"...) }
	// An empty part is as in a warm-up that works.
	with := func(name, batch, input, dataType, dims, data string, then func(dir string)) {
		line := fmt.Sprintf(`model_warmup [ { name: "w" %s inputs { key: "%s" value { data_type: %s dims: [ %s ] %s } } } ]`, batch, input, dataType, dims, data)
		r.add(name, fixture{config: warm(line), then: then})
	}
	const one, uint8s, shape, zero, file = "batch_size: 1", "TYPE_UINT8", "28, 28, 1", "zero_data: true", `input_data_file: "x.bin"`
	holds := func(n int) func(string) {
		return func(dir string) { write(r.t, bytes.Repeat([]byte{1}, n), dir, "warmup", "x.bin") }
	}
	with("warm-shape", one, "image", uint8s, "28, 28, 3", zero, nil)
	with("warm-shape-batch", one, "image", uint8s, "1, 28, 28, 1", zero, nil)
	with("warm-any-dim", one, "image", uint8s, "-1, 28, 1", zero, nil)
	with("warm-dtype", one, "image", "TYPE_FP32", shape, zero, nil)
	with("warm-name", one, "x", uint8s, shape, zero, nil)
	r.add("warm-no-inputs", fixture{config: warm(`model_warmup [ { name: "w" batch_size: 1 } ]`)})
	with("warm-batch-64", "batch_size: 64", "image", uint8s, shape, zero, nil)
	with("warm-batch-missing", "", "image", uint8s, shape, zero, nil)
	with("warm-file-missing", one, "image", uint8s, shape, file, nil)
	with("warm-file-ok", one, "image", uint8s, shape, file, holds(784))
	with("warm-file-short", one, "image", uint8s, shape, file, holds(783))
	with("warm-file-long", one, "image", uint8s, shape, file, holds(800))
	with("warm-file-escape", one, "image", uint8s, shape, `input_data_file: "../../ok-unchanged/labels.txt"`, nil)
	with("warm-no-data", one, "image", uint8s, shape, "", nil)
}

func (r *repository) addEnsembles() {
	const config = `name: "` + baseName + `"
platform: "ensemble"
max_batch_size: 32
input [ { name: "IN" data_type: TYPE_UINT8 dims: [ 28, 28, 1 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "labels.txt" } ]
ensemble_scheduling { step [ { model_name: "ok-unchanged" model_version: -1 input_map { key: "image" value: "IN" } output_map { key: "probabilities" value: "OUT" } } ] }
`
	ensemble := func(name string, replace ...string) {
		r.add(name, fixture{config: []byte(config), replace: replace, without: "model.onnx"})
	}
	ensemble("ens-ok")
	r.add("ens-no-version-folder", fixture{config: []byte(config), versions: []string{}})
	ensemble("ens-missing-model", "ok-unchanged", "nowhere")
	ensemble("ens-wrong-input-name", `key: "image"`, `key: "img"`)
	ensemble("ens-wrong-dims", "dims: [ 28, 28, 1 ]", "dims: [ 28, 28, 3 ]")
	ensemble("ens-wrong-dtype", "TYPE_UINT8", "TYPE_FP32")
	ensemble("ens-output-unmapped", `value: "OUT"`, `value: "X"`)
	ensemble("ens-batch-too-large", "max_batch_size: 32", "max_batch_size: 64")
	ensemble("ens-instance-group", "ensemble_scheduling", "instance_group [ { count: 1 } ]\nensemble_scheduling")
	ensemble("ens-self", "ok-unchanged", "ens-self")
}

package exporter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// configs are the golden files in testdata/config and the options that give
// them.
var configs = map[string]string{
	"defaults": "",
	"cpu":      "instance-kind=cpu,instance-count=2,threads=1,max-batch-size=64,queue-delay-us=0",
	"single":   "instance-kind=gpu,max-batch-size=1",
	"cold":     "warmup=false",
	"queue":    "max-queue-size=256,queue-timeout-us=1000000",
	"patient":  "max-batch-size=1,queue-timeout-us=2000",
}

func configText(t testing.TB, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := makeExporter(t, "triton", options).Export(artifact(), dir); err != nil {
		t.Fatal(err)
	}
	return files(t, dir)["model-repository/birds-lenet5/config.pbtxt"]
}

func TestConfigGolden(t *testing.T) {
	for name, options := range configs {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", "config", name+".pbtxt")
			got := configText(t, options)
			if *update {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is out of date: run the test with -update and look at the difference\n%s", path, got)
			}
		})
	}
}

func TestConfigParses(t *testing.T) {
	for name, options := range configs {
		t.Run(name, func(t *testing.T) {
			m, err := parseConfig(t, configText(t, options))
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]string{
				"name": "birds-lenet5", "backend": "onnxruntime",
				"input.name": "image", "input.data_type": "TYPE_UINT8", "input.format": "FORMAT_NONE", "input.dims": "[4 5 3]",
				"output.name": "probabilities", "output.data_type": "TYPE_FP32", "output.dims": "[3]", "output.label_filename": "labels.txt",
				"version_policy.latest.num_versions": "1",
			} {
				if got := lookup(m.ProtoReflect(), path); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
		})
	}
}

// lookup finds a value by the names of fields; of repeated messages it takes
// the only one.
func lookup(m protoreflect.Message, path string) string {
	name, rest, nested := strings.Cut(path, ".")
	f := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	v := m.Get(f)
	switch {
	case nested && f.IsList():
		if v.List().Len() != 1 {
			return "not one " + name
		}
		return lookup(v.List().Get(0).Message(), rest)
	case nested:
		return lookup(v.Message(), rest)
	case f.IsList():
		var items []string
		for i := range v.List().Len() {
			items = append(items, v.List().Get(i).String())
		}
		return "[" + strings.Join(items, " ") + "]"
	case f.Enum() != nil:
		return string(f.Enum().Values().ByNumber(v.Enum()).Name())
	}
	return v.String()
}

func TestConfigParsesWithProtoc(t *testing.T) {
	for name, options := range configs {
		t.Run(name, func(t *testing.T) {
			if message, err := protocEncode(t, configText(t, options)); err != nil {
				t.Errorf("%v\n%s", err, message)
			}
		})
	}
}

// TestParserRefuses makes sure that the checks above can fail.
func TestParserRefuses(t *testing.T) {
	good := configText(t, "")
	for name, bad := range map[string]string{
		"unknown field":   good + "max_batch: 3\n",
		"field twice":     good + "max_batch_size: 3\n",
		"two schedulers":  good + "sequence_batching { }\n",
		"unknown type":    strings.Replace(good, "TYPE_UINT8", "UINT8", 1),
		"unknown kind":    strings.Replace(good, "KIND_AUTO", "KIND_NPU", 1),
		"missing brace":   strings.Replace(good, "} ]", "]", 1),
		"unquoted string": strings.Replace(good, `"onnxruntime"`, "onnxruntime", 1),
	} {
		if _, err := parseConfig(t, bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLabelFile(t *testing.T) {
	dir := t.TempDir()
	if err := makeExporter(t, "triton", "").Export(artifact(), dir); err != nil {
		t.Fatal(err)
	}
	got := files(t, dir)["model-repository/birds-lenet5/labels.txt"]
	if want := "jay\nwren & co\nZaunkönig\n"; got != want {
		t.Errorf("labels.txt is %q, want %q", got, want)
	}
}

// TestModelComesLast checks that the model's file, at which a watching server looks, is
// written after everything that it is served with.
func TestModelComesLast(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, RepositoryDir, artifact().Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, tritonVersionDir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := makeExporter(t, "triton", "").Export(artifact(), dir); err == nil {
		t.Fatal("the model was written into a file")
	}
	got := files(t, folder)
	for _, name := range []string{tritonConfigFile, tritonLabelFile} {
		if got[name] == "" {
			t.Errorf("%s was not written before the model", name)
		}
	}
}

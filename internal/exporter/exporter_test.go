package exporter

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/nn"
	"github.com/blocktrain/blocktrain/internal/weights"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func artifact() Artifact {
	g := nn.NewGraph(nn.Shape{H: 4, W: 5, C: 3})
	x := g.Add("normalize", nn.Normalize{}, g.Input())
	x = g.Add("conv", nn.Conv2D{Out: 2, Kernel: 3}, x)
	x = g.Add("flatten", nn.Flatten{}, x)
	g.Add("fc", nn.Linear{Out: 3}, x)
	p := g.NewParameters(1)
	for i := range p.Values {
		p.Values[i] = float32(i) / 64
	}
	return Artifact{
		Name: "birds-lenet5", Version: "0.1.0", ProgramVersion: "v1.2.3",
		Graph: g, Parameters: p,
		Labels:   []string{"jay", "wren & co", "Zaunkönig"},
		Rule:     imaging.Rule{Width: 5, Height: 4, Channels: 3, Mode: "letterbox"},
		Metadata: map[string]string{"license": "MIT"},
	}
}

func makeExporter(t testing.TB, name, options string) Exporter {
	t.Helper()
	x, _, err := MakeExporter(name, options)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// files lists what is under dir, path to content.
func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		found[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFilesWritten(t *testing.T) {
	want := map[string][]string{
		"onnx":        {"model.onnx"},
		"safetensors": {"weights.safetensors"},
		"triton": {
			"model-repository/birds-lenet5/1/model.onnx",
			"model-repository/birds-lenet5/config.pbtxt",
			"model-repository/birds-lenet5/labels.txt",
		},
	}
	for name := range modules {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "made", "here")
			if err := makeExporter(t, name, "").Export(artifact(), dir); err != nil {
				t.Fatal(err)
			}
			got := files(t, dir)
			for _, path := range want[name] {
				if got[path] == "" {
					t.Errorf("%s is missing or empty", path)
				}
			}
			if len(got) != len(want[name]) {
				t.Errorf("%d files, want %v", len(got), want[name])
			}
			if err := makeExporter(t, name, "").Export(artifact(), dir); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, files(t, dir)); diff != "" {
				t.Errorf("exporting again changed files:\n%s", diff)
			}
		})
	}
}

func TestSafetensorsLoadBack(t *testing.T) {
	a, dir := artifact(), t.TempDir()
	if err := makeExporter(t, "safetensors", "").Export(a, dir); err != nil {
		t.Fatal(err)
	}
	f, err := weights.ReadFile(filepath.Join(dir, WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	p := a.Graph.NewParameters(2)
	if err := p.Load(f.Tensors); err != nil {
		t.Fatal(err)
	}
	if p.Digest() != a.Parameters.Digest() {
		t.Error("the weights changed on the way")
	}
	want := map[string]string{
		"license": "MIT", "blocktrain.name": "birds-lenet5", "blocktrain.version": "0.1.0",
		"blocktrain.labels":         `["jay","wren & co","Zaunkönig"]`,
		"blocktrain.resize":         `{"width":5,"height":4,"channels":3,"mode":"letterbox"}`,
		"blocktrain.weights_sha256": a.Parameters.Digest(),
	}
	if diff := cmp.Diff(want, f.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
}

func TestTritonHoldsTheOnnxFile(t *testing.T) {
	a, dir := artifact(), t.TempDir()
	for _, name := range []string{"onnx", "triton"} {
		if err := makeExporter(t, name, "opset=13").Export(a, dir); err != nil {
			t.Fatal(err)
		}
	}
	got := files(t, dir)
	direct, err := EncodeONNX(a, 13)
	if err != nil {
		t.Fatal(err)
	}
	if got["model.onnx"] != got["model-repository/birds-lenet5/1/model.onnx"] || got["model.onnx"] != string(direct) {
		t.Error("the onnx and triton exporters and EncodeONNX give different bytes")
	}
	if other, _ := EncodeONNX(a, 0); bytes.Equal(other, direct) {
		t.Error("the opset does not show in the file")
	}
}

// TestOnnxMetadata reads the file with ONNX's own package.
func TestOnnxMetadata(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's; another one in PATH has no onnx
	if exec.Command(python, "-c", "import onnx").Run() != nil {
		t.Skipf("%s has no onnx package (Debian: python3-onnx)", python)
	}
	dir := t.TempDir()
	if err := makeExporter(t, "onnx", "").Export(artifact(), dir); err != nil {
		t.Fatal(err)
	}
	const script = `import onnx, sys
m = onnx.load(sys.argv[1]); onnx.checker.check_model(m, full_check=True)
print(m.graph.name, m.producer_name, m.producer_version)
for p in m.metadata_props: print(p.key, p.value)`
	cmd := exec.Command(python, "-c", script, filepath.Join(dir, ONNXFile))
	cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := `birds-lenet5 blocktrain v1.2.3
Image.BitmapPixelFormat Rgb8
Image.ColorSpaceGamma SRGB
Image.NominalPixelRange NominalRange_0_255
blocktrain.labels ["jay","wren & co","Zaunkönig"]
blocktrain.name birds-lenet5
blocktrain.resize {"width":5,"height":4,"channels":3,"mode":"letterbox"}
blocktrain.version 0.1.0
blocktrain.weights_sha256 ` + artifact().Parameters.Digest() + `
license MIT
`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestForcedIsMarked checks that every file that can carry the mark of a forced
// release does, in a form that its readers take, and that no other has it.
func TestForcedIsMarked(t *testing.T) {
	const reason = "shown on 3 May, says \"Ada\"\nname: \"other\""
	for name := range modules {
		for _, given := range []string{"", reason} {
			a, dir := artifact(), t.TempDir()
			a.ForceReason = given
			if err := makeExporter(t, name, "").Export(a, dir); err != nil {
				t.Fatal(err)
			}
			for path, content := range files(t, dir) {
				if path == RepositoryDir+"/birds-lenet5/labels.txt" { // nothing but labels has a place there
					continue
				}
				if marked := strings.Contains(content, "forced") && strings.Contains(content, "shown on 3 May"); marked != (given != "") {
					t.Errorf("%s of the release forced by %q: marked is %t", path, given, marked)
				}
				if !strings.HasSuffix(path, ".pbtxt") {
					continue
				}
				m, err := parseConfig(t, content)
				if err != nil {
					t.Fatal(err)
				}
				if got := lookup(m.ProtoReflect(), "name"); got != "birds-lenet5" {
					t.Errorf("the name is %s", got)
				}
			}
		}
	}
	a := artifact()
	a.ForceReason = "\xff"
	if err := makeExporter(t, "onnx", "").Check(a); err == nil {
		t.Error("a reason that is not UTF-8 is taken")
	}
}

func TestEveryExporterRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(a *Artifact)
		want   string
	}{
		{"no name", func(a *Artifact) { a.Name = "" }, `model name "": want letters, digits, '.', '_' and '-'`},
		{"name that climbs", func(a *Artifact) { a.Name = "../x" }, `model name "../x"`},
		{"name of dots", func(a *Artifact) { a.Name = ".." }, `model name ".."`},
		{"name with a space", func(a *Artifact) { a.Name = "a b" }, "choose another with --name"},
		{"name like a flag", func(a *Artifact) { a.Name = "-x" }, `model name "-x"`},
		{"no version", func(a *Artifact) { a.Version = "" }, `release version ""`},
		{"version with a slash", func(a *Artifact) { a.Version = "1/2" }, `release version "1/2"`},
		{"too few labels", func(a *Artifact) { a.Labels = a.Labels[:2] }, "2 labels for a model with 3 outputs"},
		{"label not UTF-8", func(a *Artifact) { a.Labels = []string{"a", "b", "\xff"} }, `label 2, "\xff", is not valid UTF-8`},
		{"rule of another size", func(a *Artifact) { a.Rule.Width = 6 }, "the resize rule makes 4x6x3 of an image, the model takes 4x5x3"},
		{"broken graph", func(a *Artifact) { a.Graph.Add("fc", nn.Linear{Out: 3}, a.Graph.Output()) }, "the name is taken"},
	}
	for name := range modules {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) { refuse(t, makeExporter(t, name, ""), tt.change, tt.want, true) })
		}
		t.Run(name+"/metadata not UTF-8", func(t *testing.T) {
			refuse(t, makeExporter(t, name, ""), func(a *Artifact) { a.Metadata = map[string]string{"k": "\xff"} }, `metadata "k" is not valid UTF-8`, false)
		})
	}
}

// refuse checks that Export fails and writes nothing, and that Check gives the
// same error where it can.
func refuse(t *testing.T, x Exporter, change func(a *Artifact), want string, early bool) {
	t.Helper()
	a, dir := artifact(), t.TempDir()
	change(&a)
	err := x.Export(a, dir)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Export: error %v, want %q", err, want)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left %v behind", left)
	}
	if err := x.Check(a); early && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("Check: error %v, want %q", err, want)
	}
}

func TestTritonRefusesLabels(t *testing.T) {
	tests := []struct{ label, want string }{
		{"", "label 1 is empty, which Triton would leave out: rename the class, or leave triton out of the exporters"},
		{"  ", "label 1 is empty"},
		{"a\nb", `label 1, "a\nb", holds a line break`},
		{"a\r", `label 1, "a\r", holds a line break`},
		{"a\x00", "control character"},
		{"a:b", `label 1, "a:b", holds a colon`},
		{"jay", `labels 0 and 1 are both "jay"`},
	}
	for _, tt := range tests {
		change := func(a *Artifact) { a.Labels = []string{"jay", tt.label, "wren"} }
		t.Run(tt.label, func(t *testing.T) { refuse(t, makeExporter(t, "triton", ""), change, tt.want, true) })
		a := artifact()
		change(&a)
		if err := makeExporter(t, "onnx", "").Export(a, t.TempDir()); err != nil {
			t.Errorf("the onnx exporter refuses %q: %v", tt.label, err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	tests := []struct{ name, options, want string }{
		{"onnx", "opset=12", "opset=12: want 13 to 17"},
		{"onnx", "opste=13", `unknown option "opste": did you mean opset?`},
		{"safetensors", "opset=13", `unknown option "opset"`},
		{"triton", "max-batch-size=0", "want 1 to 65536"},
		{"triton", "instance-kind=tpu", "want one of auto, cpu, gpu"},
		{"trition", "", `unknown exporter "trition": did you mean triton?`},
	}
	for _, tt := range tests {
		_, _, err := MakeExporter(tt.name, tt.options)
		if err == nil {
			t.Errorf("%s %s: no error", tt.name, tt.options)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: error %q, want %q", tt.name, tt.options, err, tt.want)
		}
	}
}

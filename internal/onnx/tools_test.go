package onnx

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// write exports every case at several opsets into dir.
func write(t *testing.T, dir string, visit func(stem string, c testCase)) {
	t.Helper()
	for i, c := range cases {
		for _, opset := range []int{MinOpset, 15, MaxOpset} {
			stem := filepath.Join(dir, fmt.Sprintf("%02d %s, opset %d", i, strings.ReplaceAll(c.name, "/", "-"), opset))
			if err := os.WriteFile(stem+".onnx", export(t, c, opset), 0o644); err != nil {
				t.Fatal(err)
			}
			visit(stem, c)
		}
	}
}

// TestCheckerAccepts gives every case to ONNX's own checker.
func TestCheckerAccepts(t *testing.T) {
	const python = "/usr/bin/python3" // Debian's; another one in PATH has no onnx
	if exec.Command(python, "-c", "import onnx").Run() != nil {
		t.Skipf("%s has no onnx package (Debian: python3-onnx)", python)
	}
	args := []string{filepath.Join("testdata", "check.py")}
	write(t, t.TempDir(), func(stem string, _ testCase) { args = append(args, stem+".onnx") })
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOnnxRuntimeAgrees runs every case in the runtime that servers use.
func TestOnnxRuntimeAgrees(t *testing.T) {
	modules := os.Getenv("BLOCKTRAIN_TEST_ONNXRUNTIME_NODE")
	if modules == "" {
		t.Skip("BLOCKTRAIN_TEST_ONNXRUNTIME_NODE does not name a node_modules folder with onnxruntime-node")
	}
	dir := t.TempDir()
	written := map[string]testCase{}
	write(t, dir, func(stem string, c testCase) {
		written[stem] = c
		for name, content := range map[string][]byte{
			".pixels": c.pixels(batch),
			".shape":  fmt.Appendf(nil, "[%d,%d,%d]", c.input.H, c.input.W, c.input.C),
		} {
			if err := os.WriteFile(stem+name, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	})
	out, err := exec.Command("node", filepath.Join("testdata", "infer.mjs"), modules, fmt.Sprint(batch), dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for stem, c := range written {
		t.Run(filepath.Base(stem), func(t *testing.T) {
			raw, err := os.ReadFile(stem + ".outputs")
			if err != nil {
				t.Fatal(err)
			}
			var got []float64
			for b := range slices.Chunk(raw, 4) {
				got = append(got, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
			}
			compare(t, got, slices.Concat(expected(t, c)...), 1e-5)
		})
	}
}

// TestGolden keeps the text form of some models, so that a change of what is
// written is seen and meant.
func TestGolden(t *testing.T) {
	for _, c := range cases[len(cases)-3:] {
		t.Run(c.name, func(t *testing.T) {
			m, err := decodeModel(export(t, c, 0))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", strings.ReplaceAll(c.name, " ", "-")+".txt")
			got := dump(m)
			if *update {
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

// dump lists a model's parts, a line each; constants without their values.
func dump(m model) string {
	var b strings.Builder
	fmt.Fprintf(&b, "ir %d, opset %d, producer %s %s, graph %s\n", m.irVersion, m.opset, m.producerName, m.producerVersion, m.graph.name)
	for _, v := range m.graph.inputs {
		fmt.Fprintf(&b, "input %s: type %d %v\n", v.name, v.elemType, v.shape)
	}
	for _, n := range m.graph.nodes {
		fmt.Fprintf(&b, "%s = %s(%s)", strings.Join(n.outputs, ", "), n.opType, strings.Join(n.inputs, ", "))
		for _, a := range n.attributes {
			value := map[attributeType]any{typeFloat: a.f, typeInt: a.i, typeString: a.s, typeInts: a.ints}[a.kind]
			fmt.Fprintf(&b, " %s=%v", a.name, value)
		}
		b.WriteByte('\n')
	}
	for _, t := range m.graph.initializers {
		fmt.Fprintf(&b, "constant %s: type %d %v, %d bytes\n", t.name, t.elemType, t.dims, len(t.raw))
	}
	for _, v := range m.graph.outputs {
		fmt.Fprintf(&b, "output %s: type %d %v\n", v.name, v.elemType, v.shape)
	}
	for _, entry := range m.metadata {
		fmt.Fprintf(&b, "%s: %s\n", entry.key, entry.value)
	}
	return b.String()
}

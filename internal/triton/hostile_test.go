package triton

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// quickly fails if a check takes far longer than such a file may.
func quickly(t *testing.T, check func()) {
	t.Helper()
	const most = 30 * time.Second
	began := time.Now()
	if check(); time.Since(began) > most {
		t.Errorf("it took %v", time.Since(began))
	}
}

// hostile writes files of a repository, "MODEL/NAME".
func hostile(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	return dir
}

// repeated is a text for each of n numbers.
func repeated(n int, text func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(text(i))
	}
	return b.String()
}

// TestHugeConfigurations checks repositories whose configurations are made to take time, memory
// or pages of findings without end.
func TestHugeConfigurations(t *testing.T) {
	const many = 50_000
	for name, config := range map[string]string{
		"inputs": `name:"m" backend:"onnxruntime" ` + repeated(many, func(i int) string {
			return fmt.Sprintf(`input{name:"i%d" data_type:TYPE_FP32 dims:[0]}`, i)
		}),
		"a chain of steps": `name:"m" platform:"ensemble" input{name:"t0" data_type:TYPE_FP32 dims:[1]} ` + fmt.Sprintf(`output{name:"t%d" data_type:TYPE_FP32 dims:[1]} ensemble_scheduling{`, many) +
			repeated(many, func(i int) string {
				return fmt.Sprintf(`step{model_name:"x%d" model_version:-1 input_map{key:"a" value:"t%d"} output_map{key:"b" value:"t%d"}}`, i, i, i+1)
			}) + "}",
		"a long name": `name:"m" ` + strings.Repeat("a", 5_000_000),
	} {
		t.Run(name, func(t *testing.T) {
			dir := hostile(t, map[string]string{"m/config.pbtxt": config, "m/1/model.onnx": ""})
			quickly(t, func() {
				r, err := Check(dir, Options{})
				if err != nil || r.Passed {
					t.Fatalf("%v, %v", r, err)
				}
				if text := r.Text(); len(text) > 1<<20 || len(r.Models[0].Findings) > 2*mostOfRule {
					t.Errorf("%d findings in %d bytes", len(r.Models[0].Findings), len(text))
				}
			})
		})
	}
}

// TestHugeGraphs checks ONNX files whose parts take much more memory, or time, than the file.
func TestHugeGraphs(t *testing.T) {
	message := func(number protowire.Number, b string) string {
		return string(protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), b))
	}
	file := func(graph string) string {
		return "\x08\x08" + message(7, message(2, "g")+graph) + message(8, "\x10\x0d")
	}
	for name, c := range map[string]struct{ graph, want string }{
		"operators": {repeated(100_000, func(i int) string { return message(1, message(4, fmt.Sprintf("Foo%d", i))) }), "No Op registered for Foo0"},
		"nodes":     {strings.Repeat(message(1, ""), 3<<20), "which is the most that is checked"},
		"values":    {strings.Repeat(message(11, ""), 3<<20), "which is the most that is checked"},
		"names":     {message(1, strings.Repeat(message(1, ""), 3<<20)), "which is the most that is checked"},
	} {
		t.Run(name, func(t *testing.T) {
			config := `name:"m" backend:"onnxruntime" input{name:"i" data_type:TYPE_FP32 dims:[1]} output{name:"o" data_type:TYPE_FP32 dims:[1]}`
			dir := hostile(t, map[string]string{"m/config.pbtxt": config, "m/1/model.onnx": file(c.graph)})
			quickly(t, func() {
				r, err := Check(dir, Options{})
				if err != nil || r.Passed || !strings.Contains(r.Text(), c.want) {
					t.Errorf("%v, %v", r, err)
				}
			})
		})
	}
}

// TestManyLinks looks at a folder with more links than anybody reads about.
func TestManyLinks(t *testing.T) {
	m := one(t, fixture{then: func(dir string) {
		for i := range 500 {
			if err := os.Symlink("nowhere", filepath.Join(dir, fmt.Sprint("link", i))); err != nil {
				t.Skip(err)
			}
		}
	}}, Options{})
	if m.Verdict != Loads || len(m.Findings) > 2*mostOfRule || m.count(Warning) <= mostOfRule {
		t.Errorf("%s with %d findings", m.Verdict, len(m.Findings))
	}
}

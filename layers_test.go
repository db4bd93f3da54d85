// Package blocktrain_test checks rules that hold for the repository as a whole.
package blocktrain_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/blocktrain/blocktrain/"

// layers are the packages from the lowest layer to the highest. A package imports
// only from layers below its own. Packages that are planned have their place too.
var layers = [][]string{
	{"internal/kernel", "internal/rng", "internal/fileio", "internal/logging", "internal/buildinfo"},
	{"internal/imaging"},
	{"internal/metric", "internal/weights", "internal/config", "preprocess"},
	{"internal/nn", "internal/pretrained", "internal/listing", "internal/index", "internal/mpi", "internal/video", "internal/sensor"},
	{"internal/engine"},
	{"internal/augment", "internal/onnx", "internal/clips"},
	{"internal/dataset", "internal/track", "internal/model", "internal/loss", "internal/optimizer", "internal/exporter", "internal/criterion", "internal/visualization"},
	{"internal/target", "internal/htmlpage", "internal/detection", "internal/features", "internal/head", "internal/sensorfit"},
	{"internal/train"},
	{"internal/progress"},
	{"internal/rundir"},
	{"internal/classifier"},
	{"internal/triton", "internal/oci", "internal/provenance", "internal/serve", "internal/review", "internal/report", "internal/eda", "internal/settings", "internal/machine", "internal/postprocess"},
	{"internal/release", "internal/rundata"},
	{"internal/decision", "internal/controls", "internal/transfer"},
	{"internal/pipeline", "internal/bench", "internal/predict"},
	{"internal/verify"},
	{"internal/crossval", "internal/sweep", "internal/ui"},
	{"internal/cli"},
	{"cmd", "doc"},
}

// forbidden are imports from a layer below that a package must do without, in files
// that are no tests. What reads a run directory must not need the engine's plans.
var forbidden = map[string][]string{
	"internal/rundir": {"internal/engine"},
}

// kinds are the packages of modules, which are chosen from a table and never
// register themselves.
var kinds = []string{"internal/dataset", "internal/model", "internal/loss", "internal/optimizer", "internal/exporter", "internal/criterion", "internal/visualization", "internal/target"}

// layerOf finds the layer of a folder: that of the package in the table that it is
// or lies below. The top folder holds only tests of the whole.
func layerOf(dir string) (name string, layer int, known bool) {
	for i, layer := range layers {
		for _, name := range layer {
			if dir == name || strings.HasPrefix(dir, name+"/") {
				return name, i, true
			}
		}
	}
	return "", 0, false
}

// checkLayers returns a line for each import that the layers forbid, and for each
// package that is in none. It parses the files themselves: go list answers from a
// cache.
func checkLayers(repository fs.FS) ([]string, error) {
	var problems []string
	err := eachGoFile(repository, func(file string, tree *ast.File) {
		dir := path.Dir(file)
		name, layer, known := layerOf(dir)
		if !known && dir != "." {
			problems = append(problems, fmt.Sprintf("%s: %s is in no layer", file, dir))
			return
		}
		if dir == "." {
			return
		}
		for _, spec := range tree.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if below, ours := strings.CutPrefix(imported, module); ours {
				problems = append(problems, checkImport(file, name, layer, below)...)
			}
		}
	})
	return problems, err
}

func checkImport(file, name string, layer int, imported string) []string {
	importedName, importedLayer, known := layerOf(imported)
	isTest := strings.HasSuffix(file, "_test.go")
	switch {
	case !known:
		return []string{fmt.Sprintf("%s: imports %s, which is in no layer", file, imported)}
	case importedName != name && importedLayer >= layer:
		return []string{fmt.Sprintf("%s: imports %s, which is not in a layer below %s", file, imported, name)}
	case !isTest && slices.Contains(forbidden[name], importedName):
		return []string{fmt.Sprintf("%s: imports %s, which %s must do without", file, imported, name)}
	}
	return nil
}

// eachGoFile parses the import clauses of all Go files, tests included. Folders
// that begin with a dot or an underscore, and test data, are no packages; a folder
// with a go.mod of its own is another module.
func eachGoFile(repository fs.FS, visit func(file string, tree *ast.File)) error {
	return fs.WalkDir(repository, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(repository, file)
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		source, err := fs.ReadFile(repository, file)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		visit(file, tree)
		return nil
	})
}

func skipFolder(repository fs.FS, folder string) error {
	if folder == "." {
		return nil
	}
	name := path.Base(folder)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(repository, folder+"/go.mod"); err == nil {
		return fs.SkipDir
	}
	return nil
}

func TestLayers(t *testing.T) {
	problems, err := checkLayers(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

// TestLayersFindsBadImports proves that the check can fail.
func TestLayersFindsBadImports(t *testing.T) {
	problems, err := checkLayers(os.DirFS(filepath.Join("testdata", "layers")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"cmd/blocktrain/main.go: imports internal/lost, which is in no layer",
		"internal/dataset/sideways.go: imports internal/model, which is not in a layer below internal/dataset",
		"internal/kernel/up_test.go: imports internal/cli, which is not in a layer below internal/kernel",
		"internal/rundir/plan.go: imports internal/engine, which internal/rundir must do without",
		"internal/stray/stray.go: internal/stray is in no layer",
		"internal/weights/sideways.go: imports internal/metric/part, which is not in a layer below internal/weights",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

// findInits returns a line for each init function and each import for its side
// effects in a package of modules.
func findInits(repository fs.FS) ([]string, error) {
	var problems []string
	err := eachGoFile(repository, func(file string, tree *ast.File) {
		name, _, _ := layerOf(path.Dir(file))
		if !slices.Contains(kinds, name) || strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, declaration := range tree.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				problems = append(problems, file+": has an init function")
			}
		}
		for _, spec := range tree.Imports {
			if spec.Name != nil && spec.Name.Name == "_" && spec.Path.Value != `"embed"` {
				problems = append(problems, file+": has a blank import of "+spec.Path.Value)
			}
		}
	})
	return problems, err
}

func TestModulesDoNotRegisterThemselves(t *testing.T) {
	problems, err := findInits(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Error(problem)
	}
}

func TestFindInits(t *testing.T) {
	problems, err := findInits(os.DirFS(filepath.Join("testdata", "layers")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"internal/loss/register.go: has an init function",
		`internal/loss/register.go: has a blank import of "image/png"`,
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

// TestLayerTable checks that no package is in two layers.
func TestLayerTable(t *testing.T) {
	seen := map[string]int{}
	for i, layer := range layers {
		for _, name := range layer {
			if before, twice := seen[name]; twice {
				t.Errorf("%s is in layers %d and %d", name, before, i)
			}
			seen[name] = i
		}
	}
	for name, others := range forbidden {
		for _, other := range append(others, name) {
			if _, known := seen[other]; !known {
				t.Errorf("%s, of the forbidden imports, is in no layer", other)
			}
		}
	}
	for _, kind := range kinds {
		if _, known := seen[kind]; !known {
			t.Errorf("%s is in none of %v", kind, slices.Sorted(maps.Keys(seen)))
		}
	}
}

package blocktrain_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A room is a package whose files are kept apart, so that several people can work in
// it and a file can be read with few others.
type room struct {
	dir     string
	cycle   int      // how many files may need each other
	lines   int      // that the package may have without its tests; 0: any number
	leftOut []string // files of tables, which name what the others declare
}

// rooms are the packages that were one before, and the command line.
var rooms = []room{
	{dir: "internal/progress", cycle: 8, lines: 2500},
	{dir: "internal/rundir", cycle: 8, lines: 2500},
	{dir: "internal/settings", cycle: 8, lines: 2500},
	{dir: "internal/machine", cycle: 8, lines: 2500},
	{dir: "internal/release", cycle: 8, lines: 2500},
	{dir: "internal/rundata", cycle: 8, lines: 2500},
	{dir: "internal/pipeline", cycle: 8, lines: 2500},
	{dir: "internal/verify", cycle: 8, lines: 2500},
	{dir: "internal/verify/finding", cycle: 8, lines: 2500},
	{dir: "internal/verify/recompute", cycle: 8, lines: 2500},
	{dir: "internal/bench", cycle: 8, lines: 2500},
	{dir: "internal/predict", cycle: 8, lines: 2500},
	{dir: "internal/predict/watch", cycle: 8, lines: 2500},
	{dir: "internal/classifier", cycle: 8, lines: 2500},
	{dir: "internal/target", cycle: 8, lines: 2500},
	{dir: "internal/eda", cycle: 8, lines: 2500},
	{dir: "internal/track", cycle: 8, lines: 2500},
	{dir: "internal/eda/clipstat", cycle: 8, lines: 2500},
	{dir: "internal/decision", cycle: 8, lines: 2500},
	{dir: "internal/serve", cycle: 8, lines: 2500},
	{dir: "internal/serve/bounds", cycle: 8, lines: 2500},
	{dir: "internal/serve/lazyjson", cycle: 8, lines: 2500},
	{dir: "internal/serve/smoke", cycle: 8, lines: 2500},
	{dir: "internal/review", cycle: 8, lines: 2500},
	{dir: "internal/release/modellock", cycle: 8, lines: 2500},
	{dir: "internal/release/publish", cycle: 8, lines: 2500},
	{dir: "internal/oci", cycle: 8, lines: 2500},
	{dir: "internal/cli", cycle: 4, leftOut: []string{"commands.go"}},
}

// TestStructure checks the rooms. With -v it shows the cycles that there are, and
// what the files in them need of each other.
func TestStructure(t *testing.T) {
	repository := newSource(os.DirFS("."))
	for _, r := range rooms {
		found, err := repository.measure(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d lines in %d files, %d of them in the largest cycle", r.dir, found.lines, len(found.uses), found.largest())
		for _, cycle := range found.cycles {
			t.Log("a cycle\n" + found.describe(cycle))
		}
		for _, problem := range found.problems(r) {
			t.Error(problem)
		}
	}
}

// TestStructureFindsCycles proves that the check can fail, and that it sees what goes
// through methods, fields, and functions of other packages.
func TestStructureFindsCycles(t *testing.T) {
	repository := newSource(os.DirFS(filepath.Join("testdata", "structure")))
	var problems []string
	for _, r := range []room{
		{dir: "internal/knot", cycle: 3, lines: 25},
		{dir: "internal/knot", cycle: 2, lines: 24},
		{dir: "internal/knot", cycle: 2, leftOut: []string{"field.go"}},
		{dir: "internal/list", cycle: 1, lines: 10},
	} {
		found, err := repository.measure(r)
		if err != nil {
			t.Fatal(err)
		}
		problems = append(problems, found.problems(r)...)
	}
	want := []string{
		`internal/knot: 3 files need each other, want at most 2: move what they share to a file that needs none of them
	constant.go needs field.go: made
	constant.go needs method.go: method
	field.go needs constant.go: limit
	method.go needs field.go: thing, value`,
		"internal/knot: 25 lines without tests, want at most 24: make two packages of it",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

// measured is what a package looks like.
type measured struct {
	dir    string
	lines  int
	uses   map[string]map[string][]string // file -> file -> what the first needs of the second
	cycles [][]string                     // files of which each needs each other, sorted
}

func (m *measured) largest() int {
	largest := 1
	for _, cycle := range m.cycles {
		largest = max(largest, len(cycle))
	}
	return largest
}

func (m *measured) problems(r room) []string {
	var problems []string
	for _, cycle := range m.cycles {
		if len(cycle) > r.cycle {
			problems = append(problems, fmt.Sprintf("%s: %d files need each other, want at most %d: move what they share to a file that needs none of them\n%s",
				m.dir, len(cycle), r.cycle, m.describe(cycle)))
		}
	}
	if r.lines > 0 && m.lines > r.lines {
		problems = append(problems, fmt.Sprintf("%s: %d lines without tests, want at most %d: make two packages of it", m.dir, m.lines, r.lines))
	}
	return problems
}

// describe lists what the files of a cycle need of each other.
func (m *measured) describe(cycle []string) string {
	var lines []string
	for _, from := range cycle {
		for _, to := range cycle {
			if needed := m.uses[from][to]; from != to && len(needed) > 0 {
				lines = append(lines, fmt.Sprintf("\t%s needs %s: %s", from, to, strings.Join(needed, ", ")))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// source type-checks the packages of a module from their files as they are built for
// Linux on amd64. Packages of others are empty, and errors do not matter: only what
// the module declares is looked up.
type source struct {
	repository fs.FS
	files      *token.FileSet
	packages   map[string]*types.Package
}

func newSource(repository fs.FS) *source {
	return &source{repository, token.NewFileSet(), map[string]*types.Package{}}
}

// Import implements types.Importer.
func (s *source) Import(imported string) (*types.Package, error) {
	if made := s.packages[imported]; made != nil {
		return made, nil
	}
	dir, ours := strings.CutPrefix(imported, module)
	if !ours {
		made := types.NewPackage(imported, path.Base(imported))
		made.MarkComplete()
		s.packages[imported] = made
		return made, nil
	}
	parsed, err := s.parse(dir)
	if err != nil {
		return nil, err
	}
	made := s.check(imported, slices.Collect(maps.Values(parsed)), nil)
	s.packages[imported] = made
	return made, nil
}

// check type-checks a package, function bodies only where somebody asks for uses.
func (s *source) check(name string, parsed []*ast.File, uses map[*ast.Ident]types.Object) *types.Package {
	config := types.Config{Importer: s, IgnoreFuncBodies: uses == nil, Error: func(error) {}}
	made, _ := config.Check(name, s.files, parsed, &types.Info{Uses: uses})
	return made
}

// parse returns the files of a package that are built, by name, without tests.
func (s *source) parse(dir string) (map[string]*ast.File, error) {
	platform := build.Default
	platform.GOOS, platform.GOARCH, platform.CgoEnabled = "linux", "amd64", false
	platform.OpenFile = func(file string) (io.ReadCloser, error) { return s.repository.Open(filepath.ToSlash(file)) }
	names, err := goFiles(s.repository, dir)
	if err != nil {
		return nil, err
	}
	parsed := map[string]*ast.File{}
	for _, name := range names {
		if built, err := platform.MatchFile(dir, name); err != nil || !built {
			continue
		}
		text, err := fs.ReadFile(s.repository, path.Join(dir, name))
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(s.files, name, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed[name] = tree
	}
	return parsed, nil
}

// goFiles lists the Go files of a folder that are no tests.
func goFiles(repository fs.FS, dir string) ([]string, error) {
	entries, err := fs.ReadDir(repository, dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		if name := entry.Name(); path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go") {
			names = append(names, name)
		}
	}
	return names, nil
}

// measure counts the lines of a package and finds which of its files need each other.
func (s *source) measure(r room) (*measured, error) {
	m := &measured{dir: r.dir, uses: map[string]map[string][]string{}}
	names, err := goFiles(s.repository, r.dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := fs.ReadFile(s.repository, path.Join(r.dir, name))
		if err != nil {
			return nil, err
		}
		m.lines += bytes.Count(text, []byte("\n"))
	}
	parsed, err := s.parse(r.dir)
	if err != nil {
		return nil, err
	}
	uses := map[*ast.Ident]types.Object{}
	s.check(module+r.dir, slices.Collect(maps.Values(parsed)), uses)
	for name := range parsed {
		if !slices.Contains(r.leftOut, name) {
			m.uses[name] = map[string][]string{}
		}
	}
	s.addUses(m, uses)
	m.cycles = cycles(m.uses)
	return m, nil
}

// addUses notes for each file what it uses of what the others declare: functions,
// types, variables, constants, methods and fields.
func (s *source) addUses(m *measured, uses map[*ast.Ident]types.Object) {
	for ident, used := range uses {
		if used.Pkg() == nil || used.Pkg().Path() != module+m.dir {
			continue
		}
		from, to := s.files.Position(ident.Pos()).Filename, s.files.Position(used.Pos()).Filename
		if from == to || m.uses[from] == nil || m.uses[to] == nil || slices.Contains(m.uses[from][to], used.Name()) {
			continue
		}
		m.uses[from][to] = append(m.uses[from][to], used.Name())
		slices.Sort(m.uses[from][to])
	}
}

// cycles returns the strongly connected components of more than one file.
func cycles(uses map[string]map[string][]string) [][]string {
	needed := map[string]map[string]bool{}
	for from := range uses {
		needed[from] = map[string]bool{}
		addNeeded(uses, from, needed[from])
	}
	var found [][]string
	seen := map[string]bool{}
	for _, from := range slices.Sorted(maps.Keys(needed)) {
		var cycle []string
		for _, to := range slices.Sorted(maps.Keys(needed[from])) {
			if needed[to][from] && !seen[to] {
				cycle = append(cycle, to)
				seen[to] = true
			}
		}
		if len(cycle) > 1 {
			found = append(found, cycle)
		}
	}
	return found
}

// addNeeded adds to needed what a file uses, and what that uses in turn.
func addNeeded(uses map[string]map[string][]string, from string, needed map[string]bool) {
	for to := range uses[from] {
		if !needed[to] {
			needed[to] = true
			addNeeded(uses, to, needed)
		}
	}
}

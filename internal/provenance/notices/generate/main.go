// Generate writes notices.txt: the licences of all that is linked into the program, on any
// of the platforms that it is released for. Run it by go generate in the folder above.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/provenance/notices"
)

// platforms are those that the program is released for.
var platforms = []string{"linux/amd64", "linux/arm64", "darwin/arm64", "windows/amd64"}

// chosen are modules whose licence somebody had to choose or to find: the files, and which
// licence they are.
var chosen = map[string]struct {
	files   []string
	license string
}{
	// FreeType License or GPL.
	"github.com/golang/freetype": {[]string{"LICENSE", "licenses/ftl.txt"}, "FTL"},
	// LICENSE.docs is that of its documents, none of which is linked in.
	"github.com/opencontainers/go-digest": {[]string{"LICENSE"}, "Apache-2.0"},
}

// licenseFiles are the names, without an ending, of files that have a licence.
var licenseFiles = []string{"LICENSE", "LICENCE", "LICENSE-SIL", "COPYING", "NOTICE", "PATENTS"}

func main() {
	log.SetFlags(0)
	text, err := generate("../../..")
	if err == nil {
		err = fileio.WriteBytes("notices.txt", text)
	}
	if err != nil {
		log.Fatal("generate: ", err)
	}
}

// module is a module as go list has it, and what was found in its folder.
type module struct {
	Path, Version, Dir string
	Main               bool
	Replace            *module

	folders map[string]bool // of its packages that are linked in, and those above them
	license string
	texts   []string
}

// generate makes the text for the module in the folder root.
func generate(root string) ([]byte, error) {
	modules, err := linked(root)
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := m.read(); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	b.WriteString("THIRD-PARTY NOTICES\n\nThese modules are linked into blocktrain, some of them on some platforms only. Their\n" +
		"licences follow. Made by 'go generate ./internal/provenance/notices'; do not edit.\n\n")
	for _, m := range modules {
		fmt.Fprintf(&b, "    %s %s %s\n", m.Path, m.Version, m.license)
	}
	writeTexts(&b, modules)
	return b.Bytes(), nil
}

// writeTexts writes each text once, with the modules that it is of.
func writeTexts(b *bytes.Buffer, modules []*module) {
	of := map[string][]string{}
	var order []string
	for _, m := range modules {
		for _, text := range m.texts {
			if of[text] == nil {
				order = append(order, text)
			}
			of[text] = append(of[text], m.Path)
		}
	}
	for _, text := range order {
		fmt.Fprintf(b, "\n%s\n%s\n\n%s", strings.Repeat("=", 80), strings.Join(of[text], "\n"), text)
	}
}

// linked are the modules of all platforms in order of their paths, after the standard library.
func linked(root string) ([]*module, error) {
	found := map[string]*module{}
	for _, platform := range platforms {
		if err := linkedOn(root, platform, found); err != nil {
			return nil, err
		}
	}
	goroot, err := goCommand(root, nil, "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	all := []*module{{Path: notices.StandardLibrary, Version: "-", Dir: strings.TrimSpace(string(goroot)), folders: map[string]bool{".": true}}}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all, nil
}

// linkedOn adds the modules of a platform.
func linkedOn(root, platform string, found map[string]*module) error {
	system, arch, _ := strings.Cut(platform, "/")
	out, err := goCommand(root, []string{"GOOS=" + system, "GOARCH=" + arch, "CGO_ENABLED=0"}, "list", "-deps", "-json=Dir,Module", "./cmd/blocktrain")
	if err != nil {
		return fmt.Errorf("%s: %w", platform, err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir    string
			Module *module
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch m := p.Module; {
		case m == nil || m.Main: // the standard library, and this module
		case m.Replace != nil:
			return fmt.Errorf("%s is replaced by %s in go.mod: what is released has no replacements", m.Path, m.Replace.Path)
		default:
			if found[m.Path] == nil {
				m.folders = map[string]bool{}
				found[m.Path] = m
			}
			found[m.Path].add(p.Dir)
		}
	}
}

// add notes the folder of a package, and those above it within the module: each may have a
// licence of its own.
func (m *module) add(folder string) {
	for {
		below, err := filepath.Rel(m.Dir, folder)
		if err != nil || strings.HasPrefix(below, "..") {
			return
		}
		m.folders[filepath.ToSlash(below)] = true
		folder = filepath.Dir(folder)
	}
}

// licenses are the files with licences in the folders of the module, by name from its top.
func (m *module) licenses() ([]string, error) {
	var files []string
	for _, folder := range slices.Sorted(maps.Keys(m.folders)) {
		entries, err := os.ReadDir(filepath.Join(m.Dir, folder))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if base, _, _ := strings.Cut(e.Name(), "."); !e.IsDir() && slices.Contains(licenseFiles, strings.ToUpper(base)) {
				files = append(files, path.Join(folder, e.Name()))
			}
		}
	}
	return files, nil
}

// goCommand runs the go command.
func goCommand(dir string, environment []string, args ...string) ([]byte, error) {
	c := exec.Command("go", args...)
	c.Dir, c.Env = dir, append(os.Environ(), environment...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// read reads the licence of the module. One that is not known is an error, so that somebody
// looks at it.
func (m *module) read() error {
	if m.Dir == "" {
		return fmt.Errorf("%s is not in the module cache: run go mod download", m.Path)
	}
	files, license := chosen[m.Path].files, chosen[m.Path].license
	if files == nil {
		var err error
		if files, err = m.licenses(); err != nil {
			return err
		}
	}
	var kinds []string
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(m.Dir, name))
		if err != nil {
			return err
		}
		m.texts = append(m.texts, plain(text))
		kind := kindOf(string(text))
		if kind == "" && license == "" && !isAddition(name) {
			return fmt.Errorf("%s: nobody knows which licence %s is: add it to kindOf or to the table chosen, if it may be linked in", m.Path, name)
		}
		if kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if m.license = license; license == "" {
		m.license = strings.Join(kinds, " AND ")
	}
	if m.license == "" {
		return fmt.Errorf("%s has no licence in %s: look for it, and add it to the table chosen", m.Path, m.Dir)
	}
	return nil
}

// isAddition says whether a file adds to a licence and is none itself.
func isAddition(name string) bool {
	name = path.Base(name)
	return strings.HasPrefix(name, "PATENTS") || strings.HasPrefix(name, "NOTICE")
}

// plain is a text with Unix ends of lines and one at its end.
func plain(text []byte) string {
	return strings.Trim(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") + "\n"
}

// kindOf recognises a licence by its words; empty: none that is known.
func kindOf(text string) string {
	words := strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(phrase string) bool { return strings.Contains(words, phrase) }
	switch {
	case has("apache license version 2.0"):
		return "Apache-2.0"
	case has("sil open font license version 1.1"):
		return "OFL-1.1"
	case has("redistribution and use in source and binary forms") && (has("neither the name") || has("the names of its contributors may not")):
		return "BSD-3-Clause"
	case has("redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("permission is hereby granted, free of charge"):
		return "MIT"
	}
	return ""
}

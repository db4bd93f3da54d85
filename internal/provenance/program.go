package provenance

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/provenance/notices"
)

// ProgramBill is the bill of materials of the running program, as CycloneDX JSON: its file,
// the modules that were linked into it, and Go's standard library. It is the same each time.
func ProgramBill() ([]byte, error) {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return nil, errors.New("the program does not know what is linked into it: build it with modules, by go build ./cmd/blocktrain")
	}
	digest, err := buildinfo.FileSHA256()
	if err != nil {
		return nil, fmt.Errorf("cannot read the program's own file: %w", err)
	}
	bill, err := programBill(build, buildinfo.Get(), digest)
	if err != nil {
		return nil, err
	}
	return fileio.MarshalJSON(bill)
}

// programBill is ProgramBill of any program, whose file has that digest.
func programBill(build *debug.BuildInfo, info buildinfo.Info, digest string) (*bill, error) {
	licenses, err := licensesOfModules()
	if err != nil {
		return nil, err
	}
	program := component{Type: "application", Ref: "program", Name: "blocktrain", Version: info.Version, Hashes: sha256Hash(digest),
		PURL: "pkg:golang/github.com/blocktrain/blocktrain", Properties: []billProperty{{"blocktrain:platform", info.Platform}}}
	if info.Commit != "" {
		program.Properties = append(program.Properties, billProperty{"blocktrain:commit", info.Commit}, billProperty{"blocktrain:changes", string(info.Changes)})
	}
	components := []component{libraryOf(notices.StandardLibrary, info.Go, "", licenses)}
	for _, m := range build.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		components = append(components, libraryOf(m.Path, m.Version, m.Sum, licenses))
	}
	return newBill(billMetadata{Component: program}, components)
}

// licensesOfModules are the licences of the modules that releases have.
func licensesOfModules() (map[string]string, error) {
	modules, err := notices.Modules()
	if err != nil {
		return nil, err
	}
	licenses := map[string]string{}
	for _, m := range modules {
		licenses[m.Path] = m.License
	}
	return licenses, nil
}

// libraryOf describes a module by its path, version and digest in go.sum. One that no
// release has, as in a program built with other tags, is described without its licence.
func libraryOf(path, version, sum string, licenses map[string]string) component {
	c := component{Type: "library", Ref: "module:" + path, Name: path, Version: version, PURL: "pkg:golang/" + path + "@" + version}
	if license := licenses[path]; license != "" {
		c.Licenses = []billLicense{{Expression: license}}
	}
	if sum != "" {
		c.Properties = []billProperty{{"go:sum", sum}}
	}
	return c
}

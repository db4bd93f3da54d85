// Package notices has the licences of everything that is linked into the program, and the
// program's bill of materials.
package notices

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:generate go run ./generate

// Text is what the licences ask to be told: each module with its licence, and their texts.
//
//go:embed notices.txt
var Text string

// Module is one that is linked into the program on some platform.
type Module struct {
	Path    string
	Version string
	License string // an SPDX expression
}

// StandardLibrary is the path of Go's own packages in the table, which has no version of them.
const StandardLibrary = "std"

// Modules are those of the table at the beginning of the text, in order.
func Modules() ([]Module, error) { return parse(Text) }

// parse reads the table, whose lines are indented.
func parse(text string) ([]Module, error) {
	var modules []Module
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "===") {
			break
		}
		if !strings.HasPrefix(line, "    ") {
			continue
		}
		path, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		version, license, found := strings.Cut(strings.TrimSpace(rest), " ")
		if !found {
			return nil, fmt.Errorf("the table of notices.txt has the line %q, want path, version and licence: run go generate ./internal/provenance/notices", line)
		}
		modules = append(modules, Module{path, version, strings.TrimSpace(license)})
	}
	return modules, nil
}

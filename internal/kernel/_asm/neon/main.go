// Command neon writes the assembly of packages kernel, rng and jpeg for arm64, each
// family of kernels to a file. See the go:generate lines in these packages.
//
// Functions are described with virtual registers, which are allocated once a
// function is complete. Go's assembler knows few of the vector instructions on
// float32 values: those that it lacks are written as words, with the mnemonic
// that the Arm manual and objdump use beside them.
package main

import (
	"flag"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

// families are the kernels by the file that they are written to.
var families = map[string]func(*file){
	"columns":     columnKernels,
	"elementwise": elementwise,
	"gathered":    gathered,
	"philox":      philox,
	"pixels":      pixels,
	"peak":        peak,
	"product":     products,
	"reduce":      reductions,
	"transpose":   transpositions,
}

func main() {
	log.SetFlags(0)
	family := flag.String("family", "", "kernels to write: "+strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	out := flag.String("out", "", "the file of assembly to write")
	stubs := flag.String("stubs", "", "the file of Go declarations to write")
	pkg := flag.String("pkg", "kernel", "the package of the declarations")
	tables := flag.String("tables", "", "write the tables of tiles of the family product to this file instead")
	flag.Parse()
	if *tables != "" {
		write(*tables, tileTables())
		return
	}
	describe, known := families[*family]
	if !known {
		log.Fatalf("unknown family %q", *family)
	}
	f := &file{pkg: *pkg}
	describe(f)
	write(*out, f.assembly())
	write(*stubs, f.stubs())
}

func write(name string, text []byte) {
	if err := os.WriteFile(name, text, 0o644); err != nil {
		log.Fatal(err)
	}
}

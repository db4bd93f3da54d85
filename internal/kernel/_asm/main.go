// Command _asm writes the assembly of packages kernel, rng and jpeg: each family of kernels
// for AVX-512 and for AVX2 from the same description. See the go:generate lines
// in internal/kernel/generate.go.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/mmcloughlin/avo/build"
)

// families are the kernels by the file that they are written to.
var families = map[string]func(isa){
	"gathered":    gathered,
	"elementwise": elementwise,
	"filter":      filter,
	"columns":     columnKernels,
	"reduce":      reductions,
	"resample":    resample,
	"peak":        peak,
	"philox":      philox,
	"pixels":      pixels,
	"prefetch":    prefetch,
	"product":     products,
	"transpose":   transpositions,
}

func main() {
	family := flag.String("family", "", "kernels to write: "+strings.Join(slices.Sorted(maps.Keys(families)), ", "))
	tables := flag.String("tables", "", "write the tables of tiles of the family product to this file instead")
	flag.Parse()
	if *tables != "" {
		if err := os.WriteFile(*tables, tileTables(), 0o644); err != nil {
			log.Fatal(err)
		}
		return
	}
	describe, known := families[*family]
	if !known {
		log.Fatalf("unknown family %q", *family)
	}
	build.ConstraintExpr("!purego")
	describe(avx512)
	if *family == "product" {
		describe(avx512Half)
	}
	describe(avx2)
	defineConstants()
	build.Generate()
	if err := checkRegisters(flag.Lookup("out").Value.String()); err != nil {
		log.Fatal(err)
	}
}

// highRegister is a register that AVX2 does not have. The allocator does not
// know which instruction set a function is for.
var highRegister = regexp.MustCompile(`\b(Z[0-9]+|[XY](1[6-9]|[23][0-9])|K[0-7])\b`)

func checkRegisters(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for function := range strings.SplitSeq(string(text), "\nTEXT ") {
		name, body, _ := strings.Cut(function, "(")
		if strings.Contains(name, avx2.suffix) {
			if found := highRegister.FindString(body); found != "" {
				return fmt.Errorf("%s uses %s, which AVX2 does not have: it needs too many registers", name, found)
			}
		}
	}
	return nil
}

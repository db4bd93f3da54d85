package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts run this program itself under its name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"blocktrain": main})
}

// TestScripts runs the program as a user would.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "../../internal/cli/testdata/script", RequireExplicitExec: true})
}

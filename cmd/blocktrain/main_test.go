package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/blocktrain/blocktrain/internal/buildinfo"
	"github.com/blocktrain/blocktrain/internal/cli"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/machine"
	"github.com/blocktrain/blocktrain/internal/settings/runtest"
)

// programs are those that the tests start.
var programs = map[string]func(){"blocktrain": program, "blocktrain-measured": measured, "crash": crash}

// program is the program. Its own file, which is large and whose digest is the key of what it
// keeps, is not read each time that it is started.
func program() {
	buildinfo.Build = func() (string, error) { return "the program of the tests", nil }
	main()
}

// measured is the program, which says at its end how much memory it has had.
func measured() {
	collectSparingly()
	code := cli.Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	fmt.Fprintf(os.Stderr, "peak %d\n", machine.PeakMemory())
	os.Exit(code)
}

// TestMain lets the scripts run this program itself under its name.
func TestMain(m *testing.M) {
	if _, child := programs[filepath.Base(os.Args[0])]; !child { // to which scripts give variables
		if err := runtest.UnsetDefaults(); err != nil {
			log.Fatal(err)
		}
	}
	testscript.Main(inMemory{m}, programs)
}

type inMemory struct{ *testing.M }

// Run runs the tests.
func (m inMemory) Run() int { return runtest.InMemory(m.M.Run) }

// crash is the script command "crash WHERE": a fault in the program.
func crash() {
	logging.AbortOnCrash()
	done := make(chan struct{})
	switch os.Args[1] {
	case "goroutine":
		go func() {
			defer logging.ExitOnPanic()
			panic("a fault")
		}()
	case "unguarded":
		go panic("a fault")
	}
	<-done
}

// TestScripts runs the program as a user would.
func TestScripts(t *testing.T) {
	commands := maps.Clone(dataCommands)
	commands["exits"] = exits
	testscript.Run(t, testscript.Params{
		Dir:                 "../../internal/cli/testdata/script",
		RequireExplicitExec: true,
		Cmds:                commands,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CACHE_HOME", env.WorkDir+"/.cache") // of the script, not of who runs it
			return nil
		},
	})
}

// exits is the script command "exits CODE PROGRAM ARGUMENT...".
func exits(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

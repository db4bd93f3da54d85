// Package cli is the command line: it turns arguments, environment and env files
// into settings, calls one function of another package, and turns its error into
// an exit code. There is one file for each command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// Exit codes of the program.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2   // bad usage or configuration
	ExitRefused     = 3   // it ran and the answer is no
	ExitDifference  = 4   // a verification found a difference
	ExitInterrupted = 130 // by SIGINT or SIGTERM
)

// Run runs the program with arguments that do not include its name, and returns
// the exit code. Settings are also taken from the process environment and from the
// env files of the working directory.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &checkedWriter{w: stdout}
	a := &app{stdin: stdin, stdout: out, stderr: stderr, terminal: logging.IsTerminal(stdout), colored: logging.Colored(stdout), environ: os.Environ()}
	err := a.guarded(func() error { return a.execute(ctx, args) })
	if err == nil {
		err = out.err
	}
	if err != nil && !errors.Is(err, errCrashed) {
		printError(stderr, err)
	}
	return exitCode(err)
}

// errCrashed is a panic that was recovered and written about.
var errCrashed = errors.New("internal error")

// guarded turns a panic into an error: a fault of the program is no mistake of its user,
// which Go's own exit code for it, 2, would say.
func (a *app) guarded(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			logging.WriteCrash(a.stderr, v)
			err = errCrashed
		}
	}()
	return do()
}

func exitCode(err error) int {
	var usage *config.UsageError
	switch {
	case err == nil:
		return ExitDone
	case errors.As(err, &usage):
		return ExitUsage
	case errors.Is(err, rundir.ErrRefused):
		return ExitRefused
	case errors.Is(err, rundir.ErrDifference):
		return ExitDifference
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	}
	return ExitFailed
}

// printError writes an error for a person: each line of it after the program's
// name, and what to do next below.
func printError(w io.Writer, err error) {
	for line := range strings.Lines(logging.Plain(errorText(err))) {
		line = fmt.Sprintf("blocktrain: %s\n", strings.TrimRight(line, "\n"))
		if logging.Colored(w) {
			line = logging.Paint(line)
		}
		fmt.Fprint(w, line)
	}
	var usage *config.UsageError
	if errors.As(err, &usage) && usage.Hint != "" {
		fmt.Fprintf(w, "%s\n", usage.Hint)
	}
}

// errorText is the error's text. What an end of the context interrupted is of no
// interest to the person who ended it, unless the error says how to go on.
func errorText(err error) string {
	if onlyInterrupted(err) {
		return "interrupted"
	}
	return err.Error()
}

// onlyInterrupted says whether an error is nothing but an end of the context, whatever
// was done then.
func onlyInterrupted(err error) bool {
	switch e := err.(type) { //nolint:errorlint // this walks through what it wraps
	case *rundir.Interrupted:
		return false
	case interface{ Unwrap() error }:
		return onlyInterrupted(e.Unwrap())
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !onlyInterrupted(err) })
	}
	return errors.Is(err, context.Canceled)
}

// checkedWriter remembers the first error, so that a full disk behind the standard
// output does not pass for success.
type checkedWriter struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("cannot write the result: %w", err)
	}
	return n, err
}

// Package pipeline turns data into a released model: the stages, in order, and the
// run directory that they work on.
package pipeline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// Environment is what a stage may use of the world besides its settings: results
// go to Stdout, progress to Stderr, all else to the log.
type Environment struct {
	Stdout, Stderr io.Writer
	Log            *logging.Log
	Terminal       bool // Stderr is a terminal, so that progress can be redrawn
	Tables         bool // results that are documents go to Stdout as tables for people
}

// show logs a result: as words in text logs, as attributes in JSON lines. On a
// terminal that shows tables, the table takes the place of the words.
func (env *Environment) show(message, words, table string, attributes ...any) error {
	log := env.Log.Logger
	if env.Tables {
		log = env.Log.Files
		if _, err := fmt.Fprintf(env.Stdout, "%s\n", table); err != nil {
			return err
		}
	}
	log.Info(message, append([]any{logging.InWords(words)}, attributes...)...)
	return nil
}

// printDocument copies a result that was written to path to the standard output,
// unless it was shown there as a table.
func (env *Environment) printDocument(path string) error {
	if env.Tables {
		return nil
	}
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(env.Stdout, f)
	return err
}

// ErrRefused is wrapped by the error of a stage that ran to its end and whose
// answer is no, such as a gate that a model does not pass.
var ErrRefused = errors.New("refused")

// ErrDifference is wrapped by the error of a verification that found bytes other
// than recorded.
var ErrDifference = errors.New("difference found")

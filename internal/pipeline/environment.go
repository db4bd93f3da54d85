// Package pipeline turns data into a released model: the stages, in order, and the
// run directory that they work on.
package pipeline

import (
	"errors"
	"io"

	"github.com/blocktrain/blocktrain/internal/logging"
)

// Environment is what a stage may use of the world besides its settings: results
// go to Stdout, progress to Stderr, all else to the log.
type Environment struct {
	Stdout, Stderr io.Writer
	Log            *logging.Log
	Terminal       bool // Stderr is a terminal, so that progress can be redrawn
}

// ErrRefused is wrapped by the error of a stage that ran to its end and whose
// answer is no, such as a gate that a model does not pass.
var ErrRefused = errors.New("refused")

// ErrDifference is wrapped by the error of a verification that found bytes other
// than recorded.
var ErrDifference = errors.New("difference found")

// Package rundir is the directory of a run: its files, the record of what was done,
// and the network that the record describes. Whatever reads runs and packages does
// so through it.
package rundir

import (
	"context"
	"errors"

	"github.com/blocktrain/blocktrain/internal/logging"
	"github.com/blocktrain/blocktrain/internal/progress"
)

// Environment is what work on a run may use of the world besides its settings.
type Environment struct {
	Log *logging.Log
	// Progress makes the display of work that goes on; nil, as its result may be, where
	// nobody watches.
	Progress func() progress.Display
	// Resumable, where it is not nil, is told how a run can be gone on with as soon as
	// that is possible, for whoever ends the program at once.
	Resumable func(advice string)
	// ShowsResults says that the caller shows results itself, so that the console's
	// log leaves them out. The log files have them anyway.
	ShowsResults bool
}

// Show logs a result: as words in text logs, as attributes in JSON lines.
func (env *Environment) Show(message, words string, attributes ...any) {
	log := env.Log.Logger
	if env.ShowsResults {
		log = env.Log.Files
	}
	log.Info(message, append([]any{logging.InWords(words)}, attributes...)...)
}

// ErrRefused is wrapped by the error of a stage that ran to its end and whose
// answer is no, such as a gate that a model does not pass.
var ErrRefused = errors.New("refused")

// Interrupted is the error of work that the end of its context broke off, which is
// context.Canceled, where the person who ended it can go on.
type Interrupted struct {
	Advice string // how to go on
}

// Error implements error.
func (e *Interrupted) Error() string { return "interrupted; " + e.Advice }

// Unwrap implements what errors.Is uses.
func (e *Interrupted) Unwrap() error { return context.Canceled }

// ErrDifference is wrapped by the error of a verification that found bytes other
// than recorded.
var ErrDifference = errors.New("difference found")

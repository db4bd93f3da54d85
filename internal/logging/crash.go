package logging

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// exitCrashed is the exit code of a program that has found a fault of its own: that of
// any failure.
const exitCrashed = 1

// AbortOnCrash has a fault that nothing recovers from end the program by the signal
// SIGABRT where there are signals: a panic of a goroutine without [ExitOnPanic], or what
// Go calls a fatal error, such as memory that the system does not give. Go's own exit
// code is 2, which stands for a mistake of the user.
func AbortOnCrash() { debug.SetTraceback("crash") }

// ExitOnPanic is deferred by a goroutine. A panic in it ends the program with a message
// and exit code 1.
func ExitOnPanic() {
	if v := recover(); v != nil {
		WriteCrash(os.Stderr, v)
		os.Exit(exitCrashed) //nolint:forbidigo // a goroutine has nobody to return an error to
	}
}

// WriteCrash says that the program has a fault, of which v was recovered, what to do,
// and where it was. Called where v was recovered, the stack shows where that happened.
func WriteCrash(w io.Writer, v any) {
	fmt.Fprintf(w, `blocktrain: internal error: %v
blocktrain: this is a fault of the program and not of its user. Please report it
blocktrain: with the command, the output of 'blocktrain version' and these lines.
blocktrain: A run that has begun can be continued: run --run DIR --resume

%s`, v, debug.Stack())
}

// Command blocktrain turns labelled images into a released image classifier.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/blocktrain/blocktrain/internal/cli"
	"github.com/blocktrain/blocktrain/internal/logging"
)

// collectAt is how much memory may grow, in percent, before garbage is looked for.
// Nearly all memory is a few large arrays without pointers, which cost nothing to
// look through, so that the usual doubling would waste as much as is in use.
const collectAt = 20

func main() {
	logging.AbortOnCrash()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go interrupt(cancel)
	os.Exit(cli.Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// interrupt ends the work in an orderly way at the first signal, at once at the
// second.
func interrupt(cancel context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	fmt.Fprintln(os.Stderr, "\nblocktrain: stopping; once more to quit at once")
	cancel()
	<-signals
	os.Exit(cli.ExitInterrupted)
}

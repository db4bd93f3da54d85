// Command blocktrain turns labelled images into a released image classifier.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/blocktrain/blocktrain/internal/cli"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/logging"
)

func main() {
	logging.AbortOnCrash()
	if os.Getenv("GOGC") == "" {
		collectSparingly()
	}
	ctx, cancel := context.WithCancel(context.Background())
	var last cli.LastWords
	go interrupt(cancel, &last)
	os.Exit(cli.Run(cli.WithLastWords(ctx, &last), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// interrupt ends the work in an orderly way at the first signal, at once at the
// second, and says then how to go on.
func interrupt(cancel context.CancelFunc, last *cli.LastWords) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	<-signals
	fmt.Fprintln(os.Stderr, "\nblocktrain: stopping; once more to quit at once")
	cancel()
	<-signals
	_ = fileio.RemoveTempDirs() // whose owners do not get to it any more
	if how := last.String(); how != "" {
		fmt.Fprintf(os.Stderr, "\nblocktrain: interrupted at once; %s\n", how)
	}
	os.Exit(cli.ExitInterrupted)
}

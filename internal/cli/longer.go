package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
	"github.com/blocktrain/blocktrain/internal/rundir"
	"github.com/blocktrain/blocktrain/internal/train"
)

// otherEpochs is the error of --epochs with another number than the run in dir was
// started with. It says what can be done instead, with the command.
func otherEpochs(dir string, recorded, given int) error {
	record, err := rundir.ReadRecord(filepath.Join(dir, rundir.RecordFile))
	if err != nil { // there is none: another is found before
		return fmt.Errorf("--epochs %d: the run was started with %d, and what may affect its result cannot change; start a new run", given, recorded)
	}
	anew := fmt.Sprintf("a new run of %s is begun by: %s", config.Counted(given, "epoch"), newRun(dir, record, given, ""))
	why := fmt.Sprintf("--epochs %d: %s was started with %d, over which its learning rate is planned, so that this cannot change", given, dir, recorded)
	if record.Training == nil {
		return fmt.Errorf("%s; what was begun is finished%s by: blocktrain run --run %s --resume; %s", why, progressOf(dir), config.ShellWord(dir), anew)
	}
	done := record.Training.Epochs
	why = fmt.Sprintf("%s; its training is finished, after %s", why, config.Counted(done, "epoch"))
	if given <= done || len(record.Networks) > 0 { // of several networks, a file has the weights of one
		return fmt.Errorf("%s; %s", why, anew)
	}
	best := filepath.Join(dir, train.CheckpointDir, train.BestFile)
	return fmt.Errorf("%s; to train for %s more, begin a new run with its best weights: %s",
		why, config.Counted(given-done, "epoch"), newRun(dir, record, given-done, best))
}

// progressOf says in words how far an unfinished training is, if that can be told.
func progressOf(dir string) string {
	epochs, _, found, err := train.Progress(dir)
	if err != nil || !found {
		return ""
	}
	return fmt.Sprintf(" (%s are done)", config.Counted(epochs, "epoch"))
}

// newRun is the command, for a shell, that begins a run with the settings, the data and
// the split list of the one in dir, with weights from a file where one is named.
func newRun(dir string, record *rundir.Record, epochs int, weights string) string {
	settings, prepare := rundir.SettingsPath(dir), ""
	if strings.Contains(settings, ",") { // which would be two files
		settings, prepare = "again.env", "cp "+config.ShellWord(settings)+" again.env && "
	}
	words := []string{"blocktrain", "run", "--env-file", settings}
	if then := config.SplitWords(record.Recorded("data-dir")); len(then) > 0 {
		if here := record.DirsFromHere(dir, then); !slices.Equal(here, then) {
			words = append(words, "--data-dir", config.JoinWords(here))
		}
	}
	if split := filepath.Join(dir, rundir.SplitFile); fileio.Exists(split) {
		words = append(words, "--split", split)
	}
	if weights != "" {
		words = append(words, "--init-from", weights)
	}
	words = append(words, "--epochs", strconv.Itoa(epochs))
	for i := range words {
		words[i] = config.ShellWord(words[i])
	}
	return prepare + strings.Join(words, " ")
}

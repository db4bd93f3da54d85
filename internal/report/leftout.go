package report

import (
	"fmt"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// leftOutWords name, in a sentence for each dataset that leaves out damaged files, how many
// these are and the first of them.
func leftOutWords(record *rundir.Record) []string {
	var words []string
	for _, d := range record.Identity.Datasets {
		var names []string
		for _, f := range d.Skipped {
			names = append(names, f.File)
		}
		if n := len(names); n > 0 {
			words = append(words, fmt.Sprintf("Of %s, %s left out, as --on-corrupt skip asks for: %s. %s lists them with their digests",
				record.DatasetText(&d), config.Counted(n, "damaged file")+was(n), listing.Some(names), rundir.RecordFile))
		}
	}
	return words
}

func was(n int) string {
	if n == 1 {
		return " was"
	}
	return " were"
}

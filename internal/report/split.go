package report

import (
	"slices"

	"github.com/blocktrain/blocktrain/internal/dataset"
	"github.com/blocktrain/blocktrain/internal/rundir"
)

// SplitWords say, in a sentence for each dataset of a run, which parts came with it and how
// the rest was divided. Records of schema 1 do not know that.
func SplitWords(record *rundir.Record) []string {
	if record.Schema < 2 {
		return nil
	}
	var words []string
	for _, d := range record.Identity.Datasets {
		words = append(words, splitWords(record, &d))
	}
	return words
}

func splitWords(record *rundir.Record, d *rundir.DatasetNote) string {
	name, official := record.DatasetText(d), d.OfficialParts()
	if record.Recorded("split") != "" {
		return dataset.ListedWords(name, official)
	}
	return dataset.Ratios(record.Identity.Split.Ratio).SplitWords(name, official)
}

// partText is what people call a part: "test", or "test (official)" where it came with every
// dataset.
func partText(record *rundir.Record, part dataset.Part) string {
	lacks := func(d rundir.DatasetNote) bool { return !slices.Contains(d.OfficialParts(), part) }
	if slices.ContainsFunc(record.Identity.Datasets, lacks) {
		return part.Noun()
	}
	return part.Noun() + " (official)"
}

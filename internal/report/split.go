package report

import (
	"fmt"
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
	return plainSplitWords(record, d) + sceneWords(d)
}

// byScene says whether clips of a dataset were grouped by their backgrounds before the split.
func byScene(record *rundir.Record) bool {
	return slices.ContainsFunc(record.Identity.Datasets, func(d rundir.DatasetNote) bool { return d.Options["group"] == "scene" })
}

// sceneWords say how many clips of official parts show scenes that the training part shows
// too; empty where none does.
func sceneWords(d *rundir.DatasetNote) string {
	words := ""
	for _, part := range d.OfficialParts() {
		if shared, clips := rundir.SharedScenes(d.Clips, part); shared > 0 {
			words += fmt.Sprintf(". Of the %d clips of the %s part, %d show scenes that clips of the training part show, so that figures on them look better than they are", clips, part.Noun(), shared)
		}
	}
	return words
}

func plainSplitWords(record *rundir.Record, d *rundir.DatasetNote) string {
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

package pipeline

import (
	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/dataset"
)

// exampleID names an example by the digest of the dataset that it was opened
// from and its index there, whatever that dataset was joined with.
type exampleID struct {
	sha256 string
	index  int
}

// identify names the examples at indexes of a joined dataset.
func identify(members []DatasetNote, indexes []int) []exampleID {
	ids := make([]exampleID, len(indexes))
	for at, i := range indexes {
		for _, m := range members {
			if i < m.Examples {
				ids[at] = exampleID{m.SHA256, i}
				break
			}
			i -= m.Examples
		}
	}
	return ids
}

// countShared counts the examples that are in both lists.
func countShared(a, b []exampleID) int {
	set := make(map[exampleID]bool, len(a))
	for _, id := range a {
		set[id] = true
	}
	n := 0
	for _, id := range b {
		if set[id] {
			n++
		}
	}
	return n
}

// refuseTrained refuses to score a network on examples, those at indexes of the
// joined members, that it was trained on.
func refuseTrained(record *Record, dir *runDir, members []DatasetNote, indexes []int) error {
	split, err := dataset.ReadSplit(dir.file(splitFile))
	if err != nil {
		return err
	}
	if n := countShared(identify(record.Identity.Datasets, split.Train), identify(members, indexes)); n > 0 {
		return config.Usagef("the network was trained on %d of the %d examples to be scored: evaluate it on its own test part instead", n, len(indexes))
	}
	return nil
}

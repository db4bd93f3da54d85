package pipeline

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

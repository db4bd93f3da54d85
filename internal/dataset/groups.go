package dataset

import (
	"slices"
	"strings"
)

// Grouped says whether the split was made of data in which an option makes groups.
func (s *Split) Grouped() bool {
	return slices.ContainsFunc(strings.Split(s.Group, ","), func(key string) bool { return key != noGrouping })
}

// CountGroups counts the groups of a dataset and the images that are in one.
func CountGroups(d Dataset) (groups, images int) {
	type group struct {
		member int
		name   string
	}
	seen := map[group]bool{}
	for i := range d.Len() {
		if info := d.Info(i); info.Group != "" {
			seen[group{info.Member, info.Group}] = true
			images++
		}
	}
	return len(seen), images
}

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

// Grouped says whether an example of d is in a group.
func Grouped(d Dataset) bool {
	for i := range d.Len() {
		if d.Info(i).Group != "" {
			return true
		}
	}
	return false
}

// GroupNumbers numbers the groups of the examples at indexes from 0, in the order in which they
// come up first, and gives each example the number of its group. An example without a group
// is one of its own. Clips of one scene are one group where scenes are, whatever official parts
// they are from. It is nil if no example of d is in a group.
func GroupNumbers(d Dataset, indexes []int) []int {
	type group struct {
		member int
		name   string
	}
	if !Grouped(d) {
		return nil
	}
	seen := map[group]int{}
	numbers, next := make([]int, len(indexes)), 0
	for at, i := range indexes {
		info := d.Info(i)
		if p := info.Place; p != nil && info.Group == p.Clip.sceneGroup() { // which ends at its part
			info.Group = p.Clip.Scene
		}
		number, known := seen[group{info.Member, info.Group}]
		if info.Group == "" || !known {
			number = next
			next++
		}
		if info.Group != "" {
			seen[group{info.Member, info.Group}] = number
		}
		numbers[at] = number
	}
	return numbers
}

package config

import (
	"fmt"
	"slices"
	"strings"
)

// UnknownName is the error for a name that is not among valid: it suggests the
// nearest ones and lists them all.
func UnknownName(kind, name string, valid []string) error {
	valid = slices.Clone(valid)
	slices.Sort(valid)
	list := strings.Join(valid, ", ")
	if list == "" {
		list = "none"
	}
	if near := Nearest(name, valid); len(near) > 0 {
		return fmt.Errorf("unknown %s %q: did you mean %s? (valid: %s)", kind, name, strings.Join(near, " or "), list)
	}
	return fmt.Errorf("unknown %s %q (valid: %s)", kind, name, list)
}

// Nearest returns up to three of the names whose edit distance from name is at
// most a third of its length (at least 2) or that begin with it, nearest first,
// ties in the order of valid.
func Nearest(name string, valid []string) []string {
	limit := max(2, len(name)/3)
	type match struct {
		name     string
		distance int
	}
	var matches []match
	for _, v := range valid {
		d := distance(name, v)
		if len(name) >= 3 && strings.HasPrefix(v, name) {
			d = min(d, 1)
		}
		if d <= limit && d < len(v) {
			matches = append(matches, match{v, d})
		}
	}
	slices.SortStableFunc(matches, func(a, b match) int { return a.distance - b.distance })
	var near []string
	for _, m := range matches[:min(3, len(matches))] {
		near = append(near, m.name)
	}
	return near
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours that turn a into b (Damerau-Levenshtein, optimal string alignment).
func distance(a, b string) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}

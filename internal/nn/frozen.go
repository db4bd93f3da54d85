package nn

import (
	"slices"
	"strings"
)

// Frozen says whether a parameter keeps its value in training, by the prefixes of
// names that are frozen.
func Frozen(prefixes []string, name string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

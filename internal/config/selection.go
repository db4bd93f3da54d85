package config

import (
	"fmt"
	"strings"
)

// Selection is one module chosen in a list of several, with its options in the
// form "key=value,key=value" that Make takes.
type Selection struct{ Name, Options string }

// Selections reads the words of a list of modules, each "NAME" or
// "NAME:key=value:key=value".
func Selections(words []string) ([]Selection, error) {
	seen := map[string]bool{}
	var all []Selection
	for _, word := range words {
		name, options, given := strings.Cut(word, ":")
		if name == "" || (given && !allAssign(options)) {
			return nil, fmt.Errorf("%q: want NAME or NAME:key=value", word)
		}
		if seen[name] {
			return nil, fmt.Errorf("%q is given twice", name)
		}
		seen[name] = true
		all = append(all, Selection{name, strings.ReplaceAll(options, ":", ",")})
	}
	return all, nil
}

func allAssign(options string) bool {
	for option := range strings.SplitSeq(options, ":") {
		if !strings.Contains(option, "=") {
			return false
		}
	}
	return true
}

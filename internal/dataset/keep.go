package dataset

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blocktrain/blocktrain/internal/config"
)

// KeepClasses returns those of the examples of list whose class is one of classes, in
// the order of list; all of them where classes is empty. It is an error if a class is
// not one of d's or is named twice, or if no example is left.
func KeepClasses(d Dataset, list []int, classes []string) ([]int, error) {
	if len(classes) == 0 {
		return list, nil
	}
	keep := make([]bool, len(d.Classes()))
	for _, name := range classes {
		label := slices.Index(d.Classes(), name)
		if label < 0 {
			return nil, &config.UsageError{Err: config.UnknownName("class", name, d.Classes())}
		}
		if keep[label] {
			return nil, config.Usagef("class %q is named twice: want each once", name)
		}
		keep[label] = true
	}
	var kept []int
	for _, i := range list {
		if keep[d.Info(i).Label] {
			kept = append(kept, i)
		}
	}
	if len(kept) == 0 {
		return nil, &config.UsageError{Err: fmt.Errorf("none of %d examples is of class %s: name a class that the list has",
			len(list), strings.Join(classes, ", "))}
	}
	return kept, nil
}

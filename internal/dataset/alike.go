package dataset

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// checkAlike refuses names of classes that people take for one: they differ only in how
// characters are encoded (NFC and NFD), in upper and lower case, in spaces or in characters
// that cannot be seen. Single letters may differ in case: they are classes of letters.
func checkAlike(classes []string) error {
	seen := map[string]string{}
	for _, name := range classes {
		key := likeness(name)
		other, known := seen[key]
		if known && other != name {
			return fmt.Errorf("classes %+q and %+q look the same and are different names, %s: give both one name, or names that people can tell apart",
				other, name, difference(other, name))
		}
		seen[key] = name
	}
	return nil
}

// likeness is what all names that look like this one have in common.
func likeness(name string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		}
		return r
	}, norm.NFC.String(name))
	visible = strings.Join(strings.Fields(visible), " ")
	if utf8.RuneCountInString(visible) == 1 {
		return visible
	}
	return norm.NFC.String(strings.Map(folded, visible))
}

// folded is the first of the letters that differ from r in case alone.
func folded(r rune) rune {
	first := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		first = min(first, other)
	}
	return first
}

// difference says in what two names differ that look the same.
func difference(a, b string) string {
	switch {
	case norm.NFC.String(a) == norm.NFC.String(b):
		return "which encode the same characters in different ways (NFC and NFD)"
	case strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)):
		return "which differ in upper and lower case alone"
	case strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " ")):
		return "which differ in spaces"
	}
	return "which differ in spaces or characters that cannot be seen"
}

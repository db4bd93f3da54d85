package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// NamedValue is one setting as it is recorded.
type NamedValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Exact is the shortest text that is read as v again.
func Exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Short is a number for people.
func Short(v float64) string { return fmt.Sprintf("%.4g", v) }

// Grouped is a whole number with its digits in groups of three: "163,250,304".
func Grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	first := (len(digits)-1)%3 + 1
	text := sign + digits[:first]
	for ; first < len(digits); first += 3 {
		text += "," + digits[first:first+3]
	}
	return text
}

// Counted is a number with what is counted, in the plural where it is not one.
func Counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Minutes is a duration for people, in two units at most: "45 s", "3 min 20 s",
// "2 h 5 min", "3 d 4 h".
func Minutes(d time.Duration) string {
	s := int64(max(0, d).Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", s/60, s%60)
	}
	switch m := (s + 30) / 60; {
	case m < 24*60:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	default:
		h := (m + 30) / 60
		return fmt.Sprintf("%d d %d h", h/24, h%24)
	}
}

// plainWord is what a shell takes as it is.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:,=+@%-]+$`)

// ShellWord writes a path so that it can be copied into a shell.
func ShellWord(path string) string {
	if plainWord.MatchString(path) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

var moduleName = regexp.MustCompile(`^[a-z0-9]+([._-][a-z0-9]+)*$`)

// IsModuleName refuses what cannot be the name of a module.
func IsModuleName(s string) error {
	if !moduleName.MatchString(s) {
		return errors.New("want the name of a module; 'blocktrain list' shows them")
	}
	return nil
}

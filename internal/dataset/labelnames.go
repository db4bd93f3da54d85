package dataset

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/fileio"
)

// labelNames are the names of labels that a file gives:
//
//	.csv, .tsv  a label and further values on each line, of which the last is the name;
//	            a first line that does not begin with a label is a heading
//	others      a label on each line and its name, which may have spaces; or a label and
//	            the codes of its characters, in decimal, as EMNIST has them: "1 65 97"
//	            names label 1 A/a; or names alone, one a line
//
// Labels may come in any order, and none may be left out between the lowest and the
// highest.
type labelNames struct {
	file  string
	bare  bool // names alone
	first int  // the lowest label; 0 of names alone
	names []string
}

// maxLabelNames bounds a file of names in bytes.
const maxLabelNames = 1 << 20

// readLabelNames reads a file of names. A mistake in it is a [config.UsageError].
func readLabelNames(path string) (*labelNames, error) {
	text, err := fileio.ReadFile(path, maxLabelNames)
	if err != nil {
		return nil, err
	}
	n, err := parseLabelNames(text, strings.ToLower(filepath.Ext(path)))
	if err != nil {
		return nil, config.Usagef("%s: %w", path, err)
	}
	n.file = path
	return n, nil
}

// namedLabel is one line of a file of names.
type namedLabel struct {
	line  int
	label int
	name  string
	codes []string // the fields after the label
}

func parseLabelNames(text []byte, ending string) (*labelNames, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var entries []namedLabel
	var err error
	switch ending {
	case ".csv":
		entries, err = parseNameTable(text, ',')
	case ".tsv":
		entries, err = parseNameTable(text, '\t')
	default:
		return parseNameLines(text)
	}
	if err != nil {
		return nil, err
	}
	return orderNames(entries)
}

func parseNameTable(text []byte, separator rune) ([]namedLabel, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord = separator, -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var entries []namedLabel
	for i, row := range rows {
		label, err := parseLabel(row[0])
		switch {
		case err != nil && i == 0: // the heading
		case err != nil || len(row) < 2:
			return nil, fmt.Errorf("row %d, %.80q: want a label from 0 to %d and a name", i+1, row, math.MaxInt32)
		default:
			entries = append(entries, namedLabel{line: i + 1, label: label, name: strings.TrimSpace(row[len(row)-1])})
		}
	}
	return entries, nil
}

// parseLabel reads a label, in the digits of a number that is not negative.
func parseLabel(text string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31)
	return int(n), err
}

// parseNameLines reads lines of text, which are all of one form.
func parseNameLines(text []byte) (*labelNames, error) {
	var entries []namedLabel
	bare := &labelNames{bare: true}
	coded := true
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		bare.names = append(bare.names, strings.TrimSpace(line))
		label, err := parseLabel(fields[0])
		if err != nil || len(fields) < 2 {
			continue
		}
		e := namedLabel{line: number, label: label, name: strings.TrimSpace(strings.TrimSpace(line)[len(fields[0]):]), codes: fields[1:]}
		coded = coded && !slices.ContainsFunc(e.codes, func(code string) bool { _, err := parseLabel(code); return err != nil })
		entries = append(entries, e)
	}
	switch {
	case len(bare.names) == 0:
		return nil, errors.New("is empty: want a label and its name on each line, or names alone")
	case len(entries) == 0:
		return bare, nil
	case len(entries) < len(bare.names):
		return nil, fmt.Errorf("has a label and a name on %d of %d lines: want them on each, or names alone", len(entries), len(bare.names))
	}
	if coded {
		if err := decodeNames(entries); err != nil {
			return nil, err
		}
	}
	return orderNames(entries)
}

// decodeNames makes names of the codes of characters.
func decodeNames(entries []namedLabel) error {
	for i := range entries {
		e := &entries[i]
		var characters []string
		for _, code := range e.codes {
			n, _ := parseLabel(code)
			if n > unicode.MaxRune || !unicode.IsGraphic(rune(n)) || unicode.IsSpace(rune(n)) {
				return fmt.Errorf("line %d: %d is not the code of a visible character; to name classes by numbers, write a .csv file, with lines such as %d,%s", e.line, n, e.label, e.codes[0])
			}
			characters = append(characters, string(rune(n)))
		}
		e.name = strings.Join(characters, "/")
	}
	return nil
}

// orderNames brings names into the order of their labels.
func orderNames(entries []namedLabel) (*labelNames, error) {
	if len(entries) == 0 {
		return nil, errors.New("names no label: want a label and its name on each line")
	}
	slices.SortStableFunc(entries, func(a, b namedLabel) int { return a.label - b.label })
	n := &labelNames{first: entries[0].label}
	for i, e := range entries {
		switch want := n.first + i; {
		case e.label < want:
			return nil, fmt.Errorf("line %d names the label %d, which line %d names too", e.line, e.label, entries[i-1].line)
		case e.label > want:
			return nil, fmt.Errorf("does not name the label %d: want a name for each from %d to %d", want, n.first, entries[len(entries)-1].label)
		}
		n.names = append(n.names, e.name)
	}
	return n, nil
}

// labelOptions say what the labels of an array mean.
type labelOptions struct {
	names  string // auto, none, or a file in a folder of the data
	offset string // auto, or a number
}

// The values of the options names and label-offset besides others.
const (
	namesAuto, namesNone = "auto", "none"
	offsetAuto           = "auto"
)

func (l *labelOptions) declare(o *config.Options) {
	o.String(&l.names, "names", namesAuto,
		"file of class names in the folder of the data (.csv with a label and a name on each line, or text such as EMNIST's mapping files); auto: the mapping file of the same set, if there is one; none: labels are names",
		checkNamesFile)
	o.String(&l.offset, "label-offset", offsetAuto,
		"label of the first class; auto: the lowest that the names have, else 0", checkOffset)
}

func checkNamesFile(name string) error {
	if name == "" || name != namesAuto && name != namesNone && !filepath.IsLocal(name) {
		return errors.New("want auto, none or the name of a file below the folder of the data, where it is found again by whoever verifies the model")
	}
	return nil
}

func checkOffset(text string) error {
	if text == offsetAuto {
		return nil
	}
	if _, err := parseLabel(text); err != nil {
		return fmt.Errorf("want auto or a whole number from 0 to %d", math.MaxInt32)
	}
	return nil
}

// find reads the file of names, which is looked for in each of the folders; automatic is
// the one that a set brings along, "" if none. It returns nil where there are no names.
func (l *labelOptions) find(automatic string, folders ...string) (*labelNames, error) {
	switch l.names {
	case namesNone:
		return nil, nil
	case namesAuto:
		if automatic == "" || !fileio.Exists(automatic) {
			return nil, nil
		}
		return readLabelNames(automatic)
	}
	for _, folder := range folders {
		n, err := readLabelNames(filepath.Join(folder, l.names))
		if !errors.Is(err, fs.ErrNotExist) {
			return n, err
		}
	}
	return nil, config.Usagef("names=%s: there is no such file in %s", l.names, strings.Join(slices.Compact(folders), " or "))
}

// classes are the names of the classes. It turns the labels of all parts into indexes of
// them. The files are those of the labels, for errors.
func (l *labelOptions) classes(parts []arrayPart, files []string, n *labelNames) ([]string, error) {
	offset := 0
	if l.offset != offsetAuto {
		offset, _ = parseLabel(l.offset)
	}
	if n != nil {
		if !n.bare && l.offset != offsetAuto && offset != n.first {
			return nil, config.Usagef("label-offset=%d, but the lowest label that %s names is %d: leave the option out", offset, n.file, n.first)
		}
		if !n.bare {
			offset = n.first
		}
		return n.names, n.index(parts, files, offset)
	}
	return numberedClasses(parts, files, offset)
}

// index subtracts the offset from all labels, each of which must then have a name.
func (n *labelNames) index(parts []arrayPart, files []string, offset int) error {
	for p := range parts {
		for i, label := range parts[p].labels {
			if at := int(label) - offset; at < 0 || at >= len(n.names) {
				return fmt.Errorf("%s: label %d of example %d: %s names %d to %d", files[p], label, i, n.file, offset, offset+len(n.names)-1)
			}
			parts[p].labels[i] -= int32(offset)
		}
	}
	return nil
}

// numberedClasses takes the labels from offset on as names.
func numberedClasses(parts []arrayPart, files []string, offset int) ([]string, error) {
	low, high, examples := math.MaxInt, 0, 0
	for p := range parts {
		examples += len(parts[p].labels)
		for i, label := range parts[p].labels {
			if int(label) < offset {
				return nil, config.Usagef("%s: label %d of example %d is below label-offset=%d, the first class", files[p], label, i, offset)
			}
			low, high = min(low, int(label)), max(high, int(label))
			parts[p].labels[i] -= int32(offset)
		}
	}
	switch {
	case low > offset && low < math.MaxInt:
		return nil, config.Usagef("%s: no label is %d, the lowest is %d: if the labels begin with %[3]d, --dataset-options label-offset=%[3]d says so", files[0], offset, low)
	case high-offset >= examples:
		return nil, fmt.Errorf("%s: there are labels up to %d, and %d examples: want at least one for every label from %d on", files[0], high, examples, offset)
	}
	var names []string
	for label := offset; label <= high; label++ {
		names = append(names, strconv.Itoa(label))
	}
	return names, nil
}

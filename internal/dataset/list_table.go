package dataset

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/imaging"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// The columns of a list.
const (
	listPath = iota
	listLabel
	listPart
	listGroup
	listWeight
	listBoxes
	listWidth // number of columns
)

// listColumns are the names that the columns are given by options; empty: the usual ones.
type listColumns [listWidth]string

var listColumnTable = [listWidth]struct {
	name, doc string
	others    []string // usual names besides
}{
	listPath:   {"path", "column of the image's path; empty: path or file_name", []string{"file_name"}},
	listLabel:  {"label", "column of the class; empty: label", nil},
	listPart:   {"part", "column of the part (train, validation, test); empty: part or split", []string{"split"}},
	listGroup:  {"group", "column of the group, which stays in one part; empty: group", nil},
	listWeight: {"weight", "column of the example's weight in the loss; empty: weight", nil},
	listBoxes:  {"box", "column of the part of the image that is the example (x,y,width,height); empty: box", nil},
}

// names are the names that a column may have.
func (c *listColumns) names(at int) []string {
	if c[at] != "" {
		return []string{c[at]}
	}
	return append([]string{listColumnTable[at].name}, listColumnTable[at].others...)
}

// check refuses one name for two columns.
func (c *listColumns) check() error {
	for at, name := range c {
		if first := slices.Index(c[:], name); name != "" && first != at {
			return fmt.Errorf("the options %s and %s are both %s: want a column for each", listColumnTable[first].name, listColumnTable[at].name, name)
		}
	}
	return nil
}

// column is the column that a name stands for.
func (c *listColumns) column(name string) (at int, known bool) {
	if at := slices.Index(c[:], name); at >= 0 && name != "" {
		return at, true
	}
	for at := range c {
		if slices.Contains(c.names(at), name) {
			return at, true
		}
	}
	return 0, false
}

// listRow is one line of a list: the text of each column, empty where there is none.
type listRow struct {
	line   int // where it begins, from 1 on
	values [listWidth]string
}

// listMistakes collects what is wrong with a list: the first [listing.MostNamed], and how many
// there are.
type listMistakes struct {
	in     string // what comes before the line
	count  int
	listed []error
}

func (m *listMistakes) add(line int, format string, args ...any) {
	if m.count++; m.count <= listing.MostNamed {
		m.listed = append(m.listed, fmt.Errorf("%sline %d: %w", m.in, line, fmt.Errorf(format, args...)))
	}
}

// err is a [config.UsageError] with all mistakes, nil where there is none.
func (m *listMistakes) err() error {
	switch {
	case m.count == 0:
		return nil
	case m.count == 1:
		return config.Usage(m.listed[0])
	case m.count > listing.MostNamed:
		return config.Usagef("%d mistakes, of which these are the first:\n%w", m.count, errors.Join(m.listed...))
	}
	return config.Usagef("%d mistakes:\n%w", m.count, errors.Join(m.listed...))
}

// listTable reads the rows of a list.
type listTable struct {
	columns  listColumns
	mistakes *listMistakes
	unused   []string // columns that none of ours is, in the order in which they come
}

// read passes each row on. What is wrong with a row's form is entered into the mistakes;
// an error is about the list as a whole.
func (t *listTable) read(ctx context.Context, f io.Reader, ending string, row func(listRow)) error {
	r := bufio.NewReaderSize(f, 1<<16)
	if err := skipMark(r); err != nil {
		return err
	}
	if err := t.columns.check(); err != nil {
		return config.Usage(err)
	}
	switch ending {
	case ".csv":
		return t.readValues(ctx, r, ',', row)
	case ".tsv":
		return t.readValues(ctx, r, '\t', row)
	case ".jsonl", ".ndjson":
		return t.readObjects(ctx, r, row)
	}
	return config.Usagef("the name of a list says its form: want .csv, .tsv or .jsonl, not %q", ending)
}

// skipMark skips a byte-order mark of UTF-8 and refuses UTF-16.
func skipMark(r *bufio.Reader) error {
	head, err := r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err = r.Discard(3)
		return err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return config.Usagef("the list is in UTF-16: save it as UTF-8")
	}
	return nil
}

// readValues reads comma- or tab-separated values, as RFC 4180 has them, with a heading.
func (t *listTable) readValues(ctx context.Context, r io.Reader, separator rune, row func(listRow)) error {
	values := csv.NewReader(r)
	values.Comma, values.FieldsPerRecord, values.ReuseRecord = separator, -1, true
	heading, err := values.Read()
	if errors.Is(err, io.EOF) {
		return config.Usagef("the list is empty: want a heading, such as path,label, and a line for each image")
	}
	if err != nil {
		return valuesError(err)
	}
	places, err := t.heading(heading, separator)
	if err != nil {
		return config.Usage(err)
	}
	for ctx.Err() == nil {
		fields, err := values.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return valuesError(err)
		}
		line, _ := values.FieldPos(0)
		if len(fields) != len(places) {
			t.mistakes.add(line, "it has %s, the heading has %d: write a value with a separator in it in quotes", config.Counted(len(fields), "value"), len(places))
			continue
		}
		made := listRow{line: line}
		for i, at := range places {
			if at < listWidth {
				made.values[at] = strings.Clone(fields[i])
			}
		}
		row(made)
	}
	return context.Cause(ctx)
}

// valuesError says what is wrong with the form of comma-separated values.
func valuesError(err error) error {
	var form *csv.ParseError
	if !errors.As(err, &form) {
		return err
	}
	if errors.Is(form.Err, csv.ErrQuote) && form.StartLine != form.Line {
		return config.Usagef("line %d: a quotation mark is opened that is not closed well by line %d: want values with quotation marks in them in quotes, and those marks doubled", form.StartLine, form.Line)
	}
	return config.Usagef("line %d: %w: want values with quotation marks in them in quotes, and those marks doubled", form.StartLine, form.Err)
}

// heading says which column each field is, listWidth for one that is not used.
func (t *listTable) heading(fields []string, separator rune) ([]int, error) {
	var places []int
	found := map[int]string{}
	for _, name := range fields {
		name = strings.TrimSpace(name)
		at, known := t.columns.column(name)
		if !known {
			t.noteUnused(name)
			places = append(places, listWidth)
			continue
		}
		other, twice := found[at]
		if twice && other == name {
			return nil, fmt.Errorf("line 1: the heading has %q twice: give one of these columns another name", name)
		}
		if twice {
			return nil, fmt.Errorf("line 1: the heading has %q and %q, which are both the column %s: --dataset-options %s=NAME says which one to use", other, name, listColumnTable[at].name, listColumnTable[at].name)
		}
		found[at] = name
		places = append(places, at)
	}
	for at, name := range t.columns {
		if _, has := found[at]; !has && (at == listPath || at == listLabel || name != "") {
			return nil, fmt.Errorf("line 1: %w", t.lacks(at, fields, separator))
		}
	}
	return places, nil
}

// lacks says that a heading has no such column, and why that may be.
func (t *listTable) lacks(at int, fields []string, separator rune) error {
	names := strings.Join(t.columns.names(at), " or ")
	if len(fields) == 1 {
		for _, other := range ",;\t" {
			if other != separator && strings.ContainsRune(fields[0], other) {
				return fmt.Errorf("the heading has no column %s, and is separated by %q instead of %q: save the list with the separator that its name says, comma for .csv, tab for .tsv", names, other, separator)
			}
		}
	}
	if strings.Contains(strings.Join(fields, ""), "\r") {
		return errors.New("lines end with carriage returns alone: save the list with line feeds between its lines")
	}
	fields = fields[:min(len(fields), mostUnused)]
	if slices.ContainsFunc(fields, imaging.IsFileName) {
		return fmt.Errorf("it is no heading, for it names an image (%.200q): want the names of the columns in the first line, such as path,label", fields)
	}
	return fmt.Errorf("the heading has no column %s, it has %.200q: --dataset-options %s=NAME gives the name of another column", names, fields, listColumnTable[at].name)
}

// longestLine bounds a line of JSON in bytes.
const longestLine = 1 << 20

// readObjects reads JSON objects, one a line.
func (t *listTable) readObjects(ctx context.Context, r io.Reader, row func(listRow)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, longestLine)
	line := 0
	for lines.Scan() && ctx.Err() == nil {
		line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		made, err := t.object(text)
		if made.line = line; err != nil {
			t.mistakes.add(line, "%w", err)
			continue
		}
		row(made)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return config.Usagef("line %d has more than %d bytes: want one object a line", line+1, longestLine)
	}
	return errors.Join(lines.Err(), context.Cause(ctx))
}

// object reads one JSON object.
func (t *listTable) object(text []byte) (listRow, error) {
	var row listRow
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') || !utf8.Valid(text) {
		return row, errors.New(`want a JSON object in UTF-8, as in {"path": "a.png", "label": "cat"}`)
	}
	var found [listWidth]bool
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return row, fmt.Errorf("not a JSON object: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return row, fmt.Errorf("not a JSON object: %w", err)
		}
		name, _ := key.(string)
		at, known := t.columns.column(name)
		switch {
		case !known:
			t.noteUnused(name)
		case found[at]:
			return row, fmt.Errorf("the key %s comes twice, or under two names", listColumnTable[at].name)
		default:
			found[at] = true
			if row.values[at], err = textOf(value, at); err != nil {
				return row, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if _, err := d.Token(); err != nil {
		return row, errors.New("not a JSON object: it is not closed")
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return row, fmt.Errorf("want one object a line: %.20q stands behind it", rest)
	}
	return row, nil
}

// mostUnused bounds the columns that messages name.
const mostUnused = 20

func (t *listTable) noteUnused(name string) {
	if quoted := fmt.Sprintf("%.100q", name); len(t.unused) < mostUnused && !slices.Contains(t.unused, quoted) {
		t.unused = append(t.unused, quoted)
	}
}

// textOf is the text that a JSON value would be among comma-separated values.
func textOf(value json.RawMessage, column int) (string, error) {
	var text string
	switch value[0] {
	case 'n': // null
		return "", nil
	case '"':
		err := json.Unmarshal(value, &text)
		return text, err
	case '[':
		var numbers []json.Number
		if err := json.Unmarshal(value, &numbers); column != listBoxes || err != nil {
			return "", errors.New("it is a list: want one value, for an image has one label here")
		}
		for i, n := range numbers {
			if i > 0 {
				text += ","
			}
			text += n.String()
		}
		return text, nil
	case '{', 't', 'f':
		return "", fmt.Errorf("it is %.40s: want a text or a number", value)
	}
	return string(value), nil
}

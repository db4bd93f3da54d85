package dataset

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/blocktrain/blocktrain/internal/config"
	"github.com/blocktrain/blocktrain/internal/listing"
)

// listBox is a part of an upright image in pixels; the zero value is all of it.
type listBox struct{ x, y, width, height int32 }

func (b listBox) String() string { return fmt.Sprintf("%d,%d,%d,%d", b.x, b.y, b.width, b.height) }

// listEntry is an example of a list. There may be millions.
type listEntry struct {
	path   string // cleaned, with slashes
	group  string
	box    listBox
	weight Weight
	line   int32
	label  int32
	before int32 // the entry before it that has the same path; -1: none
	part   Part
}

// listEntries are the examples of a list.
type listEntries struct {
	classes  []string // sorted
	list     []listEntry
	grouping string
	dir      string // that paths are relative to
	lists    []placedList
	options  FileOptions
}

// where says where an entry is listed.
func (l *listEntries) where(e *listEntry) string {
	for _, list := range l.lists {
		if list.folder != "" && strings.HasPrefix(e.path, list.folder+"/") {
			return fmt.Sprintf("%sline %d", list.title(), e.line)
		}
	}
	return fmt.Sprintf("line %d", e.line)
}

// title begins what is said of one of several lists.
func (l placedList) title() string {
	if l.folder == "" {
		return ""
	}
	return path.Join(l.folder, filepath.Base(l.path)) + ": "
}

// Path implements inFiles; Path and fileOptions implement skippable.
func (l *listEntries) Path(i int) string {
	return filepath.Join(l.dir, filepath.FromSlash(l.list[i].path))
}

func (l *listEntries) fileOptions() FileOptions { return l.options }

func (l *listEntries) Len() int { return len(l.list) }

func (l *listEntries) Info(i int) Info {
	e := &l.list[i]
	return Info{Label: int(e.label), Part: e.part, Group: e.group, Weight: e.weight}
}

func (l *listEntries) Source(i int) string {
	e := &l.list[i]
	if e.box == (listBox{}) {
		return e.path
	}
	return fmt.Sprintf("%s[%s]", e.path, e.box)
}

// appendName implements indexable. No path has a zero in it.
func (l *listEntries) appendName(b []byte, i int) []byte {
	e := &l.list[i]
	if b = append(b, e.path...); e.box != (listBox{}) {
		b = fmt.Appendf(b, "\x00%s", e.box)
	}
	return b
}

// listChecker makes the examples of rows.
type listChecker struct {
	list     placedList // the present one
	mistakes listMistakes
	rows     int
	entries  listEntries
	labels   map[string]int32  // of the classes, in the order in which they come
	last     map[string]int32  // the last entry of a path
	groups   map[string]string // each once
	grouped  bool              // some row names a group
	several  bool              // some path has several boxes
	heaviest float32
}

func newListChecker(lists []placedList) *listChecker {
	c := &listChecker{labels: map[string]int32{}, last: map[string]int32{}, groups: map[string]string{}}
	c.entries.lists, c.entries.dir = lists, filepath.Dir(lists[0].path)
	if lists[0].folder != "" {
		c.entries.dir = filepath.Dir(c.entries.dir)
	}
	return c
}

// begin says that what follows is of one of the lists, and which.
func (c *listChecker) begin(at int) placedList {
	c.list = c.entries.lists[at]
	c.mistakes.in = c.list.title()
	return c.list
}

// add checks a row and makes an example of it.
func (c *listChecker) add(row listRow) {
	c.rows++
	e := listEntry{line: int32(row.line), before: -1}
	mistakes := c.mistakes.count
	fail := func(column int, err error) {
		if err != nil {
			c.mistakes.add(row.line, "%s %.100q: %w", listColumnTable[column].name, row.values[column], err)
		}
	}
	var err error
	e.path, err = c.pathOf(row.values[listPath])
	fail(listPath, err)
	e.label, err = c.labelOf(row.values[listLabel])
	fail(listLabel, err)
	e.part, err = c.partOf(row.values[listPart])
	fail(listPart, err)
	e.group, err = c.groupOf(row.values[listGroup])
	fail(listGroup, err)
	e.weight, err = parseWeight(row.values[listWeight])
	fail(listWeight, err)
	e.box, err = parseBox(row.values[listBoxes])
	fail(listBoxes, err)
	if c.mistakes.count > mistakes || !c.compare(&e) {
		return
	}
	c.grouped = c.grouped || e.group != ""
	c.heaviest = max(c.heaviest, e.weight.Of())
	c.last[e.path] = int32(len(c.entries.list))
	c.entries.list = append(c.entries.list, e)
}

var errNotUTF8 = errors.New("it is not UTF-8 text: save the list as UTF-8")

var drive = regexp.MustCompile(`^[A-Za-z]:[/\\]`)

// pathOf is the path of an image below the list's folder, which must be a file there.
func (c *listChecker) pathOf(text string) (string, error) {
	switch {
	case text == "":
		return "", errors.New("it is empty: want the path of an image, from the list's folder")
	case strings.Contains(text, "://"):
		return "", errors.New("it is an address: want a file below the list's folder, for nothing is downloaded")
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, `\`), drive.MatchString(text), filepath.IsAbs(text):
		return "", errors.New("it is absolute: want a path from the list's folder")
	case slices.Contains(strings.FieldsFunc(text, func(r rune) bool { return r == '/' || r == '\\' }), ".."):
		return "", errors.New("it leads up with ..: want a file below the list's folder")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return "", errNotUTF8
	}
	clean, dir := path.Join(c.list.folder, text), filepath.Dir(c.list.path)
	info, err := os.Stat(filepath.Join(c.entries.dir, filepath.FromSlash(clean)))
	switch {
	case err != nil && strings.Contains(text, `\`):
		return "", fmt.Errorf("there is no such file in %s: want forward slashes between folders", dir)
	case err != nil:
		return "", fmt.Errorf("there is no such file in %s%s", dir, c.nearby(dir, text))
	case !info.Mode().IsRegular():
		return "", errors.New("it is not a file: want an image")
	}
	return clean, nil
}

// nearby says which file may be meant by a path without its ending or its folder, as lists
// of others have them. It looks only for the paths that a message names.
func (c *listChecker) nearby(dir, text string) string {
	if c.mistakes.count >= listing.MostNamed {
		return ""
	}
	folders := []string{""}
	entries, _ := os.ReadDir(dir) // where it cannot be read, no more is known
	for _, entry := range entries {
		if entry.IsDir() && len(folders) < 20 {
			folders = append(folders, entry.Name())
		}
	}
	for _, folder := range folders {
		for _, ending := range []string{"", ".jpg", ".png", ".jpeg", ".webp", ".JPG", ".tif"} {
			name := path.Join(folder, text) + ending
			if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err == nil && info.Mode().IsRegular() {
				return fmt.Sprintf(", but there is %q: want the whole path from the list's folder, with the ending", name)
			}
		}
	}
	return ""
}

// labelOf is the number of a class, which is counted if it is new.
func (c *listChecker) labelOf(name string) (int32, error) {
	label, known := c.labels[name]
	if known {
		return label, nil
	}
	if name == "" {
		return 0, errors.New("it is empty: want the name of a class")
	}
	if !utf8.ValidString(name) {
		return 0, errNotUTF8
	}
	if err := checkClass(name); err != nil {
		return 0, err
	}
	c.labels[name] = int32(len(c.labels))
	return c.labels[name], nil
}

// compare finds the entry before e with the same path and says whether both can stand.
func (c *listChecker) compare(e *listEntry) bool {
	last, again := c.last[e.path]
	if !again {
		return true
	}
	for at := last; at >= 0; at = c.entries.list[at].before {
		if other := &c.entries.list[at]; other.box == e.box {
			c.mistakes.add(int(e.line), "path %q: %w", e.path, c.repeats(e, other))
			return false
		}
	}
	other := &c.entries.list[last]
	switch {
	case other.group != e.group:
		c.mistakes.add(int(e.line), "path %q: it is in group %q, and in group %q in line %d: want one group, for boxes of one image stay in one part", e.path, e.group, other.group, other.line)
		return false
	case max(other.part, PartTrain) != max(e.part, PartTrain):
		c.mistakes.add(int(e.line), "path %q: it is of the part %s, and of %s in line %d: want one part, for boxes of one image stay together", e.path, e.part, other.part, other.line)
		return false
	}
	e.before, c.several = last, true
	return true
}

// repeats says how e repeats another entry.
func (c *listChecker) repeats(e, other *listEntry) error {
	if e.label == other.label {
		return fmt.Errorf("it is listed in line %d already: want each image once, or with another box", other.line)
	}
	name := func(label int32) string {
		for name, l := range c.labels {
			if l == label {
				return name
			}
		}
		return ""
	}
	return fmt.Errorf("it has the label %q, and %q in line %d: want one label for an image", name(e.label), name(other.label), other.line)
}

// finish gives the examples, with the classes sorted.
func (c *listChecker) finish() (*listEntries, error) {
	if err := c.mistakes.err(); err != nil {
		return nil, err
	}
	l := &c.entries
	c.last, c.groups = nil, nil // which the entries would keep in memory
	switch {
	case c.rows == 0:
		return nil, config.Usagef("the list has no rows: want one for each image")
	case c.heaviest == 0:
		return nil, config.Usagef("all weights are 0: want one above 0 at least")
	}
	l.classes = make([]string, len(c.labels))
	for name, label := range c.labels {
		l.classes[label] = name
	}
	sorted := slices.Sorted(slices.Values(l.classes))
	for i := range l.list {
		label, _ := slices.BinarySearch(sorted, l.classes[l.list[i].label])
		l.list[i].label = int32(label)
	}
	l.classes = sorted
	c.group()
	if err := checkExamples(l.classes, l); err != nil {
		return nil, config.Usage(err)
	}
	return l, nil
}

// group puts the boxes of one image into a group of the image's number, where rows do not
// say it, and names what makes groups.
func (c *listChecker) group() {
	l := &c.entries
	c.last, c.groups = nil, nil // which the entries would keep in memory
	switch {
	case c.grouped:
		l.grouping = "group"
	case c.several:
		l.grouping = "image"
	default:
		l.grouping = noGrouping
	}
	for i := range l.list {
		before := l.list[i].before
		if before < 0 || l.list[i].group != "" {
			continue
		}
		if l.list[before].group == "" {
			l.list[before].group = fmt.Sprintf("image %d", before)
		}
		l.list[i].group = l.list[before].group
	}
}

// partOf reads the part of an example, which is that of the list's folder if it has one.
func (c *listChecker) partOf(text string) (Part, error) {
	part, err := parsePart(text)
	if err == nil && c.list.part != PartNone {
		if part != PartNone && part != c.list.part {
			return part, fmt.Errorf("the list lies in the folder %s: want that part, or nothing", c.list.folder)
		}
		part = c.list.part
	}
	return part, err
}

// parsePart reads the name of a part in any of the usual forms.
func parsePart(text string) (Part, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	if part, known := partNames[text]; known || text == "" {
		return part, nil
	}
	return PartNone, errors.New("want train, validation or test, or nothing where the split decides")
}

func (c *listChecker) groupOf(text string) (string, error) {
	if group, known := c.groups[text]; known {
		return group, nil
	}
	if !utf8.ValidString(text) {
		return "", errors.New("it is not UTF-8 text: save the list as UTF-8")
	}
	c.groups[text] = text
	return text, nil
}

// largestWeight bounds the weight of an example, as that of a class.
const largestWeight = 1e6

// parseWeight reads the weight of an example.
func parseWeight(text string) (Weight, error) {
	if text = strings.TrimSpace(text); text == "" {
		return Weight{}, nil
	}
	v, err := config.ParseFloat32(text)
	if err != nil || !(v >= 0 && v <= largestWeight) {
		return Weight{}, errors.New("want a number from 0 to 1e6 in float32")
	}
	if v == 0 {
		v = 0 // not -0
	}
	return Weight{Given: true, Value: v}, nil
}

// parseBox reads "x,y,width,height" or the same with spaces.
func parseBox(text string) (listBox, error) {
	if strings.TrimSpace(text) == "" {
		return listBox{}, nil
	}
	fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	var n [4]int32
	for i, field := range fields {
		v, err := strconv.Atoi(field)
		if err != nil || v < 0 || v > maxBox || len(fields) != len(n) {
			fields = nil
			break
		}
		n[i] = int32(v)
	}
	if len(fields) != len(n) || n[2] == 0 || n[3] == 0 {
		return listBox{}, errors.New("want x,y,width,height in whole pixels, width and height above 0")
	}
	return listBox{n[0], n[1], n[2], n[3]}, nil
}

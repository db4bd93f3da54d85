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

// listChecker makes the examples of rows.
type listChecker struct {
	list     placedList // the present one
	mistakes listMistakes
	rows     int
	entries  *listEntries
	labels   map[string]int32 // of the classes, in the order in which they come
	folders  map[string]int32
	last     lastEntries
	boxes    map[placedBox]int32 // the entry of a box, for paths that come again
	groups   map[string]int32    // each once, from 1 on
	several  bool                // some path has several boxes
	heaviest float32
}

// placedBox is a box of an image.
type placedBox struct {
	path string
	box  listBox
}

func newListChecker(lists []placedList) *listChecker {
	c := &listChecker{
		entries: &listEntries{lists: lists, dir: filepath.Dir(lists[0].path)},
		labels:  map[string]int32{}, folders: map[string]int32{}, boxes: map[placedBox]int32{}, groups: map[string]int32{},
	}
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
	e := listEntry{line: int32(row.line)}
	mistakes := c.mistakes.count
	fail := func(column int, err error) {
		if err != nil {
			c.mistakes.add(row.line, "%s %.100q: %w", listColumnTable[column].name, row.values[column], err)
		}
	}
	path, err := c.pathOf(row.values[listPath])
	fail(listPath, err)
	e.label, err = c.labelOf(row.values[listLabel])
	fail(listLabel, err)
	e.part, err = c.partOf(row.values[listPart])
	fail(listPart, err)
	e.group, err = c.groupOf(row.values[listGroup])
	fail(listGroup, err)
	weight, err := parseWeight(row.values[listWeight])
	fail(listWeight, err)
	box, err := parseBox(row.values[listBoxes])
	fail(listBoxes, err)
	if c.mistakes.count > mistakes {
		return
	}
	e.weight, e.weighted = weight.Value, weight.Given
	if c.take(e, path, box) {
		c.heaviest = max(c.heaviest, weight.Of())
	}
}

// take adds an entry with a path and a box, if it can stand beside those before it.
func (c *listChecker) take(e listEntry, path string, box listBox) bool {
	l := c.entries
	e.folder, e.name = c.placeOf(path)
	if box != (listBox{}) {
		l.boxes = append(l.boxes, box)
		e.box = int32(len(l.boxes))
	}
	if !c.compare(&e) {
		return false
	}
	l.list = append(l.list, e)
	c.last.set(l, len(l.list)-1)
	return true
}

// placeOf takes a path apart.
func (c *listChecker) placeOf(path string) (folder int32, name string) {
	at := strings.LastIndexByte(path, '/') + 1
	folder, known := c.folders[path[:at]]
	if !known {
		folder = int32(len(c.folders))
		own := strings.Clone(path[:at])
		c.folders[own], c.entries.folders = folder, append(c.entries.folders, own)
	}
	return folder, strings.Clone(path[at:])
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
	l := c.entries
	last := c.last.find(l, e)
	if last < 0 {
		return true
	}
	path := l.pathOf(e)
	other := &l.list[last]
	c.boxes[placedBox{path, l.boxOf(other)}] = int32(last)
	if at, has := c.boxes[placedBox{path, l.boxOf(e)}]; has {
		c.mistakes.add(int(e.line), "path %q: %w", path, c.repeats(e, &l.list[at]))
		return false
	}
	switch {
	case max(other.group, 0) != e.group:
		group := *other
		group.group = max(group.group, 0)
		c.mistakes.add(int(e.line), "path %q: it is in group %q, and in group %q in line %d: want one group, for boxes of one image stay in one part", path, l.groupOf(e), l.groupOf(&group), other.line)
		return false
	case max(other.part, PartTrain) != max(e.part, PartTrain):
		c.mistakes.add(int(e.line), "path %q: it is of the part %s, and of %s in line %d: want one part, for boxes of one image stay together", path, e.part, other.part, other.line)
		return false
	}
	if other.group == 0 { // boxes of one image are a group where rows do not say it
		other.group = int32(-1 - last)
	}
	e.group, c.several = other.group, true
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
	l := c.entries
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
	l.list = slices.Clone(l.list) // without the room for more
	l.grouping = c.grouping()
	if err := checkExamples(l.classes, l); err != nil {
		return nil, config.Usage(err)
	}
	return l, nil
}

// grouping names what makes groups.
func (c *listChecker) grouping() string {
	switch {
	case len(c.entries.groups) > 0:
		return "group"
	case c.several:
		return "image"
	}
	return noGrouping
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

// groupOf is the number of a group, which is counted if it is new.
func (c *listChecker) groupOf(text string) (int32, error) {
	group, known := c.groups[text]
	switch {
	case known || text == "":
		return group, nil
	case !utf8.ValidString(text):
		return 0, errNotUTF8
	}
	c.entries.groups = append(c.entries.groups, text)
	c.groups[text] = int32(len(c.entries.groups))
	return c.groups[text], nil
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

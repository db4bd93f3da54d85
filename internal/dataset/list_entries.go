package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// listBox is a part of an upright image in pixels; the zero value is all of it.
type listBox struct{ x, y, width, height int32 }

func (b listBox) String() string { return fmt.Sprintf("%d,%d,%d,%d", b.x, b.y, b.width, b.height) }

// listEntry is an example of a list. There may be millions.
type listEntry struct {
	name     string // what its path has behind the folder
	folder   int32
	line     int32
	label    int32
	group    int32 // from 1 on; 0: none; below 0: that of the boxes of an image, whose number is -1-group
	box      int32 // from 1 on; 0: all of the image
	weight   float32
	weighted bool
	part     Part
}

// listEntries are the examples of a list.
type listEntries struct {
	classes  []string // sorted
	list     []listEntry
	folders  []string // with slashes and one at the end; "" is the list's own
	groups   []string
	boxes    []listBox
	grouping string
	dir      string // that paths are relative to
	lists    []placedList
	options  FileOptions
}

// where says where an entry is listed.
func (l *listEntries) where(e *listEntry) string {
	for _, list := range l.lists {
		if list.folder != "" && strings.HasPrefix(l.folders[e.folder], list.folder+"/") {
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
	return filepath.Join(l.dir, filepath.FromSlash(l.pathOf(&l.list[i])))
}

func (l *listEntries) fileOptions() FileOptions { return l.options }

func (l *listEntries) Len() int { return len(l.list) }

func (l *listEntries) Info(i int) Info {
	e := &l.list[i]
	return Info{Label: int(e.label), Part: e.part, Group: l.groupOf(e), Weight: Weight{Given: e.weighted, Value: e.weight}}
}

// pathOf is the path of an entry, cleaned, with slashes.
func (l *listEntries) pathOf(e *listEntry) string { return l.folders[e.folder] + e.name }

func (l *listEntries) groupOf(e *listEntry) string {
	switch {
	case e.group < 0:
		return fmt.Sprintf("image %d", -1-e.group)
	case e.group > 0:
		return l.groups[e.group-1]
	}
	return ""
}

func (l *listEntries) boxOf(e *listEntry) listBox {
	if e.box == 0 {
		return listBox{}
	}
	return l.boxes[e.box-1]
}

func (l *listEntries) Source(i int) string {
	e := &l.list[i]
	if e.box == 0 {
		return l.pathOf(e)
	}
	return fmt.Sprintf("%s%s[%s]", l.folders[e.folder], e.name, l.boxOf(e))
}

// appendName implements indexable. No path has a zero in it.
func (l *listEntries) appendName(b []byte, i int) []byte {
	e := &l.list[i]
	if b = append(append(b, l.folders[e.folder]...), e.name...); e.box != 0 {
		b = fmt.Appendf(b, "\x00%s", l.boxOf(e))
	}
	return b
}

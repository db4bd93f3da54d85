package dataset

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzList: whatever a list holds, its rows or an error come out, and lines are counted
// from 1 on.
func FuzzList(f *testing.F) {
	f.Add("path,label\na.png,cat\n", ".csv")
	f.Add("\xef\xbb\xbfpath\tlabel\tbox\r\n\"a\r\nb\"\tcat\t1 2 3 4\r\n", ".tsv")
	f.Add(`{"path": "a.png", "label": 1, "box": [1, 2, 3, 4], "more": {"a": null}}`, ".jsonl")
	f.Add(`{"path": "\ud800", "label": [}`, ".jsonl")
	f.Fuzz(func(t *testing.T, text, ending string) {
		c := newListChecker([]placedList{{path: filepath.Join(t.TempDir(), "l.csv")}})
		table := &listTable{mistakes: &c.mistakes}
		last := 0
		err := table.read(t.Context(), strings.NewReader(text), ending, func(row listRow) {
			if row.line <= last {
				t.Errorf("line %d after line %d", row.line, last)
			}
			last = row.line
			c.add(row)
		})
		if err == nil {
			_, err = c.finish()
		}
		if err == nil {
			t.Error("images are found in an empty folder")
		}
	})
}

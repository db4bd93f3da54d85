package dataset

import (
	"fmt"
	"testing"
)

// TestLastEntries: the last entry of a path is found, however many there are.
func TestLastEntries(t *testing.T) {
	l := &listEntries{folders: []string{"", "a/"}}
	var last lastEntries
	want := map[string]int{}
	for n := range 5000 {
		e := listEntry{name: fmt.Sprint(n * 7 % 3001), folder: int32(n % 2)}
		path := l.pathOf(&e)
		if _, has := want[path]; has != (last.find(l, &e) >= 0) {
			t.Fatalf("%q is found: %v, want %v", path, !has, has)
		}
		l.list = append(l.list, e)
		last.set(l, n)
		want[path] = n
	}
	for i := range l.list {
		if found, path := last.find(l, &l.list[i]), l.pathOf(&l.list[i]); found != want[path] {
			t.Errorf("the last entry of %q is %d, want %d", path, found, want[path])
		}
	}
	if taken := len(last.places); taken > 4*len(want) {
		t.Errorf("%d places for %d paths", taken, len(want))
	}
}

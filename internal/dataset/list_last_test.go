package dataset

import (
	"fmt"
	"testing"
)

// TestLastEntries: the last entry of a path is found, however many there are.
func TestLastEntries(t *testing.T) {
	var list []listEntry
	var last lastEntries
	want := map[string]int{}
	for n := range 5000 {
		path := fmt.Sprint(n * 7 % 3001)
		if n%2 == 0 {
			path = fmt.Sprint("other ", n)
		}
		if _, has := want[path]; !has && last.find(list, path) >= 0 {
			t.Fatalf("%q is found before it is there", path)
		}
		list = append(list, listEntry{path: path})
		last.set(list, n)
		want[path] = n
	}
	for path, n := range want {
		if found := last.find(list, path); found != n {
			t.Errorf("the last entry of %q is %d, want %d", path, found, n)
		}
	}
	if taken := len(last.places); taken > 4*len(want) {
		t.Errorf("%d places for %d paths", taken, len(want))
	}
}

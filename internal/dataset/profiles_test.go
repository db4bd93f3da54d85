package dataset

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestProfiledFiles finds the files with a colour profile, whatever order they are read in.
func TestProfiledFiles(t *testing.T) {
	dir := t.TempDir()
	writeImages(t, dir, "a/1.png", "a/2.png", "b/3.png", "b/4.png")
	name := "Display P3\x00"
	profile := append(make([]byte, 128), 0, 0, 0, 1)
	profile = append(profile, "desc\x00\x00\x00\x90\x00\x00\x00\x17desc\x00\x00\x00\x00\x00\x00\x00\x0b"+name...)
	photo, err := os.ReadFile(filepath.Join("..", "imaging", "testdata", "golden", "colour.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	segment := append([]byte("ICC_PROFILE\x00\x01\x01"), profile...)
	segment = append(binary.BigEndian.AppendUint16([]byte{0xff, 0xe2}, uint16(len(segment)+2)), segment...)
	photo = slices.Concat(photo[:2], segment, photo[2:])
	for _, file := range []string{"b/30.jpg", "a/10.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, file), photo, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := []ProfiledFile{{File: "a/10.jpg", Profile: "Display P3"}, {File: "b/30.jpg", Profile: "Display P3"}}
	later(t, time.Minute)
	source, _, err := MakeDataset("folder", "")
	if err != nil {
		t.Fatal(err)
	}
	source = source.(Filed).WithFiles(FileOptions{Index: IndexOptions{Dir: t.TempDir()}})
	for start := range 2 { // at the second, an index has the profiles
		d, err := source.Open(t.Context(), dir, ModeDisk)
		if err != nil {
			t.Fatal(err)
		}
		if known := slices.Contains(d.(*set).indexed, lookedUp); known != (start == 1) {
			t.Errorf("start %d: an index is used: %t", start, known)
		}
		if diff := cmp.Diff(want, ProfiledFiles(d)); diff != "" {
			t.Errorf("start %d: -want +got:\n%s", start, diff)
		}
	}
}
